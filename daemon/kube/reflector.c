/* SPDX-License-Identifier: MIT */
/*
 * reflector: theory of operation.
 *
 *            resume                 complete              ended, silent
 *   PAUSED ---------> LISTING ------------------> WATCHING ------------> WATCHING
 *      ^                 |  ^                        |  |
 *      | pause           |  |  expired, rolled back  |  |
 *      | (any phase)     |  +------------------------+  |
 *      |                 v            back-off over     v
 *      +-------------- WAITING ------------------> LISTING or WATCHING
 *
 * A list asks for the most recent state and replaces what was known; the watch goes on
 * from the list's resource version, each event and bookmark moves that version on, and a
 * watch that ends in the ordinary way (servers end them after some minutes) is opened
 * again from there. Only a version the server no longer has (410, as a status or as an
 * event), text that makes no sense, or an unexplained error lead back to the list. A
 * server that is merely away (refused, busy, starting) does not: the version is kept, so
 * that its restart does not make it send everything again.
 *
 * A version may also be from the future: the cluster was restored from a backup, or its
 * machine from a snapshot. A watch from there is accepted and stays silent. So beside
 * each watch that is opened again one object is listed ("check"): if the version that
 * comes with it is lower than the one the watch began with, everything is listed anew.
 * The watcher does the check; the watchdog opens silent watches again, so this is noticed
 * without a lost connection.
 *
 * Failures wait by the connection law (retry_connection), forgotten after two quiet
 * minutes; what is forbidden or missing is tried again slowly. Whether the server as a
 * whole is there is kube's business: it pauses all reflectors at once and resumes them.
 *
 * What is known outlives the connection for a time of grace (knowledge.h).
 */
#include "daemon/kube/reflector_parts.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/kube/collection.h"
#include "daemon/kube/lister.h"
#include "daemon/kube/watcher.h"
#include "lib/base/cleanup.h"
#include "lib/base/retry.h"
#include "lib/doc/json.h"

#define EXPIRED_AGAIN_MS 10000 /* a second 410 so soon is backed off, */
#define BRIEF_MS 5000	       /* and the end of a watch that lasted less, */
#define BRIEF_AGAIN_MS 60000   /* so soon after another such */

static const struct kind *kind_of(const struct reflector *r)
{
	return r->collection.kind;
}

static void stop_requests(struct reflector *r)
{
	lister_stop(&r->lister);
	watcher_stop(&r->watcher);
	ev_timer_stop(r->host->loop, &r->retry);
}

static void set_version(struct reflector *r, const char *version)
{
	char *copy = must_copy(version);

	free(r->version);
	r->version = copy;
}

static void start_list(struct reflector *r)
{
	r->phase = PHASE_LISTING;
	lister_start(&r->lister, r->host->http);
}

/* What is under way when the time of grace is over would only bring what comes after what
 * is forgotten. */
static void on_forget(void *arg, bool late)
{
	struct reflector *r = arg;

	set_version(r, NULL);
	collection_forget(&r->collection);
	if (late && (r->phase == PHASE_LISTING || r->phase == PHASE_WATCHING)) {
		stop_requests(r);
		start_list(r);
	}
}

void reflector_doubt(struct reflector *r, enum loss cause, const char *why)
{
	knowledge_doubt(&r->knowledge, cause, why, r->phase != PHASE_PAUSED);
}

/* `again`: time has passed since the version was known to be good. */
static void start_watch(struct reflector *r, bool again)
{
	r->phase = PHASE_WATCHING;
	r->opened_at = clock_mono();
	watcher_start(&r->watcher, r->host->http, r->version, again);
}

static void go_on(struct reflector *r)
{
	if (r->version && !r->must_list)
		start_watch(r, true);
	else
		start_list(r);
}

static void on_retry(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	go_on(timer->data);
}

void reflector_wait(struct reflector *r, int64_t ms)
{
	stop_requests(r);
	r->phase = PHASE_WAITING;
	ev_timer_set(&r->retry, (double)ms / 1000, 0);
	ev_timer_start(r->host->loop, &r->retry);
}

