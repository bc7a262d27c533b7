/* SPDX-License-Identifier: MIT */
/*
 * watcher: one watch of a collection, from its opening to its end, on a connection of its
 * own; and what its end means. A check may run beside it: the version it is opened with
 * may be from the future of a cluster that was set back, and such a watch is accepted and
 * says nothing. So one object is listed, for the version that comes with it.
 */
#ifndef DAEMON_KUBE_WATCHER_H
#define DAEMON_KUBE_WATCHER_H

#include "daemon/kube/http.h"
#include "lib/base/mono.h"
#include "lib/wire/stream.h"

enum watch_end {
	WATCH_ENDED,	   /* in the ordinary way: go on from the last version */
	WATCH_SHORT,	   /* the same, but at once and without an event */
	WATCH_SILENT,	   /* no byte for too long: the same */
	WATCH_ROLLED_BACK, /* the server's version is lower than ours: list */
	WATCH_EXPIRED,	   /* the version is too old: list */
	WATCH_LATER,	   /* the server is busy: go on from the last version, later */
	WATCH_UNSOUND,	   /* what came makes no sense: list, later */
	WATCH_FULL,	   /* what came was not taken in */
	WATCH_FAILED,	   /* it did not open: the answer says why */
};

struct watcher_callbacks {
	void (*opened)(void *arg);
	/* ADDED, MODIFIED, DELETED and BOOKMARK. False: no more is taken in. */
	bool (*event)(void *arg, enum watch_event type, struct json_object *object);
	/* Once. `answer` only with WATCH_FAILED, `why` "" where there is nothing to say.
	 */
	void (*ended)(void *arg, enum watch_end end, const struct http_answer *answer,
	    const char *why);
};

struct watcher {
	/* set by the owner */
	const char *collection;
	const struct watcher_callbacks *callbacks;
	void *arg;
	int64_t idle, check_timeout;
	/* its own */
	struct http_request *request, *check;
	char *version; /* it was begun with */
	struct stream *stream;
	struct mono opened_at; /* MONO_NEVER: not yet */
	bool any_event;
	bool failed;	    /* an ERROR event came */
	enum watch_end end; /* then: what it means */
	struct error error;
};

void watcher_start(struct watcher *w, struct http *http, const char *version, bool check);
void watcher_stop(struct watcher *w); /* without calling back */

#endif
