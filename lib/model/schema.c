/* SPDX-License-Identifier: MIT */
/* schema: desired state as a JSON schema, for editors, along the tree of sections. */
#include "lib/model/config.h"
#include "lib/model/section_tree.h"

static struct json_object *node_schema(struct arena *a, const struct section_node *node);

static struct json_object *typed(const char *type)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "type", type);
	return o;
}

/* The properties and required keys of one more table. */
static void add_table(struct json_object *properties, struct json_object *required,
    const struct fields *fields)
{
	autojson struct json_object *o = field_schema(fields);
	struct json_object *needed = json_at(o, "required");

	json_object_object_foreach (json_at(o, "properties"), key, value) {
		json_put(properties, key, json_object_get(value));
	}
	for (size_t i = 0; i < json_count(needed); i++)
		json_push(required, json_object_get(json_item(needed, i)));
}

/* A record that stands here, by all who read it; or what only holds others. */
static struct json_object *record_schema(struct arena *a, const struct section_node *node)
{
	struct json_object *o = typed("object");
	struct json_object *properties = json_object_new_object();
	struct json_object *required = json_object_new_array();

	json_put_bool(o, "additionalProperties", false);
	for (size_t i = 0; i < node->row_count; i++)
		add_table(properties, required, &node->rows[i].kind->fields);
	for (size_t i = 0; i < node->below_count; i++)
		json_put(properties, node->below[i]->key, node_schema(a, node->below[i]));
	json_put(o, "properties", properties);
	if (json_count(required))
		json_put(o, "required", required);
	else
		json_object_put(required);
	return o;
}

/* Names to records; a record may be shortened to one of its values. */
static struct json_object *map_schema(struct arena *a, const struct section_node *node)
{
	struct json_object *o = typed("object"), *record = record_schema(a, node);
	struct json_object *list;

	if (node->rows[0].section->short_for) {
		list = json_object_new_array();
		json_push(list, typed("string"));
		json_push(list, record);
		record = json_object_new_object();
		json_put(record, "anyOf", list);
	}
	json_put(o, "additionalProperties", record);
	return o;
}

static struct json_object *node_schema(struct arena *a, const struct section_node *node)
{
	struct json_object *o =
	    section_has_names(node) ? map_schema(a, node) : record_schema(a, node);

	if (node->row_count)
		json_put_string(o, "description", section_help(a, node));
	return o;
}

struct json_object *config_schema(void)
{
	struct arena a = { 0 };
	struct section_node *top = section_tree(&a);
	struct json_object *o = json_object_new_object();
	struct json_object *properties = json_object_new_object();

	json_put_string(o, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_put_string(o, "title", "Desired state of a home, read by homek8sd");
	json_put_string(o, "type", "object");
	json_put_bool(o, "additionalProperties", false);
	for (size_t i = 0; i < top->below_count; i++)
		json_put(properties, top->below[i]->key, node_schema(&a, top->below[i]));
	json_put(o, "properties", properties);
	arena_done(&a);
	return o;
}