void reflector_back_off(struct reflector *r, int64_t at_least)
{
	struct mono now = clock_mono();
	int64_t wait;

	if (mono_reached(mono_add(r->failed_at, RETRY_CONNECTION_FORGET_MS), now))
		r->failures = 0;
	r->failed_at = now;
	wait = retry_connection(++r->failures, clock_random());
	reflector_wait(r, wait > at_least ? wait : at_least);
}

static void on_list_begin(void *arg)
{
	struct reflector *r = arg;

	collection_begin_list(&r->collection);
}

static bool on_list_item(void *arg, struct json_object *object)
{
	struct reflector *r = arg;

	collection_listed(&r->collection, object);
	return !collection_is_full(&r->collection);
}

static void on_list_complete(void *arg, const char *version)
{
	struct reflector *r = arg;
	bool appeared = r->knowledge.loss == LOSS_MISSING;

	set_version(r, version);
	r->must_list = r->refused = false;
	knowledge_complete(&r->knowledge);
	lister_stop(&r->lister);
	start_watch(r, false);
	collection_end_list(&r->collection, r->version);
	if (appeared)
		r->host->appeared(r->host);
}

static const struct lister_callbacks lister_callbacks = {
	.begin = on_list_begin,
	.item = on_list_item,
	.complete = on_list_complete,
	.failed = reflector_on_list_failed,
};

static void on_watch_opened(void *arg)
{
	knowledge_current(&((struct reflector *)arg)->knowledge);
}

static bool on_watch_event(void *arg, enum watch_event type, struct json_object *object)
{
	struct reflector *r = arg;
	const char *version = json_string_at(object, "metadata.resourceVersion");

	if (version)
		set_version(r, version);
	if (type == EVENT_ADDED || type == EVENT_MODIFIED)
		collection_watched(&r->collection, object);
	else if (type == EVENT_DELETED)
		collection_deleted(&r->collection, object);
	return !collection_is_full(&r->collection);
}

static void on_watch_expired(struct reflector *r)
{
	struct mono last = r->expired_at;

	r->expired_at = clock_mono();
	r->must_list = true;
	if (mono_reached(mono_add(last, EXPIRED_AGAIN_MS), r->expired_at))
		start_list(r);
	else
		reflector_back_off(r, 0);
}

/* Ends are ordinary, but not one after the other, as of a proxy that cuts each watch after
 * its first event: the first is followed at once by the next watch, the others not. */
static void on_watch_done(struct reflector *r)
{
	struct mono now = clock_mono(), last = r->brief_at;
	bool brief = !mono_reached(mono_add(r->opened_at, BRIEF_MS), now);

	if (brief)
		r->brief_at = now;
	if (brief && !mono_reached(mono_add(last, BRIEF_AGAIN_MS), now))
		reflector_back_off(r, 0);
	else
		start_watch(r, true);
}

static void on_watch_ended(
    void *arg, enum watch_end end, const struct http_answer *answer, const char *why)
{
	struct reflector *r = arg;

	switch (end) {
	case WATCH_ENDED:
		on_watch_done(r);
		break;
	case WATCH_SILENT:
		start_watch(r, true);
		break;
	case WATCH_SHORT:
	case WATCH_LATER:
		reflector_back_off(r, 0);
		break;
	case WATCH_ROLLED_BACK:
		start_list(r);
		break;
	case WATCH_EXPIRED:
		on_watch_expired(r);
		break;
	case WATCH_UNSOUND:
		reflector_doubt(r, LOSS_UNREADABLE, why);
		r->must_list = true;
		reflector_back_off(r, 0);
		break;
	case WATCH_FULL:
		reflector_on_full(r);
		break;
	case WATCH_FAILED:
		reflector_on_failure(r, "watch", answer);
		break;
	}
}

static const struct watcher_callbacks watcher_callbacks = {
	.opened = on_watch_opened,
	.event = on_watch_event,
	.ended = on_watch_ended,
};

void reflector_resume(struct reflector *r)
{
	if (r->phase != PHASE_PAUSED && r->phase != PHASE_WAITING)
		return;
	stop_requests(r);
	go_on(r);
}

