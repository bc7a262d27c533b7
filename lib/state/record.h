/* SPDX-License-Identifier: MIT */
/*
 * record: what is kept of an object between plans, by its field table (lib/model/field.h):
 * one piece of code makes, saves, loads, clears, compares and shows every such record, of
 * lib/state and of the kinds alike.
 *
 * A record begins with `struct record`, whose bits are not used: what is not known of it
 * has its initial value, zero or the row's `fallback`. Members may be of the types
 * FIELD_STRING (char *, malloc'd, the record's own; NULL: none), FIELD_BOOL, FIELD_INT,
 * FIELD_WORD, FIELD_IP (version 0: none), FIELD_TIME, FIELD_MONO ({ 0 }: none),
 * FIELD_HASHES (malloc'd items) and FIELD_GROUP; a fallback may stand at FIELD_INT.
 */
#ifndef LIB_STATE_RECORD_H
#define LIB_STATE_RECORD_H

#include <json-c/json.h>

#include "lib/base/mono.h"
#include "lib/model/field.h"

/* The same instant on both clocks: a point in time is saved as wall time, since monotonic
 * clocks begin anew with a boot. */
struct clocks {
	struct mono now;
	int64_t wall;	  /* ms since 1970 */
	const char *boot; /* the boot that `now` counts from; NULL: not known */
};

/* A row: record_row(struct vm_record, "cause", FIELD_WORD, cause, FIELD_KEPT, .words = ...). */
#define record_row(type_, key_, field_type_, member_, ...)                               \
	{                                                                                \
		.key = key_, .type = field_type_, .offset = at(type_, member_),          \
		.flags = __VA_ARGS__                                                     \
	}

/* Initial values, into what was zeroed or freed. */
void record_init(const struct fields *fields, void *record);
/* Frees what it owns; then only record_init() may touch it. */
void record_done(const struct fields *fields, void *record);
/* Rows with FIELD_CLEARED get their initial values again, those of groups too. */
void record_clear(const struct fields *fields, void *record);
/* Whether all that is kept on disk (rows with FIELD_KEPT) is the same in both. */
bool record_same(const struct fields *fields, const void *x, const void *y);

/* Adds a member for each row with FIELD_KEPT whose value is not the initial one. */
void record_save(const struct fields *fields, const void *record, const struct clocks *c,
    struct json_object *o);
/*
 * Takes from `o` every member that has a row with FIELD_KEPT; what remains there is not
 * known to this version. Values of another type or out of range are dropped. A FIELD_MONO
 * further ahead of now than its row's `maximum` is brought back to that: either clock may
 * have been wrong. `old`: members are called as in files of format 1 (row's `old_key`).
 */
void record_load(const struct fields *fields, void *record, const struct clocks *c,
    struct json_object *o, bool old);

/* Adds to `o` what `unknown` has and `o` has not, objects in objects likewise. */
void record_add_unknown(struct json_object *o, struct json_object *unknown);

/* For people: rows with FIELD_SHOWN whose value is not the initial one, points in time as
 * RFC 3339 texts. New reference. */
struct json_object *record_show(
    const struct fields *fields, const void *record, const struct clocks *c);

/* A text of a record becomes a copy of `with` (or NULL). */
void record_set_text(char **text, const char *with);

#endif
