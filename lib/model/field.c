/* SPDX-License-Identifier: MIT */
/* field: rows and their bits, places, and comparing two records by their table. */
#include "lib/model/field_type.h"

#include <stdlib.h>
#include <string.h>

/* Linkers make equal literals one: most keys are found by their address. */
static const struct field *row_find(const struct fields *fields, const char *key)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		if (f->key == key)
			return f;
	}
	for (const struct field *f = fields->rows; f->key; f++) {
		if (!strcmp(f->key, key))
			return f;
	}
	return NULL;
}

uint64_t field_bit(const struct fields *fields, const char *key)
{
	const struct field *f = row_find(fields, key);

	if (!f || f - fields->rows >= 64)
		abort();
	return UINT64_C(1) << (f - fields->rows);
}

bool field_has(const struct fields *fields, const void *record, const char *key)
{
	return ((const struct record *)record)->has & field_bit(fields, key);
}

const struct place *field_place(const void *record, const char *key)
{
	const struct node *node = ((const struct record *)record)->node;
	const struct node *value = key ? node_get(node, key) : NULL;

	if (value)
		return &value->place;
	return node ? &node->place : NULL;
}

static void add_difference(struct arena *a, struct differences *out, const char *field,
    const char *want, const char *have)
{
	struct difference *d =
	    arena_push(a, &out->items, &out->count, sizeof(*out->items));

	*d = (struct difference){ .field = field, .want = want, .have = have };
}

/*
 * Records of one table, what leads to them, and where differences go. The path is put
 * together only when there is something to report: nearly always nothing is.
 */
struct comparison {
	const struct fields *fields;
	const struct comparison *outer; /* NULL: the whole record */
	const struct field *within;	/* the row of `outer` this one is in, */
	size_t index;			/* and which of its records */
	struct arena *arena;
	struct differences *out;
};

static bool is_inner(const struct field *f)
{
	return !field_ops(f)->parse;
}

/* The records inside a group (one) or a list (as many as it has). */
static size_t inner_count(const struct field *f, const void *value)
{
	if (!value)
		return 0;
	return f->type == FIELD_LIST ? ((const struct list *)value)->count : 1;
}

static const struct record *inner_record(
    const struct field *f, const void *value, size_t i)
{
	if (i >= inner_count(f, value))
		return NULL;
	if (f->type == FIELD_GROUP)
		return value;
	return (const struct record *)((const char *)((const struct list *)value)->items +
				       i * f->group->size);
}

static const char *inner_path(const struct comparison *c, const struct field *f, size_t i)
{
	const char *prefix = "";

	if (c->outer)
		prefix = arena_printf(
		    c->arena, "%s.", inner_path(c->outer, c->within, c->index));
	if (f->type == FIELD_LIST)
		return arena_printf(c->arena, "%s%s[%zu]", prefix, f->key, i);
	return arena_printf(c->arena, "%s%s", prefix, f->key);
}

static void compare_value(
    const struct comparison *c, const struct field *f, const void *want, const void *have)
{
	const char *x = (const char *)want + f->offset;
	const char *y = have ? (const char *)have + f->offset : NULL;

	if (!y || !field_ops(f)->equal(x, y))
		add_difference(c->arena, c->out, inner_path(c, f, 0),
		    field_text(c->arena, f, want),
		    have ? field_text(c->arena, f, have) : NULL);
}

static void compare_records(
    const struct comparison *c, const struct record *want, const struct record *have)
{
	for (uint64_t left = want->has; left; left &= left - 1) {
		const struct field *f = &c->fields->rows[__builtin_ctzll(left)];
		bool known = have && (have->has & left & -left);
		const char *x = (const char *)want + f->offset;
		const char *y = known ? (const char *)have + f->offset : NULL;

		if (!(f->flags & FIELD_COMPARED))
			continue;
		if (!is_inner(f)) {
			compare_value(c, f, want, known ? have : NULL);
			continue;
		}
		for (size_t i = 0; i < inner_count(f, x); i++) {
			struct comparison inner = { f->group, c, f, i, c->arena, c->out };

			compare_records(
			    &inner, inner_record(f, x, i), inner_record(f, y, i));
		}
		for (size_t i = inner_count(f, x); i < inner_count(f, y); i++)
			add_difference(
			    c->arena, c->out, inner_path(c, f, i), "none", "one more");
	}
}

void field_compare(const struct fields *fields, const void *want, const void *have,
    struct arena *a, struct differences *out)
{
	struct comparison c = { .fields = fields, .arena = a, .out = out };

	compare_records(&c, want, have);
}
