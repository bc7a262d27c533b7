/* SPDX-License-Identifier: MIT */
/*
 * virt: the public face, on the main loop. Puts together what the other files here do:
 *
 *	thread	    the call thread: blocking calls, two lanes
 *	events	    the event thread: libvirt's loop, events as values
 *	connection  one connection: open, lost, back-off (link: its end on the call
 *thread) survey	    looks at the objects of one kind (look: one look, on the call
 *thread) steps, host one step; what the host can do (on the call thread)
 *
 * and decides three things: which connection serves which kind, what a bell leads to
 * (always a look), and what the state of the whole is.
 *
 * A call is overdue after 3 s where libvirt only has to tell something, and after 10 s
 * for a step, since starting a machine or a network may honestly take seconds. The call
 * thread cannot say so itself, being stuck: its timer on the main loop does. A stuck call
 * ends when libvirtd goes on, dies, or fails its keepalive (20 s); an open that is stuck
 * has no keepalive yet and ends with either of the first two.
 */
#include "daemon/virt/virt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/clock.h"
#include "daemon/virt/connection.h"
#include "daemon/virt/events.h"
#include "daemon/virt/host.h"
#include "daemon/virt/judge.h"
#include "daemon/virt/steps.h"
#include "daemon/virt/survey.h"
#include "daemon/virt/thread.h"
#include "lib/base/text.h"
#include "lib/kind/kinds.h"

#define STEP_PATIENCE_MS 10000
#define HOST_PATIENCE_MS 30000 /* libvirt may have to ask every emulator anew */
#define FREE_PATIENCE_MS 5000

#define SYSTEM_URI "qemu:///system"
#define NETWORK_URI "network:///system"
#define NETWORK_SOCKET "/run/libvirt/virtnetworkd-sock"

enum { MAIN, NETWORK, CONNECTIONS }; /* one connection for all, or two */

struct virt {
	struct ev_loop *loop;
	const struct virt_callbacks *callbacks;
	void *arg;
	char *uri, *network_uri; /* the second NULL: one connection serves both */
	struct call_thread *thread;
	struct connection *connections[CONNECTIONS];
	struct survey *networks, *domains;
	char *overdue; /* the call that is; NULL: none */
	struct virt_state state;
	char *detail, *version; /* what state points to */
	bool born;		/* nobody is called back before virt_new() is over */
};

struct step_job {
	struct job job;
	struct virt *virt;
	struct link *link;
	uint64_t key, ticket;
	struct arena arena; /* the step's texts */
	struct step step;
	bool succeeded;
	struct fault fault;
};

struct host_job {
	struct job job;
	struct virt *virt;
	struct link *link;
	uint64_t key;
	struct host_facts facts;
	struct fault fault;
};

struct farewell {
	struct job job;
	struct link *links[CONNECTIONS];
};

/* State. */

