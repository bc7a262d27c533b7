/* SPDX-License-Identifier: MIT */
/* network_pools: see the header for the rules. */
#include "lib/kind/network/network_pools.h"

#include "lib/kind/metallb/pool.h"
#include "lib/kind/metallb/pool_record.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_plan.h"
#include "lib/kind/sources.h"
#include "lib/model/watch.h"
#include "lib/plan/item.h"

static const struct source_input *cluster(const struct planner *p)
{
	return &p->input->sources[source_index(pool_kind.source)];
}

/* One that is about to be what was requested of it last: also where it is written no longer
 * and not observed yet. */
static const char *any_changing(const struct planner *p)
{
	const struct state *state = p->input->state;

	for (size_t i = 0; i < state->count; i++)
		if (state->items[i]->kind == &pool_kind && state->items[i]->busy)
			return state->items[i]->name;
	return NULL;
}

const char *network_pools_changing(const struct planner *p)
{
	return cluster(p)->off || !cluster(p)->up ? NULL : any_changing(p);
}

bool network_pools_off(const struct planner *p)
{
	return cluster(p)->off;
}

static bool any_unreadable(const struct observed_set *pools)
{
	for (size_t i = 0; i < pools->count; i++)
		if (pools->items[i]->presence == UNKNOWN)
			return true;
	return false;
}

bool network_pools_known(const struct planner *p)
{
	const struct source_input *source = cluster(p);
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];

	if (!source->off && (any_unreadable(pools) || any_changing(p)))
		return false;
	if (source->off || (source->up && pools->known))
		return true;
	return source->up && pools->why && watch_is_missing(&pool_kind, NULL, pools->why);
}

struct ranges network_pools_observed(const struct planner *p)
{
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges all = { 0 };

	for (size_t i = 0; !network_pools_off(p) && i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i]->live;

		for (size_t k = 0; pool && k < pool->addresses.count; k++)
			ranges_add(p->arena, &all, pool->addresses.items[k]);
	}
	return all;
}

size_t network_pools_remembered(struct planner *p, struct remembered_pool **out)
{
	const struct state *state = p->input->state;
	size_t count = 0;

	*out = NULL;
	if (network_pools_known(p) && !network_pools_off(p))
		return 0;
	for (size_t i = 0; i < state->count; i++) {
		struct remembered_pool one, *slot;

		if (state->items[i]->kind != &pool_kind ||
		    !pool_record_held(
			p->arena, pool_record_of(state->items[i]), &one.addresses))
			continue;
		one.name = arena_copy(p->arena, state->items[i]->name);
		slot = arena_push(p->arena, out, &count, sizeof(*slot));
		*slot = one;
	}
	return count;
}

const char *network_pools_holder(struct planner *p, struct ip ip)
{
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct remembered_pool *remembered;
	size_t count;

	for (size_t i = 0; !network_pools_off(p) && i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i]->live;

		if (pool && ranges_contain(pool->addresses, ip))
			return pools->items[i]->name;
	}
	count = network_pools_remembered(p, &remembered);
	for (size_t i = 0; i < count; i++)
		if (ranges_contain(remembered[i].addresses, ip))
			return remembered[i].name;
	return NULL;
}

void network_pools_expose(
    struct planner *p, struct program *program, struct ranges addresses)
{
	struct remembered_pool *pools;
	size_t count = network_pools_off(p) ? network_pools_remembered(p, &pools) : 0;

	for (size_t i = 0; i < count; i++) {
		struct ranges common =
		    ranges_intersect(p->arena, addresses, pools[i].addresses);
		struct effect *effect;

		if (!common.count)
			continue;
		effect =
		    program_effect(p, program, EFFECT_EXPOSES, &pool_kind, pools[i].name);
		effect->from = ranges_text(p->arena, common);
		effect->in_use = true;
	}
}

struct ranges network_pools_clash(struct planner *p, const struct network *side)
{
	return ranges_intersect(p->arena, side->ranges, network_pools_observed(p));
}

const char *network_pools_hold_start(struct planner *p, const struct network *want,
    const struct network *stored, bool *blocked)
{
	struct ranges clash = network_pools_clash(p, stored);
	struct ranges clash6 =
	    ranges_intersect(p->arena, stored->served6, network_pools_observed(p));
	const char *changing = stored->ranges.count ? network_pools_changing(p) : NULL;

	bool managed = network_has_range(want);

	if (clash6.count) {
		*blocked = true;
		return arena_printf(p->arena,
		    "its DHCPv6 service has %s, which pools of the cluster have too; take them out there with `virsh net-edit %s`, or move the pools",
		    ranges_text(p->arena, clash6), stored->object.name);
	}
	*blocked = clash.count && !(managed && want->dhcp.reserve_pools);
	if (*blocked)
		return arena_printf(p->arena,
		    "its DHCP range has %s, which pools of the cluster have too; %s, or move the pools",
		    ranges_text(p->arena, clash),
		    managed ? "set reserve_pools to true" : "write dhcp.range for it");
	if (clash.count)
		return arena_printf(p->arena,
		    "waits until its DHCP range no longer has %s",
		    ranges_text(p->arena, clash));
	return changing ? arena_printf(p->arena,
			      "waits until it is known what pool/%s has", changing)
			: NULL;
}
