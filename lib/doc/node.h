/* SPDX-License-Identifier: MIT */
/*
 * node: a YAML document as a tree in which every part knows where it stands. Nothing is
 * typed here: a scalar is its text and whether it was quoted; the field tables
 * (lib/model/field.h) decide what it should be.
 */
#ifndef LIB_DOC_NODE_H
#define LIB_DOC_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"

struct unshown;

/* A text that was read, kept for as long as positions in it may be shown. */
struct source_text {
	const char *name; /* as shown to the user: "desired.d/home.yaml" */
	const char *text;
	size_t length;
	struct unshown *unshown; /* lines that are not (lib/doc/unshown.h); NULL: none */
};

struct place {
	const struct source_text *source; /* NULL: the object was derived, not written */
	unsigned line, column;		  /* from 1; columns count characters */
};

enum node_type {
	NODE_NULL, /* an empty value, "~" or "null" unquoted */
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
};

struct node {
	enum node_type type;
	bool quoted;
	bool unshown; /* scalar: it may hold a secret, and is never quoted */
	struct place place;
	const char *text; /* scalar: NUL-terminated, no NUL inside */
	size_t count;	  /* of list items or map entries */
	struct node **items;
	struct node **keys; /* map: keys[i] (a scalar) names items[i] */
};

/* The value of a key, or NULL. NULL and nodes that are no maps have no keys. */
const struct node *node_get(const struct node *map, const char *key);
/* The key itself, for its place. */
const struct node *node_key(const struct node *map, const char *key);
/* What it is, for people: "a map", "a list", "a text", "nothing". */
const char *node_what(const struct node *node);

/* The text of a scalar as messages quote it: clean, cut to `limit` bytes; "..." where it may
 * hold a secret. */
const char *node_shown(struct arena *a, const struct node *node, size_t limit);

/*
 * A hash of what is written: the same wherever it stands, in whatever order keys are, and
 * over restarts; comments and spacing do not count. NULL: 0.
 */
uint64_t node_hash(const struct node *node);

/*
 * Text of one line of a source, without its end, for showing it under an error. Returns
 * its length; *line_text points into the source.
 */
size_t source_line(
    const struct source_text *source, unsigned line, const char **line_text);

#endif
