/* SPDX-License-Identifier: MIT */
/* kinds: the table of kinds, made from kinds.def, and finding a row in it. */
#include "lib/kind/kinds.h"

#include <stdlib.h>
#include <string.h>

const struct kind *const kinds[] = {
#define KIND(name) &name##_kind,
#include "lib/kind/kinds.def"
#undef KIND
};

const size_t kind_count = sizeof(kinds) / sizeof(kinds[0]);

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) <= KINDS_MAX, "room for every kind");

size_t kind_index(const struct kind *kind)
{
	for (size_t i = 0; i < kind_count; i++)
		if (kinds[i] == kind)
			return i;
	abort();
}

const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < kind_count; i++)
		if (strcmp(kinds[i]->name, name) == 0 ||
		    strcmp(kinds[i]->plural, name) == 0 ||
		    (kinds[i]->alias && strcmp(kinds[i]->alias, name) == 0))
			return kinds[i];
	return NULL;
}
