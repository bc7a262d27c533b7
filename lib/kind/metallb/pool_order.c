/* SPDX-License-Identifier: MIT */
/*
 * pool_order: pools that give addresses to one another, in an order that MetalLB takes: it
 * judges overlap against the pools that exist. And Services that were given others while
 * a pool was gone.
 */
#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/metallb/pool_due.h"
#include "lib/kind/metallb/pool_record.h"
#include "lib/kind/network/network_ranges.h"
#include "lib/kind/node/node.h"

/* It is to be deleted here, as soon as it may be. */
static bool is_to_go(const struct planner *p, const char *pool)
{
	const struct item *item = planner_item(p, &pool_kind, pool);

	return item && item->program_count && item->programs[0]->removal;
}

static void wait_for(struct planner *p, struct item *item, const char *other)
{
	const struct observed *have = planner_observed(p, &pool_kind, other);
	const struct pool *pool = have ? (const struct pool *)have->live : NULL;

	if (pool && pool->meta.deleting) {
		program_waits(p, item->programs[0], "waits for pool/%s, which %s", other,
		    pool->meta.deleting);
		return;
	}
	if (planner_desired(p, &pool_kind, other)) {
		program_waits(p, item->programs[0],
		    "waits for pool/%s to give up its addresses", other);
		return;
	}
	if (is_to_go(p, other)) {
		program_waits(p, item->programs[0],
		    "waits until pool/%s, which is no longer written, is deleted", other);
		return;
	}
	item_blocked(p, item,
	    "overlaps pool %s, which is not written here; write it too or delete it",
	    other);
	program_waits(p, item->programs[0], "%s", item->reason);
}

/* The place in the range of the pool that the one at `index` waits for, or its end. */
static size_t waits_for(
    struct planner *p, const struct item_range *range, const bool *waits, size_t index)
{
	const char *other =
	    waits[index - range->first]
		? pool_holder(p, (const struct pool *)p->plan->items[index]->desired)
		: NULL;
	size_t i = other ? range->first : range->end;

	while (i < range->end && strcmp(p->plan->items[i]->name, other) != 0)
		i++;
	return i;
}

/* A ring of pools each of which waits for the next would wait for ever: none can give up
 * all it has, for MetalLB takes no empty pool. */
static void report_ring(
    struct planner *p, const struct item_range *range, const bool *waits, size_t index)
{
	size_t first = waits_for(p, range, waits, index), next = first;

	for (size_t n = range->first; n < range->end && next != index; n++) {
		if (next == range->end)
			return;
		next = waits_for(p, range, waits, next);
	}
	if (next == index)
		item_blocked(p, p->plan->items[index],
		    "waits for pool/%s in a ring of pools that exchange all their addresses, which MetalLB takes in no order: give one of them others in between",
		    p->plan->items[first]->name);
}

#define MOVED_SHOWN 5

/* MetalLB gives its addresses to others soon after a pool is gone, or is back; and events
 * of the two may come in any order. */
#define BEFORE_MS ((int64_t)60 * 1000)
#define AFTER_MS ((int64_t)600 * 1000)

static bool was_gone(const struct pool_record *record)
{
	return record->gone_at.ms;
}

static bool any_was_gone(const struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&pool_kind)];

	for (size_t i = range->first; i < range->end; i++)
		if (was_gone(pool_record_of(p->plan->items[i]->state)))
			return true;
	return false;
}

/* It was given another address because a pool was not there. */
static bool moved_meanwhile(const struct planner *p, const struct service *s)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&pool_kind)];
	const struct object_state *state =
	    state_find(p->input->state, &service_kind, s->object.name);
	const struct service_record *moved = state ? state->own : NULL;

	for (size_t i = range->first; i < range->end; i++) {
		const struct pool_record *r = pool_record_of(p->plan->items[i]->state);

		if (!was_gone(r))
			continue;
		/* There are more of them than are remembered. */
		if (!moved)
			return true;
		if (mono_reached(r->gone_at, mono_add(moved->moved_at, BEFORE_MS)) &&
		    (r->gone_at.ms > r->back_at.ms ||
			mono_reached(moved->moved_at, mono_add(r->back_at, AFTER_MS))))
			return true;
	}
	return false;
}

/* To have its own again it asks for all its addresses, for those that stay as well. */
static const char *to_pin(struct arena *a, const struct service *s)
{
	const char *text = NULL;

	for (int i = 0; i < 2; i++) {
		const char *ip = s->moved_from[i] ? s->moved_from[i] : s->last[i];

		if (ip)
			text = arena_printf(
			    a, "%s%s%s", text ? text : "", text ? "," : "", ip);
	}
	return text;
}