void reflector_resume_missing(struct reflector *r)
{
	if (r->phase == PHASE_WAITING && r->knowledge.loss == LOSS_MISSING)
		reflector_resume(r);
}

void reflector_pause(struct reflector *r, enum loss cause, const char *why)
{
	/* A list that was interrupted has reported but a part: it must be done again. */
	r->must_list = r->must_list || r->phase == PHASE_LISTING;
	stop_requests(r);
	r->phase = PHASE_PAUSED;
	reflector_doubt(r, cause, why);
}

void reflector_lose(struct reflector *r, enum loss cause, const char *why)
{
	stop_requests(r);
	r->phase = PHASE_PAUSED;
	knowledge_lose(&r->knowledge, cause, why);
}

void reflector_relist(struct reflector *r)
{
	/* A list under way will do: what changes meanwhile comes by the watch after it. */
	if (r->phase == PHASE_LISTING)
		return;
	r->must_list = true;
	if (r->phase == PHASE_PAUSED)
		return;
	stop_requests(r);
	start_list(r);
}

void reflector_wrote(struct reflector *r, struct json_object *object)
{
	if (r->knowledge.known || r->phase == PHASE_LISTING)
		collection_written(&r->collection, object);
}

void reflector_removed(struct reflector *r, const struct api_path *path, const char *uid)
{
	if (r->knowledge.known || r->phase == PHASE_LISTING)
		collection_removed(&r->collection, path->space, path->name, uid);
}

void reflector_refuse(struct reflector *r, const char *why)
{
	knowledge_lose(&r->knowledge, LOSS_UNAUTHORIZED, why);
	if (r->phase == PHASE_PAUSED)
		return;
	/* The server may have accepted us a moment after it: once it is tried soon. */
	reflector_wait(
	    r, r->refused ? r->host->tuning->slow : retry_connection(1, clock_random()));
	r->refused = true;
}

const char *reflector_url(const struct reflector *r)
{
	return r->url;
}

bool reflector_known(const struct reflector *r)
{
	return r->knowledge.known;
}

bool reflector_refused(const struct reflector *r)
{
	return knowledge_is_refused(&r->knowledge);
}

const char *reflector_failing(const struct reflector *r, struct mono *since)
{
	*since = r->knowledge.failing_since;
	return r->knowledge.failing;
}

const struct kind *reflector_kind(const struct reflector *r)
{
	return kind_of(r);
}

const struct watch *reflector_watch(const struct reflector *r)
{
	return &r->watch;
}

size_t reflector_skipped(const struct reflector *r)
{
	return r->collection.skipped;
}

struct reflector *reflector_new(
    struct kube_host *host, const struct kind *kind, const struct watch *watch)
{
	struct reflector *r = must_alloc(sizeof(*r));

	r->host = host;
	r->watch = watch_copy(&r->texts, watch);
	r->url = lister_url(&r->texts, watch);
	r->collection = (struct collection){ .kind = kind,
		.watch = &r->watch,
		.callbacks = host->callbacks,
		.arg = host->callback_arg };
	r->lister = (struct lister){ .collection = r->url,
		.callbacks = &lister_callbacks,
		.arg = r,
		.timeout = host->tuning->answer };
	r->watcher = (struct watcher){ .collection = r->url,
		.callbacks = &watcher_callbacks,
		.arg = r,
		.idle = host->tuning->idle,
		.check_timeout = host->tuning->answer };
	ev_init(&r->retry, on_retry);
	r->retry.data = r;
	r->knowledge = (struct knowledge){ .host = host,
		.kind = kind,
		.prefix = r->watch.prefix,
		.forget = on_forget,
		.arg = r };
	knowledge_init(&r->knowledge);
	/* None of them yet, none recently. */
	r->expired_at = (struct mono){ -EXPIRED_AGAIN_MS };
	r->brief_at = (struct mono){ -BRIEF_AGAIN_MS };
	return r;
}

void reflector_free(struct reflector *r)
{
	stop_requests(r);
	knowledge_done(&r->knowledge);
	collection_forget(&r->collection);
	free(r->version);
	arena_done(&r->texts);
	free(r);
}
