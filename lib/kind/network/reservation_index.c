/* SPDX-License-Identifier: MIT */
/* reservation_index: tables of places, filled when the first thing is looked up in them.
 * Most plans need few of them: where all is in order nothing is looked up. */
#include "lib/kind/network/reservation_index.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_pools.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/network/reservation_record.h"
#include "lib/kind/vm/vm_claims.h"

struct reservation_index {
	struct planner *p;
	struct reservation_aim *aims; /* in the desired set's order */
	size_t count;
	size_t last; /* of those, looked up */
	struct nics *nics;
	bool macs;	      /* made: */
	struct chains by_mac; /* places: twice the aim's, plus the side */
	struct entries *entries;
};

/* What a reservation comes to */

/* The first interface a VM is written to have in the network. */
static const struct vm_interface *written_in(
    const struct vm *vm, const struct nic_place *place)
{
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	for (size_t i = 0; vm && i < vm->interfaces.count; i++)
		if (nic_is_in(&nics[i], place))
			return &nics[i];
	return NULL;
}

static void set_mac(struct reservation_aim *aim, enum side which, struct mac mac)
{
	aim->known[which] = true;
	aim->entries[which] = (struct host_entry){ .has_mac = true,
		.mac = mac,
		.ip = aim->reservation->ip,
		.name = aim->reservation->host };
}

static void copy_side(struct reservation_aim *aim, enum side to, enum side from)
{
	aim->known[to] = aim->known[from];
	aim->entries[to] = aim->entries[from];
}

static void aim_side(struct reservation_aim *aim, enum side which,
    const struct object *domain, const struct mac *given, const struct network *side)
{
	const struct vm_interface *nic = nic_meant(
	    (const struct vm *)domain, &aim->place, given, side, aim->reservation->ip);

	if (!nic)
		return;
	set_mac(aim, which, nic->mac);
	aim->waits |= given && !mac_equal(nic->mac, *given);
}

static void aim_at_machine(
    struct reservation_aim *aim, const struct mac *given, const struct observed *network)
{
	const struct observed *machine = aim->machine;
	const struct object *live = network ? network->live : NULL;
	const struct object *config = network ? network->config : NULL;

	if (machine->live)
		aim_side(
		    aim, SIDE_LIVE, machine->live, given, (const struct network *)live);
	if (machine->config)
		aim_side(aim, SIDE_CONFIG, machine->config, given,
		    (const struct network *)(config ? config : live));
	if (!machine->live)
		copy_side(aim, SIDE_LIVE, SIDE_CONFIG);
	if (!machine->config)
		copy_side(aim, SIDE_CONFIG, SIDE_LIVE);
}

static const char *bridge_of(
    const struct planner *p, const char *name, const struct observed *network)
{
	const struct object *side = network && network->live ? network->live
				    : network		     ? network->config
							     : NULL;

	if (!side)
		side = planner_desired(p, &network_kind, name);
	return side ? ((const struct network *)side)->bridge : NULL;
}

static void aim_at(struct planner *p, const struct nics *nics,
    const struct reservation *reservation, struct reservation_aim *aim)
{
	const struct observed *network =
	    planner_observed(p, &network_kind, reservation->network);
	const struct vm *vm =
	    (const struct vm *)planner_desired(p, &vm_kind, reservation->host);
	const struct vm_interface *written;

	aim->reservation = reservation;
	aim->place = (struct nic_place){ reservation->network,
		bridge_of(p, reservation->network, network) };
	aim->machine = reservation->mac_given
			   ? nics_find(nics, reservation->mac, &aim->place, NULL)
			   : NULL;
	if (!aim->machine)
		aim->machine = reservation_machine(p, reservation);
	written = written_in(vm, &aim->place);
	if (reservation->mac_given) {
		set_mac(aim, SIDE_LIVE, reservation->mac);
		set_mac(aim, SIDE_CONFIG, reservation->mac);
	} else if (aim->machine) {
		aim_at_machine(
		    aim, written && written->mac_given ? &written->mac : NULL, network);
	} else if (written && (written->mac_given || vm_has_derived_macs(p, vm))) {
		set_mac(aim, SIDE_LIVE, written->mac);
		set_mac(aim, SIDE_CONFIG, written->mac);
	}
}

/* The index */

static struct reservation_index *make(struct planner *p)
{
	const struct set *set = config_get(p->input->desired, &reservation_kind);
	struct reservation_index *index = arena_alloc(p->arena, sizeof(*index));

	index->p = p;
	index->count = set->count;
	index->aims = arena_array(p->arena, set->count + 1, sizeof(*index->aims));
	index->nics = nics_make(p);
	for (size_t i = 0; i < set->count; i++)
		aim_at(p, index->nics, (const struct reservation *)set->items[i],
		    &index->aims[i]);
	index->entries = entries_make(p);
	return index;
}

struct reservation_index *reservation_index_get(struct planner *p)
{
	void **slot = &p->prepared[kind_index(&reservation_kind)];

	if (!*slot)
		*slot = make(p);
	return *slot;
}

struct entries *reservation_index_entries(const struct reservation_index *index)
{
	return index->entries;
}

const struct nics *reservation_index_nics(const struct reservation_index *index)
{
	return index->nics;
}

/* They are looked up in their own order for the most part. */
const struct reservation_aim *reservation_index_aim(
    struct reservation_index *index, const struct reservation *reservation)
{
	for (size_t i = 0; i < index->count; i++) {
		size_t place = (index->last + i) % index->count;

		if (index->aims[place].reservation != reservation)
			continue;
		index->last = place;
		return &index->aims[place];
	}
	return NULL;
}

/* Owners */

