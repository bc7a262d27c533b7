/* SPDX-License-Identifier: MIT */
/*
 * watch: each open watch holds the resource version it has reached. fill() queues what
 * lies beyond until the socket's backlog is full; the connection calls back when that has
 * drained. A watch that falls out of the history window is sent an error and ended, so no queue
 * can grow. A version ahead of the store (after a rollback) simply finds nothing to send.
 */
#include "test/fake/watch.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/list.h"
#include "test/fake/selector.h"
#include "test/fake/tree.h"

#define TIMEOUT_MIN                                                                      \
	1800 /* a watch without timeoutSeconds ends at random within twice this */
#define BOOKMARK_EARLY 2 /* one bookmark comes this long before the end */

struct watch {
	struct watch *next;
	struct fake *fake;
	struct conn *conn;
	char *target;
	struct selector sel;
	uint64_t rv;
	struct version **initial; /* synthetic ADDED events still to send */
	size_t initial_count, initial_sent;
	struct ev_timer timer;
	double deadline, bookmark_at;
	bool bookmarks, silent, split;
	unsigned pieces;
};

static void send_line(struct watch *w, const char *p, size_t n)
{
	if (!w->split) {
		conn_chunk(w->conn, p, n);
		return;
	}
	while (n) {
		size_t piece = 1 + (w->pieces++ * 5) % 7;

		piece = piece < n ? piece : n;
		conn_chunk(w->conn, p, piece);
		p += piece;
		n -= piece;
	}
}

static void send_event(struct watch *w, const char *type, const char *text, size_t n)
{
	struct buf line = { 0 };

	buf_fmt(&line, "{\"type\":\"%s\",\"object\":", type);
	buf_add(&line, text, n);
	buf_str(&line, "}\n");
	send_line(w, buf_data(&line), line.len);
	buf_free(&line);
}

static void send_object(struct watch *w, const char *type, struct json_object *obj)
{
	struct buf text = { 0 };

	tree_write(&text, obj, false, false);
	send_event(w, type, buf_data(&text), text.len);
	buf_free(&text);
	json_object_put(obj);
}

static void send_bookmark(struct watch *w)
{
	char *version = resource_api_version(w->sel.res);
	char *text = xfmt("{\"apiVersion\":\"%s\",\"kind\":\"%s\","
			  "\"metadata\":{\"resourceVersion\":\"%llu\"}}",
	    version, w->sel.res->kind, (unsigned long long)store_rv(w->fake->store));

	send_event(w, "BOOKMARK", text, strlen(text));
	free(text);
	free(version);
}

static void send_change(struct watch *w, const struct event *ev)
{
	bool was = ev->before && selector_takes(&w->sel, ev->before);
	bool is = ev->type != CHANGE_DELETED && selector_takes(&w->sel, ev->now);

	if (was || is)
		send_event(w,
		    !is	  ? "DELETED"
		    : was ? "MODIFIED"
			  : "ADDED",
		    ev->now->text, ev->now->len);
}

static struct json_object *too_old(const struct watch *w)
{
	char *message = xfmt("too old resource version: %llu (%llu)",
	    (unsigned long long)w->rv, (unsigned long long)store_oldest(w->fake->store));
	struct json_object *st = status_expired(message);

	free(message);
	return st;
}

/* Queues what there is room for. False: the watch has ended and is gone. */
static bool fill(struct watch *w)
{
	const struct event *ev;

	while (!w->silent && conn_pending(w->conn) < CONN_BACKLOG) {
		if (w->initial_sent < w->initial_count) {
			struct version *v = w->initial[w->initial_sent++];

			if (selector_takes(&w->sel, v))
				send_event(w, "ADDED", v->text, v->len);
			continue;
		}
		if (w->rv < store_oldest(w->fake->store)) {
			send_object(w, "ERROR", too_old(w));
			conn_stream_end(w->conn);
			return false;
		}
		ev = store_after(w->fake->store, w->rv);
		if (!ev)
			break;
		w->rv = ev->rv;
		if (ev->now->res == w->sel.res)
			send_change(w, ev);
	}
	return true;
}

static bool in_step(const struct watch *w)
{
	return w->rv <= store_rv(w->fake->store) && w->initial_sent == w->initial_count &&
	       !store_after(w->fake->store, w->rv);
}

static void on_drained(void *arg)
{
	fill(arg);
}

static void on_closed(void *arg)
{
	struct watch *w = arg, **at = &w->fake->watches;

	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
	ev_timer_stop(w->fake->server.loop, &w->timer);
	store_release(w->initial, w->initial_count);
	selector_free(&w->sel);
	free(w->target);
	free(w);
}

static void arm(struct watch *w)
{
	double now = ev_now(w->fake->server.loop), at = w->deadline;

	if (w->bookmarks && w->bookmark_at < at)
		at = w->bookmark_at;
	ev_timer_set(&w->timer, at > now ? at - now : 0.001, 0.);
	ev_timer_start(w->fake->server.loop, &w->timer);
}

