/* SPDX-License-Identifier: MIT */
/*
 * virt: the public face, on the main loop.
 *
 * What the files here do; each includes only those above it:
 *
 *	auto, fault	handles that free themselves; libvirt's errors
 *	event_text	words for libvirt's events
 *	event_loop	libvirt's event loop, over epoll
 *	events		the event thread: libvirt's events as values
 *	read		one object or the list of all, on a call thread
 *	noun		the table of what is read
 *	calls		the call threads: queues keyed by document, urgent before bulk
 *	link		one connection as its threads share it
 *	socket_watch	says when a socket of libvirt's appears
 *	connection	one connection on the main loop: open, lost, back-off
 *	endpoints	whether networks have a connection of their own
 *	observer	the reads of one noun, on the main loop
 *	roll_call	what has changed without an event
 *	status, health	whether libvirt answers
 *	steps		one step of a plan, on a call thread
 *	transfer	what takes minutes: a thread and a connection of its own
 *	slow_steps	steps that take long (seed_volume, seed_image), by a transfer
 *	prober		of disks (disk_identity, disk_space, ...), images (image_file), seeds, and
 *			what a guest's agent says (guest_addresses), by transfers
 *	virt		puts them together
 *
 * and it decides three things: which connection serves which kind, what an event leads to
 * (always a read), and what a loss means.
 *
 * Two threads make all calls, on one connection or two (where libvirt's daemons are
 * separate); calls on one document never run at once. A call is overdue after 3 s
 * where libvirt only has to say something, and after 10 s for a step, since a start may
 * honestly take seconds; that concerns the call alone, and the other thread goes on. A stuck call ends when libvirtd goes on, dies, or fails its
 * keepalive (20 s); an open that is stuck has no keepalive yet and ends with either of the
 * first two.
 */
#include "daemon/virt/virt.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/virt/connection.h"
#include "daemon/virt/endpoints.h"
#include "daemon/virt/events.h"
#include "daemon/virt/health.h"
#include "daemon/virt/observer.h"
#include "daemon/virt/roll_call.h"
#include "daemon/virt/steps.h"
#include "lib/base/text.h"

#define CALL_THREADS 2
#define STEP_PATIENCE_MS 10000
#define FREE_PATIENCE_MS 5000
#define NOUNS_MAX 8

struct virt {
	struct ev_loop *loop;
	const struct virt_callbacks *callbacks;
	void *arg;
	char *uris[ENDPOINTS]; /* that of networks NULL: one connection serves all */
	struct calls *calls;
	struct connection *connections[ENDPOINTS];
	struct health *health;
	struct observer *observers[NOUNS_MAX];	 /* as nouns[] */
	struct roll_call *roll_calls[NOUNS_MAX]; /* the same */
	struct virt_state state;
	char *detail, *version; /* what state points to */
	bool born;		/* nobody is called back before virt_new() is over */
};

struct step_call {
	struct virt_call call;
	struct virt *virt;
	struct link *link;
	uint64_t key;
	struct arena arena; /* the texts and arguments of */
	struct call what;
	bool succeeded;
	struct fault fault;
};

/* The last call: what call threads may use for longer than we live. */
struct closing {
	struct virt_call call;
	struct link *links[ENDPOINTS];
};

/* State. */

/* The one place that changes the state. */
static void update_state(void *arg)
{
	struct virt *virt = arg;
	autotext struct text detail = { 0 };
	enum virt_status status = health_status(virt->health, &detail);

	if (virt->detail && status == virt->state.status &&
	    strcmp(text_get(&detail), virt->detail) == 0)
		return;
	if (!virt->detail || status != virt->state.status)
		virt->state.since = clock_wall();
	free(virt->detail);
	virt->detail = must_copy(text_get(&detail));
	virt->state.status = status;
	virt->state.detail = virt->detail;
	if (virt->born)
		virt->callbacks->state(virt->arg);
}

