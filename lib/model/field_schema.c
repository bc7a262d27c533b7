/* SPDX-License-Identifier: MIT */
/* field_schema: what a table allows, in words for people and as JSON schema for editors.
 */
#include "lib/model/field.h"

#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"

static const char *words_text(struct arena *a, const char *const *words)
{
	const char *text = words[0];

	for (size_t i = 1; words[i]; i++)
		text = arena_printf(
		    a, "%s%s%s", text, words[i + 1] ? ", " : " or ", words[i]);
	return text;
}

static const char *limits_text(struct arena *a, const struct field *f)
{
	struct { /* a record of one number, to print the limits as the values are */
		struct record record;
		int64_t value;
	} low = { .value = f->minimum }, high = { .value = f->maximum };
	struct field number = *f;

	number.offset = offsetof(__typeof__(low), value);
	if (!f->minimum && !f->maximum)
		return "";
	if (!f->maximum)
		return arena_printf(a, " of at least %s", field_text(a, &number, &low));
	return arena_printf(a, " from %s to %s", field_text(a, &number, &low),
	    field_text(a, &number, &high));
}

const char *field_expected(struct arena *a, const struct field *field)
{
	switch (field->type) {
	case FIELD_STRING:
		return "a text";
	case FIELD_LABEL:
		return "a name of a-z, 0-9 and dashes, at most 63 characters";
	case FIELD_NAME:
		return "a name of letters, digits and . _ + @ -";
	case FIELD_HOSTNAME:
		return "a host name of a-z, 0-9, dashes and dots";
	case FIELD_PATH:
		return "an absolute path without . or .. parts";
	case FIELD_URI:
		return field->words
			   ? arena_printf(a, "a URI, or %s", words_text(a, field->words))
			   : "a URI";
	case FIELD_BOOL:
		return "true or false";
	case FIELD_INT:
		return arena_printf(a, "a whole number%s", limits_text(a, field));
	case FIELD_SIZE:
		return arena_printf(a, "a size with its unit%s", limits_text(a, field));
	case FIELD_DURATION:
		return arena_printf(
		    a, "a length of time with its unit%s", limits_text(a, field));
	case FIELD_WORD:
		return words_text(a, field->words);
	case FIELD_MAC:
		return "a MAC address";
	case FIELD_IP:
		return "an IP address";
	case FIELD_CIDR:
		return "an address with its prefix length";
	case FIELD_RANGES:
		return "a list of address ranges";
	case FIELD_GROUP:
		return "a map";
	case FIELD_LIST:
		return "a list of maps";
	}
	abort();
}

static struct json_object *schema_of(const char *type, const char *pattern)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "type", type);
	if (pattern)
		json_put_string(o, "pattern", pattern);
	return o;
}

static struct json_object *words_schema(const char *const *words)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; words[i]; i++)
		json_push_string(list, words[i]);
	json_put(o, "enum", list);
	return o;
}

static struct json_object *either(struct json_object *x, struct json_object *y)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_push(list, x);
	json_push(list, y);
	json_put(o, "anyOf", list);
	return o;
}

static struct json_object *int_schema(const struct field *f)
{
	struct json_object *o = schema_of("integer", NULL);

	if (f->minimum || f->maximum)
		json_put_int(o, "minimum", f->minimum);
	if (f->maximum)
		json_put_int(o, "maximum", f->maximum);
	return o;
}

static struct json_object *array_schema(struct json_object *items)
{
	struct json_object *o = schema_of("array", NULL);

	json_put(o, "items", items);
	return o;
}

static struct json_object *type_schema(const struct field *f)
{
	switch (f->type) {
	case FIELD_STRING:
		return schema_of("string", NULL);
	case FIELD_LABEL:
		return schema_of("string", "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$");
	case FIELD_NAME:
		return schema_of("string", "^[A-Za-z0-9_+@][A-Za-z0-9._+@-]{0,62}$");
	case FIELD_HOSTNAME:
		return schema_of("string", "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$");
	case FIELD_PATH:
		return schema_of("string", "^/");
	case FIELD_URI:
		return f->words ? either(schema_of("string", "^[a-z][a-z0-9+.-]*:/"),
				      words_schema(f->words))
				: schema_of("string", "^[a-z][a-z0-9+.-]*:/");
	case FIELD_BOOL:
		return schema_of("boolean", NULL);
	case FIELD_INT:
		return int_schema(f);
	case FIELD_SIZE:
		return either(schema_of("string", "^[0-9]+ ?([KMGTkmgt]i?)?B?$"),
		    schema_of("integer", NULL));
	case FIELD_DURATION:
		return schema_of("string", "^([0-9]+(ms|s|m|h|d))+$");
	case FIELD_WORD:
		return words_schema(f->words);
	case FIELD_MAC:
		return schema_of("string", "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$");
	case FIELD_IP:
		return schema_of("string", "^[0-9A-Fa-f.:]+$");
	case FIELD_CIDR:
		return schema_of("string", "^[0-9A-Fa-f.:]+/[0-9]{1,3}$");
	case FIELD_RANGES:
		return array_schema(schema_of("string", "^[0-9A-Fa-f.:]+ ?[-/] ?"));
	case FIELD_GROUP:
		return field_schema(f->group);
	case FIELD_LIST:
		return array_schema(field_schema(f->group));
	}
	abort();
}

/* A default as JSON: of the type that the value has. */
static struct json_object *default_json(const struct field *f)
{
	if (f->type == FIELD_BOOL)
		return json_object_new_boolean(!strcmp(f->fallback, "true"));
	if (f->type == FIELD_INT)
		return json_object_new_int64(strtoll(f->fallback, NULL, 10));
	return json_object_new_string(f->fallback);
}

struct json_object *field_schema(const struct fields *fields)
{
	struct json_object *o = schema_of("object", NULL);
	struct json_object *properties = json_object_new_object();
	struct json_object *needed = json_object_new_array();

	for (const struct field *f = fields->rows; f->key; f++) {
		struct json_object *property = type_schema(f);

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
