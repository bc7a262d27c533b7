/* SPDX-License-Identifier: MIT */
/* object: sorted sets of desired objects and the store of observed ones. */
#include "lib/model/object.h"

#include <stdlib.h>
#include <string.h>

#include "lib/model/kind.h"

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

struct observed *observed_new(const struct kind *kind, const char *name)
{
	struct observed *seen = must_alloc(sizeof(*seen));

	seen->kind = kind;
	seen->name = arena_copy(&seen->arena, name);
	return seen;
}

void observed_free(struct observed *seen)
{
	if (!seen)
		return;
	arena_done(&seen->arena);
	free(seen);
}

void *observed_object(struct observed *seen)
{
	struct object *object = arena_alloc(&seen->arena, seen->kind->fields.size);

	object->kind = seen->kind;
	object->name = seen->name;
	return object;
}

struct observed_set *observations_set(struct observations *o, const struct kind *kind)
{
	return &o->kinds[kind_index(kind)];
}

static size_t observed_position(const struct observed_set *k, const char *name)
{
	size_t low = 0, high = k->count;

	if (high && strcmp(k->items[high - 1]->name, name) < 0)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(k->items[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool observed_at(const struct observed_set *k, size_t i, const char *name)
{
	return i < k->count && !strcmp(k->items[i]->name, name);
}

bool observed_set_index(const struct observed_set *kind, const char *name, size_t *index)
{
	*index = observed_position(kind, name);
	return observed_at(kind, *index, name);
}

const struct observed *observations_find(
    const struct observations *o, const struct kind *kind, const char *name)
{
	const struct observed_set *k = &o->kinds[kind_index(kind)];
	size_t i = observed_position(k, name);

	return observed_at(k, i, name) ? k->items[i] : NULL;
}

void observations_put(struct observations *o, struct observed *seen)
{
	struct observed_set *k = observations_set(o, seen->kind);
	size_t i = observed_position(k, seen->name);

	k->changes++;
	if (observed_at(k, i, seen->name)) {
		if (k->items[i] != seen)
			observed_free(k->items[i]);
		k->items[i] = seen;
		return;
	}
	if (k->count == k->room) {
		k->room = k->room ? 2 * k->room : 16;
		k->items = must_realloc(k->items, k->room * sizeof(*k->items));
	}
	memmove(
	    k->items + i + 1, k->items + i, (k->count - i) * sizeof(struct observed *));
	k->items[i] = seen;
	k->count++;
}

void observations_remove(
    struct observations *o, const struct kind *kind, const char *name)
{
	struct observed_set *k = observations_set(o, kind);
	size_t i = observed_position(k, name);

	k->changes++;
	if (!observed_at(k, i, name))
		return;
	observed_free(k->items[i]);
	k->count--;
	memmove(
	    k->items + i, k->items + i + 1, (k->count - i) * sizeof(struct observed *));
}

/* Replaces the reason; the new one may be part of the old. */
static void set_why(struct observed_set *k, const char *why)
{
	struct arena texts = { 0 };

	k->why = arena_copy(&texts, why);
	arena_done(&k->texts);
	k->texts = texts;
}

void observations_set_known(struct observations *o, const struct kind *kind)
{
	struct observed_set *k = observations_set(o, kind);

	set_why(k, NULL);
	k->known = true;
	k->changes++;
}

void observations_set_unknown(
    struct observations *o, const struct kind *kind, const char *why)
{
	struct observed_set *k = observations_set(o, kind);

	set_why(k, why);
	k->known = false;
	k->changes++;
}

void observations_keep(struct observations *o, const struct kind *kind,
    bool (*keep)(const char *name, void *arg), void *arg)
{
	struct observed_set *k = observations_set(o, kind);
	size_t kept = 0;

	for (size_t i = 0; i < k->count; i++) {
		if (keep(k->items[i]->name, arg)) {
			k->items[kept++] = k->items[i];
		} else {
			observed_free(k->items[i]);
			k->changes++;
		}
	}
	k->count = kept;
}

void observations_done(struct observations *o)
{
	for (size_t n = 0; n < KINDS_MAX; n++) {
		struct observed_set *k = &o->kinds[n];

		for (size_t i = 0; i < k->count; i++)
			observed_free(k->items[i]);
		free(k->items);
		arena_done(&k->texts);
	}
	*o = (struct observations){ 0 };
}
