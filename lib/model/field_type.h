/* SPDX-License-Identifier: MIT */
/*
 * field_type: what is done with a value of each type, one row of operations a type. For
 * the files of lib/model that implement lib/model/field.h; everybody else uses that.
 *
 * To add a type: a row in field_types.def and its `struct field_ops` in field_text.c or
 * field_value.c.
 */
#ifndef LIB_MODEL_FIELD_TYPE_H
#define LIB_MODEL_FIELD_TYPE_H

#include "lib/model/field.h"

/* Why one value was refused. */
struct refusal {
	const char *id;	  /* of the finding */
	struct error why; /* what is there instead, as a clause */
	const char *fix;  /* in the arena of the parse, or NULL */
};

/* `value` points at the member of a record. */
struct field_ops {
	bool bare;   /* written without quotes: a quoted text is an error */
	bool secret; /* what is written may hold secrets: it is never quoted */
	/* From the text as written; -1 with the refusal. NULL: it consists of records. */
	int (*parse)(const struct field *f, const char *text, void *value,
	    struct arena *a, struct refusal *r);
	/* From whatever is written, in place of parse(); adds its errors itself and returns
	 * -1 after one. */
	int (*take)(const struct field *f, const struct node *node, void *value,
	    struct report *report);
	/* Where it is written as a list of texts: each is parsed into an element of so
	 * many bytes, and gather() makes the value of them; it may reorder them. NULL
	 * where it is one text. */
	size_t element_size;
	void (*gather)(struct arena *a, void *elements, size_t count, void *value);
	/* As it would be written. NULL: it consists of records. */
	const char *(*text)(struct arena *a, const struct field *f, const void *value);
	bool (*equal)(const void *x, const void *y); /* NULL: as `text` is */
	/* New reference. NULL: its text. */
	struct json_object *(*json)(const void *value);
	/* The schema of the value, without what every row has: its type (NULL: "string")
	 * and pattern (or NULL), or a function that makes it; new reference. */
	const char *json_type, *pattern;
	struct json_object *(*schema)(const struct field *f);
	/* What may be written, for people: always the same, or a function that says it in
	 * the arena. */
	const char *expects;
	const char *(*expected)(struct arena *a, const struct field *f);
};

#define FIELD_TYPE(NAME, ops) extern const struct field_ops field_##ops;
#include "lib/model/field_types.def"
#undef FIELD_TYPE

const struct field_ops *field_ops(const struct field *field);

/* For the operations. */

/* "this is \"TEXT\"" as the refusal; -1. */
int refuse(struct refusal *r, const char *id, struct arena *a, const char *text);
/* {"type": type, "pattern": pattern}; `pattern` may be NULL. */
struct json_object *schema_of(const char *type, const char *pattern);
/* {"anyOf": [x, y]}; takes over both. */
struct json_object *schema_either(struct json_object *x, struct json_object *y);
/* {"type": "array", "items": items}; takes over `items`. */
struct json_object *schema_list(struct json_object *items);

#endif
