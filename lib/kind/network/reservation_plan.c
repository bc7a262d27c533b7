/* SPDX-License-Identifier: MIT */
/*
 * reservation_plan: reservations kept as libvirt's <host> entries in the network.
 *
 * What runs (live) and what is stored (config) are decided, compared and repaired apart
 * (reservation_index.h), with one call for each entry too many and one for each missing.
 * libvirt's "modify" replaces the first entry sharing any key and checks no duplicates: it
 * only writes an entry once more that shares none. Only MAC and address are compared: an entry that has both is kept with
 * whatever else is in it. All removals of a network come before all additions, so swaps
 * and chains of addresses go through; an addition whose address a held-back reservation
 * still has waits for it.
 */
#include "lib/kind/network/reservation_plan.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/network/network_pools.h"
#include "lib/kind/network/network_xml.h"
#include "lib/kind/network/reservation_index.h"
#include "lib/kind/network/reservation_lease.h"
#include "lib/kind/network/reservation_sides.h"
#include "lib/kind/vm/vm_claims.h"

void *reservation_prepare(struct planner *p)
{
	return reservation_index_get(p);
}

/* The first side that is not as desired in this key, reported once for both. */
static void report_key(struct planner *p, struct item *item,
    const struct reservation *const sides[2], const char *key, const char *const want[2])
{
	for (int i = 0; i < 2; i++) {
		const char *have =
		    field_text_at(p->arena, &reservation_fields, sides[i], key);

		if (!have || strcmp(have, want[i]) != 0) {
			item_difference(p, item, key, want[i], have);
			return;
		}
	}
}

static void report_differences(struct planner *p, struct item *item,
    const struct reservation_aim *aim, bool live, bool stored)
{
	static const struct reservation missing = { 0 };
	const struct reservation *sides[2] = {
		item->live ? (const struct reservation *)item->live : &missing,
		item->config ? (const struct reservation *)item->config : &missing,
	};
	const char *ip =
	    arena_copy(p->arena, ip_text(aim->reservation->ip, (char[IP_TEXT]){ 0 }));
	const char *ips[2] = { ip, ip }, *macs[2];

	for (int i = 0; i < 2; i++)
		macs[i] = arena_copy(
		    p->arena, mac_text(aim->entries[i].mac, (char[MAC_TEXT]){ 0 }));
	/* A side that does not exist, such as what runs of a stopped network, has no say,
	 * and neither has one on which the machine has no interface. */
	if (!live || !aim->known[SIDE_LIVE]) {
		sides[0] = sides[1];
		macs[0] = macs[1];
	}
	if (!stored || !aim->known[SIDE_CONFIG]) {
		sides[1] = sides[0];
		macs[1] = macs[0];
	}
	report_key(p, item, sides, "ip", ips);
	report_key(p, item, sides, "mac", macs);
}

static void add_changes(
    struct planner *p, struct program *program, const struct reservation_aim *aim)
{
	program_change(
	    p, program, "ip", ip_text(aim->reservation->ip, (char[IP_TEXT]){ 0 }));
	for (int i = 0; i < 2; i++)
		if (aim->known[i])
			program_change(p, program, "mac",
			    mac_text(aim->entries[i].mac, (char[MAC_TEXT]){ 0 }));
}

/* With Kubernetes switched off, what a pool had is for a person to say. */
static void expose(struct planner *p, struct program *program, struct ip ip)
{
	struct ranges own = { 0 };

	ranges_add(p->arena, &own, (struct range){ ip, ip });
	network_pools_expose(p, program, own);
}

static void block(struct planner *p, struct item *item, struct program *program,
    const struct reservation_obstacles *in)
{
	const struct reservation *self = (const struct reservation *)item->desired;

	item_blocked(p, item,
	    "its %s is reserved by a foreign entry: %s; remove that one with `virsh net-update %s delete ip-dhcp-host '%s' --parent-index %d%s%s`%s",
	    in->by_name ? "name" : "address",
	    reservation_entry_text(p->arena, in->foreign), self->network,
	    network_xml_host(p->arena, in->foreign), in->place,
	    in->sides[SIDE_LIVE] ? " --live" : "",
	    in->sides[SIDE_CONFIG] ? " --config" : "",
	    in->by_name ? "" : ", or write it in static_ips");
	program_waits(p, program, "%s", item->reason);
}

enum side reservation_step_side(const struct step *step)
{
	return ((const struct network_update *)step->arguments)->side;
}

