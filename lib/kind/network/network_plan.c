/* SPDX-License-Identifier: MIT */
/*
 * network_plan: a written network against libvirt's: defined, started, autostarted, its
 * DHCP ranges kept.
 *
 * Ranges change while guests stay attached. Mode, bridge, address and MTU take effect
 * only when the network starts anew, which cuts guests off (libvirt takes the bridge away
 * and their taps stay orphaned): so that waits for approval, and even then the network
 * restarts only once nobody is attached.
 */
#include "lib/kind/network/network_plan.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/network/network_guests.h"
#include "lib/kind/network/network_xml.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/network/reservation_record.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/metallb/pool.h"

static const struct network *side(const struct observed *have, enum side which)
{
	return (const struct network *)(which == SIDE_LIVE ? have->live : have->config);
}

/* Whether a reservation that goes into the definition waits for the domains' list: their
 * MACs are in it. */
static bool waits_for_domains(const struct planner *p, const struct network *want)
{
	const struct set *reservations = config_get(p->input->desired, &reservation_kind);

	if (p->input->observed->kinds[kind_index(&vm_kind)].known)
		return false;
	for (size_t i = 0; i < reservations->count; i++)
		if (strcmp(((const struct reservation *)reservations->items[i])->network,
			want->object.name) == 0)
			return true;
	return false;
}

static void add_autostart(struct planner *p, struct program *program, bool on)
{
	const char *name = program->item->name;
	struct step *step = program_step(p, program, &network_autostart_action, name,
	    on ? "start network %s when the host boots"
	       : "no longer start network %s when the host boots",
	    name);
	struct autostart *arguments = step_arguments(step);

	arguments->on = on;
}

static void plan_new(struct planner *p, struct item *item, const struct network *want)
{
	struct program *program;

	if (waits_for_domains(p, want)) {
		item_pending(p, item,
		    "is to be defined; waits until the domains are known, whose MACs go into its reservations");
		return;
	}
	if (!want->address.address.version) {
		item_blocked(p, item,
		    "there is no network %s in libvirt and its address is not written; add `address: 192.168.122.1/24` or a DHCP range",
		    item->name);
		return;
	}
	item_pending(p, item, "is to be defined and started");
	program = item_program(p, item, "define and start network %s", item->name);
	program_step(p, program, &network_define_action, item->name,
	    "define network %s, %s, DHCP %s, with its reservations", item->name,
	    cidr_text(want->address, (char[CIDR_TEXT]){ 0 }),
	    ranges_text(p->arena, want->ranges));
	program_step(p, program, &network_start_action, item->name, "start network %s",
	    item->name);
	if (want->autostart)
		add_autostart(p, program, true);
}

/* New, or the stored one with what differs as it is written. */
const char *network_render(struct planner *p, const struct step *step, struct error *e)
{
	const struct network *want =
	    (const struct network *)planner_desired(p, &network_kind, step->name);
	const struct observed *observed = planner_entry(p, &network_kind, step->name);

	if (!want) {
		fail(e, "network/%s is no longer written", step->name);
		return NULL;
	}
	if (observed && observed->config)
		return network_xml_patch(
		    p->arena, want, ((const struct network *)observed->config)->xml, e);
	return network_xml_new(p, want, e);
}

static bool listed(const struct range *items, size_t count, struct range range)
{
	for (size_t i = 0; i < count; i++)
		if (ip_equal(items[i].first, range.first) &&
		    ip_equal(items[i].last, range.last))
			return true;
	return false;
}

static struct step *update_range(struct planner *p, struct program *program,
    enum side which, enum update_command command, struct range range)
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
	update->range = range;
	return step;
}

/*
 * Addresses that are to join the range and that a pool of the cluster, as it was last
 * observed, still hands out: the pool's own edit may wait for approval, or have failed. They
 * join once the pool has given them up. What is in the range already is left there: a
 * pool that strays into it is repaired, not made room for.
 */
static struct ranges not_yet_free(
    struct planner *p, const struct network *want, const struct network *have)
{
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges held = { 0 };

	if (!want->dhcp.reserve_pools)
		return held;
	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i]->live;

		for (size_t k = 0; pool && k < pool->addresses.count; k++)
			ranges_add(p->arena, &held, pool->addresses.items[k]);
	}
	return ranges_intersect(
	    p->arena, held, ranges_subtract(p->arena, want->ranges, have->ranges));
}

static bool is_suspect(const struct item *item, enum side which)
{
	const struct update_record *record = update_record_of(item->state);

	return which == SIDE_LIVE ? record->suspect_live : record->suspect_config;
}

/* Added before removed: between the two calls every machine still finds a range. */
static void add_range_steps(struct planner *p, struct program *program, struct ranges due,
    const struct network *have, enum side which)
{
	bool suspect = is_suspect(program->item, which);

	for (size_t i = 0; i < due.count; i++) {
		bool there = listed(have->range_items, have->range_count, due.items[i]);
		const struct step *taken =
		    suspect && there
			? update_range(p, program, which, UPDATE_DELETE, due.items[i])
			: NULL;

		if (suspect || !there)
			update_range(p, program, which, UPDATE_ADD, due.items[i])
			    ->restores = taken;
	}
	for (size_t i = 0; i < have->range_count; i++)
		if (!listed(due.items, due.count, have->range_items[i]))
			update_range(
			    p, program, which, UPDATE_DELETE, have->range_items[i]);
}

