/* SPDX-License-Identifier: MIT */
/* hashes: a sorted array. */
#include "lib/base/hashes.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/sorted.h"

static int order(const void *element, const void *key)
{
	uint64_t a = *(const uint64_t *)element, b = *(const uint64_t *)key;

	return (a > b) - (a < b);
}

static size_t position(const struct hashes *set, uint64_t hash, bool *found)
{
	return sorted_position(
	    set->items, set->count, sizeof(*set->items), &hash, order, found);
}

void hashes_add(struct hashes *set, uint64_t hash)
{
	bool found;
	size_t i = position(set, hash, &found);

	if (found)
		return;
	set->items = must_realloc(set->items, (set->count + 1) * sizeof(*set->items));
	memmove(
	    set->items + i + 1, set->items + i, (set->count - i) * sizeof(*set->items));
	set->items[i] = hash;
	set->count++;
}

bool hashes_have(const struct hashes *set, uint64_t hash)
{
	bool found;

	position(set, hash, &found);
	return found;
}
