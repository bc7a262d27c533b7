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
#include "lib/kind/network/network.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_define.h"
#include "lib/kind/network/network_health.h"
#include "lib/kind/network/network_pools.h"
#include "lib/kind/network/network_prune.h"
#include "lib/kind/network/network_ranges.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_wish.h"

static bool has(const struct network *want, const char *key)
{
	return field_has(&network_kind.fields, want, key);
}

/* Whether somebody wrote the key: it is not there by its default. */
static bool is_written(const struct object *object, const char *key)
{
	return object->record.node && node_get(object->record.node, key);
}

/* Started anew */

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

/* The side with the address that is meant, of several, as the one that is compared. */
static const struct network *as_meant(
    struct planner *p, const struct network *want, const struct network *side)
{
	struct network *view;
	int place;

	if (!side || !has(want, "address"))
		return side;
	place = network_ip_meant(side, want->address);
	if (place < 0)
		return side;
	view = arena_alloc(p->arena, sizeof(*view));
	*view = *side;
	view->address = side->ips[place].cidr;
	return view;
}

static bool differs(struct planner *p, const struct network *want,
    const struct network *side, const char *key)
{
	struct differences found = { 0 };

	field_compare(&network_kind.fields, want, side, p->arena, &found);
	for (size_t i = 0; i < found.count; i++)
		if (strcmp(found.items[i].field, key) == 0)
			return true;
	return false;
}

/* The gateway of a static route that no address of the network would reach any more, which
 * libvirt then refuses; version 0: there is none. */
static struct ip cut_off_gateway(const struct network *want, const struct network *side)
{
	int place = network_ip_meant(side, want->address);

	for (size_t i = 0; i < side->gateway_count; i++) {
		struct ip gateway = side->gateways[i];
		bool reached = cidr_contains(want->address, gateway);

		for (size_t k = 0; k < side->ip_count; k++)
			reached |=
			    (int)k != place && cidr_contains(side->ips[k].cidr, gateway);
		if (!reached)
			return gateway;
	}
	return (struct ip){ 0 };
}

/* Ranges that nobody writes stay, and libvirt takes none outside its network. */
static const char *left_range(
    struct planner *p, const struct network *want, const struct network *side)
{
	int place = network_ip_meant(side, want->address);
	struct network_ip own = { .cidr = want->address };
	const struct network moved = {
		.address = want->address, .ips = &own, .ip_count = 1
	};
	const char *why;

	if (network_has_range(want) || place < 0 || !side->ips[place].dhcp)
		return NULL;
	why = network_ranges_unfit(p->arena, &moved, side->ranges);
	return why ? arena_printf(p->arena,
			 "the DHCP range %s, which it has and is not written, %s; write dhcp.range, too",
			 ranges_text(p->arena, side->ranges), why)
		   : NULL;
}

/* The same where the address is to be another one. */
static const char *address_impossible(struct planner *p, const struct item *item,
    const struct network *want, const struct network *side)
{
	struct ip gateway;

	if (network_ip_meant(side, want->address) == -2)
		return arena_printf(p->arena,
		    "it has several IPv4 addresses, none of which is %s, and it cannot be said which is meant; add it with `virsh net-edit %s`, or write one that it has",
		    cidr_text(want->address, (char[CIDR_TEXT]){ 0 }), item->name);
	gateway = cut_off_gateway(want, side);
	if (!gateway.version)
		return left_range(p, want, side);
	return arena_printf(p->arena,
	    "a static route of it goes through %s, which is not inside %s, and libvirt refuses that; correct the route with `virsh net-edit %s`, or the address",
	    ip_text(gateway, (char[IP_TEXT]){ 0 }),
	    cidr_text(want->address, (char[CIDR_TEXT]){ 0 }), item->name);
}

/* The kernel takes IPv6 away from an interface with less, and such a network never starts. */
#define MTU_OF_IPV6 1280

static bool has_ipv6(const struct network *side)
{
	for (size_t i = 0; i < side->ip_count; i++)
		if (side->ips[i].cidr.address.version == 6)
			return true;
	return false;
}

/* What cannot be done whatever is approved. */
static const char *impossible(struct planner *p, const struct item *item,
    const struct network *want, const struct network *side)
{
	const char *taken = NULL;

	if (side->forward)
		return arena_printf(p->arena,
		    "its mode in libvirt is %s, which homek8sd does not change; leave out mode, bridge, address and mtu, or define another network",
		    side->forward);
	if (has(want, "mode") && want->mode != NETWORK_ISOLATED && !side->ip_count &&
	    !has(want, "address"))
		return arena_printf(p->arena,
		    "it has no address, and libvirt takes mode: %s only with one; write its address",
		    field_text_at(p->arena, &network_kind.fields, want, "mode"));
	if (has(want, "mtu") && want->mtu < MTU_OF_IPV6 && has_ipv6(side))
		return arena_printf(p->arena,
		    "it has an IPv6 address, which needs an MTU of %d at least; write mtu: %d, or take the address out with `virsh net-edit %s`",
		    MTU_OF_IPV6, MTU_OF_IPV6, item->name);
	if (differs(p, want, side, "address"))
		taken = address_impossible(p, item, want, side);
	if (taken)
		return taken;
	if (!differs(p, want, side, "address") && !differs(p, want, side, "bridge"))
		return NULL;
	taken = network_conflict(p, item->name, want, false);
	return taken ? arena_printf(p->arena, "%s; " NETWORK_CONFLICT_FIX, taken) : NULL;
}

