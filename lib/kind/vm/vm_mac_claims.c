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
static bool claims_mac(const struct vm *vm, size_t i, const struct vm *but)
{
	const struct vm_interface *nic =
	    &((const struct vm_interface *)vm->interfaces.items)[i];
	const struct vm_interface *have = but ? but->interfaces.items : NULL;
	static const struct mac none;

	return !mac_equal(nic->mac, none) &&
	       !(but && i < but->interfaces.count && same_plug(nic, &have[i]));
}

static void claim_macs(
    struct planner *p, struct owner owner, const struct vm *vm, const struct vm *but)
{
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	for (size_t i = 0; vm && i < vm->interfaces.count; i++)
		if (claims_mac(vm, i, but))
			claims_add(p->arena, &claims_of(p)->macs, mac_id(nics[i].mac),
			    USE_WRITES, &owner, &nics[i], 0);
}

/* The usual case: no two interfaces have one MAC, and nobody need know who has which. */

struct ids {
	uint64_t *slots; /* 0: free */
	size_t mask;
	bool differ;
};

static void note_macs(struct ids *ids, const struct vm *vm, const struct vm *but)
{
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	for (size_t i = 0; vm && i < vm->interfaces.count; i++) {
		uint64_t id = mac_id(nics[i].mac);
		size_t at = (id ^ id >> 32) & ids->mask;

		if (!claims_mac(vm, i, but))
			continue;
		while (ids->slots[at] && ids->slots[at] != id)
			at = (at + 1) & ids->mask;
		ids->differ &= !ids->slots[at];
		ids->slots[at] = id;
	}
}

static size_t nic_count(const struct vm *vm)
{
	return vm ? vm->interfaces.count : 0;
}

static struct ids ids_for(
    struct arena *a, const struct observed_set *set, const struct claims *c)
{
	struct ids ids = { .mask = 15, .differ = true };
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++)
		count += nic_count(claims_side(set->items[i], 0)) +
			 nic_count(claims_side(set->items[i], 1));
	for (size_t i = 0; i < c->absent_count; i++)
		count += nic_count(c->absent[i]);
	while (ids.mask < 2 * count)
		ids.mask = 2 * ids.mask + 1;
	ids.slots = arena_array(a, ids.mask + 1, sizeof(*ids.slots));
	return ids;
}

static bool macs_differ(struct planner *p)
{
	struct claims *c = claims_of(p);
	const struct observed_set *set = &p->input->observed->kinds[kind_index(&vm_kind)];
	struct ids ids;

	if (c->macs_known)
		return c->macs_differ;
	claims_find_absent(p, c);
	ids = ids_for(p->arena, set, c);
	for (size_t i = 0; i < set->count; i++) {
		const struct vm *live = claims_side(set->items[i], 0);

		note_macs(&ids, live, NULL);
		note_macs(&ids, claims_side(set->items[i], 1), live);
	}
	for (size_t i = 0; i < c->absent_count; i++)
		note_macs(&ids, c->absent[i], NULL);
	c->macs_known = true;
	return c->macs_differ = ids.differ;
}

static const bool *find_written(struct planner *p, const struct observed_set *set)
{
	const struct set *desired = config_get(p->input->desired, &vm_kind);
	bool *written = arena_array(p->arena, set->count, sizeof(*written));
	size_t near = 0;

	for (size_t i = 0; i < desired->count; i++)
		if (observed_set_near(
			set, ((const struct vm *)desired->items[i])->domain, &near))
			written[near] = true;
	return written;
}

/* Which claim counts most where there are several; by a domain of the set. */
enum weight { IS_STOPPED, MAY_RUN, RUNS };

static enum weight weight_of(const struct claims *c, const struct observed *by, size_t at)
{
	return by->live ? RUNS : c->written[at] ? MAY_RUN : IS_STOPPED;
}

static void claim_domains(struct planner *p, const struct claims *c,
    const struct observed_set *set, enum weight weight)
{
	for (size_t i = 0; i < set->count; i++) {
		struct owner owner = { .by = set->items[i] };
		const struct vm *live = claims_side(set->items[i], 0);

		if (weight_of(c, set->items[i], i) != weight)
			continue;
		claim_macs(p, owner, live, NULL);
		claim_macs(p, owner, claims_side(set->items[i], 1), live);
	}
}

/* What was added last is found first, so that no other claim hides one that counts more. */
static struct table *macs_of(struct planner *p)
{
	struct claims *c = claims_of(p);
	struct table *t = &c->macs;
	const struct observed_set *set = &p->input->observed->kinds[kind_index(&vm_kind)];