static void set_version(struct virt *virt, unsigned long version)
{
	free(virt->version);
	virt->version = must_printf(
	    "%lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
	virt->state.version = virt->version;
}

static void on_slow(void *arg, const struct virt_call *call, int64_t ms)
{
	health_slow(((struct virt *)arg)->health, call, ms);
}

static void on_overdue(void *arg, const struct virt_call *call, int64_t ms)
{
	struct virt *virt = arg;

	health_overdue(virt->health, call);
	virt->callbacks->overdue(virt->arg, call->token, call->what, ms);
	update_state(virt);
}

static void on_ended(
    void *arg, const struct virt_call *call, const void *peer, int64_t at)
{
	struct virt *virt = arg;

	health_ended(virt->health, call, peer, at);
	update_state(virt);
}

/* Nouns and connections. */

static struct connection *connection_of(const struct virt *v, const struct noun *noun)
{
	return v->connections[v->uris[noun->endpoint] ? noun->endpoint : ENDPOINT_MAIN];
}

/* NULL: not one of libvirt's kinds. */
static struct observer *observer_of(const struct virt *virt, const struct kind *kind)
{
	const struct noun *noun = noun_of(kind);

	return noun ? virt->observers[noun - nouns] : NULL;
}

static void on_up(void *arg, struct connection *c)
{
	struct virt *virt = arg;

	if (c == virt->connections[ENDPOINT_MAIN])
		set_version(virt, connection_version(c));
	for (size_t i = 0; i < noun_count; i++)
		if (connection_of(virt, &nouns[i]) == c)
			observer_read_all(virt->observers[i]);
}

static void on_lost(void *arg, struct connection *c, const char *why)
{
	struct virt *virt = arg;

	for (size_t i = 0; i < noun_count; i++) {
		if (connection_of(virt, &nouns[i]) != c)
			continue;
		observer_lost(virt->observers[i]);
		virt->callbacks->lost(virt->arg, nouns[i].kind, why);
	}
}

/* Events. */

/* The connections know which of them the key belongs to. */
static void broken(struct virt *virt, uint64_t key, const char *why)
{
	for (int i = 0; i < ENDPOINTS; i++)
		connection_broken(virt->connections[i], key, why);
}

static void on_event(void *arg, const struct event *event)
{
	struct virt *virt = arg;
	const struct noun *noun;

	if (event->topic == TOPIC_NONE) {
		broken(virt, event->key, event->what);
		return;
	}
	noun = noun_about(event->topic);
	if (!noun || event->key != connection_key(connection_of(virt, noun)))
		return;
	if (event->stopped)
		observer_read_stop(virt->observers[noun - nouns], event->name);
	else
		observer_read(
		    virt->observers[noun - nouns], event->name, PRIORITY_URGENT);
	if (event->what)
		virt->callbacks->event(virt->arg, noun->kind, event->name, event->what);
}

static void on_overflow(void *arg)
{
	virt_read_all(arg);
}

/* Steps. */

static void run_step(struct virt_call *call)
{
	struct step_call *s = (struct step_call *)call;
	autouse struct use use = { 0 };

	s->succeeded = link_take(s->link, s->key, call->thread, &use, &s->fault) == 0 &&
		       steps_run(use.conn, &s->what, &s->fault) == 0;
	call->answered = s->succeeded || !s->fault.lost;
}

static void free_step(struct virt_call *call)
{
	struct step_call *s = (struct step_call *)call;

	arena_done(&s->arena);
	free(s);
}

/* Success or not, only a read says what is so now. It comes after what the end of this step
 * may bring, so that of a program on one document the next step overtakes it. */
static void on_step(struct virt_call *call)
{
	struct step_call *s = (struct step_call *)call;
	struct virt *virt = s->virt;
	bool lost = s->fault.lost && !s->succeeded;

	if (!s->succeeded)
		fail_in(&s->fault.error, "%s", s->what.text);
	if (lost)
		broken(virt, s->key, s->fault.error.text);
	virt->callbacks->step_done(
	    virt->arg, call->token, s->succeeded ? NULL : &s->fault);
	if (!lost)
		virt_read(virt, s->what.kind, s->what.target);
	free_step(call);
}

void virt_run(struct virt *virt, const struct call *call)
{
	struct step_call *s = must_alloc(sizeof(*s));
	const struct noun *noun = noun_of(call->kind);
	struct connection *c = connection_of(virt, noun ? noun : &nouns[0]);

	s->virt = virt;
	s->link = connection_link(c);
	s->key = connection_key(c);
	s->what = call_copy(&s->arena, call);
	s->call = (struct virt_call){ .run = run_step,
		.done = on_step,
		.drop = free_step,
		.what = s->what.text,
		.patience = STEP_PATIENCE_MS,
		.kind = noun ? noun->kind : NULL,
		.name = s->what.target,
		.peer = c,
		.token = call->token };
	calls_post(virt->calls, &s->call, PRIORITY_STEP);
}

/* Reads. */

void virt_read(struct virt *virt, const struct kind *kind, const char *name)
{
	struct observer *observer = observer_of(virt, kind);

	if (observer)
		observer_read(observer, name, PRIORITY_URGENT);
}

void virt_read_later(struct virt *virt, const struct kind *kind, const char *name)
{
	struct observer *observer = observer_of(virt, kind);

	if (observer)
		observer_read_later(observer, name);
}

void virt_read_kind(struct virt *virt, const struct kind *kind)
{
	observer_read_all(observer_of(virt, kind));
}

void virt_read_all(struct virt *virt)
{
	for (size_t i = 0; i < noun_count; i++)
		observer_read_all(virt->observers[i]);
}

void virt_try_now(struct virt *virt)
{
	for (int i = 0; i < ENDPOINTS; i++)
		connection_try_now(virt->connections[i]);
}

/* Settings. */

/* The events a connection is to bring are those of the nouns it serves. */
static unsigned topics_of(const struct virt *virt, const struct connection *c)
{
	unsigned topics = 0;

	for (size_t i = 0; i < noun_count; i++)
		if (connection_of(virt, &nouns[i]) == c)
			topics |= TOPIC_BIT(nouns[i].topic);
	return topics;
}

static void connect_all(struct virt *virt)
{
	for (size_t i = 0; i < noun_count; i++) {
		struct connection *c = connection_of(virt, &nouns[i]);

		observer_use(virt->observers[i], c);
		roll_call_use(virt->roll_calls[i], virt->observers[i], c);
	}
	for (int i = 0; i < ENDPOINTS; i++) {
		struct connection *c = virt->connections[i];

		if (virt->uris[i])
			connection_open(c, virt->uris[i], topics_of(virt, c));
	}
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

void virt_configure(struct virt *virt, const struct libvirt_settings *settings)
{
	const char *second = endpoints_network_uri(settings);

	if (same(virt->uris[ENDPOINT_MAIN], settings->uri) &&
	    same(virt->uris[ENDPOINT_NETWORK], second))
		return;
	/* Before the kinds change sides: what is lost is what each served so far. */
	for (int i = 0; i < ENDPOINTS; i++) {
		connection_close(virt->connections[i]);
		free(virt->uris[i]);
	}
	virt->uris[ENDPOINT_MAIN] = must_copy(settings->uri);
	virt->uris[ENDPOINT_NETWORK] = must_copy(second);
	connect_all(virt);
}

/* Beginning and end. */

static const struct calls_callbacks calls_callbacks = {
	.slow = on_slow,
	.overdue = on_overdue,
	.ended = on_ended,
};

static const struct connection_callbacks connection_callbacks = {
	.up = on_up,
	.lost = on_lost,
	.changed = update_state,
};

static const struct event_callbacks event_callbacks = {
	.event = on_event,
	.overflow = on_overflow,
};

static void make_observers(struct virt *virt, const struct virt_callbacks *callbacks)
{
	const struct observer_callbacks found = {
		.observed = callbacks->observed,
		.gone = callbacks->gone,
		.unreadable = callbacks->unreadable,
		.listed = callbacks->listed,
	};

	if (noun_count > NOUNS_MAX)
		abort();
	for (size_t i = 0; i < noun_count; i++) {
		virt->roll_calls[i] = roll_call_new(virt->loop, virt->calls, &nouns[i],
		    &found, virt->arg, i ? virt->roll_calls[i - 1] : NULL);
		virt->observers[i] = observer_new(virt->loop, virt->calls, &nouns[i],
		    &roll_call_callbacks, virt->roll_calls[i]);
	}
}

struct virt *virt_new(struct ev_loop *loop, const struct libvirt_settings *settings,
    const struct virt_callbacks *callbacks, void *arg)
{
	struct virt *virt = must_alloc(sizeof(*virt));

	virt->loop = loop;
	virt->callbacks = callbacks;
	virt->arg = arg;
	virt->uris[ENDPOINT_MAIN] = must_copy(settings->uri);
	virt->uris[ENDPOINT_NETWORK] = must_copy(endpoints_network_uri(settings));
	events_listen(loop, &event_callbacks, virt);
	virt->calls = calls_new(loop, CALL_THREADS, "virt-call", &calls_callbacks, virt);
	for (int i = 0; i < ENDPOINTS; i++)
		virt->connections[i] =
		    connection_new(loop, virt->calls, &connection_callbacks, virt);
	virt->health = health_new(virt->calls, virt->connections);
	make_observers(virt, callbacks);
	connect_all(virt);
	virt->born = true;
	return virt;
}

/* On the last call thread. */
static void run_closing(struct virt_call *call)
{
	struct closing *closing = (struct closing *)call;

	for (int i = 0; i < ENDPOINTS; i++)
		link_free(closing->links[i]);
}

static void free_closing(struct virt_call *call)
{
	free(call);
}

bool virt_free(struct virt *virt)
{
	struct closing *closing = must_alloc(sizeof(*closing));
	bool ended;

	events_unlisten();
	for (size_t i = 0; i < noun_count; i++) {
		observer_free(virt->observers[i]);
		roll_call_free(virt->roll_calls[i]);
	}
	health_free(virt->health);
	for (int i = 0; i < ENDPOINTS; i++) {
		closing->links[i] = connection_free(virt->connections[i]);
		free(virt->uris[i]);
	}
	closing->call = (struct virt_call){ .run = run_closing, .drop = free_closing };
	ended = calls_free(virt->calls, &closing->call, FREE_PATIENCE_MS);
	free(virt->detail);
	free(virt->version);
	free(virt);
	return ended;
}

const struct virt_state *virt_state(const struct virt *virt)
{
	return &virt->state;
}
