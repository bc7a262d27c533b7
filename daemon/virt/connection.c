/* SPDX-License-Identifier: MIT */
/*
 * connection: the state machine on the main loop.
 *
 *	OFF --open--> OPENING --opened--> UP --broken--> WAITING --timer--> OPENING
 *			      --failed-------------------^
 *
 * Opening and closing are calls, made on the call threads. Every opening has a key, unique in the
 * process: whatever comes back with another key (an answer, an event, a loss) is of the
 * past and ignored. Failures are forgotten once a connection has lasted, and when a socket
 * of libvirt's appears: then the next try comes at once.
 */
#include "daemon/virt/connection.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/virt/socket_watch.h"
#include "lib/base/arena.h"
#include "lib/base/retry.h"

#define OPEN_PATIENCE_MS 3000
#define APPEARED_MS 50 /* from its being made to its being listened on */

struct connection {
	struct ev_loop *loop;
	struct calls *calls;
	const struct connection_callbacks *callbacks;
	void *arg;
	struct link *link;
	enum connection_phase phase;
	char *uri, *detail;
	unsigned topics;
	uint64_t key;
	unsigned failures;
	struct socket_watch *watch;
	bool appeared; /* a socket did, during this opening */
	struct mono up_since;
	unsigned long version;
	ev_timer retry;
};

struct opening {
	struct virt_call call;
	struct connection *connection;
	struct link *link;
	char *uri;
	unsigned topics;
	bool opened;
	uint64_t key;
	unsigned long version;
	struct fault fault;
};

struct closing {
	struct virt_call call;
	struct link *link;
	uint64_t key;
};

uint64_t connection_next_key(void)
{
	static uint64_t last;

	return ++last;
}

/* The one place that changes the phase. Takes `detail`. */
static void set_phase(struct connection *c, enum connection_phase phase, char *detail)
{
	c->phase = phase;
	free(c->detail);
	c->detail = detail;
}

static void run_closing(struct virt_call *call)
{
	struct closing *closing = (struct closing *)call;

	link_close(closing->link, closing->key);
}

static void free_closing(struct virt_call *call)
{
	free(call);
}

static void post_closing(struct connection *c)
{
	struct closing *closing = must_alloc(sizeof(*closing));

	closing->call = (struct virt_call){ .run = run_closing,
		.done = free_closing,
		.drop = free_closing,
		.what = "close a broken connection",
		.peer = c };
	closing->link = c->link;
	closing->key = c->key;
	calls_post(c->calls, &closing->call, PRIORITY_URGENT);
}

static void free_opening(struct virt_call *call)
{
	struct opening *opening = (struct opening *)call;

	free(opening->uri);
	free(opening);
}

static void run_opening(struct virt_call *call)
{
	struct opening *o = (struct opening *)call;

	const struct link_target target = { o->uri, o->key, o->topics };

	o->opened = link_open(o->link, &target, &o->version, &o->fault) == 0;
	call->answered = o->opened;
}

static void wait_for_retry(struct connection *c, const char *why)
{
	int64_t wait = retry_connection(++c->failures, clock_random());

	if (c->appeared)
		wait = APPEARED_MS;
	c->appeared = false;
	set_phase(c, CONNECTION_WAITING,
	    must_printf(
		"%s: %s; next try in %us", c->uri, why, (unsigned)((wait + 999) / 1000)));
	ev_timer_set(&c->retry, (double)wait / 1000.0, 0.0);
	ev_timer_start(c->loop, &c->retry);
}

static void on_opened(struct virt_call *call)
{
	struct opening *opening = (struct opening *)call;
	struct connection *c = opening->connection;

	if (opening->key != c->key || c->phase != CONNECTION_OPENING) {
		free_opening(call);
		return;
	}
	if (opening->opened) {
		c->version = opening->version;
		c->up_since = clock_mono();
		set_phase(c, CONNECTION_UP, NULL);
		c->callbacks->up(c->arg, c);
	} else {
		wait_for_retry(c, opening->fault.error.text);
	}
	free_opening(call);
	c->callbacks->changed(c->arg);
}

