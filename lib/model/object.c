/* SPDX-License-Identifier: MIT */
/* object: sorted sets of desired objects. */
#include "lib/model/object.h"

#include <string.h>

/* Where `name` stands in the set, or would. */
static size_t set_position(const struct set *set, const char *name)
{
	size_t low = 0, high = set->count;

	/* Most sets are filled in order: look at the end first. */
	if (high && strcmp(set->items[high - 1]->name, name) < 0)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(set->items[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct object *set_find(const struct set *set, const char *name)
{
	size_t i = set_position(set, name);

	if (i < set->count && !strcmp(set->items[i]->name, name))
		return set->items[i];
	return NULL;
}

bool set_add(struct arena *a, struct set *set, struct object *object)
{
	size_t i = set_position(set, object->name);

	if (i < set->count && !strcmp(set->items[i]->name, object->name))
		return false;
	arena_push(a, &set->items, &set->count, sizeof(*set->items));
	memmove(set->items + i + 1, set->items + i,
	    (set->count - 1 - i) * sizeof(*set->items));
	set->items[i] = object;
	return true;
}