/* The one place that changes the state. */
static void refresh(void *arg)
{
	struct virt *virt = arg;
	autotext struct text detail = { 0 };
	enum virt_status status =
	    judge_state(virt->connections, CONNECTIONS, virt->overdue, &detail);

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

static void on_overdue(void *arg, const char *what)
{
	struct virt *virt = arg;

	free(virt->overdue);
	virt->overdue = must_copy(what);
	refresh(virt);
}

static void on_answered(void *arg)
{
	struct virt *virt = arg;

	free(virt->overdue);
	virt->overdue = NULL;
	refresh(virt);
}

/* Kinds and connections. */

static struct survey *survey_of(const struct virt *virt, const struct kind *kind)
{
	return kind == &network_kind ? virt->networks : virt->domains;
}

static struct connection *connection_of(const struct virt *virt, const struct kind *kind)
{
	bool second = kind == &network_kind && virt->network_uri;

	return virt->connections[second ? NETWORK : MAIN];
}

static bool serves(
    const struct virt *virt, const struct connection *c, const struct kind *kind)
{
	return connection_of(virt, kind) == c;
}

/* Networks first: domains need them. */
static const struct kind *const both_kinds[] = { &network_kind, &vm_kind };

static void on_up(void *arg, struct connection *c)
{
	struct virt *virt = arg;

	if (c == virt->connections[MAIN])
		set_version(virt, connection_version(c));
	for (int i = 0; i < 2; i++)
		if (serves(virt, c, both_kinds[i]))
			survey_list(survey_of(virt, both_kinds[i]));
}

static void on_lost(void *arg, struct connection *c, const char *why)
{
	struct virt *virt = arg;

	for (int i = 0; i < 2; i++) {
		if (!serves(virt, c, both_kinds[i]))
			continue;
		survey_lost(survey_of(virt, both_kinds[i]));
		virt->callbacks->lost(virt->arg, both_kinds[i], why);
	}
}

/* Events. */

/* The connections know which of them the key belongs to. */
static void broken(struct virt *virt, uint64_t key, const char *why)
{
	for (int i = 0; i < CONNECTIONS; i++)
		connection_broken(virt->connections[i], key, why);
}

static void on_event(void *arg, const struct event *event)
{
	struct virt *virt = arg;

	if (!event->kind) {
		broken(virt, event->key, event->what);
		return;
	}
	if (event->key != connection_key(connection_of(virt, event->kind)))
		return;
	survey_look(survey_of(virt, event->kind), event->name, LANE_URGENT);
	virt->callbacks->event(virt->arg, event->kind, event->name, event->what);
}

static void on_overflow(void *arg)
{
	virt_look_all(arg);
}

/* What the host can do. Asked for after the domains are known, as nothing that exists
 * depends on it, and libvirt may take seconds to answer. */

static void run_host(struct job *job)
{
	struct host_job *host = (struct host_job *)job;
	virConnectPtr conn = link_use(host->link, host->key, &host->fault);

	if (conn)
		host_read(conn, &host->facts, &host->fault);
}

static void on_host(struct job *job)
{
	struct host_job *host = (struct host_job *)job;
	struct virt *virt = host->virt;
	struct connection *c = virt->connections[MAIN];

	if (host->key == connection_key(c)) {
		host->facts.libvirt_version = (unsigned)connection_version(c);
		if (host->fault.lost)
			connection_broken(c, host->key, host->fault.error.text);
		else
			virt->callbacks->host(virt->arg, &host->facts);
	}
	free(host);
}

static void drop_host(struct job *job)
{
	free(job);
}

static void on_listed(void *arg, const struct kind *kind)
{
	struct virt *virt = arg;
	struct connection *c = virt->connections[MAIN];
	struct host_job *host;

	if (kind != &vm_kind || !connection_key(c))
		return;
	host = must_alloc(sizeof(*host));
	host->virt = virt;
	host->link = connection_link(c);
	host->key = connection_key(c);
	host->job = (struct job){ .run = run_host,
		.done = on_host,
		.drop = drop_host,
		.what = "read the host's capabilities",
		.patience = HOST_PATIENCE_MS };
	thread_post(virt->thread, &host->job, LANE_BULK);
}

/* Steps. */

static void run_step(struct job *job)
{
	struct step_job *s = (struct step_job *)job;
	virConnectPtr conn = link_use(s->link, s->key, &s->fault);

	s->succeeded = conn && steps_run(conn, &s->step, &s->fault) == 0;
}

static void free_step(struct job *job)
{
	struct step_job *s = (struct step_job *)job;

	arena_done(&s->arena);
	free(s);
}

/* Success or not, only a look tells what is so now. */
static void on_step(struct job *job)
{
	struct step_job *s = (struct step_job *)job;
	struct virt *virt = s->virt;
	const struct kind *kind = steps_kind(s->step.op);
	bool lost = s->fault.lost && !s->succeeded;

	if (!s->succeeded)
		fail_in(&s->fault.error, "%s", s->step.text);
	if (lost)
		broken(virt, s->key, s->fault.error.text);
	else if (kind)
		virt_look(virt, kind, s->step.target);
	virt->callbacks->step_done(virt->arg, s->ticket,
	    s->succeeded ? NULL : s->fault.error.text, !s->succeeded && s->fault.slow,
	    lost);
	free_step(job);
}

void virt_step(struct virt *virt, const struct step *step, uint64_t ticket)
{
	struct step_job *s = must_alloc(sizeof(*s));
	struct connection *c = connection_of(virt, steps_kind(step->op));

	s->virt = virt;
	s->link = connection_link(c);
	s->key = connection_key(c);
	s->ticket = ticket;
	s->step = (struct step){ .op = step->op,
		.target = arena_copy(&s->arena, step->target),
		.text = arena_copy(&s->arena, step->text),
		.body = arena_copy(&s->arena, step->body),
		.on = step->on,
		.fresh = step->fresh,
		.command = step->command,
		.section = step->section,
		.side = step->side };
	s->job = (struct job){ .run = run_step,
		.done = on_step,
		.drop = free_step,
		.what = s->step.text,
		.patience = STEP_PATIENCE_MS };
	thread_post(virt->thread, &s->job, LANE_URGENT);
}

/* Looks. */

void virt_look(struct virt *virt, const struct kind *kind, const char *name)
{
	survey_look(survey_of(virt, kind), name, LANE_URGENT);
}

void virt_look_later(struct virt *virt, const struct kind *kind, const char *name)
{
	survey_look_later(survey_of(virt, kind), name);
}

void virt_look_all(struct virt *virt)
{
	survey_list(virt->networks);
	survey_list(virt->domains);
}

void virt_try_now(struct virt *virt)
{
	for (size_t i = 0; i < CONNECTIONS; i++)
		connection_try_now(virt->connections[i]);
}

/* Settings. */

/* Where libvirt's drivers are separate daemons, networks have a connection of their own:
 * through the other daemon's, the loss of theirs would go unnoticed for ever. */
static const char *second_uri(const struct libvirt_settings *settings)
{
	const char *uri = settings->network_uri;

	if (uri && strcmp(uri, "auto") == 0) {
		bool separate = strcmp(settings->uri, SYSTEM_URI) == 0 &&
				access(NETWORK_SOCKET, F_OK) == 0;

		uri = separate ? NETWORK_URI : NULL;
	}
	return uri && strcmp(uri, settings->uri) != 0 ? uri : NULL;
}

static void connect_all(struct virt *virt)
{
	bool two = virt->network_uri != NULL;

	survey_use(virt->networks, connection_of(virt, &network_kind));
	survey_use(virt->domains, connection_of(virt, &vm_kind));
	connection_open(virt->connections[MAIN], virt->uri, true, !two);
	if (two)
		connection_open(
		    virt->connections[NETWORK], virt->network_uri, false, true);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

void virt_configure(struct virt *virt, const struct libvirt_settings *settings)
{
	const char *second = second_uri(settings);

	if (same(virt->uri, settings->uri) && same(virt->network_uri, second))
		return;
	/* Before the kinds change sides: what is lost is what each served so far. */
	connection_close(virt->connections[MAIN]);
	connection_close(virt->connections[NETWORK]);
	free(virt->uri);
	free(virt->network_uri);
	virt->uri = must_copy(settings->uri);
	virt->network_uri = must_copy(second);
	connect_all(virt);
}

/* Beginning and end. */

static const struct thread_callbacks thread_callbacks = {
	.overdue = on_overdue,
	.answered = on_answered,
};

static const struct connection_callbacks connection_callbacks = {
	.up = on_up,
	.lost = on_lost,
	.changed = refresh,
};

static const struct event_callbacks event_callbacks = {
	.hear = on_event,
	.overflow = on_overflow,
};

struct virt *virt_new(struct ev_loop *loop, const struct libvirt_settings *settings,
    const struct virt_callbacks *callbacks, void *arg)
{
	struct virt *virt = must_alloc(sizeof(*virt));
	struct survey_owner owner = { callbacks, arg, on_listed, virt };

	virt->loop = loop;
	virt->callbacks = callbacks;
	virt->arg = arg;
	virt->uri = must_copy(settings->uri);
	virt->network_uri = must_copy(second_uri(settings));
	events_listen(loop, &event_callbacks, virt);
	virt->thread = thread_new(loop, &thread_callbacks, virt);
	for (int i = 0; i < CONNECTIONS; i++)
		virt->connections[i] =
		    connection_new(loop, virt->thread, &connection_callbacks, virt);
	virt->networks = survey_new(loop, virt->thread, &network_kind, &owner);
	virt->domains = survey_new(loop, virt->thread, &vm_kind, &owner);
	connect_all(virt);
	virt->born = true;
	return virt;
}

static void run_farewell(struct job *job)
{
	struct farewell *farewell = (struct farewell *)job;

	for (int i = 0; i < CONNECTIONS; i++)
		link_close(farewell->links[i]);
}

static void free_farewell(struct job *job)
{
	struct farewell *farewell = (struct farewell *)job;

	for (int i = 0; i < CONNECTIONS; i++)
		free(farewell->links[i]);
	free(farewell);
}

/* The call thread may hold the links for longer than we live, so it frees them. */
bool virt_free(struct virt *virt)
{
	struct farewell *farewell = must_alloc(sizeof(*farewell));
	bool ended;

	events_unlisten();
	survey_free(virt->networks);
	survey_free(virt->domains);
	for (int i = 0; i < CONNECTIONS; i++)
		farewell->links[i] = connection_free(virt->connections[i]);
	farewell->job = (struct job){ .run = run_farewell,
		.done = free_farewell,
		.drop = free_farewell,
		.what = "say good-bye" };
	ended = thread_free(virt->thread, &farewell->job, FREE_PATIENCE_MS);
	free(virt->uri);
	free(virt->network_uri);
	free(virt->overdue);
	free(virt->detail);
	free(virt->version);
	free(virt);
	return ended;
}

const struct virt_state *virt_state(const struct virt *virt)
{
	return &virt->state;
}