/* The stored side's steps, which follow those of the live one, as a program of their own. */
static struct program *split(struct planner *p, struct program *program)
{
	struct program *stored = item_program(p, program->item, "%s", program->text);
	size_t count = program->step_count, live = 0;

	while (live < count && reservation_step_side(program->steps[live]) == SIDE_LIVE)
		live++;
	stored->steps = program->steps + live;
	stored->step_count = count - live;
	program->step_count = live;
	for (size_t i = live; i < count; i++)
		program->steps[i]->program = stored;
	return stored;
}

/* Both sides are one change, and wait for approval as one: what is stored comes into force
 * when the network next starts. But where a foreign entry is in the way of one side, the
 * other one goes on being kept. Returns what may run; NULL: nothing may. */
static struct program *pass(struct planner *p, struct item *item, struct program *program,
    const struct reservation_obstacles *in)
{
	bool live = in->sides[SIDE_LIVE], stored = in->sides[SIDE_CONFIG];
	struct program *other = live != stored ? split(p, program) : NULL;

	if (!in->foreign)
		return program;
	block(p, item, other && stored ? other : program, in);
	if (!other)
		return NULL;
	return stored ? program : other;
}

/* What a side that has no entry to have, or not the written one yet, waits for. */
static void report_unready(
    struct planner *p, struct item *item, const struct reservation_aim *aim)
{
	const struct reservation *self = aim->reservation;
	const char *vm = aim->machine ? nics_vm_name(p, aim->machine) : self->host;

	if (!aim->known[SIDE_CONFIG])
		item_blocked(p, item,
		    "the stored definition of vm/%s has no interface in network %s, so it has no address there after its next start; add one, or take it out of static_ips",
		    vm, self->network);
	else if (!aim->known[SIDE_LIVE])
		item_pending(p, item,
		    "vm/%s runs without an interface in network %s; it has the address after its next start",
		    vm, self->network);
	else if (aim->waits)
		item_pending(p, item,
		    "is for the MAC vm/%s has now; that which is written follows when it has started with it",
		    vm);
	else
		item_ok(item);
}

static void judge(struct planner *p, struct item *item, const struct reservation_aim *aim,
    const struct reservation_obstacles *in, const char *renewal)
{
	if (in->unfit)
		item_blocked(p, item, "%s", in->unfit);
	else
		report_unready(p, item, aim);
	if (item->verdict == VERDICT_CONVERGED && renewal)
		item_pending(p, item, "%s", renewal);
}

/* Its stored MAC may be another one in a moment. */
static bool is_changing(const struct planner *p, const struct reservation_aim *aim)
{
	const struct object_state *state =
	    aim->machine
		? state_find(p->input->state, &vm_kind, nics_vm_name(p, aim->machine))
		: NULL;

	return state && state->busy;
}

/* Of a change that nothing is in the way of: what it comes to, waits for and does. */
static void allow(struct planner *p, struct item *item, struct program *program,
    const struct reservation_aim *aim, enum side which, const struct network *live,
    const struct network *stored)
{
	const char *pool =
	    network_pools_off(p) ? NULL : network_pools_holder(p, aim->reservation->ip);

	add_changes(p, program, aim);
	expose(p, program, aim->reservation->ip);
	if (pool) {
		item_blocked(p, item,
		    "its address is in pool/%s, which may give it to a Service; choose another one, or take it out of that pool",
		    pool);
		program_waits(p, program, "%s", item->reason);
		return;
	}
	if (aim->machine && nics_is_starting(p, aim->machine))
		program_waits(p, program, "waits until it is known whether vm/%s runs",
		    nics_vm_name(p, aim->machine));
	if (aim->waits && is_changing(p, aim))
		program_waits(p, program,
		    "waits for the change of vm/%s that is under way",
		    nics_vm_name(p, aim->machine));
	reservation_lease_effects(p, program, aim, which, live, stored);
	if (item->verdict == VERDICT_BLOCKED)
		return;
	if (reservation_is_suspect(item, SIDE_LIVE) ||
	    reservation_is_suspect(item, SIDE_CONFIG))
		item_pending(p, item,
		    "an update of it failed, and what libvirt shows since may not be so; it is done once more");
	else
		item_pending(p, item, "%s", program->steps[0]->text);
}

