/* SPDX-License-Identifier: MIT */
/* reservation_index: sorted arrays of pointers, searched for ranges of equals. Most plans
 * need none of them: where all is in order they are never sorted. */
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
	const struct host_entry **by_mac, **by_name, **by_ip; /* NULL: not sorted yet */
};

struct reservation_index {
	struct arena *arena;
	struct desired_entry *desired; /* in the desired set's order */
	size_t count;
	size_t last; /* of those, looked up */
	/* Within their networks; NULL: not sorted yet. */
	const struct desired_entry **by_mac, **by_host;
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

static void add_side(struct reservation_index *index, const struct object *side)
{
	struct side_entries *entries;

	if (!side)
		return;
	entries =
	    arena_push(index->arena, &index->sides, &index->side_count, sizeof(*entries));
	entries->network = (const struct network *)side;
}

/* The side's entries, sorted once something is looked up in them. */
static const struct side_entries *side_of(
    struct reservation_index *index, const struct network *network)
{
	struct side_entries *side = index->sides, *end = side + index->side_count;

	while (side < end && side->network != network)
		side++;
	if (side == end)
		return NULL;
	if (!side->by_mac) {
		side->by_mac = sort_entries(index->arena, network, compare_macs);
		side->by_name = sort_entries(index->arena, network, compare_names);
		side->by_ip = sort_entries(index->arena, network, compare_addresses);
	}
	return side;
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

static const struct desired_entry **sort_desired(
    const struct reservation_index *index, compare_function *compare)
{
	const struct desired_entry **sorted =
	    arena_array(index->arena, index->count + 1, sizeof(*sorted));

	for (size_t i = 0; i < index->count; i++)
		sorted[i] = &index->desired[i];
	qsort(sorted, index->count, sizeof(*sorted), compare);
	return sorted;
}

static void add_desired(struct planner *p, struct reservation_index *index)
{
	const struct set *set = config_get(p->input->desired, &reservation_kind);

	index->count = set->count;
	index->desired = arena_array(p->arena, set->count + 1, sizeof(*index->desired));
	for (size_t i = 0; i < set->count; i++) {
		struct desired_entry *w = &index->desired[i];

		w->reservation = (const struct reservation *)set->items[i];
		w->known = reservation_entry(p, w->reservation, &w->entry);
	}
}

struct reservation_index *reservation_index_make(struct planner *p)
{
	struct reservation_index *index = arena_alloc(p->arena, sizeof(*index));
	const struct observed_set *networks =
	    &p->input->observed->kinds[kind_index(&network_kind)];

	index->arena = p->arena;
	add_desired(p, index);
	for (size_t i = 0; index->count && i < networks->count; i++) {
		add_side(index, networks->items[i]->live);
		add_side(index, networks->items[i]->config);
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

/* They are looked up in their own order for the most part. */
const struct host_entry *reservation_index_entry(
    struct reservation_index *index, const struct reservation *reservation)
{
	for (size_t i = 0; i < index->count; i++) {
		size_t place = (index->last + i) % index->count;
		const struct desired_entry *found = &index->desired[place];

		if (found->reservation != reservation)
			continue;
		index->last = place;
		return found->known ? &found->entry : NULL;
	}
	return NULL;
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

const struct reservation *reservation_index_owner(struct reservation_index *index,
    const struct reservation *self, const struct host_entry *found)
{
	struct reservation of = { .network = self->network, .host = found->name };
	struct desired_entry key = { .reservation = &of, .entry = *found };
	const struct reservation *owner = NULL;

	if (!index->by_mac) {
		index->by_mac = sort_desired(index, compare_desired_macs);
		index->by_host = sort_desired(index, compare_desired_hosts);
	}
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

size_t reservation_index_related(struct reservation_index *index,
    const struct network *network, const struct host_entry *entry,
    const struct host_entry ***out)
{
	const struct side_entries *of = side_of(index, network);
	struct arena *a = index->arena;
	size_t count = network->host_count, found = 0;

	*out = NULL;
	if (!of)
		return 0;
	if (entry->has_mac)
		add_equals(a, of->by_mac, count, entry, compare_macs, out, &found);
	if (entry->name)
		add_equals(a, of->by_name, count, entry, compare_names, out, &found);
	add_equals(a, of->by_ip, count, entry, compare_addresses, out, &found);
	if (found)
		qsort(*out, found, sizeof(**out), compare_places);
	return without_doubles(*out, found);
}
