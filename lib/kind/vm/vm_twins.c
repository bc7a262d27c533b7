/* SPDX-License-Identifier: MIT */
/* vm_twins: the machine a written VM is, where names say otherwise. */
#include <string.h>
#include <strings.h>

#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_plan.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_release.h"

/* libvirt says of a rename that one domain is gone and another has come, one after the
 * other. So long is waited for the second, the list of all domains read meanwhile. */
#define RENAME_MS 2000

static const struct vm_record *record_of(const struct planner *p, const struct vm *want)
{
	const struct object_state *state =
	    state_find(p->input->state, &vm_kind, want->object.name);

	return state ? vm_record_of(state) : NULL;
}

static bool has_just_gone(struct planner *p, const struct vm *want)
{
	const struct vm_record *record = record_of(p, want);
	struct mono until;

	if (!record || !record->gone_at.ms)
		return false;
	until = mono_add(record->gone_at, RENAME_MS);
	if (mono_reached(until, p->input->now))
		return false;
	if (p->plan)
		plan_wake(p, until);
	return true;
}

/* The domain with the UUID that the VM's own last had: it was renamed. */
static const struct observed *renamed(const struct planner *p, const struct vm *want)
{
	const struct observed_set *set = &p->input->observed->kinds[kind_index(&vm_kind)];
	const struct vm_record *record = record_of(p, want);
	const char *uuid = record ? record->uuid : NULL;

	for (size_t i = 0; uuid && i < set->count; i++) {
		const struct observed *by = set->items[i];
		const struct vm *vm =
		    (const struct vm *)(by->live ? by->live : by->config);

		if (vm && vm->uuid && strcasecmp(vm->uuid, uuid) == 0)
			return by;
	}
	return NULL;
}

static bool has_mac(const struct vm *vm, struct mac mac)
{
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	for (size_t i = 0; vm && i < vm->interfaces.count; i++)
		if (mac_equal(nics[i].mac, mac))
			return true;
	return false;
}

/* The domain with that MAC address that we defined and that is no longer written. */
static const struct observed *left_with(const struct planner *p, struct mac mac)
{
	const struct observed_set *set = &p->input->observed->kinds[kind_index(&vm_kind)];

	for (size_t i = 0; i < set->count; i++) {
		const struct observed *by = set->items[i];
		const struct vm *side = vm_side(by);

		if (side && side->marked &&
		    (has_mac((const struct vm *)by->live, mac) ||
			has_mac((const struct vm *)by->config, mac)) &&
		    !vm_domain_is_written(p, by->name))
			return by;
	}
	return NULL;
}

/* What the network gives that address to. */
static const struct observed *left_at(
    const struct planner *p, const struct network *side, struct ip ip, struct mac own)
{
	const struct observed *by = NULL;

	for (size_t i = 0; side && !by && i < side->host_count; i++) {
		const struct host_entry *host = &side->hosts[i];

		if (host->has_mac && ip_compare(host->ip, ip) == 0 &&
		    !mac_equal(host->mac, own))
			by = left_with(p, host->mac);
	}
	return by;
}

/* Under another name in the files disks and MAC addresses are others; the address that is
 * written for it is not. */
static const struct observed *by_address(
    struct planner *p, const struct vm *want, const char **why)
{
	const struct vm_interface *nics = want->interfaces.items;
	const struct observed *by = NULL;

	for (size_t i = 0; !by && i < want->interfaces.count; i++) {
		const struct reservation *r =
		    nics[i].network
			? reservation_desired(p, nics[i].network, want->object.name)
			: NULL;
		const struct observed *network =
		    r ? planner_observed(p, &network_kind, nics[i].network) : NULL;

		if (!network)
			continue;
		by =
		    left_at(p, (const struct network *)network->live, r->ip, nics[i].mac);
		if (!by)
			by = left_at(p, (const struct network *)network->config, r->ip,
			    nics[i].mac);
		if (by)
			*why = arena_printf(p->arena, "its address %s",
			    ip_text(r->ip, (char[IP_TEXT]){ 0 }));
	}
	return by;
}

enum vm_claimed vm_twin(
    struct planner *p, const struct vm *want, struct vm_claim *out, const char **why)
{
	const struct observed *by = renamed(p, want);
	const char *unsettled = vm_claims_unsettled(p, want);
	enum vm_claimed claimed;

	*out = (struct vm_claim){ 0 };
	if (by) {
		*out =
		    (struct vm_claim){ .domain = by->name, .by = by, .what = "its UUID" };
		*why = "its UUID, so it was renamed";
		return CLAIM_FOUND;
	}
	claimed = vm_claimed_disk(p, want, NULL, out);
	*why = claimed == CLAIM_FOUND ? arena_printf(p->arena, "its disk %s", out->what)
				      : out->what;
	if (claimed != CLAIM_NONE)
		return claimed;
	if (unsettled) {
		*why = out->what = arena_printf(p->arena, "waits for vm/%s", unsettled);
		return CLAIM_UNKNOWN;
	}
	if (has_just_gone(p, want)) {
		*why = out->what =
		    "its domain has just gone, and may be back under another name";
		return CLAIM_UNKNOWN;
	}
	claimed = vm_claimed_mac(p, want, NULL, out);
	*why = claimed == CLAIM_FOUND
		   ? arena_printf(p->arena, "its MAC address %s", out->what)
		   : out->what;
	if (claimed != CLAIM_NONE)
		return claimed;
	by = by_address(p, want, why);
	if (!by)
		return CLAIM_NONE;
	*out = (struct vm_claim){ .domain = by->name, .by = by, .what = *why };
	return CLAIM_FOUND;
}

bool vm_has_derived_macs(struct planner *p, const struct vm *want)
{
	const struct observed *have = planner_observed(p, &vm_kind, want->domain);
	const struct vm *vm =
	    have ? (const struct vm *)(have->config ? have->config : have->live) : NULL;
	struct vm_claim claim;
	const char *why;

	if (vm)
		return vm->marked;
	return planner_knows(p, &vm_kind, want->domain) && !vm_missing_keys(p, want) &&
	       vm_twin(p, want, &claim, &why) == CLAIM_NONE;
}