static void report_one(struct planner *p, const struct service *s)
{
	const char *name = s->object.name, *slash = strchr(name, '/'), *text = NULL;
	struct finding *f;

	for (int i = 0; i < 2; i++)
		if (s->moved_from[i])
			text = arena_printf(p->arena,
			    "%s%shad the address %s and was given %s", text ? text : "",
			    text ? ", " : "", s->moved_from[i], s->last[i]);
	f = plan_finding(p, SEVERITY_WARNING, "service-moved",
	    arena_printf(p->arena, "service/%s", name), "service/%s %s; %s%s", name, text,
	    s->asks ? "it asks for " : "nothing in it says which it is to have",
	    s->asks ? s->asks : "");
	f->fix =
	    s->asks
		? arena_printf(p->arena, "`kubectl -n %.*s describe service %s` says why",
		      (int)(slash - name), name, slash + 1)
		: arena_printf(p->arena,
		      "kubectl -n %.*s annotate service %s metallb.universe.tf/loadBalancerIPs=%s",
		      (int)(slash - name), name, slash + 1, to_pin(p->arena, s));
}

/* Services that were given other addresses while a pool was gone, and did not ask. There
 * may be thousands, which is why they are gone through only then. */
static void report_moved(struct planner *p)
{
	const struct observed_set *services =
	    &p->input->observed->kinds[kind_index(&service_kind)];
	size_t count = 0;

	for (size_t i = 0; i < services->count; i++) {
		const struct service *s =
		    (const struct service *)services->items[i]->live;

		if (s && (s->moved_from[0] || s->moved_from[1]) && !s->pinned &&
		    moved_meanwhile(p, s) && count++ < MOVED_SHOWN)
			report_one(p, s);
	}
	if (count > MOVED_SHOWN)
		plan_finding(p, SEVERITY_WARNING, "service-moved", "service",
		    "%zu more Services were given other addresses", count - MOVED_SHOWN);
}

static void hold_nodes(
    struct planner *p, struct program *program, struct ranges addresses)
{
	const struct observed_set *nodes =
	    &p->input->observed->kinds[kind_index(&node_kind)];

	for (size_t i = 0; i < nodes->count; i++) {
		const struct node_object *n =
		    (const struct node_object *)nodes->items[i]->live;

		for (size_t k = 0; n && k < n->address_count; k++) {
			if (!ranges_contain(addresses, n->addresses[k]))
				continue;
			item_blocked(p, program->item,
			    "%s is an address of node/%s; choose other addresses",
			    ip_text(n->addresses[k], (char[IP_TEXT]){ 0 }),
			    n->object.name);
			program_waits(p, program, "%s", program->item->reason);
		}
	}
}

/* What it is about to be given joins no pool before it has left every DHCP range. */
static void hold(
    struct planner *p, struct item *item, const struct pool *live, struct ranges due)
{
	if (live)
		due = ranges_subtract(p->arena, due, live->addresses);
	hold_nodes(p, item->programs[0], due);
	network_ranges_hold(p, item->programs[0], due);
}

/* What changes at once and touches nobody goes in one request. */
static void merge(struct item *item)
{
	size_t kept = 1;
	struct kube_request *first;

	if (item->program_count < 2 || item->programs[0]->gate != GATE_OPEN)
		return;
	first = step_arguments(item->programs[0]->steps[0]);
	for (size_t i = 1; i < item->program_count; i++) {
		struct program *program = item->programs[i];

		if (program->gate == GATE_OPEN && !program->effect_count)
			first->only |=
			    ((struct kube_request *)step_arguments(program->steps[0]))
				->only;
		else
			item->programs[kept++] = program;
	}
	item->program_count = kept;
}

static bool may_act(const struct item *item)
{
	return item->program_count && item->programs[0]->step_count &&
	       item->programs[0]->gate == GATE_OPEN;
}

void pool_settle(struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&pool_kind)];
	bool *waits = arena_array(p->arena, range->end - range->first, sizeof(*waits));

	for (size_t i = range->first; i < range->end; i++) {
		struct item *item = p->plan->items[i];
		const struct pool *want = (const struct pool *)item->desired, *live;
		const char *other;
		struct ranges due;

		if (!want || !may_act(item))
			continue;
		live = item->observed ? (const struct pool *)item->observed->live : NULL;
		other = pool_holder(p, want);
		due = pool_due(p, want, live);
		if (due.count)
			hold(p, item, live, due);
		if (!other || (due.count && !live)) /* as it was: nobody holds that */
			continue;
		if (due.count) {
			item->programs[0]->steps[0]->text =
			    arena_printf(p->arena, "shrink pool %s to %s first",
				item->name, ranges_text(p->arena, due));
			continue;
		}
		wait_for(p, item, other);
		waits[i - range->first] = true;
	}
	for (size_t i = range->first; i < range->end; i++) {
		report_ring(p, range, waits, i);
		merge(p->plan->items[i]);
	}
	if (any_was_gone(p))
		report_moved(p);
}
