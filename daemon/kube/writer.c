/* SPDX-License-Identifier: MIT */
/*
 * writer: one request per write. What a body holds is ours to say, and the plan sends it
 * only where something differs. Nothing is repeated here: whether and when to try again
 * is the plan's.
 */
#include "daemon/kube/writer.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/kube/answer.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

#define MAX_ANSWER ((size_t)4 * 1024 * 1024)
#define AT_ONCE 8 /* a home's API server has other work as well */

struct write {
	struct writer *writer;
	struct write *next;
	struct http_request *request; /* NULL: it waits, or has failed */
	uint64_t ticket;
	struct arena texts;
	struct kube_write what;
	struct api_path path;
	const char *about;
	const char *failed; /* it ends without an answer: why */
	bool lost;
};

struct writer {
	struct kube_host *host;
	struct reflectors *all;
	struct write *writes; /* in the order in which they came */
	struct ev_timer soon; /* reports those that end without an answer */
};

static void free_write(struct write *w)
{
	struct write **at = &w->writer->writes;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	http_cancel(w->request);
	arena_done(&w->texts);
	free(w);
}

static void start_next(struct writer *writer);

/* Drops the write, then reports it. `error` NULL: it succeeded. */
static void finish(struct write *w, const struct kube_outcome *how)
{
	struct writer *writer = w->writer;
	uint64_t ticket = w->ticket;
	struct kube_outcome outcome = *how;
	struct arena a = { 0 };

	if (how->error)
		outcome.error =
		    arena_printf(&a, "%s%s %s: %s", w->what.dry_run ? "dry run: " : "",
			kube_write_verb(&w->what), w->about, how->error);
	free_write(w);
	start_next(writer);
	writer->host->callbacks->step_done(writer->host->callback_arg, ticket, &outcome);
	arena_done(&a);
}

/* Admission webhooks that do not answer come as 500; MetalLB's own is the usual one. */
static const char *explain_webhook(struct arena *a, const char *space, const char *text)
{
	if (strstr(text, ".metallb.io\""))
		return arena_printf(a,
		    "MetalLB's webhook does not answer; check its controller: kubectl -n %s get pods (%s)",
		    space ? space : "metallb-system", text);
	return arena_printf(a, "an admission webhook does not answer (%s)", text);
}

static bool is_slow(int status)
{
	return status == 400 || status == 403 || status == 404 || status == 422;
}

static void on_refusal(struct write *w, const struct http_answer *answer)
{
	struct arena a = { 0 };
	struct kube_outcome outcome = { .error = answer_text(&a, answer) };
	bool webhook = strstr(outcome.error, "failed calling webhook") != NULL;

	if (answer->failure != HTTP_ANSWERED) {
		outcome.lost = answer->sent;
		outcome.refused = !answer->sent;
	} else if (webhook) {
		outcome.error = explain_webhook(&a, w->path.space, outcome.error);
		outcome.slow = outcome.refused = true;
	} else {
		outcome.slow = is_slow(answer->status);
		outcome.lost = answer->status == 504;
		outcome.refused = answer->status < 500;
	}
	if (answer->status == 429 || answer->status >= 500)
		outcome.retry_after_ms = answer_wait(answer);
	finish(w, &outcome);
	arena_done(&a);
}

/* A delete is answered with a Status, or, where a finalizer holds the object, with it. */
static void on_success(struct write *w, const struct http_answer *answer)
{
	struct reflectors *all = w->writer->all;
	struct error e;
	autojson struct json_object *object = answer_object(answer, &e);
	bool is_object = object && json_string_at(object, "metadata.resourceVersion");
	bool is_delete = w->what.what == KUBE_DELETE;
	struct kube_outcome outcome = { .error = NULL };

	if (!object && !is_delete) {
		/* Even so it is done: the watch will show it. */
		fail_in(&e, "done, but the answer cannot be read");
		outcome = (struct kube_outcome){ .error = e.text, .lost = true };
	} else if (!w->what.dry_run && !w->path.subresource) {
		if (is_object)
			reflectors_wrote(all, &w->path, object);
		else if (is_delete)
			reflectors_removed(all, &w->path, w->what.uid);
	}
	finish(w, &outcome);
}

/* A delete or an eviction of what is not there any more has nothing left to do. */
static bool is_done_already(const struct write *w, int status)
{
	const char *subresource = w->path.subresource;

	return status == 404 && (w->what.what == KUBE_DELETE ||
				    (w->what.what == KUBE_CREATE && subresource &&
					strcmp(subresource, "eviction") == 0));
}

