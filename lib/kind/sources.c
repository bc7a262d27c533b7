/* SPDX-License-Identifier: MIT */
/* sources: the table of sources, made from its rows. */
#include "lib/kind/sources.h"

#include <stdlib.h>

#define SOURCE(row, text)                                                                \
	const struct source row##_source = { .name = #row, .title = text };
#include SOURCES_DEF
#undef SOURCE

const struct source *const sources[] = {
#define SOURCE(row, text) &row##_source,
#include SOURCES_DEF
#undef SOURCE
};

const size_t source_count = sizeof(sources) / sizeof(sources[0]);

_Static_assert(sizeof(sources) / sizeof(sources[0]) <= SOURCES_MAX, "room for every row");

size_t source_index(const struct source *source)
{
	for (size_t i = 0; i < source_count; i++)
		if (sources[i] == source)
			return i;
	abort();
}
