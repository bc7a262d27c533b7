/* SPDX-License-Identifier: MIT */
/*
 * asker: a hash table of questions. Each waits for its time, then for one of a few
 * places, then for its answer. One that was not answered stays, unasked, to remember when
 * it may be sent again; it is forgotten when nobody has requested it for a while.
 */
#include "daemon/kube/asker.h"

#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/kube/answer.h"
#include "daemon/kube/request.h"
#include "lib/base/cleanup.h"
#include "lib/base/retry.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/wire/api_path.h"

#define MAX_ANSWER ((size_t)4 * 1024 * 1024)
#define AT_ONCE 8
#define BUCKETS 256 /* a power of two */

struct question {
	struct asker *asker;
	struct question *next; /* in its bucket */
	struct http_request *request;
	struct arena texts;
	struct probe probe;
	struct http_call call;
	struct error unusable; /* it is no question: why; or "" */
	bool requested;	       /* since it was last sent */
	unsigned failures;
	struct mono due; /* not to be sent before */
};

struct asker {
	struct kube_host *host;
	struct question *buckets[BUCKETS];
	unsigned running;      /* questions with a request */
	struct ev_timer timer; /* for the next that is due */
};

/* FNV-1a, of the name: most are of one kind. */
static struct question **bucket_of(struct asker *a, const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return &a->buckets[h & (BUCKETS - 1)];
}

/* The one after `q`, or the first of all. */
static struct question *next_of(struct asker *a, struct question *q)
{
	struct question **bucket = q ? bucket_of(a, q->probe.name) + 1 : a->buckets;

	if (q && q->next)
		return q->next;
	for (; bucket < a->buckets + BUCKETS; bucket++)
		if (*bucket)
			return *bucket;
	return NULL;
}

/* Its answer has come, or is not waited for any more. */
static void end_request(struct question *q)
{
	if (q->request)
		q->asker->running--;
	q->request = NULL;
}

static void free_question(struct question *q)
{
	struct question **at = bucket_of(q->asker, q->probe.name);

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	http_cancel(q->request);
	end_request(q);
	arena_done(&q->texts);
	free(q);
}

/* "VERB PATH\nBODY" */
static int read_dry_run(struct question *q, const char *text)
{
	static const char *const verbs[] = { "apply", "patch", "create", "delete" };
	static const enum kube_write_kind kinds_of[] = { KUBE_APPLY, KUBE_MERGE,
		KUBE_CREATE, KUBE_DELETE };
	struct kube_write write = { .dry_run = true };
	size_t length = strcspn(text, " ");
	const char *path = text[length] ? text + length + 1 : "";
	size_t line = strcspn(path, "\n");

	write.path = arena_copy_n(&q->texts, path, line);
	write.body = path[line] ? path + line + 1 : "";
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strlen(verbs[i]) != length || strncmp(text, verbs[i], length) != 0)
			continue;
		write.what = kinds_of[i];
		return request_of_write(&q->texts, &write, &q->call, &q->unusable);
	}
	return fail(&q->unusable, "there is no dry run of this kind");
}

static void read_question(struct question *q)
{
	const char *text = q->probe.question;

	q->call = (struct http_call){ .timeout = q->asker->host->tuning->answer,
		.max_bytes = MAX_ANSWER,
		.arg = q };
	if (strncmp(text, "get /", 5) == 0) {
		q->call.method = "GET";
		q->call.path = text + 4;
	} else if (strncmp(text, "dry-run ", 8) == 0) {
		read_dry_run(q, text + 8);
	} else {
		fail(&q->unusable, "it is no question to an API server");
	}
}

static void start_due(struct asker *a);

static void report(struct asker *a, const struct probe *probe, int status,
    struct json_object *json, const char *error)
{
	const struct kube_callbacks *callbacks = a->host->callbacks;

	if (!callbacks->answered)
		return;
	callbacks->answered(a->host->callback_arg, &(struct answer){ .kind = probe->kind,
						       .name = probe->name,
						       .hash = probe->hash,
						       .status = status,
						       .json = json,
						       .error = error });
}

/* No answer: it waits, unasked. */
static void put_off(struct question *q, int64_t at_least, const char *why)
{
	int64_t wait = retry_connection(++q->failures, clock_random());

	q->requested = false;
	q->due = mono_add(clock_mono(), wait > at_least ? wait : at_least);
	report(q->asker, &q->probe, 0, NULL, why);
}

/* Does the answer concern the question, and not only the state of the server? */
static bool is_answer(const struct http_answer *answer)
{
	return answer->failure == HTTP_ANSWERED && answer->status < 500 &&
	       answer->status != 401 && answer->status != 429;
}

