/* SPDX-License-Identifier: MIT */
/* field_schema: what a table allows, in words for people and as JSON schema for editors.
 */
#include "lib/model/field_type.h"

#include "lib/doc/json.h"

const char *field_expected(struct arena *a, const struct field *field)
{
	const struct field_ops *ops = field_ops(field);

	return ops->expected ? ops->expected(a, field) : ops->expects;
}

struct json_object *schema_of(const char *type, const char *pattern)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "type", type);
	if (pattern)
		json_put_string(o, "pattern", pattern);
	return o;
}

struct json_object *schema_either(struct json_object *x, struct json_object *y)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_push(list, x);
	json_push(list, y);
	json_put(o, "anyOf", list);
	return o;
}

struct json_object *schema_list(struct json_object *items)
{
	struct json_object *o = schema_of("array", NULL);

	json_put(o, "items", items);
	return o;
}

static struct json_object *value_schema(const struct field *f)
{
	const struct field_ops *ops = field_ops(f);

	if (ops->schema)
		return ops->schema(f);
	return schema_of(ops->json_type ? ops->json_type : "string", ops->pattern);
}

/* A default as JSON: bare where the value is written so. */
static struct json_object *default_json(const struct field *f)
{
	struct json_object *o =
	    field_ops(f)->bare ? json_tokener_parse(f->fallback) : NULL;

	return o ? o : json_object_new_string(f->fallback);
}

struct json_object *field_schema(const struct fields *fields)
{
	struct json_object *o = schema_of("object", NULL);
	struct json_object *properties = json_object_new_object();
	struct json_object *needed = json_object_new_array();

	for (const struct field *f = fields->rows; f->key; f++) {
		struct json_object *property = value_schema(f);

		if (f->help)
			json_put_string(property, "description", f->help);
		if (f->fallback)
			json_put(property, "default", default_json(f));
		if (f->flags & FIELD_NEEDED)
			json_push_string(needed, f->key);
		json_put(properties, f->key, property);
	}
	json_put_bool(o, "additionalProperties", false);
	json_put(o, "properties", properties);
	if (json_count(needed))
		json_put(o, "required", needed);
	else
		json_object_put(needed);
	return o;
}
