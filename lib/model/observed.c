/* SPDX-License-Identifier: MIT */
/* observed: the store of what the sources said, and of which parts of it are complete. */
#include "lib/model/observed.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/sorted.h"
#include "lib/model/kind.h"

struct observed *observed_new(const struct kind *kind, const char *name)
{
	struct observed *observed = must_alloc(sizeof(*observed));

	observed->kind = kind;
	observed->name = arena_copy(&observed->arena, name);
	return observed;
}

void observed_free(struct observed *observed)
{
	if (!observed)
		return;
	arena_done(&observed->arena);
	free(observed);
}

void *observed_object(struct observed *observed)
{
	struct object *object =
	    arena_alloc(&observed->arena, observed->kind->fields.size);

	object->kind = observed->kind;
	object->name = observed->name;
	return object;
}

struct observed_set *observations_set(struct observations *o, const struct kind *kind)
{
	return &o->kinds[kind_index(kind)];
}

static int by_name(const void *element, const void *name)
{
	return strcmp((*(struct observed *const *)element)->name, name);
}

static size_t observed_position(const struct observed_set *k, const char *name)
{
	return sorted_position(
	    k->items, k->count, sizeof(*k->items), name, by_name, NULL);
}

static bool observed_at(const struct observed_set *k, size_t i, const char *name)
{
	return i < k->count && !strcmp(k->items[i]->name, name);
}

bool observed_set_near(const struct observed_set *kind, const char *name, size_t *index)
{
	bool found;

	sorted_near(
	    kind->items, kind->count, sizeof(*kind->items), name, by_name, &found, index);
	return found;
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

/* With what malloc and the source itself take for each. */
#define OVERHEAD ((size_t)512)

static void count_in(struct observed_set *k, struct observed *observed)
{
	observed->counted = sizeof(*observed) + OVERHEAD + observed->arena.bytes;
	k->bytes += observed->counted;
}

static void drop(struct observed_set *k, struct observed *observed)
{
	k->bytes -= observed->counted;
	observed_free(observed);
}

bool observations_full(const struct observations *o, const struct kind *kind)
{
	size_t bytes = 0;

	if (o->kinds[kind_index(kind)].bytes <= OBSERVED_SHARE)
		return false;
	for (size_t i = 0; i < kind_count; i++)
		bytes += kinds[i]->source == kind->source ? o->kinds[i].bytes : 0;
	return bytes > OBSERVED_MAX_BYTES;
}

void observations_put(struct observations *o, struct observed *observed)
{
	struct observed_set *k = observations_set(o, observed->kind);
	size_t i = observed_position(k, observed->name);

	count_in(k, observed);
	if (observed_at(k, i, observed->name)) {
		drop(k, k->items[i]);
		k->items[i] = observed;
		return;
	}
	if (k->count == k->room) {
		k->room = k->room ? 2 * k->room : 16;
		k->items = must_realloc(k->items, k->room * sizeof(*k->items));
	}
	memmove(
	    k->items + i + 1, k->items + i, (k->count - i) * sizeof(struct observed *));
	k->items[i] = observed;
	k->count++;
}

void observations_remove(
    struct observations *o, const struct kind *kind, const char *name)
{
	struct observed_set *k = observations_set(o, kind);
	size_t i = observed_position(k, name);

	if (!observed_at(k, i, name))
		return;
	drop(k, k->items[i]);
	k->count--;
	memmove(
	    k->items + i, k->items + i + 1, (k->count - i) * sizeof(struct observed *));
}

static bool begins_with(const char *name, const char *prefix, size_t length)
{
	return strncmp(name, prefix, length) == 0;
}

/* The coverage the name belongs to: that of the longest prefix. NULL: none. */
static const struct coverage *coverage_of(const struct observed_set *k, const char *name)
{
	const struct coverage *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < k->coverage_count; i++) {
		const struct coverage *c = &k->coverage[i];
		size_t length = strlen(c->prefix);

		if (found && length <= longest)
			continue;
		if (!begins_with(name, c->prefix, length))
			continue;
		found = c;
		longest = length;
	}
	return found;
}

bool observed_known(const struct observed_set *set, const char *name, const char **why)
{
	const struct coverage *c = coverage_of(set, name);

	*why = set->hold.held ? set->hold.why.text : c ? c->why : NULL;
	return c && c->known && !set->hold.held;
}

