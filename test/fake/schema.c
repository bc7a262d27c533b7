/* SPDX-License-Identifier: MIT */
/* schema: one row per field of the spec of MetalLB's resources. */
#include "test/fake/schema.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/crd.h"

enum type { LIST, STRINGS, BOOL, OBJECT };

static const struct row {
	const char *plural, *field;
	enum type type;
	bool need;
	const char *def; /* JSON, NULL for none */
} rows[] = {
	{ "ipaddresspools", "addresses", STRINGS, true, NULL },
	{ "ipaddresspools", "autoAssign", BOOL, false, "true" },
	{ "ipaddresspools", "avoidBuggyIPs", BOOL, false, "false" },
	{ "ipaddresspools", "serviceAllocation", OBJECT, false, NULL },
	{ "l2advertisements", "ipAddressPools", STRINGS, false, NULL },
	{ "l2advertisements", "ipAddressPoolSelectors", LIST, false, NULL },
	{ "l2advertisements", "nodeSelectors", LIST, false, NULL },
	{ "l2advertisements", "interfaces", STRINGS, false, NULL },
	{ "l2advertisements", "serviceSelectors", LIST, false, NULL },
};

#define ROWS (sizeof(rows) / sizeof(*rows))

static const struct row *row_of(const struct resource *res, const char *field)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].plural, res->plural) && !strcmp(rows[i].field, field))
			return &rows[i];
	return NULL;
}

static bool has_rows(const struct resource *res)
{
	for (size_t i = 0; i < ROWS; i++)
		if (res->custom && !strcmp(rows[i].plural, res->plural))
			return true;
	return false;
}

static bool has_type(enum type want, struct json_object *v)
{
	switch (want) {
	case LIST:
	case STRINGS:
		return json_object_is_type(v, json_type_array);
	case BOOL:
		return json_object_is_type(v, json_type_boolean);
	case OBJECT:
		return json_object_is_type(v, json_type_object);
	}
	return false;
}

static const char *apply_name(enum type t)
{
	return t == BOOL ? "boolean" : t == OBJECT ? "map" : "list";
}

static const char *openapi_name(enum type t)
{
	return t == BOOL ? "boolean" : t == OBJECT ? "object" : "array";
}

static const char *json_name(struct json_object *v)
{
	switch (json_object_get_type(v)) {
	case json_type_boolean:
		return "boolean";
	case json_type_double:
		return "number";
	case json_type_int:
		return "integer";
	case json_type_object:
		return "object";
	case json_type_array:
		return "array";
	case json_type_string:
		return "string";
	case json_type_null:
		break;
	}
	return "null";
}

/* The first item that is no string, or -1. */
static int odd_item(const struct row *row, struct json_object *v)
{
	size_t n = row->type == STRINGS ? json_object_array_length(v) : 0;

	for (size_t i = 0; i < n; i++)
		if (!json_object_is_type(
			json_object_array_get_idx(v, i), json_type_string))
			return (int)i;
	return -1;
}

char *schema_typed(const struct resource *res, struct json_object *obj)
{
	struct json_object *spec = tree_get(obj, "spec", NULL);

	if (!has_rows(res) || !spec)
		return NULL;
	if (!json_object_is_type(spec, json_type_object))
		return xfmt(
		    ".spec: expected map, got &{%s}", json_object_get_string(spec));
	json_object_object_foreach (spec, key, v) {
		const struct row *row = row_of(res, key);
		int odd;

		if (!row)
			return xfmt(".spec.%s: field not declared in schema", key);
		if (!has_type(row->type, v))
			return xfmt(".spec.%s: expected %s, got &{%s}", key,
			    apply_name(row->type), json_object_get_string(v));
		if ((odd = odd_item(row, v)) >= 0)
			return xfmt(".spec.%s[%d]: expected string, got &{%s}", key, odd,
			    json_object_get_string(
				json_object_array_get_idx(v, (size_t)odd)));
	}
	return NULL;
}

static struct json_object *wrong_type(const struct resource *res, const char *name,
    const char *field, const char *want, struct json_object *v)
{
	char *message =
	    xfmt("Invalid value: \"%s\": %s in body must be of type %s: \"%s\"",
		json_name(v), field, want, json_name(v));
	struct json_object *st =
	    status_invalid(res, name, "FieldValueTypeInvalid", field, message);

	free(message);
	return st;
}

static struct json_object *valid_field(const struct resource *res, const char *name,
    const struct row *row, struct json_object *v)
{
	char *field = xfmt("spec.%s", row->field), *item;
	struct json_object *st = NULL;
	int odd;

	if (!v && row->need) {
		st = status_invalid(
		    res, name, "FieldValueRequired", field, "Required value");
	} else if (v && !has_type(row->type, v)) {
		st = wrong_type(res, name, field, openapi_name(row->type), v);
	} else if (v && (odd = odd_item(row, v)) >= 0) {
		item = xfmt("%s[%d]", field, odd);
		st = wrong_type(
		    res, name, item, "string", json_object_array_get_idx(v, (size_t)odd));
		free(item);
	}
	free(field);
	return st;
}

struct json_object *schema_valid(
    const struct resource *res, const char *name, struct json_object *obj)
{
	struct json_object *spec = tree_get(obj, "spec", NULL), *st = NULL;

	if (is_crd(res))
		return crd_valid(res, name, obj);
	if (!has_rows(res))
		return NULL;
	if (spec && !json_object_is_type(spec, json_type_object))
		return wrong_type(res, name, "spec", "object", spec);
	for (size_t i = 0; i < ROWS && !st; i++)
		if (!strcmp(rows[i].plural, res->plural))
			st = valid_field(
			    res, name, &rows[i], tree_get(spec, rows[i].field, NULL));
	return st;
}

void schema_prune(
    const struct resource *res, struct json_object *obj, struct buf *unknown)
{
	struct json_object *spec = tree_get(obj, "spec", NULL);

	if (!has_rows(res) || !json_object_is_type(spec, json_type_object))
		return;
	json_object_object_foreach (spec, key, unused) {
		(void)unused;
		if (row_of(res, key))
			continue;
		buf_fmt(unknown, "%sspec.%s", unknown->len ? "," : "", key);
		json_object_object_del(spec, key);
	}
}

void schema_default(const struct resource *res, struct json_object *obj)
{
	if (is_crd(res))
		crd_establish(obj);
	if (!has_rows(res) || !tree_get(obj, "spec", NULL))
		return;
	for (size_t i = 0; i < ROWS; i++) {
		struct json_object *spec = tree_child(obj, "spec");

		if (!strcmp(rows[i].plural, res->plural) && rows[i].def &&
		    !tree_get(spec, rows[i].field, NULL))
			json_object_object_add(
			    spec, rows[i].field, json_tokener_parse(rows[i].def));
	}
}