static bool has_one_mac(const struct reservation_aim *aim)
{
	return aim->known[SIDE_LIVE] && aim->known[SIDE_CONFIG] &&
	       mac_equal(aim->entries[SIDE_LIVE].mac, aim->entries[SIDE_CONFIG].mac);
}

/* Where both sides have one MAC, it is in the table as that of the live side. */
static void make_macs(struct reservation_index *index)
{
	if (index->macs)
		return;
	index->macs = true;
	index->by_mac = chains_make(index->p->arena, index->count * 2);
	for (size_t i = index->count * 2; i-- > 0;) {
		const struct reservation_aim *aim = &index->aims[i / 2];

		if (aim->known[i % 2] && !(i % 2 == SIDE_CONFIG && has_one_mac(aim)))
			chains_add(&index->by_mac, hash_mac(aim->entries[i % 2].mac), i);
	}
}

/* The desired reservation of the network with that MAC on that side (2: on either). */
static const struct reservation_aim *by_mac(struct reservation_index *index,
    const char *network, const struct reservation *self, unsigned which, struct mac mac)
{
	uint32_t at;

	make_macs(index);
	at = chains_first(&index->by_mac, hash_mac(mac));
	for (; at; at = chains_next(&index->by_mac, at)) {
		const struct reservation_aim *aim = &index->aims[(at - 1) / 2];

		if ((which == 2 || (at - 1) % 2 == which || has_one_mac(aim)) &&
		    aim->reservation != self &&
		    mac_equal(aim->entries[(at - 1) % 2].mac, mac) &&
		    strcmp(aim->reservation->network, network) == 0)
			return aim;
	}
	return NULL;
}

const char *reservation_index_twin(
    struct reservation_index *index, const struct reservation_aim *aim)
{
	struct arena *a = index->p->arena;

	for (int which = 0; which < 2; which++) {
		const struct observed *first = NULL, *second = NULL;
		const struct reservation_aim *rival;
		struct mac mac = aim->entries[which].mac;

		if (!aim->known[which] || (which == SIDE_CONFIG && has_one_mac(aim)))
			continue;
		if (nics_repeat(index->nics))
			first = nics_find(index->nics, mac, &aim->place, NULL);
		if (first)
			second = nics_find(index->nics, mac, &aim->place, first);
		if (second)
			return arena_printf(a, "vm/%s",
			    nics_vm_name(
				index->p, second == aim->machine ? first : second));
		rival = by_mac(index, aim->place.network, aim->reservation, 2, mac);
		if (rival)
			return arena_printf(
			    a, "reservation/%s", rival->reservation->object.short_name);
	}
	return NULL;
}

static const struct reservation_record *record_of(
    const struct reservation_index *index, const struct reservation_aim *aim)
{
	const struct object_state *state = state_find(
	    index->p->input->state, &reservation_kind, aim->reservation->object.name);

	return state ? reservation_record_of(state) : NULL;
}

/* "node", or "node.lab.example" for the host node. */
static bool is_named_after(const char *name, const char *host)
{
	size_t length = strlen(host);

	return name && strncmp(name, host, length) == 0 &&
	       (!name[length] || name[length] == '.');
}

bool reservation_index_owns(struct reservation_index *index,
    const struct reservation_aim *aim, enum side which, const struct host_entry *found)
{
	const struct reservation_record *record;
	const struct observed *holder;

	if (found->has_mac && aim->known[which] &&
	    mac_equal(found->mac, aim->entries[which].mac))
		return true;
	record = record_of(index, aim);
	if (!ip_equal(found->ip, aim->reservation->ip) &&
	    !(record && ip_equal(found->ip, record->ip)))
		return false;
	holder =
	    found->has_mac ? nics_find(index->nics, found->mac, &aim->place, NULL) : NULL;
	if (holder)
		return holder == aim->machine;
	return record &&
	       (reservation_record_owns(record, true) || record->owned_config ||
		   record->ip.version) &&
	       is_named_after(found->name, aim->reservation->host);
}

static const struct reservation_aim *owner(struct reservation_index *index,
    const char *network, const struct reservation *self, enum side which,
    const struct host_entry *found)
{
	const struct reservation_aim *aim = NULL;
	const struct reservation *named;

	if (found->has_mac)
		aim = by_mac(index, network, self, which, found->mac);
	if (aim || !found->name)
		return aim;
	named = reservation_desired(index->p, network, found->name);
	if (!named || named == self)
		return NULL;
	aim = reservation_index_aim(index, named);
	return reservation_index_owns(index, aim, which, found) ? aim : NULL;
}

const struct reservation_aim *reservation_index_owner(struct reservation_index *index,
    const struct reservation *self, enum side which, const struct host_entry *found)
{
	return owner(index, self->network, self, which, found);
}

const struct reservation_aim *reservation_index_owner_in(struct reservation_index *index,
    const char *network, enum side which, const struct host_entry *found)
{
	return owner(index, network, NULL, which, found);
}

/* New networks */

bool reservation_entry_of_new(struct planner *p, const struct reservation *reservation,
    const struct network *want, struct host_entry *out)
{
	struct reservation_index *index = reservation_index_get(p);
	const struct reservation_aim *aim = reservation_index_aim(index, reservation);
	struct network_ip own = { .cidr = want->address };
	const struct network side = { .ips = &own, .ip_count = 1 };

	if (reservation_unknown(p, reservation) || !aim->known[SIDE_CONFIG] ||
	    !cidr_contains(want->address, reservation->ip) ||
	    network_ip_taken(&side, reservation->ip) ||
	    network_pools_holder(p, reservation->ip) ||
	    reservation_index_twin(index, aim))
		return false;
	*out = aim->entries[SIDE_CONFIG];
	return true;
}