/* The part of plan_restart() that stops what runs. */
static void plan_running(struct planner *p, struct item *item, struct program *program,
    const struct network *live, const char *names, bool defined)
{
	int64_t guests;

	if (!live->persistent) {
		item_blocked(p, item,
		    "%s changes only when it starts anew, and it is transient: it would be gone; store it with `virsh net-dumpxml %s | virsh net-define /dev/stdin`",
		    names, item->name);
		return;
	}
	guests = network_guests(p, item->name, live);
	if (guests && defined) {
		item_blocked(p, item,
		    "%s changes when the network next starts; %lld guest%s attached, stop %s first",
		    names, (long long)guests, guests == 1 ? " is" : "s are",
		    guests == 1 ? "it" : "them");
		return;
	}
	program_effect(p, program, EFFECT_INTERRUPTS, item->kind, item->name)->in_use =
	    true;
	/* Not in one go with the definition: who is attached is observed in between. */
	if (defined)
		stop_and_start(p, program);
}

/* Keys that need the network to start anew. Stored side first; once that is right, what
 * runs follows when nobody is attached. NULL: there is nothing of the kind. */
static struct program *plan_restart(struct planner *p, struct item *item,
    const struct network *want, const struct network *live, const struct network *stored)
{
	struct differences config = { 0 }, running = { 0 };
	struct program *program;
	const char *why;
	bool blocked;

	if (stored)
		field_compare(&network_kind.fields, want, stored, p->arena, &config);
	if (live)
		field_compare(&network_kind.fields, want, live, p->arena, &running);
	if (!config.count && !running.count)
		return NULL;
	item->differences = running.count ? running : config;
	why = impossible(p, item, want, config.count ? stored : live);
	if (why) {
		item_blocked(p, item, "%s", why);
		return NULL;
	}
	program = restart_program(p, item, &item->differences);
	if (config.count)
		program_step(p, program, &network_define_action, item->name,
		    "change %s of network %s in its stored definition",
		    names_of(p, &config), item->name);
	item_pending(p, item, "%s to be changed", names_of(p, &item->differences));
	if (running.count) {
		plan_running(
		    p, item, program, live, names_of(p, &running), !config.count);
		why = stored ? network_pools_hold_start(p, want, stored, &blocked) : NULL;
		if (why && blocked)
			item_blocked(p, item, "it is not started anew: %s", why);
		if (why)
			program_waits(p, program, "%s", why);
		if (stored)
			network_pools_expose(p, program,
			    ranges_subtract(p->arena, stored->ranges, live->ranges));
	}
	return program;
}

/* What is started */

/* Whether the VM is to run because somebody wrote so, or because it is defined by us: it
 * is not for an adopted one of which nothing of the kind is written. */
static bool is_to_be_up(const struct planner *p, const struct vm *vm)
{
	const struct observed *domain = planner_observed(p, &vm_kind, vm->domain);
	const struct vm *side =
	    !domain ? NULL
		    : (const struct vm *)(domain->config ? domain->config : domain->live);

	return vm_due_state(p, vm) == VM_RUNNING &&
	       planner_knows(p, &vm_kind, vm->domain) &&
	       (!side || side->marked || is_written(&vm->object, "state") ||
		   is_written(&vm->object, "power"));
}

/* The interfaces it starts with: those of its domain; of one that is not there, those that
 * are written, or come by default. */
static const struct list *interfaces_of(const struct planner *p, const struct vm *vm)
{
	const struct observed *domain = planner_observed(p, &vm_kind, vm->domain);

	if (!domain)
		return &vm->interfaces;
	return &((const struct vm *)(domain->config ? domain->config : domain->live))
		    ->interfaces;
}

static bool has_nic_in(const struct list *interfaces, const char *network)
{
	const struct vm_interface *nics = interfaces->items;

	for (size_t i = 0; i < interfaces->count; i++)
		if (nics[i].network && strcmp(nics[i].network, network) == 0)
			return true;
	return false;
}

/* A VM that is to run has an interface in the network, or is written to have one. */
static bool is_needed(const struct planner *p, const char *name)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];

		if ((has_nic_in(interfaces_of(p, vm), name) ||
			(is_written(&vm->object, "interfaces") &&
			    has_nic_in(&vm->interfaces, name))) &&
		    is_to_be_up(p, vm))
			return true;
	}
	return false;
}

