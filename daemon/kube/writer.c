/* SPDX-License-Identifier: MIT */
/*
 * writer: one request per step. An apply is a PATCH with our field manager and force:
 * what the step's body holds is ours to say, and the plan sends it only where something
 * differs. Nothing is repeated here: whether and when to try again is the plan's.
 */
#include "daemon/kube/writer.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/kube/answer.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/kind/kinds.h"

#define MAX_ANSWER ((size_t)4 * 1024 * 1024)
#define JSON_DEPTH 64

struct write {
	struct writer *writer;
	struct write *next;
	struct http_request *request;
	uint64_t ticket;
	const struct kind *kind;
	bool delete;
	char *name, *uid;
	struct arena texts;
	struct api_path path; /* of the object */
	char *failed;	      /* it was not sent: why */
	bool lost;
};

struct writer {
	struct ev_loop *loop;
	int64_t timeout;
	const struct writer_callbacks *callbacks;
	void *arg;
	struct write *writes;
	struct ev_timer soon; /* tells of those that were not sent */
};

static void free_write(struct write *w)
{
	struct write **at = &w->writer->writes;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	http_cancel(w->request);
	free(w->name);
	free(w->uid);
	free(w->failed);
	arena_done(&w->texts);
	free(w);
}

/* Drops the write, then tells of it. `why` NULL: it succeeded. */
static void finish(struct write *w, const char *why, bool slow, bool lost)
{
	struct writer *writer = w->writer;
	uint64_t ticket = w->ticket;
	struct arena a = { 0 };
	const char *error = NULL;

	if (why)
		error = arena_printf(&a, "%s %s %s: %s", w->delete ? "delete" : "apply",
		    w->kind->name, w->name, why);
	free_write(w);
	writer->callbacks->step_done(writer->arg, ticket, error, slow, lost);
	arena_done(&a);
}

/* Admission webhooks that do not answer come as 500; MetalLB's own is the usual one. */
static const char *explain_webhook(struct arena *a, const char *text)
{
	if (strstr(text, ".metallb.io\""))
		return arena_printf(a,
		    "MetalLB's webhook does not answer; look at its controller: kubectl -n metallb-system get pods (%s)",
		    text);
	return arena_printf(a, "an admission webhook does not answer (%s)", text);
}

static bool is_slow(int status)
{
	return status == 400 || status == 403 || status == 404 || status == 422;
}

static void on_refusal(struct write *w, const struct http_answer *answer)
{
	struct arena a = { 0 };
	const char *text = answer_text(&a, answer);
	bool webhook = strstr(text, "failed calling webhook") != NULL;

	if (answer->failure != HTTP_ANSWERED)
		finish(w, text, false, answer->sent);
	else if (webhook)
		finish(w, explain_webhook(&a, text), true, false);
	else
		finish(w, text, is_slow(answer->status), answer->status == 504);
	arena_done(&a);
}

/* A delete is answered with a Status, or, where a finalizer holds the object, with it. */
static void on_success(struct write *w, const struct http_answer *answer)
{
	const struct writer_callbacks *callbacks = w->writer->callbacks;
	void *arg = w->writer->arg;
	struct error e;
	autojson struct json_object *object = answer_object(answer, &e);
	bool is_object = object && json_string_at(object, "metadata.resourceVersion");
	bool unread = !object && !w->delete;

	if (is_object)
		callbacks->wrote(arg, &w->path, object);
	else if (w->delete)
		callbacks->removed(arg, &w->path, w->uid);
	else if (unread)
		fail_in(&e, "done, but the answer cannot be read");
	/* Even then it is done: the watch will show it. */
	finish(w, unread ? e.text : NULL, false, unread);
}

static void on_answer(void *arg, const struct http_answer *answer)
{
	struct write *w = arg;
	struct writer *writer = w->writer;
	bool answered = answer->failure == HTTP_ANSWERED;

	w->request = NULL;
	if (answered && answer->status == 401) {
		writer->callbacks->refused(writer->arg, &w->path);
		on_refusal(w, answer);
	} else if (answered && answer->status >= 200 && answer->status < 300) {
		on_success(w, answer);
	} else if (answered && w->delete &&answer->status == 404) {
		writer->callbacks->removed(writer->arg, &w->path, NULL);
		finish(w, NULL, false, false);
	} else {
		on_refusal(w, answer);
	}
}