static void on_answer(void *arg, const struct http_answer *answer)
{
	struct write *w = arg;
	struct kube_host *host = w->writer->host;
	bool answered = answer->failure == HTTP_ANSWERED;

	w->request = NULL;
	if (answered && answer->status == 401) {
		host->refused(host, w->path.collection);
		on_refusal(w, answer);
	} else if (answered && answer->status >= 200 && answer->status < 300) {
		on_success(w, answer);
	} else if (answered && is_done_already(w, answer->status)) {
		if (!w->what.dry_run)
			reflectors_removed(w->writer->all, &w->path, NULL);
		finish(w, &(struct kube_outcome){ .error = NULL });
	} else {
		on_refusal(w, answer);
	}
}

/* It ends without an answer: reported as soon as the loop turns. */
static void fail_soon(struct write *w, const char *why, bool lost)
{
	w->failed = arena_copy(&w->texts, why);
	w->lost = lost;
	if (ev_is_active(&w->writer->soon))
		return;
	ev_timer_set(&w->writer->soon, 0, 0);
	ev_timer_start(w->writer->host->loop, &w->writer->soon);
}

static void on_soon(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct writer *writer = timer->data;
	struct write *w = writer->writes;

	(void)loop;
	(void)events;
	while (w) {
		struct kube_outcome outcome = {
			.error = w->failed, .lost = w->lost, .refused = !w->lost
		};

		if (!w->failed) {
			w = w->next;
			continue;
		}
		finish(w, &outcome);
		w = writer->writes;
	}
}

static void start(struct write *w)
{
	struct http_call call = { .timeout = w->writer->host->tuning->write,
		.max_bytes = MAX_ANSWER,
		.done = on_answer,
		.arg = w };
	struct error e;

	if (request_of_write(&w->texts, &w->what, &call, &e))
		fail_soon(w, e.text, false);
	else
		w->request = http_start(w->writer->host->http, &call);
}

/* Is an earlier write on the same object not done yet? */
static bool is_behind(const struct write *w)
{
	for (const struct write *i = w->writer->writes; i != w; i = i->next)
		if (!i->failed && strcmp(i->path.object, w->path.object) == 0)
			return true;
	return false;
}

static void start_next(struct writer *writer)
{
	unsigned running = 0;

	for (struct write *w = writer->writes; w; w = w->next)
		running += w->request != NULL;
	for (struct write *w = writer->writes; w && running < AT_ONCE; w = w->next) {
		if (w->request || w->failed || is_behind(w))
			continue;
		start(w);
		running += w->request != NULL;
	}
}

static struct write *add(struct writer *writer, uint64_t ticket)
{
	struct write **end = &writer->writes;
	struct write *w = must_alloc(sizeof(*w));

	while (*end)
		end = &(*end)->next;
	w->writer = writer;
	w->ticket = ticket;
	*end = w;
	return w;
}

/* "pods home/web-1", where the write is to something below an object. */
static const char *subject(struct write *w, const char *about)
{
	const struct api_path *p = &w->path;

	if (!p->subresource)
		return arena_copy(&w->texts, about);
	return arena_printf(&w->texts, "%s of %s %s%s%s", p->subresource, p->resource,
	    p->space ? p->space : "", p->space ? "/" : "", p->name);
}

void writer_write(struct writer *writer, const struct kube_write *write,
    const char *about, uint64_t ticket, const char *down)
{
	struct write *w = add(writer, ticket);
	bool usable = api_path_read(&w->texts, write->path, &w->path);

	w->what = *write;
	w->what.path = arena_copy(&w->texts, write->path);
	w->what.body = arena_copy(&w->texts, write->body);
	w->what.uid = arena_copy(&w->texts, write->uid);
	w->about = subject(w, about);
	if (!usable || (!w->path.name && write->what != KUBE_CREATE))
		fail_soon(w, "it has no path in the API", false);
	else if (down)
		fail_soon(w, down, false);
	else
		start_next(writer);
}

void writer_abandon(struct writer *writer)
{
	for (struct write *w = writer->writes; w; w = w->next) {
		bool sent = w->request != NULL;

		if (w->failed)
			continue;
		http_cancel(w->request);
		w->request = NULL;
		fail_soon(w, "the connection was closed before the answer came", sent);
	}
}

struct writer *writer_new(struct kube_host *host, struct reflectors *all)
{
	struct writer *w = must_alloc(sizeof(*w));

	w->host = host;
	w->all = all;
	ev_init(&w->soon, on_soon);
	w->soon.data = w;
	return w;
}

void writer_free(struct writer *w)
{
	while (w->writes)
		free_write(w->writes);
	ev_timer_stop(w->host->loop, &w->soon);
	free(w);
}