bool observed_refused(const struct observed_set *set, const char *name)
{
	const struct coverage *c = coverage_of(set, name);

	return c && c->refused;
}

static struct coverage *find_coverage(const struct observed_set *k, const char *prefix)
{
	for (size_t i = 0; i < k->coverage_count; i++)
		if (strcmp(k->coverage[i].prefix, prefix) == 0)
			return &k->coverage[i];
	return NULL;
}

/* What is so of the kind as a whole, after one of its coverages has changed. */
static void sum_up(struct observed_set *k)
{
	k->known = k->coverage_count > 0 && !k->hold.held;
	k->why = k->hold.held ? k->hold.why.text : NULL;
	if (k->hold.held)
		return;
	for (size_t i = 0; i < k->coverage_count; i++) {
		if (k->coverage[i].known)
			continue;
		if (k->known || !k->why)
			k->why = k->coverage[i].why;
		k->known = false;
	}
}

static struct coverage *make_coverage(struct observed_set *k, const char *prefix)
{
	struct coverage *c = find_coverage(k, prefix);

	if (c)
		return c;
	k->coverage =
	    must_realloc(k->coverage, (k->coverage_count + 1) * sizeof(*k->coverage));
	c = &k->coverage[k->coverage_count++];
	*c = (struct coverage){ .prefix = must_copy(prefix) };
	return c;
}

static struct coverage *set_coverage(
    struct observed_set *k, const char *prefix, bool known, const char *why)
{
	struct coverage *c = make_coverage(k, prefix);
	char *copy = must_copy(why); /* it may be part of the old one */

	free(c->why);
	c->why = copy;
	c->known = known;
	c->refused = false;
	sum_up(k);
	return c;
}

void observations_expect(
    struct observations *o, const struct kind *kind, const char *prefix)
{
	struct observed_set *k = observations_set(o, kind);

	if (!find_coverage(k, prefix))
		set_coverage(k, prefix, false, NULL);
}

void observations_set_known(
    struct observations *o, const struct kind *kind, const char *prefix)
{
	set_coverage(observations_set(o, kind), prefix, true, NULL);
}

void observations_set_unknown(
    struct observations *o, const struct kind *kind, const char *prefix, const char *why)
{
	set_coverage(observations_set(o, kind), prefix, false, why);
}

void observations_set_refused(
    struct observations *o, const struct kind *kind, const char *prefix, const char *why)
{
	set_coverage(observations_set(o, kind), prefix, false, why)->refused = true;
}

void observations_hold(
    struct observations *o, const struct kind *kind, const struct hold *hold)
{
	struct observed_set *k = observations_set(o, kind);

	k->hold = *hold;
	sum_up(k);
}

/* Does the name belong to this prefix, and to no longer one? */
static bool belongs(const struct observed_set *k, const char *name, const char *prefix)
{
	const struct coverage *c = coverage_of(k, name);
	size_t length = strlen(prefix);

	return begins_with(name, prefix, length) && (!c || strlen(c->prefix) <= length);
}

void observations_keep(struct observations *o, const struct kind *kind,
    const char *prefix, bool (*keep)(const char *name, void *arg), void *arg)
{
	struct observed_set *k = observations_set(o, kind);
	size_t kept = 0;

	for (size_t i = 0; i < k->count; i++) {
		const char *name = k->items[i]->name;

		if (!belongs(k, name, prefix) || keep(name, arg))
			k->items[kept++] = k->items[i];
		else
			drop(k, k->items[i]);
	}
	k->count = kept;
}

static bool keep_none(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	return false;
}

static void free_coverage(struct coverage *c)
{
	free(c->prefix);
	free(c->why);
}

void observations_drop(
    struct observations *o, const struct kind *kind, const char *prefix)
{
	struct observed_set *k = observations_set(o, kind);
	struct coverage *c = find_coverage(k, prefix);

	if (!c)
		return;
	observations_keep(o, kind, prefix, keep_none, NULL);
	free_coverage(c);
	*c = k->coverage[--k->coverage_count];
	sum_up(k);
}

void observations_done(struct observations *o)
{
	for (size_t n = 0; n < KINDS_MAX; n++) {
		struct observed_set *k = &o->kinds[n];

		for (size_t i = 0; i < k->count; i++)
			observed_free(k->items[i]);
		for (size_t i = 0; i < k->coverage_count; i++)
			free_coverage(&k->coverage[i]);
		free(k->items);
		free(k->coverage);
	}
	*o = (struct observations){ 0 };
}
