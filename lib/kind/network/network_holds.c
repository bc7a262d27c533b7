/* SPDX-License-Identifier: MIT */
/* network_holds: pools that wait for networks (network_ranges.h). */
#include "lib/kind/metallb/pool.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_plan.h"
#include "lib/kind/network/network_ranges.h"
#include "lib/kind/network/network_users.h"
#include "lib/kind/sources.h"

static struct ranges whole_range(struct planner *p, const struct network *want)
{
	struct ranges whole = { 0 };

	ranges_add(p->arena, &whole,
	    (struct range){ want->dhcp.range.start, want->dhcp.range.end });
	return whole;
}

static void hold(
    struct planner *p, struct program *program, const char *name, struct ranges common)
{
	const struct network *want =
	    (const struct network *)planner_desired(p, &network_kind, name);
	const char *text = ranges_text(p->arena, common);

	if (want && network_has_range(want) && want->dhcp.reserve_pools) {
		program_waits(p, program,
		    "waits until the DHCP range of network/%s no longer has %s", name,
		    text);
		return;
	}
	item_blocked(p, program->item,
	    want && network_has_range(want)
		? "%s is in the DHCP range of network/%s, and reserve_pools is false there; set it to true, or choose other addresses"
		: "%s is in the DHCP range of network/%s, which is not written; write dhcp.range for it, or choose other addresses",
	    text, name);
	program_waits(p, program, "%s", program->item->reason);
}

/* What its DHCP service gives by IPv6 is never ours to change. */
static void hold_ipv6(struct planner *p, struct program *program,
    const struct observed *network, struct ranges addresses)
{
	const struct object *const sides[] = { network->live, network->config };

	for (size_t i = 0; i < 2; i++) {
		const struct network *side = (const struct network *)sides[i];
		struct ranges common =
		    side ? ranges_intersect(p->arena, side->served6, addresses)
			 : (struct ranges){ 0 };

		if (!common.count)
			continue;
		item_blocked(p, program->item,
		    "%s is served by DHCPv6 in network/%s, which homek8sd does not change; choose other addresses, or take them out there with `virsh net-edit %s`",
		    ranges_text(p->arena, common), network->name, network->name);
		program_waits(p, program, "%s", program->item->reason);
		return;
	}
}

/* As it was last observed a range is judged like any other. Of one that never was, what is
 * in the written one may be in the real one, too. */
static void hold_unknown(struct planner *p, struct program *program, struct ranges some)
{
	const struct set *networks = config_get(p->input->desired, &network_kind);
	const struct source_input *source =
	    &p->input->sources[source_index(network_kind.source)];

	if (source->off ||
	    (source->up && p->input->observed->kinds[kind_index(&network_kind)].known))
		return;
	for (size_t i = 0; i < networks->count; i++) {
		const struct network *n = (const struct network *)networks->items[i];

		if (network_has_range(n) &&
		    !planner_entry(p, &network_kind, n->object.name) &&
		    ranges_overlap(whole_range(p, n), some))
			program_waits(p, program,
			    "waits until it is known whether the DHCP range of network/%s has these addresses",
			    n->object.name);
	}
}

static struct ranges side_ranges(const struct object *side)
{
	return side ? ((const struct network *)side)->ranges : (struct ranges){ 0 };
}

/* Steps of it are under way, or go out beside the pool's: what its range will be is not
 * known before they were observed. */
static bool may_change(const struct planner *p, const char *name)
{
	const struct item *item = planner_item(p, &network_kind, name);
	const struct network *want =
	    (const struct network *)planner_desired(p, &network_kind, name);

	return item && (item->state->busy ||
			   (want && !want->dhcp.reserve_pools && item_acts(item)));
}

static struct ranges subnets(struct planner *p, const struct object *side)
{
	return side ? network_subnets(p->arena, (const struct network *)side)
		    : (struct ranges){ 0 };
}

/* Of a network with its sides, one of which may be what is written. */
static bool hold_changing(struct planner *p, struct program *program, const char *name,
    const struct object *const sides[2], struct ranges addresses)
{
	if (!may_change(p, name) || !(ranges_overlap(subnets(p, sides[0]), addresses) ||
					ranges_overlap(subnets(p, sides[1]), addresses)))
		return false;
	program_waits(p, program,
	    "waits until the change of network/%s that is under way has been observed",
	    name);
	return true;
}

/* Networks that are about to be there. */
static void hold_new(struct planner *p, struct program *program, struct ranges addresses)
{
	const struct set *networks = config_get(p->input->desired, &network_kind);

	for (size_t i = 0; i < networks->count; i++) {
		const struct object *n = networks->items[i];

		if (!planner_entry(p, &network_kind, n->name))
			hold_changing(p, program, n->name,
			    (const struct object *const[2]){ n, NULL }, addresses);
	}
}

void network_ranges_hold(
    struct planner *p, struct program *program, struct ranges addresses)
{
	const struct observed_set *networks =
	    &p->input->observed->kinds[kind_index(&network_kind)];

	for (size_t i = 0; addresses.count && i < networks->count; i++) {
		const struct observed *n = networks->items[i];
		struct ranges both =
		    ranges_union(p->arena, side_ranges(n->live), side_ranges(n->config));

		both = ranges_intersect(p->arena, both, addresses);
		if (!hold_changing(p, program, n->name,
			(const struct object *const[2]){ n->live, n->config },
			addresses) &&
		    both.count)
			hold(p, program, n->name, both);
		hold_ipv6(p, program, n, addresses);
		network_users_hold(p, program, n, addresses);
	}
	if (!addresses.count)
		return;
	hold_new(p, program, addresses);
	hold_unknown(p, program, addresses);
}
