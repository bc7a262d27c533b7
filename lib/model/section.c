/* SPDX-License-Identifier: MIT */
/* section: from the kinds' rows to the top-level keys of desired state. */
#include "lib/model/section.h"

#include <string.h>

static void add(struct arena *a, struct section **sections, size_t *count,
    const char *key, const struct kind *kind)
{
	struct section *section;

	if (!key)
		return;
	section = arena_push(a, sections, count, sizeof(*section));
	section->key = key;
	section->kind = kind;
	if (!strcmp(key, kind->name))
		section->shape = SECTION_ONE;
	else if (!strcmp(key, kind->plural))
		section->shape = SECTION_MAP;
	else
		section->shape = SECTION_BELOW;
}

struct section *sections_all(struct arena *a, size_t *count)
{
	struct section *sections = NULL;

	*count = 0;
	for (size_t i = 0; i < kind_count; i++) {
		add(a, &sections, count, kinds[i]->section, kinds[i]);
		add(a, &sections, count, kinds[i]->other_section, kinds[i]);
	}
	return sections;
}

const char **section_keys(struct arena *a)
{
	size_t count;
	struct section *sections = sections_all(a, &count);
	const char **keys = arena_array(a, count + 1, sizeof(*keys));

	for (size_t i = 0; i < count; i++)
		keys[i] = sections[i].key;
	return keys;
}