/* Plans the next bookmark: after the interval, but once shortly before the end. */
static void plan_bookmark(struct watch *w, double now)
{
	double early = w->deadline - BOOKMARK_EARLY;

	w->bookmark_at = now + w->fake->bookmark_interval;
	if (now < early && early < w->bookmark_at)
		w->bookmark_at = early;
}

static void on_timer(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	struct watch *w = t->data;
	struct conn *c = w->conn;
	double now = ev_now(loop);

	(void)revents;
	if (w->silent) {
		w->deadline = now + TIMEOUT_MIN;
	} else if (now >= w->deadline) {
		conn_stream_end(c);
		return;
	} else if (w->bookmarks && now >= w->bookmark_at && in_step(w)) {
		send_bookmark(w);
	}
	plan_bookmark(w, now);
	arm(w);
	conn_flush(c);
}

static void wake(struct watch *w)
{
	struct conn *c = w->conn;

	if (fill(w))
		conn_flush(c);
}

/* Does to an open watch what a fault says. False: the watch is gone. */
static bool hit(struct watch *w, const struct fault *fault)
{
	static const char broken[] = "{\"type\":\"MODIFIED\",\"object\":{\"kind\":]\n";

	switch (fault->kind) {
	case FAULT_ERROR_EVENT:
		send_object(w, "ERROR", fault_error(fault));
		conn_stream_end(w->conn);
		return false;
	case FAULT_END_WATCH:
		conn_stream_end(w->conn);
		return false;
	case FAULT_SILENCE:
		w->silent = true;
		break;
	case FAULT_SPLIT:
		w->split = true;
		break;
	case FAULT_GARBAGE:
		send_line(w, broken, sizeof(broken) - 1);
		break;
	case FAULT_HUGE:
		send_object(w, "MODIFIED", fault_huge(w->sel.res));
		break;
	case FAULT_STATUS:
	case FAULT_RESET:
	case FAULT_CLOSE:
	case FAULT_STALL:
	case FAULT_TRICKLE:
	case FAULT_WEBHOOK:
		break;
	}
	return true;
}

static double timeout_of(const struct request *req)
{
	const char *text = http_param(req, "timeoutSeconds");
	int seconds = text ? atoi(text) : 0;

	return seconds > 0 ? seconds : TIMEOUT_MIN + (double)(random() % TIMEOUT_MIN);
}

static void watch_start(struct watch *w, const struct call *call)
{
	struct fake *f = call->fake;
	double now = ev_now(f->server.loop);

	w->fake = f;
	w->conn = call->conn;
	w->target = xstrdup(call->req->target);
	w->bookmarks = http_flag(call->req, "allowWatchBookmarks");
	w->deadline = now + timeout_of(call->req);
	w->next = f->watches;
	f->watches = w;
	if (w->rv == 0) {
		w->rv = store_rv(f->store);
		w->initial = store_at(f->store, call->res, w->rv, &w->initial_count);
	}
	ev_init(&w->timer, on_timer);
	w->timer.data = w;
	plan_bookmark(w, now);
	arm(w);
	conn_stream(call->conn, "application/json",
	    (struct stream){ .drained = on_drained, .closed = on_closed, .arg = w });
}

void watch_open(const struct call *call, const struct fault *fault)
{
	struct watch *w = xalloc(sizeof(*w));
	struct json_object *st = NULL;

	if (http_param(call->req, "sendInitialEvents"))
		st = status_bad_option("ListOptions", "FieldValueForbidden",
		    "sendInitialEvents",
		    "Forbidden: sendInitialEvents is forbidden for watch unless the "
		    "WatchList "
		    "feature gate is enabled");
	if (!st)
		st = selector_read(&w->sel, call);
	if (!st)
		st = read_rv(call, true, &w->rv);
	if (st) {
		answer_status(call->conn, call->req, st);
		selector_free(&w->sel);
		free(w);
		return;
	}
	watch_start(w, call);
	if (!fault || hit(w, fault))
		wake(w);
}

void watches_wake(struct fake *f)
{
	for (struct watch *w = f->watches, *next; w; w = next) {
		next = w->next;
		wake(w);
	}
}

int watches_hit(struct fake *f, const struct fault *fault)
{
	int n = 0;

	for (struct watch *w = f->watches, *next; w; w = next) {
		struct conn *c = w->conn;

		next = w->next;
		if (!fault_matches(fault, "GET", w->target))
			continue;
		n++;
		if (hit(w, fault))
			conn_flush(c);
	}
	return n;
}

void watches_heal(struct fake *f)
{
	for (struct watch *w = f->watches; w; w = w->next)
		w->silent = w->split = false;
	watches_wake(f);
}

int watches_count(const struct fake *f)
{
	int n = 0;

	for (const struct watch *w = f->watches; w; w = w->next)
		n++;
	return n;
}

int watches_drop(struct fake *f, bool reset)
{
	int n = 0;

	while (f->watches) {
		struct conn *c = f->watches->conn;

		n++;
		if (reset)
			conn_reset(c);
		else
			conn_close(c);
	}
	return n;
}
