/* SPDX-License-Identifier: MIT */
/* network_ranges: see the header for the rules. */
#include "lib/kind/network/network_ranges.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/metallb/pool.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_health.h"
#include "lib/kind/network/network_plan.h"
#include "lib/kind/network/network_record.h"
#include "lib/kind/network/reservation_index.h"
#include "lib/kind/sources.h"
#include "lib/model/watch.h"

/* Pools */

static bool is_changing(const struct planner *p, const char *name)
{
	const struct object_state *state = state_find(p->input->state, &pool_kind, name);

	return state && state->busy;
}

/* What cannot be read, or is about to be what was requested of it last. */
static bool any_pool_unknown(const struct planner *p)
{
	const struct set *desired = config_get(p->input->desired, &pool_kind);
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];

	for (size_t i = 0; i < pools->count; i++)
		if (pools->items[i]->presence == UNKNOWN ||
		    is_changing(p, pools->items[i]->name))
			return true;
	for (size_t i = 0; i < desired->count; i++)
		if (is_changing(p, desired->items[i]->name))
			return true;
	return false;
}

/* Whether every pool that exists was observed. Where MetalLB is not installed, or no
 * cluster is managed, there are none to be known. */
static bool pools_known(const struct planner *p)
{
	const struct source_input *source =
	    &p->input->sources[source_index(pool_kind.source)];
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];

	if (!source->off && any_pool_unknown(p))
		return false;
	if (source->off || (source->up && pools->known))
		return true;
	return source->up && pools->why && watch_is_missing(&pool_kind, NULL, pools->why);
}

static struct ranges pools_observed(const struct planner *p)
{
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges all = { 0 };

	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i]->live;

		for (size_t k = 0; pool && k < pool->addresses.count; k++)
			ranges_add(p->arena, &all, pool->addresses.items[k]);
	}
	return all;
}

/* What is due */

static struct ranges whole_range(struct arena *a, const struct network *want)
{
	struct ranges whole = { 0 };

	ranges_add(
	    a, &whole, (struct range){ want->dhcp.range.start, want->dhcp.range.end });
	return whole;
}

/* What must not be handed out. Where the pools are not to be cut out, those that exist are
 * not added to a range all the same. */
static struct ranges claimed(
    struct planner *p, const struct network *want, const struct network *have)
{
	if (want->dhcp.reserve_pools)
		return pools_claimed(p);
	return have ? ranges_subtract(p->arena, pools_observed(p), have->ranges)
		    : pools_observed(p);
}

static struct ranges due_of_new(
    struct planner *p, const struct network *want, struct ranges due)
{
	const struct object_state *state =
	    state_find(p->input->state, &network_kind, want->object.name);
	struct ranges was;

	if (pools_known(p) || !state ||
	    !network_record_ranges(p->arena, network_record_of(state), &was))
		return due;
	return ranges_intersect(p->arena, due, was);
}

struct ranges network_ranges_due(
    struct planner *p, const struct network *want, const struct network *have)
{
	struct ranges taken, due;

	if (!network_has_range(want))
		return (struct ranges){ 0 };
	taken = claimed(p, want, have);
	due = ranges_subtract(p->arena, whole_range(p->arena, want), taken);
	if (!have)
		return due_of_new(p, want, due);
	if (!pools_known(p) && ranges_subtract(p->arena, due, have->ranges).count)
		return ranges_subtract(p->arena, have->ranges, taken);
	return due;
}

/* Updates */

static const struct range_entry *listed(const struct network *have, struct range range)
{
	for (size_t i = 0; i < have->range_count; i++)
		if (ip_equal(have->range_items[i].range.first, range.first) &&
		    ip_equal(have->range_items[i].range.last, range.last))
			return &have->range_items[i];
	return NULL;
}

static bool is_due(struct ranges due, struct range range)
{
	for (size_t i = 0; i < due.count; i++)
		if (ip_equal(due.items[i].first, range.first) &&
		    ip_equal(due.items[i].last, range.last))
			return true;
	return false;
}

/* A part of a range keeps the lease time of the whole. */
static struct lease_time lease_for(const struct network *have, struct range range)
{
	for (size_t i = 0; i < have->range_count; i++)
		if (range_overlaps(have->range_items[i].range, range, NULL))
			return have->range_items[i].lease;
	return have->range_count ? have->range_items[0].lease : (struct lease_time){ 0 };
}

static struct step *update_range(struct planner *p, struct program *program,
    const struct network *have, enum side which, enum update_command command,
    struct range range)
{
	const char *text = range_text(p->arena, range);
	struct step *step =
	    program_step(p, program, &network_update_action, program->item->name,
		"%s DHCP range %s (%s)", command == UPDATE_ADD ? "add" : "remove", text,
		which == SIDE_LIVE ? "live" : "stored");
	struct network_update *update = step_arguments(step);

