/* SPDX-License-Identifier: MIT */
/* reservation_entries: tables of places. */
#include "lib/kind/network/reservation_entries.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kind/network/reservation_nics.h"

struct side_tables { /* of one side of one network */
	const struct network *network;
	bool entries, leases; /* made */
	struct chains by_mac, by_name, by_ip;
	struct chains leases_by_mac, leases_by_ip;
};

struct entries {
	struct arena *arena;
	struct side_tables *sides;
	size_t count;
};

static void add_side(struct entries *entries, const struct object *side)
{
	struct side_tables *tables;

	if (!side)
		return;
	tables =
	    arena_push(entries->arena, &entries->sides, &entries->count, sizeof(*tables));
	tables->network = (const struct network *)side;
}

struct entries *entries_make(struct planner *p)
{
	const struct observed_set *networks =
	    &p->input->observed->kinds[kind_index(&network_kind)];
	struct entries *entries = arena_alloc(p->arena, sizeof(*entries));

	entries->arena = p->arena;
	for (size_t i = 0; i < networks->count; i++) {
		add_side(entries, networks->items[i]->live);
		add_side(entries, networks->items[i]->config);
	}
	return entries;
}

static struct side_tables *tables_of(
    struct entries *entries, const struct network *network)
{
	for (size_t i = 0; i < entries->count; i++)
		if (entries->sides[i].network == network)
			return &entries->sides[i];
	return NULL;
}

static void make_entries(struct arena *a, struct side_tables *tables)
{
	const struct network *n = tables->network;

	if (tables->entries)
		return;
	tables->entries = true;
	tables->by_mac = chains_make(a, n->host_count);
	tables->by_name = chains_make(a, n->host_count);
	tables->by_ip = chains_make(a, n->host_count);
	for (size_t i = 0; i < n->host_count; i++) {
		chains_add(&tables->by_mac, hash_mac(n->hosts[i].mac), i);
		chains_add(&tables->by_name, hash_text(n->hosts[i].name), i);
		chains_add(&tables->by_ip, hash_ip(n->hosts[i].ip), i);
	}
}

static bool same_mac(const struct host_entry *a, const struct host_entry *b)
{
	return a->has_mac && b->has_mac && mac_equal(a->mac, b->mac);
}

static bool same_name(const struct host_entry *a, const struct host_entry *b)
{
	return a->name && b->name && strcmp(a->name, b->name) == 0;
}

static bool same_ip(const struct host_entry *a, const struct host_entry *b)
{
	return ip_equal(a->ip, b->ip);
}

struct found {
	struct arena *arena;
	const struct network *network;
	const struct host_entry **items;
	size_t count;
};

static void add_equals(struct found *out, const struct chains *chains, uint64_t hash,
    const struct host_entry *key,
    bool (*same)(const struct host_entry *, const struct host_entry *))
{
	for (uint32_t at = chains_first(chains, hash); at; at = chains_next(chains, at)) {
		const struct host_entry *entry = &out->network->hosts[at - 1], **slot;

		if (!same(entry, key))
			continue;
		slot = arena_push(out->arena, &out->items, &out->count, sizeof(*slot));
		*slot = entry;
	}
}

static int compare_places(const void *x, const void *y)
{
	const struct host_entry *a = *(const struct host_entry *const *)x;
	const struct host_entry *b = *(const struct host_entry *const *)y;

	return (a > b) - (a < b);
}

static size_t without_doubles(const struct host_entry **items, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!kept || items[kept - 1] != items[i])
			items[kept++] = items[i];
	return kept;
}

size_t entries_related(struct entries *entries, const struct network *network,
    const struct host_entry *entry, const struct host_entry ***out)
{
	struct side_tables *of = tables_of(entries, network);
	struct found found = { .arena = entries->arena, .network = network };

	*out = NULL;
	if (!of)
		return 0;
	make_entries(entries->arena, of);
	add_equals(&found, &of->by_mac, hash_mac(entry->mac), entry, same_mac);
	add_equals(&found, &of->by_name, hash_text(entry->name), entry, same_name);
	add_equals(&found, &of->by_ip, hash_ip(entry->ip), entry, same_ip);
	if (found.count)
		qsort(found.items, found.count, sizeof(*found.items), compare_places);
	*out = found.items;
	return without_doubles(found.items, found.count);
}

/* Leases */

static struct side_tables *leases_of(struct entries *entries, const struct network *live)
{
	struct side_tables *of =
	    live && live->lease_count ? tables_of(entries, live) : NULL;

	if (!of || of->leases)
		return of;
	of->leases = true;
	of->leases_by_mac = chains_make(entries->arena, live->lease_count);
	of->leases_by_ip = chains_make(entries->arena, live->lease_count);
	for (size_t i = live->lease_count; i-- > 0;) {
		chains_add(&of->leases_by_mac, hash_mac(live->leases[i].mac), i);
		chains_add(&of->leases_by_ip, hash_ip(live->leases[i].ip), i);
	}
	return of;
}

const struct dhcp_lease *entries_leased(struct entries *entries,
    const struct network *live, struct mac mac, struct ip preferred)
{
	struct side_tables *of = leases_of(entries, live);
	const struct dhcp_lease *found = NULL;
	uint32_t at = of ? chains_first(&of->leases_by_mac, hash_mac(mac)) : 0;

	for (; at; at = chains_next(&of->leases_by_mac, at)) {
		const struct dhcp_lease *lease = &live->leases[at - 1];

		if (!mac_equal(lease->mac, mac) || lease->ip.version != 4)
			continue;
		if (ip_equal(lease->ip, preferred))
			return lease;
		if (!found)
			found = lease;
	}
	return found;
}

const struct dhcp_lease *entries_lessee(
    struct entries *entries, const struct network *live, struct ip ip)
{
	struct side_tables *of = leases_of(entries, live);
	uint32_t at = of ? chains_first(&of->leases_by_ip, hash_ip(ip)) : 0;

	for (; at; at = chains_next(&of->leases_by_ip, at))
		if (ip_equal(live->leases[at - 1].ip, ip))
			return &live->leases[at - 1];
	return NULL;
}
