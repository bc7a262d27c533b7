/* SPDX-License-Identifier: MIT */
/* reservation_index: sorted arrays of pointers, searched for ranges of equals. */
#include "lib/kind/network/reservation_index.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kind/network/reservation_plan.h"

struct desired_entry {
	const struct reservation *reservation;
	struct host_entry entry;
	bool known;
};

struct side_entries { /* of one side of one network */
	const struct network *network;
	const struct host_entry **by_mac, **by_name, **by_ip;
};

struct reservation_index {
	struct desired_entry *desired; /* in the desired set's order */
	size_t count;
	const struct desired_entry **by_mac, **by_host; /* within their networks */
	struct side_entries *sides;
	size_t side_count;
};

/* Entries of a network. Without a MAC, a name: first. */

static int compare_macs(const void *x, const void *y)
{
	const struct host_entry *a = *(const struct host_entry *const *)x;
	const struct host_entry *b = *(const struct host_entry *const *)y;

	if (a->has_mac != b->has_mac)
		return a->has_mac ? 1 : -1;
	return a->has_mac ? memcmp(&a->mac, &b->mac, sizeof(a->mac)) : 0;
}

static int compare_names(const void *x, const void *y)
{
	const struct host_entry *a = *(const struct host_entry *const *)x;
	const struct host_entry *b = *(const struct host_entry *const *)y;

	return strcmp(a->name ? a->name : "", b->name ? b->name : "");
}

static int compare_addresses(const void *x, const void *y)
{
	const struct host_entry *a = *(const struct host_entry *const *)x;
	const struct host_entry *b = *(const struct host_entry *const *)y;

	return ip_compare(a->ip, b->ip);
}

typedef int compare_function(const void *x, const void *y);

static const struct host_entry **sort_entries(
    struct arena *a, const struct network *network, compare_function *compare)
{
	const struct host_entry **sorted =
	    arena_array(a, network->host_count + 1, sizeof(*sorted));

	for (size_t i = 0; i < network->host_count; i++)
		sorted[i] = &network->hosts[i];
	qsort(sorted, network->host_count, sizeof(*sorted), compare);
	return sorted;
}

static void add_side(
    struct arena *a, struct reservation_index *index, const struct object *side)
{
	const struct network *network = (const struct network *)side;
	struct side_entries *entries;

	if (!network)
		return;
	entries = arena_push(a, &index->sides, &index->side_count, sizeof(*entries));
	entries->network = network;
	entries->by_mac = sort_entries(a, network, compare_macs);
	entries->by_name = sort_entries(a, network, compare_names);
	entries->by_ip = sort_entries(a, network, compare_addresses);
}

/* Desired reservations, by network and then by MAC or host. */

static int compare_desired_macs(const void *x, const void *y)
{
	const struct desired_entry *a = *(const struct desired_entry *const *)x;
	const struct desired_entry *b = *(const struct desired_entry *const *)y;
	int order = strcmp(a->reservation->network, b->reservation->network);

	return order ? order : memcmp(&a->entry.mac, &b->entry.mac, sizeof(a->entry.mac));
}

static int compare_desired_hosts(const void *x, const void *y)
{
	const struct desired_entry *a = *(const struct desired_entry *const *)x;
	const struct desired_entry *b = *(const struct desired_entry *const *)y;
	int order = strcmp(a->reservation->network, b->reservation->network);

	return order ? order : strcmp(a->reservation->host, b->reservation->host);
}

static void add_desired(struct planner *p, struct reservation_index *index)
{
	const struct set *set = config_get(p->input->desired, &reservation_kind);

	index->count = set->count;
	index->desired = arena_array(p->arena, set->count + 1, sizeof(*index->desired));
	index->by_mac = arena_array(p->arena, set->count + 1, sizeof(*index->by_mac));
	index->by_host = arena_array(p->arena, set->count + 1, sizeof(*index->by_host));
	for (size_t i = 0; i < set->count; i++) {
		struct desired_entry *w = &index->desired[i];

		w->reservation = (const struct reservation *)set->items[i];
		w->known = reservation_entry(p, w->reservation, &w->entry);
		index->by_mac[i] = index->by_host[i] = w;
	}
	qsort(index->by_mac, set->count, sizeof(*index->by_mac), compare_desired_macs);
	qsort(index->by_host, set->count, sizeof(*index->by_host), compare_desired_hosts);
}

