/* SPDX-License-Identifier: MIT */
/* shape: the walkers that write JSON and hash what would be written. */
#include "lib/view/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/json.h"

#define ADD(out, literal) text_add_n(out, literal, sizeof(literal) - 1)

static const void *member_of(const struct shape_row *row, const void *record)
{
	return (const char *)record + row->offset;
}

static const char *text_of(const struct shape_row *row, const void *record)
{
	return *(const char *const *)member_of(row, record);
}

static int64_t number_of(const struct shape_row *row, const void *record)
{
	return *(const int64_t *)member_of(row, record);
}

static const void *pointer_of(const struct shape_row *row, const void *record)
{
	return *(const void *const *)member_of(row, record);
}

static bool is_null(const struct shape_row *row, const void *record)
{
	switch (row->type) {
	case SHAPE_STRING:
	case SHAPE_WORD:
	case SHAPE_STRUCT:
		return !pointer_of(row, record);
	case SHAPE_INT:
		return number_of(row, record) < 0;
	case SHAPE_TIME:
		return number_of(row, record) <= 0;
	case SHAPE_STRINGS:
	case SHAPE_LIST:
		return row->flags & SHAPE_OPTIONAL &&
		       !((const struct list *)member_of(row, record))->items;
	case SHAPE_FIELDS:
		return !((const struct shape_side *)member_of(row, record))->json;
	case SHAPE_BOOL:
		return false;
	}
	return false;
}

/* Writing */

static void write_number(int64_t number, struct text *out)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRId64, number);

	text_add_n(out, digits, (size_t)length);
}

static void write_time(int64_t wall, struct text *out)
{
	struct arena a = { 0 };

	json_write_string(out, time_text(&a, wall));
	arena_done(&a);
}

static void write_list(const struct shape_row *row, const void *record, struct text *out)
{
	const struct list *list = member_of(row, record);
	size_t size = row->shape ? row->shape->size : sizeof(const char *);

	ADD(out, "[");
	for (size_t i = 0; i < list->count; i++) {
		const char *element = (const char *)list->items + i * size;

		if (i)
			ADD(out, ",");
		if (row->shape)
			shape_write(row->shape, element, out);
		else
			json_write_string(
			    out, *(const char *const *)(const void *)element);
	}
	ADD(out, "]");
}

static void write_fields(const struct shape_side *side, struct text *out)
{
	autojson struct json_object *o = side->json(side);
	const char *text = json_text(o);

	text_add_n(out, text, strlen(text));
}

static void write_value(const struct shape_row *row, const void *record, struct text *out)
{
	if (is_null(row, record)) {
		ADD(out, "null");
		return;
	}
	switch (row->type) {
	case SHAPE_STRING:
	case SHAPE_WORD:
		json_write_string(out, text_of(row, record));
		break;
	case SHAPE_INT:
		write_number(number_of(row, record), out);
		break;
	case SHAPE_BOOL:
		if (*(const bool *)member_of(row, record))
			ADD(out, "true");
		else
			ADD(out, "false");
		break;
	case SHAPE_TIME:
		write_time(number_of(row, record), out);
		break;
	case SHAPE_STRINGS:
	case SHAPE_LIST:
		write_list(row, record, out);
		break;
	case SHAPE_STRUCT:
		shape_write(row->shape, pointer_of(row, record), out);
		break;
	case SHAPE_FIELDS:
		write_fields(member_of(row, record), out);
		break;
	}
}

void shape_write(const struct shape *shape, const void *record, struct text *out)
{
	bool first = true;

	ADD(out, "{");
	for (const struct shape_row *row = shape->rows; row->key; row++) {
		if (row->flags & SHAPE_OPTIONAL && is_null(row, record))
			continue;
		if (!first)
			ADD(out, ",");
		first = false;
		ADD(out, "\"");
		text_add_n(out, row->key, strlen(row->key));
		ADD(out, "\":");
		write_value(row, record, out);
	}
	ADD(out, "}");
}

/* Hashing */

/* With the NUL, so that "a", "b" and "ab", "" differ; NULL is neither of them. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	return text ? hash_bytes(hash, text, strlen(text) + 1)
		    : hash_bytes(hash, "\1", 2);
}

static uint64_t hash_number(uint64_t hash, int64_t number)
{
	return hash_bytes(hash, &number, sizeof(number));
}

static uint64_t hash_list(
    uint64_t hash, const struct shape_row *row, const void *record, int64_t now)
{
	const struct list *list = member_of(row, record);

	hash = hash_number(hash, list->items ? (int64_t)list->count : -1);
	for (size_t i = 0; i < list->count; i++)
		if (row->shape)
			hash = hash_number(
			    hash, (int64_t)shape_hash(row->shape,
				      (const char *)list->items + i * row->shape->size,
				      now, NULL));
		else
			hash = hash_text(hash, ((const char *const *)list->items)[i]);
	return hash;
}

static uint64_t hash_fields(uint64_t hash, const struct shape_side *side)
{
	autotext struct text text = { 0 };

	if (side->side)
		write_fields(side, &text);
	return hash_text(hash, text.data);
}

static uint64_t hash_value(
    uint64_t hash, const struct shape_row *row, const void *record, int64_t now)
{
	const void *inner;

	switch (row->type) {
	case SHAPE_STRING:
	case SHAPE_WORD:
		return hash_text(hash, text_of(row, record));
	case SHAPE_INT:
		if (row->flags & SHAPE_COUNTDOWN && !is_null(row, record))
			return hash_number(hash, now + number_of(row, record));
		return hash_number(hash, number_of(row, record));
	case SHAPE_TIME:
		return hash_number(hash, number_of(row, record) / 1000);
	case SHAPE_BOOL:
		return hash_number(hash, *(const bool *)member_of(row, record));
	case SHAPE_STRINGS:
	case SHAPE_LIST:
		return hash_list(hash, row, record, now);
	case SHAPE_STRUCT:
		inner = pointer_of(row, record);
		return hash_number(
		    hash, inner ? (int64_t)shape_hash(row->shape, inner, now, NULL) : 0);
	case SHAPE_FIELDS:
		return hash_fields(hash, member_of(row, record));
	}
	return hash;
}

uint64_t shape_hash(
    const struct shape *shape, const void *record, int64_t now, const char *without)
{
	uint64_t hash = HASH_START;

	for (const struct shape_row *row = shape->rows; row->key; row++)
		if (!without || strcmp(row->key, without) != 0)
			hash = hash_value(hash, row, record, now);
	return hash;
}
