/* SPDX-License-Identifier: MIT */
/* readiness: up to three requests, one after the other; each answer leads to the next. */
#include "daemon/kube/readiness.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/kube/answer.h"
#include "daemon/kube/lister.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

#define MAX_BYTES ((size_t)8 * 1024 * 1024)
#define SHOWN 200

static void ask(struct readiness *p, const char *path,
    void (*done)(void *arg, const struct http_answer *answer))
{
	p->request = http_start(p->http, &(struct http_call){ .method = "GET",
					     .path = path,
					     .timeout = p->timeout,
					     .max_bytes = MAX_BYTES,
					     .done = done,
					     .arg = p });
}

/* Reports what makes further questions useless. */
static bool ended(struct readiness *p, const struct http_answer *answer)
{
	p->request = NULL;
	if (answer->failure != HTTP_ANSWERED)
		p->done(p->arg, READINESS_DOWN, answer->error, 0);
	else if (answer->status == 401)
		p->done(p->arg, READINESS_UNAUTHORIZED, "", 0);
	else
		return false;
	return true;
}

static void on_version(void *arg, const struct http_answer *answer)
{
	struct readiness *p = arg;
	autojson struct json_object *object = NULL;
	const char *version;
	struct arena a = { 0 };

	if (ended(p, answer))
		return;
	if (answer->status == 200)
		object = answer_object(answer, NULL);
	version = object ? json_string_at(object, "gitVersion") : NULL;
	free(p->version);
	p->version = must_copy(version ? text_clean(&a, version, SHOWN) : NULL);
	arena_done(&a);
	p->done(p->arg, p->others ? READINESS_UP_BUT : READINESS_UP, "", 0);
}

#define OTHERS_MAX 8

static void on_access(void *arg, const struct http_answer *answer)
{
	struct readiness *p = arg;
	bool refused = answer->failure == HTTP_ANSWERED && answer->status == 401;
	const char *other = refused && p->others < OTHERS_MAX
				? p->other(p->arg, p->refused, p->others)
				: NULL;
	autofree char *path = NULL;

	if (other) {
		p->request = NULL;
		p->others++;
		path = lister_path(other, "limit=1");
		ask(p, path, on_access);
	} else if (!ended(p, answer)) {
		ask(p, "/version", on_version);
	}
}

/* Names the first check that /readyz shows as failed: "[-]etcd failed: ...". */
static void on_not_ready(struct readiness *p, const struct http_answer *answer)
{
	const char *check = strstr(answer->body, "[-]");
	struct arena a = { 0 };
	const char *what = answer_text(&a, answer);

	if (check)
		what = text_clean(
		    &a, arena_copy_n(&a, check + 3, strcspn(check + 3, "\r\n")), SHOWN);
	p->done(p->arg, READINESS_DOWN,
	    arena_printf(&a, "the API server is not ready: %s (%s)", what, p->server),
	    answer_wait(answer));
	arena_done(&a);
}

static void on_ready(void *arg, const struct http_answer *answer)
{
	struct readiness *p = arg;
	autofree char *path = NULL;

	if (ended(p, answer))
		return;
	if (answer->status >= 500) {
		on_not_ready(p, answer);
		return;
	}
	/* 403, 404 and 429: ready enough to say no. */
	if (!p->refused) {
		ask(p, "/version", on_version);
		return;
	}
	path = lister_path(p->refused, "limit=1");
	ask(p, path, on_access);
}

void readiness_start(
    struct readiness *p, struct http *http, const char *server, const char *refused)
{
	if (p->request)
		return;
	p->http = http;
	p->server = server;
	p->others = 0;
	free(p->refused);
	p->refused = must_copy(refused);
	ask(p, "/readyz", on_ready);
}

void readiness_stop(struct readiness *p)
{
	http_cancel(p->request);
	p->request = NULL;
}

bool readiness_is_asking(const struct readiness *p)
{
	return p->request != NULL;
}

void readiness_done(struct readiness *p)
{
	readiness_stop(p);
	free(p->refused);
	free(p->version);
}