/* One side's ranges; `program` is made with the first step. */
static void plan_ranges(struct planner *p, struct item *item, struct program **program,
    const struct network *want, const struct network *have, enum side which)
{
	struct ranges held = not_yet_free(p, want, have);
	struct ranges due = ranges_subtract(p->arena, want->ranges, held);

	if (!network_has_range(want))
		return;
	if (held.count && (which == SIDE_LIVE || !item->observed->live))
		item_condition(p, item, "RangeWaits",
		    "%s joins the DHCP range once no pool hands it out",
		    ranges_text(p->arena, held));
	if (ranges_equal(due, have->ranges) && !is_suspect(item, which))
		return;
	if (!*program)
		*program =
		    item_program(p, item, "change the DHCP range of network %s to %s",
			item->name, ranges_text(p->arena, due));
	add_range_steps(p, *program, due, have, which);
	program_change(p, *program, "dhcp.range", ranges_text(p->arena, due));
	item_difference(p, item, "dhcp.range", ranges_text(p->arena, due),
	    ranges_text(p->arena, have->ranges));
}

/* The reservation of a host name in the network, as it is written. */
static bool is_written(const struct planner *p, const char *network, const char *host)
{
	return reservation_desired(p, network, host) != NULL;
}

static bool was_made_by_us(
    const struct planner *p, const char *network, const struct host_entry *h)
{
	const struct object_state *state = reservation_state(p, network, h->name);
	const struct reservation_record *record =
	    state ? reservation_record_of(state) : NULL;

	return record && record->owned && ip_equal(record->ip, h->ip);
}

/* A machine that runs on the address loses it at its next renewal. */
static void add_prune_effects(struct planner *p, struct program *program,
    const struct network *have, const struct host_entry *h)
{
	for (size_t i = 0; i < have->lease_count; i++) {
		struct effect *effect;

		if (!h->has_mac || !mac_equal(have->leases[i].mac, h->mac) ||
		    !ip_equal(have->leases[i].ip, h->ip))
			continue;
		effect =
		    program_effect(p, program, EFFECT_MOVES_ADDRESS, &reservation_kind,
			reservation_name(p->arena, program->item->name, h->name));
		effect->from = arena_copy(p->arena, ip_text(h->ip, (char[IP_TEXT]){ 0 }));
		effect->in_use = true;
	}
}

/* Entries we added for a reservation that is no longer written: removed only with prune. */
static void plan_prune(
    struct planner *p, struct item *item, const struct network *have, enum side which)
{
	if (!p->input->desired->settings.prune)
		return;
	for (size_t i = 0; i < have->host_count; i++) {
		const struct host_entry *h = &have->hosts[i];
		struct network_update *update;
		struct program *program;
		struct step *step;

		if (!h->name || is_written(p, item->name, h->name) ||
		    !was_made_by_us(p, item->name, h))
			continue;
		program = item_program(p, item, NULL);
		step = program_step(p, program, &network_update_action, item->name,
		    "remove reservation %s of %s, which is no longer written (%s)",
		    ip_text(h->ip, (char[IP_TEXT]){ 0 }), h->name,
		    which == SIDE_LIVE ? "live" : "stored");
		step->removes = true;
		update = step_arguments(step);
		update->command = UPDATE_DELETE;
		update->section = UPDATE_HOST;
		update->side = which;
		update->host = *h;
		if (which == SIDE_LIVE)
			add_prune_effects(p, program, have, h);
	}
}

static void stop_and_start(struct planner *p, struct program *program)
{
	const char *name = program->item->name;

	const struct step *stop =
	    program_step(p, program, &network_stop_action, name, "stop network %s", name);

	program_step(p, program, &network_start_action, name, "start network %s", name)
	    ->restores = stop;
}

static const char *names_of(struct planner *p, const struct differences *differences)
{
	const char *text = differences->items[0].field;

	for (size_t i = 1; i < differences->count; i++)
		text =
		    arena_printf(p->arena, "%s, %s", text, differences->items[i].field);
	return text;
}

static struct program *restart_program(
    struct planner *p, struct item *item, const struct differences *differences)
{
	const struct difference *first = &differences->items[0];
	struct program *program = item_program(p, item,
	    "change %s of network %s from %s to %s; it starts anew once no guest is attached",
	    first->field, item->name, first->have ? first->have : "none", first->want);

	for (size_t i = 0; i < differences->count; i++)
		program_change(
		    p, program, differences->items[i].field, differences->items[i].want);
	return program;
}

/*
 * Keys that need the network to start anew. Stored side first; once that is right, what
 * runs follows when nobody is attached. True when it decided the item's verdict.
 */