	if (t->made)
		return t;
	claims_find_absent(p, c);
	claims_begin(p->arena, t, set->count + c->absent_count);
	c->written = find_written(p, set);
	claim_domains(p, c, set, IS_STOPPED);
	claim_domains(p, c, set, MAY_RUN);
	/* One of which too little is written is not going to be defined: it has no MAC. */
	for (size_t i = 0; i < c->absent_count; i++)
		if (!vm_missing_keys(p, c->absent[i]))
			claim_macs(p, (struct owner){ .written = c->absent[i] },
			    c->absent[i], NULL);
	claim_domains(p, c, set, RUNS);
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

static enum weight weight_of_owner(struct planner *p, const struct owner *owner)
{
	const struct observed_set *set = &p->input->observed->kinds[kind_index(&vm_kind)];
	size_t at;

	if (!owner->by || !observed_set_index(set, owner->by->name, &at))
		return MAY_RUN;
	return weight_of(claims_of(p), owner->by, at);
}

static bool is_unread(const struct owner *owner)
{
	return owner->by && owner->by->presence == UNKNOWN;
}

/* What a search for claims has come to: the one that counts most, and one of the last reading
 * of a domain that cannot be read. */
struct search {
	struct planner *p;
	struct owner self;
	int weight; /* of `found`; -1: there is none */
	struct vm_claim found;
	const struct entry *unread;
	const struct vm_interface *unread_nic;
	bool any; /* an interface was looked up */
};

/* `has`: it has the interface. */
static void search_nic(struct search *s, const struct vm_interface *nic, bool has)
{
	const struct group *g = claims_find(macs_of(s->p), mac_id(nic->mac));
	const struct entry *e = g ? g->entries[USE_WRITES] : NULL;
	char text[MAC_TEXT];
	int weight;

	for (; e; e = e->next) {
		if (claims_same(&e->owner, &s->self) ||
		    !same_segment(s->p, e->what, nic) ||
		    (has && !claims_counts(s->p, &s->self, &e->owner)))
			continue;
		if (!is_unread(&e->owner))
			break;
		s->unread = e;
		s->unread_nic = nic;
	}
	weight = e ? (int)weight_of_owner(s->p, &e->owner) : -1;
	if (weight <= s->weight)
		return;
	s->weight = weight;
	claims_found(
	    &e->owner, arena_copy(s->p->arena, mac_text(nic->mac, text)), &s->found);
	s->found.may_run = weight != IS_STOPPED;
}

/* What is known of a claim counts; else what is not known does. */
static enum vm_claimed search_end(const struct search *s, struct vm_claim *out)
{
	const char *unreadable = claims_unreadable(s->p);
	char text[MAC_TEXT];

	*out = s->found;
	if (s->weight >= 0)
		return CLAIM_FOUND;
	if (!s->any || !unreadable)
		return CLAIM_NONE;
	*out = (struct vm_claim){ .domain = unreadable,
		.what = arena_printf(s->p->arena,
		    "domain %s, which may have its MAC address, cannot be read",
		    unreadable) };
	if (s->unread)
		*out = (struct vm_claim){ .domain = s->unread->owner.by->name,
			.by = s->unread->owner.by,
			.what = arena_printf(s->p->arena,
			    "domain %s, which had its MAC address %s when it was last read, cannot be read now",
			    s->unread->owner.by->name,
			    mac_text(s->unread_nic->mac, text)) };
	return CLAIM_UNKNOWN;
}

enum vm_claimed vm_claimed_mac(struct planner *p, const struct vm *want,
    const struct observed *have, struct vm_claim *out)
{
	struct search s = { .p = p, .self = claims_owner(want, have), .weight = -1 };
	bool contested = !macs_differ(p) && macs_of(p)->contested;

	if (!contested && !claims_unreadable(p))
		return CLAIM_NONE;
	for (int i = 0; i < 2; i++) {
		const struct vm *vm = have ? claims_side(have, i) : i == 0 ? want : NULL;
		const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

		for (size_t k = 0; vm && k < vm->interfaces.count; k++) {
			s.any = true;
			if (contested)
				search_nic(&s, &nics[k], true);
		}
	}
	return search_end(&s, out);
}

enum vm_claimed vm_claimed_nic(struct planner *p, const struct vm *want,
    const struct observed *have, const struct vm_interface *nic, struct vm_claim *out)
{
	struct search s = {
		.p = p, .self = claims_owner(want, have), .weight = -1, .any = true
	};

	search_nic(&s, nic, false);
	return search_end(&s, out);
}
