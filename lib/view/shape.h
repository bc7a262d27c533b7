/* SPDX-License-Identifier: MIT */
/*
 * shape: tables that say what a reply consists of. A row is one member of a plain C struct
 * and one key of the JSON object of the same name. One walker writes JSON, one computes
 * what a client would see as changed, one writes the interface definition: what is sent
 * and what is documented cannot differ.
 *
 * Structs are filled by the view in an arena and borrow their texts. All functions are
 * pure and may be called from any thread.
 */
#ifndef LIB_VIEW_SHAPE_H
#define LIB_VIEW_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/text.h"
#include "lib/model/field.h"

struct item;

enum shape_type {
	SHAPE_STRING,  /* const char * */
	SHAPE_INT,     /* int64_t; a negative one is null */
	SHAPE_BOOL,    /* bool */
	SHAPE_TIME,    /* int64_t, ms since 1970, as RFC 3339 text; 0 is null */
	SHAPE_WORD,    /* const char *: one of `words` */
	SHAPE_STRINGS, /* struct list of const char * */
	SHAPE_LIST,    /* struct list of structs described by `shape` */
	SHAPE_STRUCT,  /* a pointer to a struct described by `shape` */
	SHAPE_FIELDS,  /* struct shape_side: the keys of an object as its kind has them */
};

/* Flags of a row. A NULL text, pointer or `items` of a list is null in JSON. */
#define SHAPE_NULLABLE 1u /* may be null */
#define SHAPE_OPTIONAL 2u /* left out where it is null */
#define SHAPE_COUNTDOWN                                                                  \
	4u /* SHAPE_INT: ms from now on; does not change by getting less */

struct shape;
struct view;

struct shape_row {
	const char *key; /* NULL after the last row */
	enum shape_type type;
	unsigned flags;
	size_t offset;
	const char *const *words;  /* SHAPE_WORD: NULL after the last */
	const struct shape *shape; /* SHAPE_LIST, SHAPE_STRUCT */
	const char *help;	   /* one sentence, or NULL where the key says it all */
};

struct shape {
	const char *name; /* of the type in the interface definition: "Finding" */
	const char *help; /* one sentence or more */
	size_t size;	  /* of the struct */
	const struct shape_row *rows;
};

/* One side of an item: what SHAPE_FIELDS shows. `side` NULL: null. */
struct shape_side {
	/* What is known of it, as an object of its kind's keys. New reference. NULL: there
	 * is no such side. */
	struct json_object *(*json)(const struct shape_side *side);
	const struct item *item;
	const struct object *side;
	const struct view *view; /* or NULL */
};

/* Start of a row: key and offset of a member, whose C type is checked. */
#define SHAPE_KEY(type_, member, c_type)                                                 \
	.key = #member,                                                                  \
	.offset = offsetof(type_, member) +                                              \
		  0 * sizeof(char[__builtin_types_compatible_p(                          \
				      __typeof__(((type_ *)0)->member), c_type)          \
				      ? 1                                                \
				      : -1])

/* Appends the struct as one JSON object. */
void shape_write(const struct shape *shape, const void *record, struct text *out);

/*
 * A hash of what shape_write() would write, where a countdown counts as the time `now` +
 * its value, so that it differs only once it ends at another time. `now` in ms of any
 * clock that goes on evenly. `without`: a key to leave out, or NULL.
 */
uint64_t shape_hash(
    const struct shape *shape, const void *record, int64_t now, const char *without);

/* In the interface definition language: "(key: type, ...)" with one row a line; the help
 * of the rows as comment lines; a comment broken into lines, after `label` or "". */
void shape_idl(const struct shape *shape, struct text *out);
void shape_idl_comment(const struct shape *shape, struct text *out);
void shape_idl_paragraph(const char *text, const char *label, struct text *out);

#endif
