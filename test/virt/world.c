/* SPDX-License-Identifier: MIT */
/* world: keeps what virt says, as the daemon would. */
#include "test/virt/world.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/virt/fault.h"
#include "lib/base/arena.h"
#include "lib/kind/network/network.h"
#include "lib/kind/vm/vm.h"

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t world_now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* Mirrors */

static struct mirror *mirror_of(struct world *w, const struct kind *kind)
{
	if (kind == &hypervisor_kind)
		return &w->hypervisors;
	if (kind == &storage_kind)
		return &w->pools;
	if (kind == &volume_kind)
		return &w->volumes;
	return kind == &network_kind ? &w->networks : &w->domains;
}

static struct mirrored *find(const struct mirror *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->items[i].name, name) == 0)
			return &m->items[i];
	return NULL;
}

static void forget(struct mirrored *s)
{
	free(s->name);
	free(s->unreadable);
	free(s->live_xml);
	free(s->config_xml);
}

static void drop(struct mirror *m, const char *name)
{
	struct mirrored *s = find(m, name);

	if (!s)
		return;
	forget(s);
	*s = m->items[--m->count];
}

static struct mirrored *get(struct mirror *m, const char *name)
{
	struct mirrored *s = find(m, name);

	if (s)
		return s;
	m->items = must_realloc(m->items, (m->count + 1) * sizeof(*m->items));
	s = &m->items[m->count++];
	*s = (struct mirrored){ .name = must_copy(name) };
	return s;
}

static void empty(struct mirror *m)
{
	for (size_t i = 0; i < m->count; i++)
		forget(&m->items[i]);
	free(m->items);
	free(m->why);
	*m = (struct mirror){ 0 };
}

/* What virt says */

static void on_state(void *arg)
{
	static const char *const names[] = { "connecting", "connected", "unresponsive",
		"down" };
	struct world *w = arg;

	text_add(&w->states, "%s ", names[virt_state(w->virt)->status]);
}

/* What is stored stays as it was read. */
static void stopped(struct mirrored *s, const struct domain_facts *facts)
{
	s->facts_only++;
	s->domain.id = facts->id;
	s->domain.state = facts->state;
	s->domain.reason = facts->reason;
	s->domain.managed_save = facts->managed_save;
	free(s->live_xml);
	s->live_xml = NULL;
}

static void on_observed(void *arg, const struct kind *kind, const struct reading *reading)
{
	struct world *w = arg;
	struct mirror *m = mirror_of(w, kind);
	struct mirrored *s;

	if (w->on_observed)
		w->on_observed(w, kind, reading->name, reading);
	m->observed++;
	s = get(m, reading->name);
	s->observed++;
	free(s->unreadable);
	s->unreadable = NULL;
	if (reading->facts_only) {
		stopped(s, reading->facts);
		return;
	}
	free(s->live_xml);
	free(s->config_xml);
	s->live_xml = must_copy(reading->live_xml);
	s->config_xml = must_copy(reading->config_xml);
	if (kind == &vm_kind) {
		s->domain = *(const struct domain_facts *)reading->facts;
	} else if (kind == &hypervisor_kind) {
		w->host = *(const struct host_facts *)reading->facts;
	} else if (kind == &storage_kind) {
		s->active = ((const struct storage_facts *)reading->facts)->active;
	} else if (kind == &network_kind) {
		const struct network_facts *facts = reading->facts;

		s->active = facts->active;
		s->persistent = facts->persistent;
		s->autostart = facts->autostart;
		s->leases_known = facts->leases_known;
	}
}

static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	struct mirror *m = mirror_of(arg, kind);

	m->gone++;
	drop(m, name);
}

static void on_unreadable(
    void *arg, const struct kind *kind, const char *name, const char *why)
{
	struct mirrored *s = get(mirror_of(arg, kind), name);

	free(s->unreadable);
	s->unreadable = must_copy(why);
}

static bool is_named(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void on_listed(
    void *arg, const struct kind *kind, const char *const *names, size_t count)
{
	struct mirror *m = mirror_of(arg, kind);

	m->known = true;
	m->listed++;
	for (size_t i = m->count; i-- > 0;)
		if (!is_named(m->items[i].name, names, count))
			drop(m, m->items[i].name);
	for (size_t i = 0; i < count; i++)
		if (!find(m, names[i]))
			abort(); /* listed, but neither observed nor unreadable */
}

static void on_lost(void *arg, const struct kind *kind, const char *why)
{
	struct mirror *m = mirror_of(arg, kind);

	m->known = false;
	m->lost++;
	free(m->why);
	m->why = must_copy(why);
}

static void on_event(
    void *arg, const struct kind *kind, const char *name, const char *what)
{
	struct world *w = arg;

	if (w->on_event)
		w->on_event(w, kind, name);
	w->event_count++;
	text_add(&w->events, "%s/%s: %s\n", kind->name, name, what);
}

static void on_overdue(void *arg, uint64_t ticket, const char *what, int64_t ms)
{
	struct world *w = arg;

	if (ms < 1000)
		abort(); /* not overdue */
	text_add(&w->overdue, "%u %s\n", (unsigned)ticket, what);
}

static unsigned count_reads(const struct world *w)
{
	return w->networks.observed + w->networks.gone + w->domains.observed +
	       w->domains.gone;
}

static void on_step_done(void *arg, uint64_t ticket, const struct fault *fault)
{
	struct world *w = arg;

	w->steps_done++;
	w->reads_at_done = count_reads(w);
	w->ticket = ticket;
	free(w->error);
	w->error = must_copy(fault ? fault->error.text : NULL);
	w->slow = fault && fault->slow;
	w->lost = fault && fault->lost;
	w->refused = fault && fault->refused;
}

static const struct virt_callbacks callbacks = {
	.state = on_state,
	.observed = on_observed,
	.gone = on_gone,
	.unreadable = on_unreadable,
	.listed = on_listed,
	.lost = on_lost,
	.event = on_event,
	.overdue = on_overdue,
	.step_done = on_step_done,
};

/* The loop */

static void on_tick(struct ev_loop *loop, ev_timer *tick, int events)
{
	(void)loop;
	(void)tick;
	(void)events;
}

/* After the poll: a turn begins. */
static void on_check(struct ev_loop *loop, ev_check *check, int events)
{
	struct world *w = check->data;
	int64_t now = world_now_us();

	(void)loop;
	(void)events;
	w->turn_began = clock_us(CLOCK_THREAD_CPUTIME_ID);
	if (w->came_round && now - w->came_round > w->pause_us)
		w->pause_us = now - w->came_round;
	w->came_round = now;
}

static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct world *w = prepare->data;
	int64_t took = clock_us(CLOCK_THREAD_CPUTIME_ID) - w->turn_began;

	(void)loop;
	(void)events;
	if (w->turn_began && took > w->turn_us)
		w->turn_us = took;
}

