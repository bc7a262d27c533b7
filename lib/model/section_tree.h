/* SPDX-License-Identifier: MIT */
/*
 * section_tree: the keys of desired state under which kinds are written, as a tree made from
 * the kinds' rows (lib/model/section.h). Reading, the JSON schema and
 * `explain` all walk this tree; none of them knows a kind by name.
 *
 * A node may have rows of several kinds: each then reads the same map, and the keys known
 * in it are those of all of them. A node without rows ("metallb") only holds others.
 */
#ifndef LIB_MODEL_SECTION_TREE_H
#define LIB_MODEL_SECTION_TREE_H

#include "lib/model/kind.h"

struct section_row {
	const struct kind *kind;
	const struct section *section;
};

struct section_node {
	const char *key;  /* "pools"; "" at the top */
	const char *path; /* "metallb.pools" */
	struct section_row *rows;
	size_t row_count;
	struct section_node **below; /* in row order */
	size_t below_count;
	const char **words; /* keys known in a record (or the map) here; NULL after the
			       last */
};

/* The top of the tree, in the arena. */
struct section_node *section_tree(struct arena *a);
/* One step down; NULL: there is no such node. */
const struct section_node *section_below(
    const struct section_node *node, const char *key, size_t length);
/* From the top along a whole path; NULL: there is no such node. */
const struct section_node *section_at(const struct section_node *top, const char *path);
/* Names stand here, and under each a record. */
bool section_has_names(const struct section_node *node);
/* What stands here, as one sentence; in the arena. */
const char *section_help(struct arena *a, const struct section_node *node);
/* The first row of a kind, where people expect it; NULL: it is not written. */
const struct section *section_of(const struct kind *kind);

/*
 * Reads config->root, a map, into the configuration: every object of every kind, without what is
 * derived. Errors (unknown keys, wrong types, names, values) go to the report at their
 * place, but what the top knows none of is left to the caller.
 */
void sections_read(struct config *config, const struct section_node *top);

#endif
