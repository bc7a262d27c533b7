/* SPDX-License-Identifier: MIT */
/*
 * field: tables that say what a record consists of. One row per key drives everything
 * that is done with it: reading from YAML, checking, defaults, comparing desired with
 * observed, printing, JSON, the JSON schema, `homek8sctl explain` and the man page's list
 * of keys.
 *
 * A record is any struct whose first member is `struct record`. `has` carries one bit per
 * row of its table, in row order: set means the key was written (desired), given by a
 * default, or read (observed). A key without its bit is "don't care": it is neither
 * compared nor touched.
 */
#ifndef LIB_MODEL_FIELD_H
#define LIB_MODEL_FIELD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/base/arena.h"
#include "lib/base/hashes.h"
#include "lib/base/mono.h"
#include "lib/base/text.h"
#include "lib/base/window.h"
#include "lib/doc/node.h"
#include "lib/doc/report.h"

struct record {
	uint64_t has;		 /* bit i: row i of the record's table */
	const struct node *node; /* where it was written; NULL when observed or derived */
};

enum field_type { /* their C types are given there */
#define FIELD_TYPE(NAME, ops) FIELD_##NAME,
#include "lib/model/field_types.def"
#undef FIELD_TYPE
};

struct list { /* records one after the other, each `group->size` bytes */
	void *items;
	size_t count;
};

struct texts {
	const char *const *items;
	size_t count;
};

/* Whether a FIELD_DOCUMENT is the text itself and not the name of a file. */
bool document_is_text(const struct node *document);
/* Whether it is a private key, or holds one: never to be shown or stored. */
bool text_is_private_key(const char *text);

/* Flags of a row. */
#define FIELD_NEEDED 1u	  /* leaving it out is an error */
#define FIELD_COMPARED 2u /* desired against observed by field_compare() */
#define FIELD_ZERO_OK 4u  /* FIELD_SIZE, FIELD_DURATION: zero is allowed */
/* Of records of the state (lib/state/record.h): */
#define FIELD_KEPT 8u	  /* on disk, over restarts */
#define FIELD_CLEARED 16u /* forgotten when somebody asks to reconcile */
#define FIELD_SHOWN 32u	  /* to people who ask about the object */

struct fields;

/* A key or word that people write by habit, from other programs, and what to write here. */
struct hint {
	const char *written; /* NULL after the last */
	const char *fix;     /* NULL: another key of the same map says it (`whole`) */
	bool whole;	     /* it says what the whole map is */
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	unsigned flags;
	const char *help; /* one sentence for `explain`, the schema and the man page */
	const char *fallback; /* default as it would be written, or NULL */
	const char *example;  /* a value as it would be written, or NULL */
	int64_t minimum,
	    maximum; /* FIELD_INT, FIELD_SIZE, FIELD_DURATION; both 0: no limit */
	const char *const *words;   /* FIELD_WORD, FIELD_URI: NULL-terminated */
	const struct fields *group; /* FIELD_GROUP, FIELD_LIST */
	const struct hint
	    *hints;	     /* FIELD_WORD: other words for its own, or NULL; of the row
				   * after the last: other keys for those of the table */
	const char *old_key; /* state: its key in files of format 1, where another */
};

struct fields { /* a table with the size of its record */
	const struct field
	    *rows; /* key NULL after the last; that one's hints are for keys */
	size_t size;
};

/* For rows: at(struct vm, vcpus). */
#define at(type, member) offsetof(type, member)

/* The bit of a row, found by key; aborts on an unknown key (a programming error). */
uint64_t field_bit(const struct fields *fields, const char *key);
bool field_has(const struct fields *fields, const void *record, const char *key);

/*
 * Where a record says KEY: the place of the value; else the place of the record (`key`
 * NULL: that at once); NULL when it was not written.
 */
const struct place *field_place(const void *record, const char *key);

/*
 * Reads a map into a zeroed record: unknown keys (with the nearest known one), wrong
 * types, values out of range and missing keys each add an error at their place. Defaults
 * are applied and set their bit. The record's `node` is set. `map` may be empty or
 * NODE_NULL (all defaults). Returns the number of errors added; a key with an error has
 * no bit. Texts and lists are in the report's arena.
 *
 * A group that is left out gets its own defaults; its bit is set when it was written or
 * when any default stands in it. What the group itself needs (FIELD_NEEDED) is required
 * only where the group is written.
 */
size_t field_decode(const struct fields *fields, const struct node *map, void *record,
    struct report *report);

/* The same, but unknown keys of the map itself are left to the caller: for maps that
 * several tables read. */
size_t field_decode_known(const struct fields *fields, const struct node *map,
    void *record, struct report *report);
/* An error for each key of the map that is not one of the words (NULL after the last);
 * `fields`, or NULL: the table they are of. Nodes that are no maps have no keys. */
void field_unknown_keys(const char *const *words, const struct fields *fields,
    const struct node *map, struct report *report);

/* Applies the defaults only, for records that were not written at all. */
void field_defaults(const struct fields *fields, void *record, struct arena *a);

/* One difference. Texts are as the user would write the values; `have` NULL: not there.
 */
struct difference {
	const char *field; /* "memory", "dhcp.range" */
	const char *want;
	const char *have;
};

struct differences {
	struct difference *items;
	size_t count;
};

/*
 * Adds a row for every compared key `want` has and `have` (NULL: nothing) has not or has
 * otherwise. A compared group or list is gone into: "dhcp.range", "interfaces[0].mac".
 */
void field_compare(const struct fields *fields, const void *want, const void *have,
    struct arena *a, struct differences *out);

/*
 * The value as text, as it would be written; NULL for FIELD_GROUP and FIELD_LIST. Reads
 * the value whether or not the record has its bit.
 */
const char *field_text(struct arena *a, const struct field *field, const void *record);
/* The same by key; NULL also without its bit. A path leads into groups: "disk.path". */
const char *field_text_at(
    struct arena *a, const struct fields *fields, const void *record, const char *path);

/* Every key the record has, as a JSON object (sizes as text, as written). New reference.
 */
struct json_object *field_json(const struct fields *fields, const void *record);

/* What a value of this type is, for people: "a whole number from 1 to 512". In the arena.
 */
const char *field_expected(struct arena *a, const struct field *field);

/* JSON schema of one record (draft 2020-12, additionalProperties false). New reference.
 */
struct json_object *field_schema(const struct fields *fields);

#endif
