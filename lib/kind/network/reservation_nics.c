/* SPDX-License-Identifier: MIT */
/* reservation_nics: one table over the interfaces of every domain, on both sides. */
#include "lib/kind/network/reservation_nics.h"

#include <stdlib.h>
#include <string.h>

struct nic {
	const struct vm_interface *nic;
	const struct observed *domain;
	bool live;
};

struct nics {
	struct nic *items;
	size_t count;
	struct chains by_mac;
	bool repeat;
};

/* Chains */

struct chains chains_make(struct arena *a, size_t count)
{
	struct chains chains = { .mask = 15 };

	while (chains.mask < count * 2)
		chains.mask = chains.mask * 2 + 1;
	chains.heads = arena_array(a, (size_t)chains.mask + 1, sizeof(*chains.heads));
	chains.next = arena_array(a, count + 1, sizeof(*chains.next));
	return chains;
}

void chains_add(struct chains *chains, uint64_t hash, size_t place)
{
	uint32_t *head = &chains->heads[(hash ^ hash >> 32) & chains->mask];

	chains->next[place] = *head;
	*head = (uint32_t)place + 1;
}

/* What is near in number shall be far in the table: the upper half is folded in. */
static uint64_t spread(uint64_t value)
{
	return value * 0x9e3779b97f4a7c15ULL;
}

uint64_t hash_mac(struct mac mac)
{
	uint64_t value = 0;

	memcpy(&value, mac.octet, sizeof(mac.octet));
	return spread(value);
}

uint64_t hash_ip(struct ip ip)
{
	return spread((uint64_t)ip.value ^ (uint64_t)(ip.value >> 64));
}

uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return hash;
}

/* Interfaces */

bool nic_is_in(const struct vm_interface *nic, const struct nic_place *place)
{
	if (nic->network)
		return strcmp(nic->network, place->network) == 0;
	return nic->bridge && place->bridge && strcmp(nic->bridge, place->bridge) == 0;
}

bool nic_has_mac(const struct vm_interface *nic)
{
	static const struct mac none;

	return !mac_equal(nic->mac, none);
}

static int by_mac(const void *mac, const void *entry)
{
	return memcmp(mac, &((const struct host_entry *)entry)->mac, sizeof(struct mac));
}

/* Of entries with one MAC any may be found. */
static bool has_entry(const struct network *side, struct mac mac, struct ip ip)
{
	const struct host_entry *found =
	    side && side->host_count ? bsearch(&mac, side->hosts, side->host_count,
					   sizeof(*side->hosts), by_mac)
				     : NULL;

	return found && found->has_mac && ip_equal(found->ip, ip);
}

const struct vm_interface *nic_meant(const struct vm *vm, const struct nic_place *place,
    const struct mac *written, const struct network *side, struct ip ip)
{
	const struct vm_interface *nics = vm->interfaces.items;
	const struct vm_interface *first = NULL, *holder = NULL;

	for (size_t i = 0; i < vm->interfaces.count; i++) {
		if (!nic_has_mac(&nics[i]) || !nic_is_in(&nics[i], place))
			continue;
		if (written && mac_equal(nics[i].mac, *written))
			return &nics[i];
		if (!first) {
			first = &nics[i];
			continue;
		}
		/* Of several, whoever has the address. */
		if (!holder && has_entry(side, first->mac, ip))
			holder = first;
		if (!holder && has_entry(side, nics[i].mac, ip))
			holder = &nics[i];
	}
	return holder ? holder : first;
}

/* The table */

static size_t count_side(const struct object *side)
{
	return side ? ((const struct vm *)side)->interfaces.count : 0;
}

/* The stored one says nothing that the live one does not. */
static bool is_repeated(
    const struct observed *domain, const struct vm_interface *stored, size_t place)
{
	const struct vm *vm = (const struct vm *)domain->live;
	const struct vm_interface *live;

	if (!vm || place >= vm->interfaces.count)
		return false;
	live = (const struct vm_interface *)vm->interfaces.items + place;
	return mac_equal(live->mac, stored->mac) && live->network && stored->network &&
	       strcmp(live->network, stored->network) == 0;
}

static bool has_mac(const struct nics *nics, struct mac mac)
{
	uint32_t at = chains_first(&nics->by_mac, hash_mac(mac));

	while (at && !mac_equal(nics->items[at - 1].nic->mac, mac))
		at = chains_next(&nics->by_mac, at);
	return at;
}

static void add_side(struct nics *nics, const struct observed *domain, bool live)
{
	const struct vm *vm = (const struct vm *)(live ? domain->live : domain->config);
	const struct vm_interface *items = vm ? vm->interfaces.items : NULL;

	for (size_t i = 0; vm && i < vm->interfaces.count; i++) {
		if (!nic_has_mac(&items[i]) ||
		    (!live && is_repeated(domain, &items[i], i)))
			continue;
		nics->repeat |= has_mac(nics, items[i].mac);
		nics->items[nics->count] = (struct nic){ &items[i], domain, live };
		chains_add(&nics->by_mac, hash_mac(items[i].mac), nics->count++);
	}
}

struct nics *nics_make(struct planner *p)
{
	const struct observed_set *vms = &p->input->observed->kinds[kind_index(&vm_kind)];
	struct nics *nics = arena_alloc(p->arena, sizeof(*nics));
	size_t room = 0;

	for (size_t i = 0; i < vms->count; i++)
		room +=
		    count_side(vms->items[i]->live) + count_side(vms->items[i]->config);
	nics->items = arena_array(p->arena, room + 1, sizeof(*nics->items));
	nics->by_mac = chains_make(p->arena, room);
	for (size_t i = 0; i < vms->count; i++) {
		add_side(nics, vms->items[i], true);
		add_side(nics, vms->items[i], false);
	}
	return nics;
}

static const struct observed *find(const struct nics *nics, struct mac mac,
    const struct nic_place *place, const struct observed *other, bool live)
{
	uint32_t at = chains_first(&nics->by_mac, hash_mac(mac));

	for (; at; at = chains_next(&nics->by_mac, at)) {
		const struct nic *nic = &nics->items[at - 1];

		if (mac_equal(nic->nic->mac, mac) && (nic->live || !live) &&
		    nic->domain != other && (!place || nic_is_in(nic->nic, place)))
			return nic->domain;
	}
	return NULL;
}

bool nics_repeat(const struct nics *nics)
{
	return nics->repeat;
}

const struct observed *nics_find(const struct nics *nics, struct mac mac,
    const struct nic_place *place, const struct observed *other)
{
	return find(nics, mac, place, other, false);
}

const struct observed *nics_running(
    const struct nics *nics, struct mac mac, const struct nic_place *place)
{
	return find(nics, mac, place, NULL, true);
}

const struct observed *nics_anywhere(const struct nics *nics, struct mac mac)
{
	return find(nics, mac, NULL, NULL, false);
}

const char *nics_vm_name(const struct planner *p, const struct observed *domain)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);
	const struct vm *same =
	    (const struct vm *)planner_desired(p, &vm_kind, domain->name);

	if (same && strcmp(same->domain, domain->name) == 0)
		return domain->name;
	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];

		if (strcmp(vm->domain, domain->name) == 0)
			return vm->object.name;
	}
	return domain->name;
}

bool nics_is_starting(const struct planner *p, const struct observed *domain)
{
	const struct object_state *state =
	    state_find(p->input->state, &vm_kind, nics_vm_name(p, domain));

	return !domain->live && state && state->busy;
}
