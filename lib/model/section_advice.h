/* SPDX-License-Identifier: MIT */
/*
 * section_advice: what to write where a section is unknown or of another type: where the
 * key belongs, by the tree of sections and the kinds' tables. Knows no kind by name. All
 * texts are in the arena.
 */
#ifndef LIB_MODEL_SECTION_ADVICE_H
#define LIB_MODEL_SECTION_ADVICE_H

#include "lib/model/section_tree.h"

/* A key of the file that is no section; "": another key of the file says it all. */
const char *advice_section(struct arena *a, const struct section_node *top,
    const struct node *root, const struct node *key);
/* A key of a map that holds other sections, and its value; NULL: it belongs nowhere below. */
const char *advice_below(struct arena *a, const struct section_node *at,
    const struct node *key, const struct node *value);
/* Whether a record has the key; and whether entry `i` of a map of names begins the keys of
 * the entry before it, which is empty: they were not indented. */
bool advice_is_field(const struct section_node *at, const struct node *key);
bool advice_is_unindented(
    const struct section_node *at, const struct node *map, size_t i);
/* A list or text where `at` is to be a map. */
const char *advice_map(
    struct arena *a, const struct section_node *at, const struct node *value);

#endif
