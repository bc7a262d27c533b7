/* SPDX-License-Identifier: MIT */
/* lookup: from what people type to an item of the plan. */
#include <string.h>

#include "lib/plan/plan.h"

static bool has_last_part(const struct item *item, const char *text)
{
	const char *slash = strrchr(item->name, '/');

	return slash && strcmp(slash + 1, text) == 0;
}

static int none(const struct kind *kind, const char *text, struct error *e)
{
	return fail(e, "there is no %s/%s; `homek8sctl list` shows what there is",
	    kind->name, text);
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
		none(kind, text, e);
	if (count <= 1)
		return item;
	fail(
	    e, "%s/%s may be any of %s: write which", kind->name, text, text_get(&names));
	return NULL;
}
