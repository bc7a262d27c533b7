/* SPDX-License-Identifier: MIT */
/* field_print: values of a record as text, as they would be written, and as JSON. */
#include "lib/model/field_type.h"

#include <string.h>

#include "lib/doc/json.h"

const char *field_text(struct arena *a, const struct field *field, const void *record)
{
	const struct field_ops *ops = field_ops(field);
	const void *value = (const char *)record + field->offset;

	return ops->text ? ops->text(a, field, value) : NULL;
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

static struct json_object *value_json(const struct field *f, const void *value)
{
	const struct field_ops *ops = field_ops(f);
	struct json_object *o = NULL;
	struct arena a = { 0 };
	const char *text;

	if (ops->json)
		return ops->json(value);
	text = ops->text(&a, f, value);
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
			json_put(o, f->key, value_json(f, value));
		}
	}
	return o;
}
