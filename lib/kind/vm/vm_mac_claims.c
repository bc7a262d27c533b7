/* SPDX-License-Identifier: MIT */
/* vm_mac_claims: who has which MAC address, and in which network or on which bridge. */
#include "lib/kind/vm/vm_claim_table.h"

#include <string.h>

#include "lib/kind/network/network.h"
#include "lib/kind/vm/vm_plan.h"

static uint64_t mac_id(struct mac mac)
{
	uint64_t id = 0;

	memcpy(&id, &mac, sizeof(mac));
	return id * UINT64_C(0x9e3779b97f4a7c15);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_plug(const struct vm_interface *a, const struct vm_interface *b)
{
	return mac_equal(a->mac, b->mac) && same_text(a->network, b->network) &&
	       (a->network || same_text(a->bridge, b->bridge));
}

/* `but`: another side of the same machine, whose addresses are claimed already. */
static void claim_macs(
    struct planner *p, struct owner owner, const struct vm *vm, const struct vm *but)
{
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;
	const struct vm_interface *have = but ? but->interfaces.items : NULL;
	static const struct mac none;

	for (size_t i = 0; vm && i < vm->interfaces.count; i++)
		if (!mac_equal(nics[i].mac, none) &&
		    !(but && i < but->interfaces.count && same_plug(&nics[i], &have[i])))
			claims_add(p->arena, &claims_of(p)->macs, mac_id(nics[i].mac),
			    USE_WRITES, &owner, &nics[i], 0);
}

static struct table *macs_of(struct planner *p)
{
	struct claims *c = claims_of(p);
	struct table *t = &c->macs;
	const struct observed_set *set = &p->input->observed->kinds[kind_index(&vm_kind)];

	if (t->made)
		return t;
	claims_find_absent(p, c);
	claims_begin(p->arena, t, set->count + c->absent_count);
	for (size_t i = 0; i < set->count; i++) {
		const struct vm *live = claims_side(set->items[i], 0);

		claim_macs(p, (struct owner){ .by = set->items[i] }, live, NULL);
		claim_macs(p, (struct owner){ .by = set->items[i] },
		    claims_side(set->items[i], 1), live);
	}
	/* One of which too little is written is not going to be defined: it has no MAC. */
	for (size_t i = 0; i < c->absent_count; i++)
		if (!vm_missing_keys(p, c->absent[i]))
			claim_macs(p, (struct owner){ .written = c->absent[i] },
			    c->absent[i], NULL);
	return t;
}

/* The bridge an interface is plugged into, or NULL. */
static const char *bridge_of(const struct planner *p, const struct vm_interface *nic)
{
	const struct observed *network;
	const struct object *found;

	if (nic->bridge || !nic->network)
		return nic->bridge;
	network = planner_observed(p, &network_kind, nic->network);
	found = network ? (network->live ? network->live : network->config) : NULL;
	return found ? ((const struct network *)found)->bridge : NULL;
}

static bool same_segment(
    const struct planner *p, const struct vm_interface *a, const struct vm_interface *b)
{
	const char *x, *y;

	if (a->network && b->network)
		return strcmp(a->network, b->network) == 0;
	x = bridge_of(p, a);
	y = bridge_of(p, b);
	return x && y && strcmp(x, y) == 0;
}

static enum vm_claimed claimed_nic(struct planner *p, const struct owner *self,
    const struct vm_interface *nic, struct vm_claim *out)
{
	const struct group *g = claims_find(macs_of(p), mac_id(nic->mac));
	char text[MAC_TEXT];

	for (const struct entry *e = g ? g->entries[USE_WRITES] : NULL; e; e = e->next)
		if (!claims_same(&e->owner, self) && same_segment(p, e->what, nic))
			return claims_found(&e->owner,
			    arena_copy(p->arena, mac_text(nic->mac, text)), out);
	return CLAIM_NONE;
}

enum vm_claimed vm_claimed_mac(struct planner *p, const struct vm *want,
    const struct observed *have, struct vm_claim *out)
{
	struct owner self = claims_owner(want, have);

	if (!macs_of(p)->contested)
		return CLAIM_NONE;
	for (int i = 0; i < 2; i++) {
		const struct vm *vm = have ? claims_side(have, i) : i == 0 ? want : NULL;
		const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

		for (size_t k = 0; vm && k < vm->interfaces.count; k++)
			if (claimed_nic(p, &self, &nics[k], out) == CLAIM_FOUND)
				return CLAIM_FOUND;
	}
	return CLAIM_NONE;
}
