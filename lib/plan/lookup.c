/* SPDX-License-Identifier: MIT */
/* lookup: from what people type to an item of the plan. */
#include <string.h>

#include "lib/plan/plan.h"

static bool has_last_part(const struct item *item, const char *text)
{
	const char *slash = strrchr(item->name, '/');

	return slash && strcmp(slash + 1, text) == 0;
}

/* The name of one of the kind's items that may have been meant; NULL: none is like it. */
static const char *nearest_item(
    const struct plan *plan, const struct kind *kind, const char *text, struct arena *a)
{
	const struct item_range *span = &plan->ranges[kind_index(kind)];
	const char **words = arena_array(a, span->end - span->first + 1, sizeof(*words));

	for (size_t i = span->first; i < span->end; i++)
		words[i - span->first] = plan->items[i]->short_name;
	return nearest_word(text, words);
}

/* Another kind that has an item of that name, or NULL. */
static const struct kind *other_kind(
    const struct plan *plan, const struct kind *kind, const char *text)
{
	for (size_t i = 0; i < plan->item_count; i++)
		if (plan->items[i]->kind != kind &&
		    strcmp(plan->items[i]->short_name, text) == 0)
			return plan->items[i]->kind;
	return NULL;
}

static void none(
    const struct plan *plan, const struct kind *kind, const char *text, struct error *e)
{
	const struct kind *other = other_kind(plan, kind, text);
	struct arena a = { 0 };
	const char *nearest = nearest_item(plan, kind, text, &a);

	if (other)
		fail(e, "there is no %s/%s; did you mean %s/%s?", kind->name, text,
		    other->name, text);
	else if (nearest)
		fail(e, "there is no %s/%s; did you mean %s/%s?", kind->name, text,
		    kind->name, nearest);
	else
		fail(e,
		    "there is no %s/%s; `homek8sctl list %s --all` shows what there is",
		    kind->name, text, kind->plural);
	arena_done(&a);
}

/* Items of the kind that end in `text`: the first of them, and all as words. */
static const struct item *find_ending(const struct plan *plan, const struct kind *kind,
    const char *text, size_t *count, struct text *names)
{
	size_t row = kind_index(kind);
	const struct item *found = NULL;

	for (size_t i = plan->ranges[row].first; i < plan->ranges[row].end; i++) {
		const struct item *item = plan->items[i];

		if (!has_last_part(item, text))
			continue;
		text_add(names, "%s%s/%s", *count ? ", " : "", kind->name, item->name);
		found = found ? found : item;
		++*count;
	}
	return found;
}

const struct item *plan_lookup(
    const struct plan *plan, const struct kind *kind, const char *text, struct error *e)
{
	const struct item *item = plan_find(plan, kind, text);
	autotext struct text names = { 0 };
	size_t count = 0;

	if (item)
		return item;
	if (kind_is_inside(kind))
		item = find_ending(plan, kind, text, &count, &names);
	if (!item)
		none(plan, kind, text, e);
	if (count <= 1)
		return item;
	fail(
	    e, "%s/%s may be any of %s: write which", kind->name, text, text_get(&names));
	return NULL;
}
