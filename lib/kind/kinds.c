/* SPDX-License-Identifier: MIT */
/* kinds: the table of kinds, made from kinds.def, and finding a row in it. */
#include "lib/kind/kinds.h"

#include <string.h>

const struct kind *const kinds[] = {
#define KIND(name) &name##_kind,
#include KINDS_DEF
#undef KIND
};

const size_t kind_count = sizeof(kinds) / sizeof(kinds[0]);

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) <= KINDS_MAX, "room for every kind");

enum {
#define KIND(name) name##_at,
#include KINDS_DEF
#undef KIND
};

#define KIND(name) const size_t name##_row = name##_at;
#include KINDS_DEF
#undef KIND

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
