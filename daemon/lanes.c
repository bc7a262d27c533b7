/* SPDX-License-Identifier: MIT */
/* lanes: two queues of copied steps, and the list of objects that are busy. */
#include "daemon/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"

#define LANES 2

struct queued {
	struct queued *next;
	struct arena arena;
	struct step step;
	uint64_t ticket;
};

struct lane {
	struct queued *first, **last; /* waiting */
	struct queued *sent;	      /* under way; one at most */
};

/* An object with steps, or whose steps have ended but were not seen yet. */
struct work {
	struct work *next;
	const struct kind *kind;
	char *name;
	const struct kind *target_kind;
	char *target;
	enum origin lane;
	unsigned steps; /* queued or under way */
	bool begun;	/* a step of it was sent */
	bool mends;	/* one of its steps puts back what others take away */
	bool looked;	/* since the last one ended */
	bool dropped;	/* while one is under way: there will be no look */
};

struct lanes {
	struct lanes_hooks hooks;
	void *arg;
	struct lane lanes[LANES];
	struct work *works;
	struct queued *ended; /* kept for the caller of lanes_ended */
	uint64_t tickets;
	size_t length;
};

struct lanes *lanes_new(const struct lanes_hooks *hooks, void *arg)
{
	struct lanes *l = must_alloc(sizeof(*l));

	l->hooks = *hooks;
	l->arg = arg;
	for (int i = 0; i < LANES; i++)
		l->lanes[i].last = &l->lanes[i].first;
	return l;
}

static void free_queued(struct queued *q)
{
	if (!q)
		return;
	arena_done(&q->arena);
	free(q);
}

static void free_work(struct work *w)
{
	free(w->name);
	free(w->target);
	free(w);
}

void lanes_free(struct lanes *l)
{
	struct work *next;

	if (!l)
		return;
	for (int i = 0; i < LANES; i++) {
		free_queued(l->lanes[i].sent);
		for (struct queued *q = l->lanes[i].first, *after; q; q = after) {
			after = q->next;
			free_queued(q);
		}
	}
	for (struct work *w = l->works; w; w = next) {
		next = w->next;
		free_work(w);
	}
	free_queued(l->ended);
	free(l);
}

static enum origin lane_of(const struct step *step)
{
	return step->op == STEP_KUBE_APPLY || step->op == STEP_KUBE_DELETE
		   ? ORIGIN_KUBERNETES
		   : ORIGIN_LIBVIRT;
}

/* What a look must show before the step counts as seen. */
static const struct kind *target_kind(const struct step *step)
{
	switch (step->op) {
	case STEP_NETWORK_DEFINE:
	case STEP_NETWORK_START:
	case STEP_NETWORK_STOP:
	case STEP_NETWORK_AUTOSTART:
	case STEP_NETWORK_UPDATE:
		return &network_kind;
	case STEP_DOMAIN_DEFINE:
	case STEP_DOMAIN_AUTOSTART:
	case STEP_DOMAIN_START:
	case STEP_DOMAIN_SHUTDOWN:
	case STEP_DOMAIN_DESTROY:
	case STEP_DOMAIN_RESUME:
	case STEP_DOMAIN_WAKEUP:
		return &vm_kind;
	case STEP_KUBE_APPLY:
	case STEP_KUBE_DELETE:
		break;
	}
	return step->kind;
}

static struct work *find_work(struct lanes *l, const struct kind *kind, const char *name)
{
	for (struct work *w = l->works; w; w = w->next)
		if (w->kind == kind && strcmp(w->name, name) == 0)
			return w;
	return NULL;
}

static void count_step(struct lanes *l, const struct step *step)
{
	struct work *w = find_work(l, step->kind, step->name);

	if (!w) {
		w = must_alloc(sizeof(*w));
		w->kind = step->kind;
		w->name = must_copy(step->name);
		w->target_kind = target_kind(step);
		w->target = must_copy(step->target);
		w->lane = lane_of(step);
		w->next = l->works;
		l->works = w;
		l->hooks.busy(l->arg, w->kind, w->name, true);
	}
	w->steps++;
	w->mends |= step->mends;
}

static void end_work(struct lanes *l, struct work *w)
{
	struct work **at = &l->works;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	l->hooks.busy(l->arg, w->kind, w->name, false);
	free_work(w);
}

