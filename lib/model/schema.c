/* SPDX-License-Identifier: MIT */
/* schema: desired state as a JSON schema, for editors. */
#include "lib/model/config.h"
#include "lib/model/section.h"

static struct json_object *object_schema(const char *description)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "type", "object");
	json_put_string(o, "description", description);
	return o;
}

/* Names to records. */
static struct json_object *map_schema(const struct kind *kind)
{
	struct arena a = { 0 };
	struct json_object *o =
	    object_schema(arena_printf(&a, "Each %s under its name.", kind->title));

	json_put(o, "additionalProperties", field_schema(&kind->fields));
	arena_done(&a);
	return o;
}

static struct json_object *section_schema(const struct section *section)
{
	struct json_object *o, *properties;

	switch (section->shape) {
	case SECTION_ONE:
		return field_schema(&section->kind->fields);
	case SECTION_MAP:
		return map_schema(section->kind);
	case SECTION_BELOW:
		break;
	}
	o = json_object_new_object();
	properties = json_object_new_object();
	json_put_string(o, "type", "object");
	json_put_bool(o, "additionalProperties", false);
	json_put(properties, section->kind->plural, map_schema(section->kind));
	json_put(o, "properties", properties);
	return o;
}

struct json_object *config_schema(void)
{
	struct json_object *o = json_object_new_object();
	struct json_object *properties = json_object_new_object();
	struct arena a = { 0 };
	size_t count;
	struct section *sections = sections_all(&a, &count);

	json_put_string(o, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_put_string(o, "title", "Desired state of a home, read by homek8sd");
	json_put_string(o, "type", "object");
	json_put_bool(o, "additionalProperties", false);
	for (size_t i = 0; i < count; i++)
		json_put(properties, sections[i].key, section_schema(&sections[i]));
	json_put(o, "properties", properties);
	arena_done(&a);
	return o;
}