/* A request for a step that did not start: told as soon as the loop turns. */
static void fail_soon(struct write *w, const char *why)
{
	w->failed = must_copy(why);
	if (ev_is_active(&w->writer->soon))
		return;
	ev_timer_set(&w->writer->soon, 0, 0);
	ev_timer_start(w->writer->loop, &w->writer->soon);
}

static void on_soon(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct writer *writer = timer->data;
	struct write *w = writer->writes;

	(void)loop;
	(void)events;
	while (w) {
		struct arena a = { 0 };

		if (!w->failed) {
			w = w->next;
			continue;
		}
		finish(w, arena_copy(&a, w->failed), false, w->lost);
		arena_done(&a);
		w = writer->writes;
	}
}

/*
 * The server reads an apply's body as YAML 1.1, whose strings know no "\/": so whatever
 * the step's author wrote, it is printed anew, without them.
 */
static void start_apply(struct write *w, struct http *http, const struct step *step)
{
	struct error e;
	autojson struct json_object *body =
	    json_parse(step->body, strlen(step->body), JSON_DEPTH, &e);
	autofree char *path =
	    must_printf("%s?fieldManager=%s&force=true", step->path, MARK_MANAGER);

	if (!body) {
		fail_soon(w, e.text);
		return;
	}
	w->request = http_start(http, &(struct http_call){ .method = "PATCH",
					  .path = path,
					  .content_type = "application/apply-patch+yaml",
					  .body = json_text(body),
					  .timeout = w->writer->timeout,
					  .max_bytes = MAX_ANSWER,
					  .done = on_answer,
					  .arg = w });
}

static void start_delete(struct write *w, struct http *http, const struct step *step)
{
	autojson struct json_object *options = json_object_new_object();

	json_put_string(options, "apiVersion", "v1");
	json_put_string(options, "kind", "DeleteOptions");
	if (step->uid) {
		/* Not another object that has taken its name meanwhile. */
		struct json_object *preconditions = json_object_new_object();

		json_put_string(preconditions, "uid", step->uid);
		json_put(options, "preconditions", preconditions);
	}
	w->request = http_start(http, &(struct http_call){ .method = "DELETE",
					  .path = step->path,
					  .content_type = "application/json",
					  .body = json_text(options),
					  .timeout = w->writer->timeout,
					  .max_bytes = MAX_ANSWER,
					  .done = on_answer,
					  .arg = w });
}

void writer_step(struct writer *writer, struct http *http, const struct step *step,
    uint64_t ticket, const char *why)
{
	struct write *w = must_alloc(sizeof(*w));

	w->writer = writer;
	w->ticket = ticket;
	w->kind = step->kind;
	w->name = must_copy(step->name);
	w->uid = must_copy(step->uid);
	w->delete = step->op == STEP_KUBE_DELETE;
	w->next = writer->writes;
	writer->writes = w;
	if (!api_path_read(&w->texts, step->path, &w->path) || !w->path.name)
		fail_soon(w, "it has no path in the API");
	else if (!http)
		fail_soon(w, why);
	else if (w->delete)
		start_delete(w, http, step);
	else
		start_apply(w, http, step);
}

void writer_abandon(struct writer *writer)
{
	for (struct write *w = writer->writes; w; w = w->next) {
		if (w->failed)
			continue;
		http_cancel(w->request);
		w->request = NULL;
		w->lost = true;
		fail_soon(w, "the connection was closed before the answer came");
	}
}

struct writer *writer_new(struct ev_loop *loop, int64_t timeout,
    const struct writer_callbacks *callbacks, void *arg)
{
	struct writer *w = must_alloc(sizeof(*w));

	w->loop = loop;
	w->timeout = timeout;
	w->callbacks = callbacks;
	w->arg = arg;
	ev_init(&w->soon, on_soon);
	w->soon.data = w;
	return w;
}

void writer_free(struct writer *w)
{
	while (w->writes)
		free_write(w->writes);
	ev_timer_stop(w->loop, &w->soon);
	free(w);
}
