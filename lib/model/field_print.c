/* SPDX-License-Identifier: MIT */
/* field_print: values of a record as text, as they would be written, and as JSON. */
#include "lib/model/field.h"

#include <string.h>

#include "lib/doc/json.h"

static const char *number_text(struct arena *a, const struct field *f, int64_t value)
{
	if (f->type == FIELD_SIZE)
		return size_text(a, value);
	if (f->type == FIELD_DURATION)
		return duration_text(a, value);
	return arena_printf(a, "%lld", (long long)value);
}

const char *field_text(struct arena *a, const struct field *field, const void *record)
{
	const void *value = (const char *)record + field->offset;
	char buffer[CIDR_TEXT];

	switch (field->type) {
	case FIELD_STRING:
	case FIELD_LABEL:
	case FIELD_NAME:
	case FIELD_HOSTNAME:
	case FIELD_PATH:
	case FIELD_URI:
		return *(const char *const *)value;
	case FIELD_BOOL:
		return *(const bool *)value ? "true" : "false";
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_DURATION:
		return number_text(a, field, *(const int64_t *)value);
	case FIELD_WORD:
		return field->words[*(const int *)value];
	case FIELD_MAC:
		return arena_copy(a, mac_text(*(const struct mac *)value, buffer));
	case FIELD_IP:
		return arena_copy(a, ip_text(*(const struct ip *)value, buffer));
	case FIELD_CIDR:
		return arena_copy(a, cidr_text(*(const struct cidr *)value, buffer));
	case FIELD_RANGES:
		return ranges_text(a, *(const struct ranges *)value);
	case FIELD_GROUP:
	case FIELD_LIST:
		break;
	}
	return NULL;
}

const char *field_text_at(
    struct arena *a, const struct fields *fields, const void *record, const char *path)
{
	size_t length = strcspn(path, ".");
	const char *rest = path[length] ? path + length + 1 : NULL;

	for (const struct field *f = fields->rows; f->key; f++) {
		const void *value = (const char *)record + f->offset;
		uint64_t bit = UINT64_C(1) << (f - fields->rows);

		if (strlen(f->key) != length || strncmp(f->key, path, length) != 0)
			continue;
		if (!(((const struct record *)record)->has & bit))
			return NULL;
		if (!rest)
			return field_text(a, f, record);
		return f->type == FIELD_GROUP ? field_text_at(a, f->group, value, rest)
					      : NULL;
	}
	return NULL;
}

static struct json_object *ranges_json(const struct ranges *ranges)
{
	struct json_object *list = json_object_new_array();
	struct arena a = { 0 };

	for (size_t i = 0; i < ranges->count; i++)
		json_push_string(list, range_text(&a, ranges->items[i]));
	arena_done(&a);
	return list;
}

static struct json_object *scalar_json(const struct field *f, const void *record)
{
	const void *value = (const char *)record + f->offset;
	struct json_object *o = NULL;
	struct arena a = { 0 };
	const char *text;

	if (f->type == FIELD_BOOL)
		return json_object_new_boolean(*(const bool *)value);
	if (f->type == FIELD_INT)
		return json_object_new_int64(*(const int64_t *)value);
	if (f->type == FIELD_RANGES)
		return ranges_json(value);
	text = field_text(&a, f, record);
	if (text)
		o = json_object_new_string(text);
	arena_done(&a);
	return o;
}

struct json_object *field_json(const struct fields *fields, const void *record)
{
	struct json_object *o = json_object_new_object();

	for (const struct field *f = fields->rows; f->key; f++) {
		uint64_t bit = UINT64_C(1) << (f - fields->rows);
		const void *value = (const char *)record + f->offset;
		const struct list *list = value;
		struct json_object *items;

		if (!(((const struct record *)record)->has & bit))
			continue;
		if (f->type == FIELD_GROUP) {
			json_put(o, f->key, field_json(f->group, value));
		} else if (f->type == FIELD_LIST) {
			items = json_object_new_array();
			for (size_t i = 0; i < list->count; i++)
				json_push(items,
				    field_json(f->group,
					(const char *)list->items + i * f->group->size));
			json_put(o, f->key, items);
		} else {
			json_put(o, f->key, scalar_json(f, record));
		}
	}
	return o;
}
