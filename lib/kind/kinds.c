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

/* "lease" or "leases". */
static bool is_alias(const char *alias, const char *name)
{
	size_t length = alias ? strlen(alias) : 0;

	return alias && strncmp(name, alias, length) == 0 &&
	       (name[length] == '\0' || strcmp(name + length, "s") == 0);
}

const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < kind_count; i++)
		if (strcmp(kinds[i]->name, name) == 0 ||
		    strcmp(kinds[i]->plural, name) == 0 ||
		    is_alias(kinds[i]->alias, name))
			return kinds[i];
	return NULL;
}
