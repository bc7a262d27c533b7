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
#include "lib/kind/network/network_pools.h"
#include "lib/kind/network/network_record.h"
#include "lib/kind/network/network_users.h"
#include "lib/kind/network/reservation_index.h"
#include "lib/kind/sources.h"

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
	return have ? ranges_subtract(p->arena, network_pools_observed(p), have->ranges)
		    : network_pools_observed(p);
}

/* What pools may have that cannot be observed: it is not added to a range. */
static struct ranges withheld(struct planner *p, const struct network *have)
{
	struct remembered_pool *pools;
	size_t count = network_pools_remembered(p, &pools);
	struct ranges all = { 0 };

	for (size_t i = 0; i < count; i++)
		all = ranges_union(p->arena, all, pools[i].addresses);
	return have ? ranges_subtract(p->arena, all, have->ranges) : all;
}

static struct ranges due_of_new(
    struct planner *p, const struct network *want, struct ranges due)
{
	const struct object_state *state =
	    state_find(p->input->state, &network_kind, want->object.name);
	struct ranges was;

	if (network_pools_known(p) || !state ||
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
	due = ranges_subtract(p->arena, due, withheld(p, have));
	if (!have)
		return due_of_new(p, want, due);
	if (!network_pools_known(p) && ranges_subtract(p->arena, due, have->ranges).count)
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
	bool known = network_pools_known(p);
	const char *when =
	    !known ? "once the pools of the cluster are known"
	    : network_pools_off(p)
		? "once it is approved: pools had it when the cluster was observed last"
		: "once no pool hands it out";

	if (held.count && shown)
		item_condition(p, item, "RangeWaits", "%s joins the DHCP range %s",
		    ranges_text(p->arena, held), when);
	if (!known && !ranges_equal(all, due) && item->verdict == VERDICT_CONVERGED)
		item_pending(p, item,
		    "its DHCP range changes once the pools of the cluster are known");
}

/* One side comes to these ranges; `program` is made with the first step. */
static void change_side(struct planner *p, struct item *item, struct program **program,
    struct ranges due, const struct network *have, enum side which)
{
	const char *text = ranges_text(p->arena, due);

	if (!*program)
		*program = item_program(p, item,
		    "change the DHCP range of network %s to %s", item->name, text);
	add_steps(p, *program, due, have, which);
	program_change(p, *program, "dhcp.range", text);
	item_difference(p, item, "dhcp.range", text, ranges_text(p->arena, have->ranges));
}

static void plan_side(struct planner *p, struct item *item, struct program **program,
    const struct network *want, const struct network *have, enum side which)
{
	struct ranges due = network_ranges_due(p, want, have);
	const char *unfit = network_ranges_unfit(p->arena, have, due);
	bool shown = which == SIDE_LIVE || !item->observed->live;

	if (unfit) {
		/* Where the address is to change, the range goes with it. */
		if (!field_has(&network_kind.fields, want, "address"))
			item_blocked(p, item,
			    "the DHCP range %s %s; correct dhcp.range, or write its address",
			    ranges_text(p->arena, due), unfit);
		return;
	}
	report_waiting(p, item, want, have, due, shown);
	if (!ranges_equal(due, have->ranges) || is_suspect(item, which))
		change_side(p, item, program, due, have, which);
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

	if (!has_entry(live, lease->mac) && (domain || !nics_anywhere(nics, lease->mac)))
		network_users_effect(
		    p, program, EFFECT_MOVES_ADDRESS, place.network, lease, domain);
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

/* A guest that is off the bridge runs on with an address that may be any: libvirt
 * may have forgotten its lease. */
static void wait_for_strays(
    struct planner *p, struct program *program, const struct network *live)
{
	size_t at = 0;
	const struct observed *domain =
	    network_next_unknown(p, program->item->name, live, true, &at);

	if (domain)
		program_waits(p, program,
		    "waits until vm/%s, which is cut off, is attached again: it is not known which address it has",
		    nics_vm_name(p, domain));
}

/* One that was attached again has an address that may be any until it asks for it anew. */
static void add_unknown(
    struct planner *p, struct program *program, const struct network *live)
{
	const struct observed *domain;
	size_t at = 0;

	while ((domain = network_next_unknown(p, program->item->name, live, false, &at)))
		program_effect(
		    p, program, EFFECT_MOVES_ADDRESS, &vm_kind, nics_vm_name(p, domain))
		    ->in_use = true;
}

static bool has_nic_in(const struct object *side, const struct nic_place *place)
{
	const struct vm *vm = (const struct vm *)side;
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	for (size_t i = 0; vm && i < vm->interfaces.count; i++)
		if (nic_is_in(&nics[i], place))
			return true;
	return false;
}

/* A guest that is just being started leases an address which nobody knows yet. */
static void wait_for_starts(
    struct planner *p, struct program *program, const struct network *live)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);
	const struct nic_place place = { program->item->name, live->bridge };

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];
		const struct observed *domain = planner_observed(p, &vm_kind, vm->domain);

		if (!domain || !has_nic_in(domain->config, &place) ||
		    !nics_is_starting(p, domain))
			continue;
		program_waits(p, program,
		    "waits until it is known which address vm/%s has, which is being started",
		    vm->object.name);
		return;
	}
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
	wait_for_starts(p, program, live);
	for (size_t i = 0; i < live->lease_count; i++)
		if (ranges_contain(lost, live->leases[i].ip))
			add_roamer(p, program, live, &live->leases[i]);
	add_former(p, program, lost, live);
	add_unknown(p, program, live);
}