static void on_answered(struct question *q, const struct http_answer *answer)
{
	struct asker *a = q->asker;
	struct arena texts = { 0 };
	struct probe probe = { .kind = q->probe.kind,
		.name = arena_copy(&texts, q->probe.name),
		.hash = q->probe.hash };
	struct error e = { "" };
	autojson struct json_object *json = answer_object(answer, &e);
	const char *error = e.text;

	free_question(q);
	if (answer->status >= 300)
		error = answer_text(&texts, answer);
	report(a, &probe, answer->status, json, error);
	arena_done(&texts);
}

static void on_answer(void *arg, const struct http_answer *answer)
{
	struct question *q = arg;
	struct asker *a = q->asker;
	struct arena texts = { 0 };
	struct api_path path;

	end_request(q);
	if (is_answer(answer)) {
		on_answered(q, answer);
		start_due(a);
		return;
	}
	if (answer->failure == HTTP_ANSWERED && answer->status == 401 &&
	    api_path_read(&texts, q->call.path, &path))
		a->host->refused(a->host, path.collection);
	else if (answer->failure != HTTP_ANSWERED && answer->failure != HTTP_TOO_LARGE)
		a->host->suspect(a->host);
	put_off(q, answer_wait(answer), answer_text(&texts, answer));
	arena_done(&texts);
	start_due(a);
}

/* Sends what is due, as far as there are places, and waits for the next. */
static void start_due(struct asker *a)
{
	struct mono now = clock_mono(), next = MONO_NEVER;
	struct question *q = NULL;

	while (a->running < AT_ONCE && (q = next_of(a, q))) {
		if (!q->requested || q->request)
			continue;
		if (*q->unusable.text || !mono_reached(q->due, now)) {
			next = mono_earlier(next, q->due);
			continue;
		}
		q->call.done = on_answer;
		q->request = http_start(a->host->http, &q->call);
		a->running++;
	}
	ev_timer_stop(a->host->loop, &a->timer);
	if (next.ms == MONO_NEVER.ms)
		return;
	ev_timer_set(
	    &a->timer, next.ms > now.ms ? (double)(next.ms - now.ms) / 1000 : 0, 0);
	ev_timer_start(a->host->loop, &a->timer);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct asker *a = timer->data;
	struct mono now = clock_mono();
	struct question *q = NULL;

	(void)loop;
	(void)events;
	while ((q = next_of(a, q))) {
		struct error why = q->unusable;

		if (!q->requested || !*why.text || !mono_reached(q->due, now))
			continue;
		put_off(q, 0, why.text);
		q = NULL; /* it may be gone */
	}
	start_due(a);
}

static struct question *find(struct asker *a, const struct probe *probe)
{
	struct question *q = *bucket_of(a, probe->name);

	while (q &&
	       (q->probe.kind != probe->kind || strcmp(q->probe.name, probe->name) != 0))
		q = q->next;
	return q;
}

static struct question *add(struct asker *a, const struct probe *probe)
{
	struct question **bucket = bucket_of(a, probe->name);
	struct question *q = must_alloc(sizeof(*q));

	q->asker = a;
	q->probe = (struct probe){ probe->kind, arena_copy(&q->texts, probe->name),
		arena_copy(&q->texts, probe->question), probe->hash, 0 };
	q->due = clock_mono();
	read_question(q);
	q->next = *bucket;
	*bucket = q;
	return q;
}

/* Those of a bucket that nobody asks any more. */
static void forget_old(struct question *q)
{
	struct question *next;

	for (; q; q = next) {
		struct mono end = mono_add(q->due, RETRY_CONNECTION_FORGET_MS);

		next = q->next;
		if (!q->requested && !q->request && mono_reached(end, clock_mono()))
			free_question(q);
	}
}

void asker_ask(struct asker *a, const struct probe *probe)
{
	struct question *q;

	forget_old(*bucket_of(a, probe->name));
	q = find(a, probe);
	if (q && q->probe.hash != probe->hash) {
		free_question(q);
		q = NULL;
	}
	if (!q)
		q = add(a, probe);
	if (q->request || q->requested)
		return;
	q->requested = true;
	if (a->running < AT_ONCE)
		start_due(a);
}

void asker_abandon(struct asker *a)
{
	struct question *q;

	while ((q = next_of(a, NULL)))
		free_question(q);
	ev_timer_stop(a->host->loop, &a->timer);
}

struct asker *asker_new(struct kube_host *host)
{
	struct asker *a = must_alloc(sizeof(*a));

	a->host = host;
	ev_init(&a->timer, on_timer);
	a->timer.data = a;
	return a;
}

void asker_free(struct asker *a)
{
	asker_abandon(a);
	free(a);
}
