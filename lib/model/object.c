/* SPDX-License-Identifier: MIT */
/* object: sorted sets of desired objects. */
#include "lib/model/object.h"

#include <string.h>

#include "lib/base/sorted.h"

static int by_name(const void *element, const void *name)
{
	return strcmp((*(struct object *const *)element)->name, name);
}

/* Where `name` stands in the set, or would. */
static size_t set_position(const struct set *set, const char *name, bool *found)
{
	return sorted_position(
	    set->items, set->count, sizeof(*set->items), name, by_name, found);
}

struct object *set_find_near(const struct set *set, const char *name, size_t *near)
{
	bool found;
	size_t i = sorted_near(
	    set->items, set->count, sizeof(*set->items), name, by_name, &found, near);

	return found ? set->items[i] : NULL;
}

struct object *set_find(const struct set *set, const char *name)
{
	return set_find_near(set, name, NULL);
}

bool set_add(struct arena *a, struct set *set, struct object *object)
{
	bool found;
	size_t i = set_position(set, object->name, &found);

	if (found)
		return false;
	arena_push(a, &set->items, &set->count, sizeof(*set->items));
	memmove(set->items + i + 1, set->items + i,
	    (set->count - 1 - i) * sizeof(*set->items));
	set->items[i] = object;
	return true;
}