	update->command = command;
	update->section = UPDATE_RANGE;
	update->side = which;
	update->place = network_ip_of_entry(have, range.first);
	update->range = (struct range_entry){ range, lease_for(have, range) };
	return step;
}

static bool is_suspect(const struct item *item, enum side which)
{
	const struct update_record *record = update_record_of(item->state);

	return which == SIDE_LIVE ? record->suspect_live : record->suspect_config;
}

/* Added before removed: between the two calls every machine still finds a range. */
static void add_steps(struct planner *p, struct program *program, struct ranges due,
    const struct network *have, enum side which)
{
	bool suspect = is_suspect(program->item, which);

	for (size_t i = 0; i < due.count; i++) {
		bool there = listed(have, due.items[i]);
		const struct step *taken = suspect && there
					       ? update_range(p, program, have, which,
						     UPDATE_DELETE, due.items[i])
					       : NULL;

		if (suspect || !there)
			update_range(p, program, have, which, UPDATE_ADD, due.items[i])
			    ->restores = taken;
	}
	for (size_t i = 0; i < have->range_count; i++)
		if (!is_due(due, have->range_items[i].range))
			update_range(p, program, have, which, UPDATE_DELETE,
			    have->range_items[i].range);
}

/* What is written and not cut out for a written pool, and is not due all the same; `shown`
 * on one of the sides. */
static void report_waiting(struct planner *p, struct item *item,
    const struct network *want, const struct network *have, struct ranges due, bool shown)
{
	struct ranges held = ranges_subtract(p->arena, want->ranges, due);
	struct ranges all = ranges_subtract(
	    p->arena, whole_range(p->arena, want), claimed(p, want, have));
	bool known = pools_known(p);

	if (held.count && shown)
		item_condition(p, item, "RangeWaits",
		    known
			? "%s joins the DHCP range once no pool hands it out"
			: "%s joins the DHCP range once the pools of the cluster are known",
		    ranges_text(p->arena, held));
	if (!known && !ranges_equal(all, due) && item->verdict == VERDICT_CONVERGED)
		item_pending(p, item,
		    "its DHCP range changes once the pools of the cluster are known");
}

static bool fits(const struct network *have, struct ranges due)
{
	for (size_t i = 0; i < due.count; i++) {
		int place = network_ip_serving(have, due.items[i].first);

		if (place < 0 || place != network_ip_serving(have, due.items[i].last))
			return false;
	}
	return true;
}

/* One side; `program` is made with the first step. */
static void plan_side(struct planner *p, struct item *item, struct program **program,
    const struct network *want, const struct network *have, enum side which)
{
	struct ranges due = network_ranges_due(p, want, have);
	bool shown = which == SIDE_LIVE || !item->observed->live;

	if (!fits(have, due)) {
		/* Where the address is to change, the range goes with it. */
		if (!field_has(&network_kind.fields, want, "address"))
			item_blocked(p, item,
			    "the DHCP range %s is not inside the network, which has %s; correct dhcp.range, or write its address",
			    ranges_text(p->arena, due),
			    have->address.address.version
				? cidr_text(have->address, (char[CIDR_TEXT]){ 0 })
				: "no IPv4 address");
		return;
	}
	report_waiting(p, item, want, have, due, shown);
	if (ranges_equal(due, have->ranges) && !is_suspect(item, which))
		return;
	if (!*program)
		*program =
		    item_program(p, item, "change the DHCP range of network %s to %s",
			item->name, ranges_text(p->arena, due));
	add_steps(p, *program, due, have, which);
	program_change(p, *program, "dhcp.range", ranges_text(p->arena, due));
	item_difference(p, item, "dhcp.range", ranges_text(p->arena, due),
	    ranges_text(p->arena, have->ranges));
}

static int by_mac(const void *mac, const void *entry)
{
	return memcmp(mac, &((const struct host_entry *)entry)->mac, sizeof(struct mac));
}

static bool has_entry(const struct network *live, struct mac mac)
{
	return live->host_count &&
	       bsearch(&mac, live->hosts, live->host_count, sizeof(*live->hosts), by_mac);
}

/* Who has leased an address that is in no range any more, and has no reservation in
 * force: it loses the address at its next renewal. */
static void add_roamer(struct planner *p, struct program *program,
    const struct network *live, const struct dhcp_lease *lease)
{
	const struct nics *nics = reservation_index_nics(reservation_index_get(p));
	const struct nic_place place = { program->item->name, live->bridge };
	const struct observed *domain = nics_running(nics, lease->mac, &place);
	struct effect *effect;

	if (has_entry(live, lease->mac) || (!domain && nics_anywhere(nics, lease->mac)))
		return;
	effect = program_effect(p, program, EFFECT_MOVES_ADDRESS,
	    domain ? &vm_kind : &reservation_kind,
	    domain ? nics_vm_name(p, domain)
		   : reservation_name(p->arena, place.network,
			 mac_text(lease->mac, (char[MAC_TEXT]){ 0 })));
	effect->from = arena_copy(p->arena, ip_text(lease->ip, (char[IP_TEXT]){ 0 }));
	effect->in_use = true;
}