/* The detail of the failure that made a new try necessary stays until the try ends. */
static void post_opening(struct connection *c)
{
	struct opening *opening = must_alloc(sizeof(*opening));

	c->key = connection_next_key();
	c->appeared = false;
	opening->connection = c;
	opening->link = c->link;
	opening->uri = must_copy(c->uri);
	opening->topics = c->topics;
	opening->key = c->key;
	opening->call = (struct virt_call){ .run = run_opening,
		.done = on_opened,
		.drop = free_opening,
		.what = "connect",
		.patience = OPEN_PATIENCE_MS,
		.peer = c,
		.probe = true };
	c->phase = CONNECTION_OPENING;
	calls_post(c->calls, &opening->call, PRIORITY_URGENT);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct connection *c = timer->data;

	(void)loop;
	(void)events;
	post_opening(c);
	c->callbacks->changed(c->arg);
}

/* What has failed so far says nothing of a libvirt that is new. */
static void on_appeared(void *arg)
{
	struct connection *c = arg;

	c->failures = 0;
	c->appeared = c->phase == CONNECTION_OPENING;
	if (c->phase != CONNECTION_WAITING)
		return;
	ev_timer_stop(c->loop, &c->retry);
	ev_timer_set(&c->retry, APPEARED_MS / 1000.0, 0.0);
	ev_timer_start(c->loop, &c->retry);
}

struct connection *connection_new(struct ev_loop *loop, struct calls *calls,
    const struct connection_callbacks *callbacks, void *arg)
{
	struct connection *c = must_alloc(sizeof(*c));

	c->loop = loop;
	c->calls = calls;
	c->callbacks = callbacks;
	c->arg = arg;
	c->link = link_new();
	c->phase = CONNECTION_OFF;
	ev_timer_init(&c->retry, on_retry, 0.0, 0.0);
	c->retry.data = c;
	return c;
}

struct link *connection_free(struct connection *c)
{
	struct link *link = c->link;

	ev_timer_stop(c->loop, &c->retry);
	socket_watch_free(c->watch);
	free(c->uri);
	free(c->detail);
	free(c);
	return link;
}

/* Leaves the present opening, whatever it has come to. */
static void leave(struct connection *c, const char *why)
{
	bool was_up = c->phase == CONNECTION_UP;

	ev_timer_stop(c->loop, &c->retry);
	socket_watch_free(c->watch);
	c->watch = NULL;
	if (was_up || c->phase == CONNECTION_OPENING)
		post_closing(c);
	set_phase(c, CONNECTION_OFF, NULL);
	if (was_up)
		c->callbacks->lost(c->arg, c, why);
}

void connection_open(struct connection *c, const char *uri, unsigned topics)
{
	leave(c, "connecting anew");
	free(c->uri);
	c->uri = must_copy(uri);
	c->topics = topics;
	c->failures = 0;
	c->watch = socket_watch_new(c->loop, uri, on_appeared, c);
	post_opening(c);
	c->callbacks->changed(c->arg);
}

void connection_close(struct connection *c)
{
	if (c->phase == CONNECTION_OFF)
		return;
	leave(c, "connecting elsewhere");
	c->callbacks->changed(c->arg);
}

void connection_broken(struct connection *c, uint64_t key, const char *why)
{
	char *reason;

	if (c->phase != CONNECTION_UP || c->key != key)
		return;
	if (mono_reached(mono_add(c->up_since, RETRY_CONNECTION_FORGET_MS), clock_mono()))
		c->failures = 0;
	post_closing(c);
	reason = must_copy(why); /* the callback may free what `why` points to */
	wait_for_retry(c, reason);
	c->callbacks->lost(c->arg, c, reason);
	free(reason);
	c->callbacks->changed(c->arg);
}

void connection_try_now(struct connection *c)
{
	if (!ev_is_active(&c->retry))
		return;
	ev_timer_stop(c->loop, &c->retry);
	ev_timer_set(&c->retry, 0.0, 0.0);
	ev_timer_start(c->loop, &c->retry);
}

enum connection_phase connection_phase(const struct connection *c)
{
	return c->phase;
}

const char *connection_detail(const struct connection *c)
{
	return c->detail;
}

const char *connection_uri(const struct connection *c)
{
	return c->phase == CONNECTION_OFF ? "" : c->uri;
}

unsigned long connection_version(const struct connection *c)
{
	return c->version;
}

struct link *connection_link(const struct connection *c)
{
	return c->link;
}

uint64_t connection_key(const struct connection *c)
{
	return c->phase == CONNECTION_UP ? c->key : 0;
}