static void watch_loop(struct world *w)
{
	ev_timer_init(&w->tick, on_tick, 0.01, 0.01);
	ev_timer_start(w->loop, &w->tick);
	ev_check_init(&w->check, on_check);
	ev_set_priority(&w->check, EV_MAXPRI);
	w->check.data = w;
	ev_check_start(w->loop, &w->check);
	ev_prepare_init(&w->prepare, on_prepare);
	w->prepare.data = w;
	ev_prepare_start(w->loop, &w->prepare);
}

struct world *world_new(const char *uri, const char *network_uri)
{
	struct world *w = must_alloc(sizeof(*w));
	struct libvirt_settings settings = { .uri = uri,
		.network_uri = network_uri ? network_uri : "auto" };

	w->loop = ev_loop_new(EVFLAG_AUTO);
	watch_loop(w);
	w->virt = virt_new(w->loop, &settings, &callbacks, w);
	return w;
}

bool world_free(struct world *w)
{
	bool ended = !w->virt || virt_free(w->virt);

	ev_timer_stop(w->loop, &w->tick);
	ev_check_stop(w->loop, &w->check);
	ev_prepare_stop(w->loop, &w->prepare);
	ev_loop_destroy(w->loop);
	empty(&w->networks);
	empty(&w->domains);
	empty(&w->hypervisors);
	empty(&w->pools);
	empty(&w->volumes);
	text_done(&w->states);
	text_done(&w->events);
	text_done(&w->overdue);
	free(w->error);
	free(w);
	return ended;
}

void world_reset_times(struct world *w)
{
	w->turn_us = w->pause_us = w->came_round = w->turn_began = 0;
}

bool world_wait(struct world *w, bool (*cond)(struct world *w), int64_t ms)
{
	int64_t end = world_now_us() + ms * 1000;

	w->came_round = w->turn_began = 0;
	while (!cond(w)) {
		if (world_now_us() > end)
			return false;
		ev_run(w->loop, EVRUN_ONCE); /* the tick ends every wait */
	}
	return true;
}

bool world_wait_status(struct world *w, enum virt_status status, int64_t ms)
{
	int64_t end = world_now_us() + ms * 1000;

	w->came_round = w->turn_began = 0;
	while (virt_state(w->virt)->status != status) {
		if (world_now_us() > end)
			return false;
		ev_run(w->loop, EVRUN_ONCE);
	}
	return true;
}

static bool is_known(struct world *w)
{
	return w->networks.known && w->domains.known && w->hypervisors.known &&
	       w->pools.known && w->volumes.known;
}

bool world_wait_known(struct world *w, int64_t ms)
{
	return world_wait(w, is_known, ms);
}

static bool never(struct world *w)
{
	(void)w;
	return false;
}

void world_run(struct world *w, int64_t ms)
{
	world_wait(w, never, ms);
}

const struct mirrored *world_find(
    const struct world *w, const struct kind *kind, const char *name)
{
	return find(mirror_of((struct world *)(uintptr_t)w, kind), name);
}

void world_send(struct world *w, const struct order *order, uint64_t token)
{
	struct autostart autostart = { order->on };
	struct domain_start start = { order->fresh };
	struct network_update update = {
		.command = order->command, .section = order->section, .side = order->side
	};
	struct kube_request request = { .path = "/" };
	struct call call = { .action = order->action,
		.kind = order->action->target,
		.target = order->target,
		.text = order->text,
		.document = order->body,
		.token = token };

	if (order->action->size == sizeof(request))
		call.arguments = &request;
	if (order->action->size == sizeof(update))
		call.arguments = &update;
	else if (order->action == &domain_start_action)
		call.arguments = &start;
	else if (order->action->size == sizeof(autostart))
		call.arguments = &autostart;
	else if (order->patch)
		call.arguments = order->patch;
	virt_run(w->virt, &call);
}

bool world_step(struct world *w, struct order step)
{
	static uint64_t ticket;
	unsigned done = w->steps_done;

	if (!step.text)
		step.text = "try a step";
	world_send(w, &step, ++ticket);
	while (w->steps_done == done)
		ev_run(w->loop, EVRUN_ONCE);
	if (w->ticket != ticket)
		abort();
	while (!w->lost && count_reads(w) == w->reads_at_done)
		ev_run(w->loop, EVRUN_ONCE);
	return !w->error;
}