/* A lease that libvirt has forgotten counts for a machine that runs. */
static void add_former(struct planner *p, struct program *program, struct ranges lost,
    const struct network *live)
{
	const struct nics *nics = reservation_index_nics(reservation_index_get(p));
	const struct nic_place place = { program->item->name, live->bridge };

	for (size_t i = 0; i < live->former_count; i++)
		if (ranges_contain(lost, live->former[i].ip) &&
		    nics_running(nics, live->former[i].mac, &place))
			add_roamer(p, program, live, &live->former[i]);
}

/* A guest that is off the bridge runs on with an address that may be any: libvirt forgets
 * its leases when the network starts anew. */
static void wait_for_strays(
    struct planner *p, struct program *program, const struct network *live)
{
	const char *name = network_stray_guest(p, program->item->name, live);

	if (name)
		program_waits(p, program,
		    "waits until vm/%s, which is cut off, is attached again: it is not known which address it has",
		    name);
}

static void add_roamers(struct planner *p, struct program *program,
    const struct network *want, const struct network *live)
{
	struct ranges lost =
	    ranges_subtract(p->arena, live->ranges, network_ranges_due(p, want, live));

	if (!lost.count)
		return;
	if (!p->input->observed->kinds[kind_index(&vm_kind)].known) {
		program_waits(p, program, "waits until the domains are known");
		return;
	}
	wait_for_strays(p, program, live);
	for (size_t i = 0; i < live->lease_count; i++)
		if (ranges_contain(lost, live->leases[i].ip))
			add_roamer(p, program, live, &live->leases[i]);
	add_former(p, program, lost, live);
}

struct program *network_ranges_plan(struct planner *p, struct item *item,
    const struct network *want, const struct network *live, const struct network *stored)
{
	struct program *program = NULL;

	if (!network_has_range(want))
		return NULL;
	if (live)
		plan_side(p, item, &program, want, live, SIDE_LIVE);
	if (stored)
		plan_side(p, item, &program, want, stored, SIDE_CONFIG);
	if (program && live)
		add_roamers(p, program, want, live);
	return program;
}

/* Findings */

static void report_pool(struct planner *p, const char *name, struct ranges ranges,
    const char *pool, struct ranges addresses)
{
	struct ranges common = ranges_intersect(p->arena, ranges, addresses);
	struct finding *f;

	if (!common.count)
		return;
	f = plan_finding(p, SEVERITY_WARNING, "pool-in-dhcp-range",
	    arena_printf(p->arena, "pool/%s", pool),
	    "pool %s has %s in the DHCP range that network %s has in libvirt: a machine may be given a Service's address",
	    pool, ranges_text(p->arena, common), name);
	f->objects[1] = arena_printf(p->arena, "network/%s", name);
	f->fix = arena_printf(p->arena,
	    "write dhcp.range for network %s, which then is cut around the pool, or move the pool",
	    name);
}

void network_ranges_report(struct planner *p, const char *name,
    const struct network *want, const struct network *live, const struct network *stored)
{
	const struct set *desired = config_get(p->input->desired, &pool_kind);
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges ranges = live ? live->ranges : stored->ranges;

	if ((want && network_has_range(want)) || !ranges.count)
		return;
	for (size_t i = 0; i < desired->count; i++)
		report_pool(p, name, ranges, desired->items[i]->name,
		    ((const struct pool *)desired->items[i])->addresses);
	for (size_t i = 0; i < observed->count; i++)
		if (observed->items[i]->live &&
		    !set_find(desired, observed->items[i]->name))
			report_pool(p, name, ranges, observed->items[i]->name,
			    ((const struct pool *)observed->items[i]->live)->addresses);
}

struct ranges network_ranges_clash(struct planner *p, const struct network *side)
{
	return ranges_intersect(p->arena, side->ranges, pools_observed(p));
}

/* Pools that wait */

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
		    ranges_overlap(whole_range(p->arena, n), some))
			program_waits(p, program,
			    "waits until it is known whether the DHCP range of network/%s has these addresses",
			    n->object.name);
	}
}

static struct ranges side_ranges(const struct object *side)
{
	return side ? ((const struct network *)side)->ranges : (struct ranges){ 0 };
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
		if (both.count)
			hold(p, program, n->name, both);
	}
	if (addresses.count)
		hold_unknown(p, program, addresses);
}
