/* SPDX-License-Identifier: MIT */
/* named_list: looked through for one, sorted to find two. */
#include "lib/wire/named_list.h"

#include <stdlib.h>
#include <string.h>

struct named {
	const char *name;
	const struct node *item;
	size_t place;
};

/* NULL: it has none. */
static const char *name_of(const struct node *item)
{
	const struct node *name = node_get(item, "name");

	return name && name->type == NODE_SCALAR ? name->text : NULL;
}

static size_t count_of(const struct node *list)
{
	return list && list->type == NODE_LIST ? list->count : 0;
}

const struct node *named_list_find(const struct node *list, const char *name)
{
	for (size_t i = 0; i < count_of(list); i++) {
		const char *own = name_of(list->items[i]);

		if (own && strcmp(own, name) == 0)
			return list->items[i];
	}
	return NULL;
}

static int compare(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	int order = strcmp(a->name, b->name);

	return order ? order : a->place < b->place ? -1 : 1;
}

const struct node *named_list_twin(
    struct arena *scratch, const struct node *list, const struct node **first)
{
	struct named *all =
	    arena_array(scratch, count_of(list) + 1, sizeof(struct named));
	size_t count = 0;

	for (size_t i = 0; i < count_of(list); i++)
		if (name_of(list->items[i]))
			all[count++] =
			    (struct named){ name_of(list->items[i]), list->items[i], i };
	qsort(all, count, sizeof(*all), compare);
	for (size_t i = 1; i < count; i++)
		if (strcmp(all[i - 1].name, all[i].name) == 0) {
			*first = all[i - 1].item;
			return all[i].item;
		}
	return NULL;
}
