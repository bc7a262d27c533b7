/* SPDX-License-Identifier: MIT */
/*
 * section: the top-level keys of desired state and how each holds its kind's records:
 * under the kind's name one record, under its plural a map of names to records, under
 * any other name such a map below the plural ("metallb: {pools: {...}}").
 */
#ifndef LIB_MODEL_SECTION_H
#define LIB_MODEL_SECTION_H

#include "lib/model/kind.h"

enum section_shape {
	SECTION_ONE,
	SECTION_MAP,
	SECTION_BELOW,
};

struct section {
	const char *key;
	const struct kind *kind;
	enum section_shape shape;
};

/* All of them in row order, in the arena. */
struct section *sections_all(struct arena *a, size_t *count);
/* Their keys, NULL-terminated, for nearest_word(). */
const char **section_keys(struct arena *a);

#endif