static bool plan_restart(struct planner *p, struct item *item, const struct network *want,
    const struct network *live, const struct network *stored)
{
	struct differences config = { 0 }, running = { 0 };
	struct program *program;
	int64_t guests;

	if (stored)
		field_compare(&network_kind.fields, want, stored, p->arena, &config);
	if (live)
		field_compare(&network_kind.fields, want, live, p->arena, &running);
	if (!config.count && !running.count)
		return false;
	item->differences = running.count ? running : config;
	program = restart_program(p, item, &item->differences);
	if (config.count)
		program_step(p, program, &network_define_action, item->name,
		    "change %s of network %s in its stored definition",
		    names_of(p, &config), item->name);
	item_pending(p, item, "%s to be changed", names_of(p, &item->differences));
	if (!running.count) /* nothing that runs is touched */
		return true;
	if (!live->persistent) {
		item_blocked(p, item,
		    "%s changes only when it starts anew, and it is transient: it would be gone; store it with `virsh net-dumpxml %s | virsh net-define /dev/stdin`",
		    names_of(p, &running), item->name);
		return true;
	}
	guests = network_guests(p, item->name, live);
	if (guests && !config.count) {
		item_blocked(p, item,
		    "%s changes when the network next starts; %lld guest%s attached, stop %s first",
		    names_of(p, &running), (long long)guests,
		    guests == 1 ? " is" : "s are", guests == 1 ? "it" : "them");
		return true;
	}
	program_effect(p, program, EFFECT_INTERRUPTS, item->kind, item->name)->in_use =
	    true;
	/* Not in one go with the definition: who is attached is observed in between. */
	if (!config.count)
		stop_and_start(p, program);
	return true;
}

static bool has_mac(const struct vm *vm, struct mac mac)
{
	const struct vm_interface *nics = vm->interfaces.items;

	for (size_t i = 0; i < vm->interfaces.count; i++)
		if (mac_equal(nics[i].mac, mac))
			return true;
	return false;
}

/* The running VM written here that has the MAC and no fixed address in the network. */
static const struct object *roamer(
    const struct planner *p, const char *network, struct mac mac)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];
		const struct observed *observed =
		    planner_observed(p, &vm_kind, vm->domain);

		if (observed && observed->live &&
		    has_mac((const struct vm *)observed->live, mac) &&
		    !is_written(p, network, vm->object.name))
			return &vm->object;
	}
	return NULL;
}

/* At its next renewal a machine loses an address that is in no range any more. */
static void add_roamers(struct planner *p, struct program *program,
    const struct network *want, const struct network *live)
{
	struct ranges lost = ranges_subtract(p->arena, live->ranges, want->ranges);
	const char *network = program->item->name;

	for (size_t i = 0; i < live->lease_count; i++) {
		const struct dhcp_lease *lease = &live->leases[i];
		const struct object *vm;
		struct effect *effect;

		if (!ranges_contain(lost, lease->ip))
			continue;
		if (!p->input->observed->kinds[kind_index(&vm_kind)].known) {
			program_waits(p, program, "waits until the domains are known");
			return;
		}
		vm = roamer(p, network, lease->mac);
		if (!vm)
			continue;
		effect =
		    program_effect(p, program, EFFECT_MOVES_ADDRESS, &vm_kind, vm->name);
		effect->from =
		    arena_copy(p->arena, ip_text(lease->ip, (char[IP_TEXT]){ 0 }));
		effect->in_use = true;
	}
}

static void plan_sides(struct planner *p, struct item *item, const struct network *want,
    const struct network *live, const struct network *stored)
{
	const struct network *facts = live ? live : stored;
	struct program *ranges = NULL;

	if (live)
		plan_ranges(p, item, &ranges, want, live, SIDE_LIVE);
	if (stored)
		plan_ranges(p, item, &ranges, want, stored, SIDE_CONFIG);
	if (ranges && live)
		add_roamers(p, ranges, want, live);
	if (live)
		plan_prune(p, item, live, SIDE_LIVE);
	if (stored)
		plan_prune(p, item, stored, SIDE_CONFIG);
	if (!facts->active)
		program_step(p, item_program(p, item, NULL), &network_start_action,
		    item->name, "start network %s", item->name);
	if (!facts->persistent)
		item_condition(p, item, "TransientNetwork",
		    "it is transient: it vanishes when it stops; store it with `virsh net-dumpxml %s | virsh net-define /dev/stdin`",
		    item->name);
	else if (field_has(&network_kind.fields, want, "autostart") &&
		 want->autostart != facts->autostart)
		add_autostart(p, item_program(p, item, NULL), want->autostart);
}

void network_plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct network *want = (const struct network *)object, *live, *stored;

	if (!want)
		return;
	if (!have) {
		plan_new(p, item, want);
		return;
	}
	live = side(have, SIDE_LIVE);
	stored = side(have, SIDE_CONFIG);
	if (live)
		network_guests_report(p, item, live);
	if (plan_restart(p, item, want, live, stored))
		return;
	plan_sides(p, item, want, live, stored);
	item_ok(item);
}