static void decide(struct planner *p, struct item *item,
    const struct reservation_aim *aim, const struct network *live,
    const struct network *stored)
{
	struct program *program = item_program(p, item, NULL);
	struct reservation_obstacles in = { 0 };
	const char *renewal;

	reservation_side_plan(p, program, aim, live, SIDE_LIVE, &in);
	reservation_side_plan(p, program, aim, stored, SIDE_CONFIG, &in);
	renewal = reservation_lease_report(p, item, aim, live);
	if (!program->step_count) {
		item->program_count = 0;
		judge(p, item, aim, &in, renewal);
		return;
	}
	program->text = arena_printf(p->arena, "reserve %s for %s",
	    ip_text(aim->reservation->ip, (char[IP_TEXT]){ 0 }), aim->reservation->host);
	report_differences(p, item, aim, live, stored);
	program = pass(p, item, program, &in);
	if (program && program->step_count)
		allow(p, item, program, aim,
		    live && !in.sides[SIDE_LIVE] ? SIDE_LIVE : SIDE_CONFIG, live, stored);
}

static bool is_in(const struct vm *vm, const char *network)
{
	const struct vm_interface *nics = vm->interfaces.items;

	for (size_t i = 0; i < vm->interfaces.count; i++)
		if (nics[i].network && strcmp(nics[i].network, network) == 0)
			return true;
	return false;
}

/* Of a VM that is not defined, and not yet known to be defined by us, no MAC is known. */
static bool report_undefined(
    struct planner *p, struct item *item, const struct reservation *self)
{
	const struct vm *vm = (const struct vm *)planner_desired(p, &vm_kind, self->host);
	struct vm_claim claim;
	const char *why;

	if (!vm || !is_in(vm, self->network) || reservation_machine(p, self))
		return false;
	if (vm_twin(p, vm, &claim, &why) == CLAIM_UNKNOWN)
		item_pending(p, item, "waits for vm/%s: %s", self->host, why);
	else
		item_blocked(p, item,
		    "its MAC is not known: vm/%s has no domain yet; see there, or write the mac of its interface in network %s",
		    self->host, self->network);
	return true;
}

/* Nothing is known to be reserved for. */
static void report_no_machine(
    struct planner *p, struct item *item, const struct reservation_aim *aim)
{
	const struct reservation *self = aim->reservation;
	const char *other = arena_printf(p->arena,
	    "write the MAC of another machine, as in `%s: {ip: %s, mac: \"52:54:00:12:34:56\"}`, or take it out of static_ips",
	    self->host, ip_text(self->ip, (char[IP_TEXT]){ 0 }));

	if (report_undefined(p, item, self))
		return;
	if (aim->machine)
		item_blocked(p, item,
		    "its machine vm/%s has no interface in network %s; add `{network: %s}` to its `interfaces:`, or %s",
		    nics_vm_name(p, aim->machine), self->network, self->network, other);
	else
		item_blocked(p, item,
		    "its MAC is not known: there is no VM %s with an interface in network %s; %s",
		    self->host, self->network, other);
}

static const char *unknown(
    struct planner *p, const struct reservation *want, const struct observed *network)
{
	const struct observed_set *networks =
	    &p->input->observed->kinds[kind_index(&network_kind)];
	const char *why = reservation_unknown(p, want);

	if (!networks->known)
		return networks->why ? networks->why : "not observed yet";
	if (why)
		return arena_printf(p->arena, "its machine: %s", why);
	if (network && network->presence == UNKNOWN)
		return arena_printf(
		    p->arena, "network/%s: %s", want->network, network->why);
	return NULL;
}

void reservation_plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct reservation *want = (const struct reservation *)object;
	const struct observed *network = planner_entry(p, &network_kind, want->network);
	const char *why = unknown(p, want, network), *twin;
	const struct reservation_aim *aim;

	(void)have;
	if (why) {
		item_unknown(p, item, "%s", why);
		return;
	}
	aim = reservation_index_aim(reservation_index_get(p), want);
	twin = reservation_index_twin(reservation_index_get(p), aim);
	if (!aim->known[SIDE_LIVE] && !aim->known[SIDE_CONFIG])
		report_no_machine(p, item, aim);
	else if (twin)
		item_blocked(p, item,
		    "its MAC is that of %s, too; give one of the two another one", twin);
	else if (!network)
		item_pending(p, item, "comes with network/%s", want->network);
	else
		decide(p, item, aim, (const struct network *)network->live,
		    (const struct network *)network->config);
}
