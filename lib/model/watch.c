/* SPDX-License-Identifier: MIT */
/* watch: copies, and a sorted array. */
#include "lib/model/watch.h"

#include <string.h>

#include "lib/base/sorted.h"
#include "lib/model/kind.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

struct watch watch_copy(struct arena *a, const struct watch *watch)
{
	return (struct watch){
		.path = arena_copy(a, watch->path),
		.selector = arena_copy(a, watch->selector),
		.prefix = arena_copy(a, watch->prefix),
		.namespaced = watch->namespaced,
		.missing = arena_copy(a, watch->missing),
	};
}

bool watch_same(const struct watch *a, const struct watch *b)
{
	return strcmp(a->path, b->path) == 0 && same_text(a->selector, b->selector) &&
	       strcmp(a->prefix, b->prefix) == 0 && a->namespaced == b->namespaced &&
	       same_text(a->missing, b->missing);
}

struct watch_key {
	const struct kind *kind;
	const char *prefix;
};

static int by_kind_and_prefix(const void *element, const void *key)
{
	const struct watch_request *r = element;
	const struct watch_key *k = key;
	int order = strcmp(r->kind->name, k->kind->name);

	return order ? order : strcmp(r->watch.prefix, k->prefix);
}

/* Where it stands, or would; true when it does. */
static bool find(const struct watch_set *set, const struct kind *kind, const char *prefix,
    size_t *index)
{
	struct watch_key key = { kind, prefix };
	bool found;

	*index = sorted_position(set->items, set->count, sizeof(*set->items), &key,
	    by_kind_and_prefix, &found);
	return found;
}

bool watch_set_add(struct arena *a, struct watch_set *set, const struct kind *kind,
    const struct watch *watch)
{
	size_t i;

	if (find(set, kind, watch->prefix, &i))
		return false;
	arena_push(a, &set->items, &set->count, sizeof(*set->items));
	memmove(set->items + i + 1, set->items + i,
	    (set->count - 1 - i) * sizeof(*set->items));
	set->items[i] = (struct watch_request){ kind, watch_copy(a, watch) };
	return true;
}

const struct watch *watch_set_find(
    const struct watch_set *set, const struct kind *kind, const char *prefix)
{
	size_t i;

	return find(set, kind, prefix, &i) ? &set->items[i].watch : NULL;
}

const char *watch_path_in(struct arena *a, const char *path, const char *space)
{
	const char *plural = strrchr(path, '/');

	if (!space)
		return arena_copy(a, path);
	return arena_printf(
	    a, "%.*s/namespaces/%s%s", (int)(plural - path), path, space, plural);
}

static void add_fixed(
    struct arena *a, struct watch_set *set, const struct kind *kind, const char *space)
{
	for (size_t i = 0; i < kind->watch_count; i++) {
		struct watch watch = kind->watches[i];

		watch.path = watch_path_in(a, watch.path, space);
		watch_set_add(a, set, kind, &watch);
	}
}

/* What objects that are written call for. */
static void add_called_for(struct arena *a, struct watch_set *set,
    const struct kind *kind, const struct set *desired)
{
	for (size_t i = 0; kind->watch_of && desired && i < desired->count; i++) {
		struct arena texts = { 0 };
		struct watch watch = { 0 };

		if (kind->watch_of(desired->items[i], &texts, &watch))
			watch_set_add(a, set, kind, &watch);
		arena_done(&texts);
	}
}

void watch_set_add_kind(struct arena *a, struct watch_set *set, const struct kind *kind,
    const struct set *desired)
{
	add_fixed(a, set, kind, NULL);
	add_called_for(a, set, kind, desired);
}

void watch_set_add_all(struct arena *a, struct watch_set *set,
    const struct config *config, struct observations *observed)
{
	for (size_t k = 0; k < kind_count; k++) {
		const struct kind *kind = kinds[k];
		const char *space = NULL;
		struct hold hold = { 0 };

		if (!kind->watch_in || kind->watch_in(config, observed, &space, &hold))
			add_fixed(a, set, kind, space);
		add_called_for(a, set, kind, config_get(config, kind));
		observations_hold(observed, kind, &hold);
	}
}

bool watch_is_missing(
    const struct kind *kind, const struct object *desired, const char *why)
{
	struct arena a = { 0 };
	struct watch made = { 0 };
	bool is = false;

	for (size_t i = 0; i < kind->watch_count && !is; i++)
		is = same_text(kind->watches[i].missing, why);
	if (!is && desired && kind->watch_of && kind->watch_of(desired, &a, &made))
		is = same_text(made.missing, why);
	arena_done(&a);
	return is;
}