static void queue(struct lanes *l, const struct step *step)
{
	struct queued *q = must_alloc(sizeof(*q));
	struct lane *lane = &l->lanes[lane_of(step)];

	q->step = *step;
	q->step.item = NULL;
	q->step.name = arena_copy(&q->arena, step->name);
	q->step.target = arena_copy(&q->arena, step->target);
	q->step.text = arena_copy(&q->arena, step->text);
	q->step.body = arena_copy(&q->arena, step->body);
	q->step.path = arena_copy(&q->arena, step->path);
	q->step.uid = arena_copy(&q->arena, step->uid);
	q->ticket = ++l->tickets;
	*lane->last = q;
	lane->last = &q->next;
	l->length++;
	count_step(l, &q->step);
}

static void send_next(struct lanes *l, enum origin which)
{
	struct lane *lane = &l->lanes[which];
	struct queued *q = lane->first;

	if (lane->sent || !q)
		return;
	lane->first = q->next;
	if (!lane->first)
		lane->last = &lane->first;
	lane->sent = q;
	find_work(l, q->step.kind, q->step.name)->begun = true;
	l->hooks.send(l->arg, which, &q->step, q->ticket);
}

void lanes_take(struct lanes *l, const struct plan *plan)
{
	for (size_t i = 0; i < plan->step_count; i++)
		queue(l, plan->steps[i]);
	send_next(l, ORIGIN_LIBVIRT);
	send_next(l, ORIGIN_KUBERNETES);
}

/* Removes those of a lane's waiting steps for which which() is true. */
static void drop_waiting(struct lanes *l, struct lane *lane,
    bool (*which)(struct lanes *l, const struct step *step, const void *arg),
    const void *arg)
{
	struct queued **at = &lane->first;

	while (*at) {
		struct queued *q = *at;

		if (!which(l, &q->step, arg)) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		l->length--;
		find_work(l, q->step.kind, q->step.name)->steps--;
		free_queued(q);
	}
	lane->last = at;
}

static bool is_of(struct lanes *l, const struct step *step, const void *arg)
{
	return find_work(l, step->kind, step->name) == arg;
}

static bool aims_at(struct lanes *l, const struct step *step, const void *arg)
{
	return find_work(l, step->kind, step->name)->target_kind == arg;
}

static bool may_be_left_out(struct lanes *l, const struct step *step, const void *arg)
{
	const struct work *w = find_work(l, step->kind, step->name);

	(void)arg;
	return !w->begun || !w->mends;
}

const struct step *lanes_ended(struct lanes *l, uint64_t ticket, bool failed, bool seen)
{
	struct work *w;
	struct queued *q;
	enum origin which;

	for (which = ORIGIN_LIBVIRT; which < LANES; which++)
		if (l->lanes[which].sent && l->lanes[which].sent->ticket == ticket)
			break;
	if (which == LANES)
		return NULL;
	q = l->lanes[which].sent;
	l->lanes[which].sent = NULL;
	l->length--;
	free_queued(l->ended);
	l->ended = q;
	w = find_work(l, q->step.kind, q->step.name);
	w->steps--;
	w->looked = seen || w->dropped;
	if (failed)
		drop_waiting(l, &l->lanes[which], is_of, w);
	if (!w->steps && w->looked)
		end_work(l, w);
	send_next(l, which);
	return &q->step;
}

void lanes_looked(struct lanes *l, const struct kind *kind, const char *target)
{
	struct work *next;

	for (struct work *w = l->works; w; w = next) {
		next = w->next;
		if (w->target_kind != kind || strcmp(w->target, target) != 0)
			continue;
		w->looked = true;
		if (!w->steps)
			end_work(l, w);
	}
}

void lanes_drop(struct lanes *l, const struct kind *kind)
{
	struct work *next;

	for (int i = 0; i < LANES; i++)
		drop_waiting(l, &l->lanes[i], aims_at, kind);
	for (struct work *w = l->works; w; w = next) {
		next = w->next;
		if (w->target_kind != kind)
			continue;
		w->dropped = true;
		if (!w->steps)
			end_work(l, w);
	}
}

void lanes_abandon(struct lanes *l)
{
	struct work *next;

	for (int i = 0; i < LANES; i++)
		drop_waiting(l, &l->lanes[i], may_be_left_out, NULL);
	for (struct work *w = l->works; w; w = next) {
		next = w->next;
		if (!w->steps && (w->looked || !w->begun))
			end_work(l, w);
	}
}

size_t lanes_length(const struct lanes *l)
{
	return l->length;
}