struct reservation_index *reservation_index_make(struct planner *p)
{
	struct reservation_index *index = arena_alloc(p->arena, sizeof(*index));
	const struct observed_set *networks =
	    &p->input->observed->kinds[kind_index(&network_kind)];

	add_desired(p, index);
	for (size_t i = 0; index->count && i < networks->count; i++) {
		add_side(p->arena, index, networks->items[i]->live);
		add_side(p->arena, index, networks->items[i]->config);
	}
	return index;
}

/* Searching */

/* The first that is not before `key`. */
static size_t first_of(
    const void *items, size_t count, const void *key, compare_function *compare)
{
	const void *const *pointers = items;
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&pointers[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct host_entry *reservation_index_entry(
    const struct reservation_index *index, const struct reservation *reservation)
{
	struct desired_entry key = { .reservation = reservation };
	size_t i = first_of(index->by_host, index->count, &key, compare_desired_hosts);

	return i < index->count && index->by_host[i]->reservation == reservation &&
		       index->by_host[i]->known
		   ? &index->by_host[i]->entry
		   : NULL;
}

bool reservation_owns(const struct host_entry *entry, const struct host_entry *found)
{
	return (found->has_mac && mac_equal(found->mac, entry->mac)) ||
	       (found->name && strcmp(found->name, entry->name) == 0);
}

static const struct reservation *find_desired(const struct desired_entry **sorted,
    size_t count, const struct desired_entry *key, compare_function *compare,
    const struct reservation *self)
{
	for (size_t i = first_of(sorted, count, key, compare);
	     i < count && compare(&sorted[i], &key) == 0; i++)
		if (sorted[i]->known && sorted[i]->reservation != self)
			return sorted[i]->reservation;
	return NULL;
}

const struct reservation *reservation_index_owner(const struct reservation_index *index,
    const struct reservation *self, const struct host_entry *found)
{
	struct reservation of = { .network = self->network, .host = found->name };
	struct desired_entry key = { .reservation = &of, .entry = *found };
	const struct reservation *owner = NULL;

	if (found->has_mac)
		owner = find_desired(
		    index->by_mac, index->count, &key, compare_desired_macs, self);
	if (!owner && found->name)
		owner = find_desired(
		    index->by_host, index->count, &key, compare_desired_hosts, self);
	return owner;
}

static void add_equals(struct arena *a, const struct host_entry **sorted, size_t count,
    const struct host_entry *key, compare_function *compare,
    const struct host_entry ***out, size_t *found)
{
	for (size_t i = first_of(sorted, count, key, compare);
	     i < count && compare(&sorted[i], &key) == 0; i++) {
		const struct host_entry **slot;

		slot = arena_push(a, out, found, sizeof(*slot));
		*slot = sorted[i];
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

size_t reservation_index_related(const struct reservation_index *index, struct arena *a,
    const struct network *side, const struct host_entry *entry,
    const struct host_entry ***out)
{
	const struct side_entries *of = index->sides;
	size_t found = 0;

	*out = NULL;
	while (of < index->sides + index->side_count && of->network != side)
		of++;
	if (of == index->sides + index->side_count)
		return 0;
	if (entry->has_mac)
		add_equals(
		    a, of->by_mac, side->host_count, entry, compare_macs, out, &found);
	if (entry->name)
		add_equals(
		    a, of->by_name, side->host_count, entry, compare_names, out, &found);
	add_equals(a, of->by_ip, side->host_count, entry, compare_addresses, out, &found);
	if (found)
		qsort(*out, found, sizeof(**out), compare_places);
	return without_doubles(*out, found);
}
