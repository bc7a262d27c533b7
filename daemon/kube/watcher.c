/* SPDX-License-Identifier: MIT */
/* watcher: opens, splits, and judges the end. */
#include "daemon/kube/watcher.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/kube/answer.h"
#include "daemon/kube/lister.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

#define SHORT_MS 1000 /* client-go's measure of a watch that some proxy has cut */
#define TIMEOUT_S 300 /* requested of the server: so much, up to twice */
#define SHOWN 200
#define MAX_CHECK_BYTES ((size_t)8 * 1024 * 1024)

static void end(struct watcher *w, enum watch_end how, const struct http_answer *answer,
    const char *why)
{
	watcher_stop(w);
	w->callbacks->ended(w->arg, how, answer, why);
}

/* An ERROR event holds a Status. */
static void take_error(struct watcher *w, struct json_object *status)
{
	int64_t code = json_int_at(status, "code", 0);
	const char *reason = json_string_at(status, "reason");
	const char *message = json_string_at(status, "message");
	struct arena a = { 0 };

	if (code == 410 || (reason && strcmp(reason, "Expired") == 0))
		w->end = WATCH_EXPIRED;
	else if (code == 429)
		w->end = WATCH_LATER;
	else
		w->end = WATCH_UNSOUND;
	w->failed = true;
	fail(&w->error, "the watch was ended by the server: %s",
	    text_clean(&a, message ? message : "no reason given", SHOWN));
	arena_done(&a);
}

static bool on_event(enum watch_event type, struct json_object *object, void *arg)
{
	struct watcher *w = arg;

	switch (type) {
	case EVENT_ADDED:
	case EVENT_MODIFIED:
	case EVENT_DELETED:
	case EVENT_BOOKMARK:
		w->any_event = true;
		w->failed = !w->callbacks->event(w->arg, type, object);
		if (w->failed)
			w->end = WATCH_FULL;
		return !w->failed;
	case EVENT_ERROR:
		take_error(w, object);
		return false;
	case EVENT_OTHER:
		return true;
	}
	return true;
}

static void on_bytes(void *arg, const char *bytes, size_t length)
{
	struct watcher *w = arg;
	struct error why;

	if (length == 0) {
		w->opened_at = clock_mono();
		w->callbacks->opened(w->arg);
		return;
	}
	if (stream_feed(w->stream, bytes, length, on_event, w, &w->error)) {
		w->failed = true;
		w->end = WATCH_UNSOUND;
	}
	if (w->failed) {
		why = w->error;
		end(w, w->end, NULL, why.text);
	}
}

static bool is_short(const struct watcher *w)
{
	return !w->any_event &&
	       !mono_reached(mono_add(w->opened_at, SHORT_MS), clock_mono());
}

static void on_done(void *arg, const struct http_answer *answer)
{
	struct watcher *w = arg;

	w->request = NULL;
	if (answer->status == 410)
		end(w, WATCH_EXPIRED, NULL, "the server no longer knows our version");
	else if (w->opened_at.ms == MONO_NEVER.ms)
		end(w, WATCH_FAILED, answer, "");
	else if (answer->failure == HTTP_SILENT)
		end(w, WATCH_SILENT, NULL, answer->error);
	else
		/* A reset connection is an end as any other: the next one will show it. */
		end(w, is_short(w) ? WATCH_SHORT : WATCH_ENDED, NULL, answer->error);
}

static void on_check(void *arg, const struct http_answer *answer)
{
	struct watcher *w = arg;
	autojson struct json_object *list = NULL;
	const char *version;

	w->check = NULL;
	if (answer->failure != HTTP_ANSWERED || answer->status != 200)
		return; /* the watch beside it will show it */
	list = answer_object(answer, NULL);
	version = list ? json_string_at(list, "metadata.resourceVersion") : NULL;
	if (version && resource_version_compare(version, w->version) < 0)
		end(w, WATCH_ROLLED_BACK, NULL,
		    "the server is behind what it said before");
}

static void start_check(struct watcher *w, struct http *http)
{
	autofree char *path = lister_path(w->collection, "limit=1");

	w->check = http_start(http, &(struct http_call){ .method = "GET",
					.path = path,
					.timeout = w->check_timeout,
					.max_bytes = MAX_CHECK_BYTES,
					.done = on_check,
					.arg = w });
}

void watcher_start(struct watcher *w, struct http *http, const char *version, bool check)
{
	autofree char *escaped = http_escape(version);
	/* A random time each, so that watches begun together do not end together. */
	autofree char *query = must_printf(
	    "watch=true&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%u",
	    escaped, TIMEOUT_S + clock_random() % (TIMEOUT_S + 1));
	autofree char *path = lister_path(w->collection, query);

	watcher_stop(w);
	w->version = must_copy(version);
	w->stream = stream_new();
	w->opened_at = MONO_NEVER;
	w->any_event = w->failed = false;
	w->request = http_start(http, &(struct http_call){ .method = "GET",
					  .path = path,
					  .idle = w->idle,
					  .bytes = on_bytes,
					  .done = on_done,
					  .arg = w });
	if (check)
		start_check(w, http);
}

void watcher_stop(struct watcher *w)
{
	http_cancel(w->request);
	w->request = NULL;
	http_cancel(w->check);
	w->check = NULL;
	stream_free(w->stream);
	w->stream = NULL;
	free(w->version);
	w->version = NULL;
}