/*
 * Whether what is written, or what we defined, is in force only while it runs. Of an
 * adopted network of which the name is written and nothing else, nothing is.
 */
static bool is_to_run(
    const struct planner *p, const struct network *want, const struct network *stored)
{
	static const char *const keys[] = { "mode", "bridge", "address", "mtu" };

	if (stored->marked)
		return true;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (is_written(&want->object, keys[i]))
			return true;
	return network_has_range(want) ||
	       (is_written(&want->object, "autostart") && want->autostart) ||
	       network_has_reservations(p, want->object.name) ||
	       is_needed(p, want->object.name);
}

/* Why it must not run now, or NULL: then nor is it to start with the host. */
static const char *plan_start(struct planner *p, struct item *item,
    const struct network *want, const struct network *stored)
{
	struct program *program;
	const char *taken, *why;
	bool blocked;

	if (!is_to_run(p, want, stored)) {
		item_condition(p, item, "Inactive",
		    "it does not run, and nothing is written that would need it to; start it with `virsh net-start %s`",
		    item->name);
		return NULL;
	}
	taken = network_conflict(p, item->name, stored, true);
	if (taken) {
		item_blocked(p, item,
		    "it cannot be started: %s; stop that one, or change one of the two",
		    taken);
		return taken;
	}
	why = network_pools_hold_start(p, want, stored, &blocked);
	if (blocked) {
		item_blocked(p, item, "it is not started: %s", why);
		return why;
	}
	program = item_program(p, item, NULL);
	program_step(p, program, &network_start_action, item->name, "start network %s",
	    item->name);
	if (why)
		program_waits(p, program, "%s", why);
	network_pools_expose(p, program, stored->ranges);
	return why;
}

/* `held`: why it must not run now; NULL: it may. */
static void plan_autostart(struct planner *p, struct item *item,
    const struct network *want, const struct network *facts, const char *held)
{
	bool is_ours = facts->marked || is_written(&want->object, "autostart");
	struct program *program;

	if (!is_ours || !field_has(&network_kind.fields, facts, "autostart") ||
	    want->autostart == facts->autostart)
		return;
	program = item_program(p, item, NULL);
	network_add_autostart(p, program, want->autostart);
	if (want->autostart && held)
		program_waits(p, program, "%s", held);
}

#define STORE_IT                                                                         \
	"it is transient: it vanishes when it stops; store it with `virsh net-dumpxml %s | virsh net-define /dev/stdin`"

/* What runs is stored again where it was defined by us; else somebody made it so. */
static void plan_transient(
    struct planner *p, struct item *item, const struct network *live)
{
	struct program *program;

	if (live->marked && !item->program_count && !network_pools_clash(p, live).count) {
		item_pending(p, item, "its stored definition is gone");
		program = item_program(p, item, NULL);
		program_step(p, program, &network_define_action, item->name,
		    "store network %s as it runs", item->name);
		network_pools_expose(p, program, live->ranges);
		return;
	}
	item_condition(p, item, "TransientNetwork", STORE_IT, item->name);
	if (item->verdict == VERDICT_CONVERGED)
		item_blocked(p, item, STORE_IT, item->name);
}

/* All of it */

static void plan_existing(struct planner *p, struct item *item,
    const struct network *want, const struct network *live, const struct network *stored)
{
	struct program *ranges, *restart;
	const char *held = NULL;
	size_t updates;

	item_ok(item);
	ranges = network_ranges_plan(p, item, want, live, stored);
	updates = item->program_count;
	network_prune(p, item, live, stored);
	updates = item->program_count - updates;
	restart = plan_restart(
	    p, item, want, as_meant(p, want, live), as_meant(p, want, stored));
	/* A definition is patched as it was observed, and must not undo an update. */
	if (restart && ranges)
		program_waits(p, restart, "waits until its DHCP range is right");
	else if (restart && updates)
		program_waits(
		    p, restart, "waits until what is no longer written is removed");
	if (live)
		network_health_plan(p, item, want, live, stored);
	else if (!stored->active && !restart) /* with what is written */
		held = plan_start(p, item, want, stored);
	/* A driver may have but one definition for both sides. */
	if (stored || live->persistent)
		plan_autostart(p, item, want, stored ? stored : live, held);
	else
		plan_transient(p, item, live);
}

static const struct network *side(const struct observed *have, enum side which)
{
	return (const struct network *)(which == SIDE_LIVE ? have->live : have->config);
}

void network_plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct network *want = (const struct network *)object;

	if (have)
		network_ranges_report(
		    p, item->name, want, side(have, SIDE_LIVE), side(have, SIDE_CONFIG));
	if (!want)
		return;
	if (have)
		plan_existing(
		    p, item, want, side(have, SIDE_LIVE), side(have, SIDE_CONFIG));
	else
		network_plan_new(p, item, want);
}
