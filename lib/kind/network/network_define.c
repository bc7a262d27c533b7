/* SPDX-License-Identifier: MIT */
/* network_define: a network that is not there yet, and what is in its way. */
#include "lib/kind/network/network_define.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_plan.h"
#include "lib/kind/network/network_pools.h"
#include "lib/kind/network/network_ranges.h"
#include "lib/kind/network/network_xml.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/network/reservation_nics.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/vm/vm_claims.h"

static bool has(const struct network *want, const char *key)
{
	return field_has(&network_kind.fields, want, key);
}

bool network_has_reservations(const struct planner *p, const char *network)
{
	const struct set *reservations = config_get(p->input->desired, &reservation_kind);

	for (size_t i = 0; i < reservations->count; i++)
		if (strcmp(((const struct reservation *)reservations->items[i])->network,
			network) == 0)
			return true;
	return false;
}

void network_add_autostart(struct planner *p, struct program *program, bool on)
{
	const char *name = program->item->name;
	struct step *step = program_step(p, program, &network_autostart_action, name,
	    on ? "start network %s when the host boots"
	       : "no longer start network %s when the host boots",
	    name);
	struct autostart *arguments = step_arguments(step);

	arguments->on = on;
}

/* Networks in each other's way */

static bool same_bridge(const struct network *a, const struct network *b)
{
	return a->bridge && b->bridge && strcmp(a->bridge, b->bridge) == 0;
}

/* What another network that exists has of what this one is to have: libvirt starts no
 * network on a bridge or subnet that is in use. NULL: nothing. */
static const char *taken_by(struct planner *p, const struct network *want,
    const struct object *side, const char *name)
{
	const struct network *other = (const struct network *)side;

	if (!other)
		return NULL;
	if (has(want, "bridge") && !other->forward && same_bridge(want, other))
		return arena_printf(
		    p->arena, "its bridge %s is that of network %s", want->bridge, name);
	if (ranges_overlap(
		network_subnets(p->arena, want), network_subnets(p->arena, other)))
		return arena_printf(p->arena,
		    "its addresses are those of network %s, which has %s", name,
		    cidr_text(other->address, (char[CIDR_TEXT]){ 0 }));
	return NULL;
}

/* The same of all others. `active`: of those that run only. */
const char *network_conflict(
    struct planner *p, const char *name, const struct network *want, bool active)
{
	const struct observed_set *networks =
	    &p->input->observed->kinds[kind_index(&network_kind)];
	const char *found = NULL;

	for (size_t i = 0; !found && i < networks->count; i++) {
		const struct observed *other = networks->items[i];

		if (strcmp(other->name, name) == 0)
			continue;
		found = taken_by(p, want, other->live, other->name);
		if (!found && !active)
			found = taken_by(p, want, other->config, other->name);
	}
	return found;
}

/* New */

/* Whether a domain that exists has an interface in the network, and so misses it. */
static bool is_missed(const struct planner *p, const struct network *want)
{
	const struct observed_set *vms = &p->input->observed->kinds[kind_index(&vm_kind)];
	const struct nic_place place = { want->object.name, want->bridge };

	for (size_t i = 0; i < vms->count; i++) {
		const struct observed *domain = vms->items[i];
		const struct vm *vm =
		    (const struct vm *)(domain->live ? domain->live : domain->config);
		const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

		for (size_t k = 0; vm && k < vm->interfaces.count; k++)
			if (nic_is_in(&nics[k], &place))
				return true;
	}
	return false;
}

/* A reservation for a VM of which it is not known yet whether it will be defined: its
 * entry costs one part of the definition now, and two updates later. */
static const char *unsettled(struct planner *p, const struct network *want)
{
	const struct set *reservations = config_get(p->input->desired, &reservation_kind);

	for (size_t i = 0; i < reservations->count; i++) {
		const struct reservation *r =
		    (const struct reservation *)reservations->items[i];
		const struct vm *vm =
		    (const struct vm *)planner_desired(p, &vm_kind, r->host);
		struct vm_claim claim;
		const char *why;

		if (vm && !r->mac_given && strcmp(r->network, want->object.name) == 0 &&
		    !reservation_machine(p, r) &&
		    vm_twin(p, vm, &claim, &why) == CLAIM_UNKNOWN)
			return arena_printf(p->arena, "vm/%s: %s", r->host, why);
	}
	return NULL;
}

/* Its range, where the address follows from it. */
static const char *range_unfit(struct planner *p, const struct network *want)
{
	struct network_ip own = { .cidr = want->address };
	const struct network side = {
		.address = want->address, .ips = &own, .ip_count = 1
	};

	return network_ranges_unfit(p->arena, &side, network_ranges_due(p, want, NULL));
}

void network_plan_new(struct planner *p, struct item *item, const struct network *want)
{
	struct program *program;
	const char *taken; /* or what it waits for */

	if (!p->input->observed->kinds[kind_index(&vm_kind)].known &&
	    network_has_reservations(p, item->name)) {
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
	taken = range_unfit(p, want);
	if (taken) {
		item_blocked(p, item,
		    "the DHCP range %s, and libvirt does not take it; correct dhcp.range, or write an address with a shorter prefix",
		    taken);
		return;
	}
	taken = network_conflict(p, item->name, want, false);
	if (taken) {
		item_blocked(p, item, "%s; " NETWORK_CONFLICT_FIX, taken);
		return;
	}
	taken = is_missed(p, want) ? NULL : unsettled(p, want);
	if (taken) {
		item_pending(p, item, "is to be defined; waits for %s", taken);
		return;
	}
	taken = network_has_range(want) ? network_pools_changing(p) : NULL;
	if (taken) {
		item_pending(p, item,
		    "is to be defined; waits until it is known what pool/%s has", taken);
		return;
	}
	item_pending(p, item, "is to be defined and started");
	program = item_program(p, item, "define and start network %s", item->name);
	program_step(p, program, &network_define_action, item->name,
	    "define network %s, %s, DHCP %s, with its reservations", item->name,
	    cidr_text(want->address, (char[CIDR_TEXT]){ 0 }),
	    ranges_text(p->arena, network_ranges_due(p, want, NULL)));
	program_step(p, program, &network_start_action, item->name, "start network %s",
	    item->name);
	if (want->autostart)
		network_add_autostart(p, program, true);
}

/* New, or the stored one with what differs as it is written. */
const char *network_render(struct planner *p, const struct step *step, struct error *e)
{
	const struct network *want =
	    (const struct network *)planner_desired(p, &network_kind, step->name);
	const struct observed *observed = planner_entry(p, &network_kind, step->name);
	/* What runs and is not stored any more is stored as it runs. */
	const struct object *side = !observed	       ? NULL
				    : observed->config ? observed->config
						       : observed->live;

	if (!want) {
		fail(e, "network/%s is no longer written", step->name);
		return NULL;
	}
	if (side)
		return network_xml_patch(p->arena, want, (const struct network *)side,
		    network_ranges_due(p, want, NULL), e);
	return network_xml_new(p, want, network_ranges_due(p, want, NULL), e);
}