/* What is new in the side's range. */
static struct ranges expose_side(struct planner *p, struct item *item,
    struct program **program, const struct network *want, const struct network *have,
    enum side which)
{
	struct ranges none = { 0 };
	struct ranges all = ranges_subtract(
	    p->arena, whole_range(p->arena, want), claimed(p, want, have));

	if (!have || network_ranges_unfit(p->arena, have, all) ||
	    ranges_equal(all, have->ranges))
		return none;
	change_side(p, item, program, all, have, which);
	return ranges_subtract(p->arena, all, have->ranges);
}

/* Kubernetes is switched off and will not say whether its pools are still there: that they
 * are not is for a person to say, who approves this. */
static struct program *plan_exposing(struct planner *p, struct item *item,
    const struct network *want, const struct network *live, const struct network *stored)
{
	struct program *program = NULL;
	struct ranges new;

	if (!network_pools_off(p))
		return NULL;
	new = expose_side(p, item, &program, want, live, SIDE_LIVE);
	new = ranges_union(
	    p->arena, new, expose_side(p, item, &program, want, stored, SIDE_CONFIG));
	if (program)
		network_pools_expose(p, program, new);
	return program;
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
	return program ? program : plan_exposing(p, item, want, live, stored);
}

/* Findings */

static void report_pool(struct planner *p, const char *name, struct ranges ranges,
    const char *fix, const char *pool, struct ranges addresses)
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
	f->fix = fix;
}

/* Of every pool, written or not, against these addresses. */
static void report_pools(
    struct planner *p, const char *name, struct ranges ranges, const char *fix)
{
	const struct set *desired = config_get(p->input->desired, &pool_kind);
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(&pool_kind)];

	if (!ranges.count)
		return;
	for (size_t i = 0; i < desired->count; i++)
		report_pool(p, name, ranges, fix, desired->items[i]->name,
		    ((const struct pool *)desired->items[i])->addresses);
	for (size_t i = 0; i < observed->count; i++)
		if (observed->items[i]->live &&
		    !set_find(desired, observed->items[i]->name))
			report_pool(p, name, ranges, fix, observed->items[i]->name,
			    ((const struct pool *)observed->items[i]->live)->addresses);
}

void network_ranges_report(struct planner *p, const char *name,
    const struct network *want, const struct network *live, const struct network *stored)
{
	const struct network *side = live ? live : stored;

	report_pools(p, name, side->served6,
	    arena_printf(p->arena,
		"take them out there with `virsh net-edit %s`, or move the pool", name));
	if (!want || !network_has_range(want))
		report_pools(p, name, side->ranges,
		    arena_printf(p->arena,
			"write dhcp.range for network %s, which then is cut around the pool, or move the pool",
			name));
}
