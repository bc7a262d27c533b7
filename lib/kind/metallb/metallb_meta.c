/* SPDX-License-Identifier: MIT */
/* metallb_meta: reading metadata and selectors. */
#include "lib/kind/metallb/metallb_meta.h"

#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"

#define SHOWN 200 /* characters of a foreign name */

static const char *clean(struct arena *a, const char *text)
{
	return text ? text_clean(a, text, SHOWN) : NULL;
}

static bool has_label(const struct metallb_meta *meta, const char *key, const char *value)
{
	for (size_t i = 0; i < meta->label_count; i++)
		if (strcmp(meta->labels[i].key, key) == 0)
			return !value || strcmp(meta->labels[i].value, value) == 0;
	return false;
}

static void read_labels(
    struct arena *a, struct json_object *object, struct metallb_meta *out)
{
	struct json_object *labels = json_at(object, "metadata.labels");

	if (!json_object_is_type(labels, json_type_object))
		return;
	json_object_object_foreach (labels, key, value) {
		struct metallb_label *slot =
		    arena_push(a, &out->labels, &out->label_count, sizeof(*slot));
		const char *text = json_object_get_string(value);

		slot->key = arena_copy(a, key);
		slot->value = arena_copy(a, text ? text : "");
	}
}

/* Whether the label is among the fields of a manager. One that does not list its fields is
 * taken at its name. */
static bool manages_label(struct json_object *entry)
{
	struct json_object *fields = json_at(entry, "fieldsV1");
	struct json_object *labels = json_at(fields, "f:metadata.f:labels");

	return !fields || json_object_object_get_ex(labels, "f:" MARK_LABEL, NULL);
}

/* True where our label is ours to manage; the other that wrote last is noted. */
static bool read_managers(
    struct arena *a, struct json_object *object, struct metallb_meta *out)
{
	struct json_object *managers = json_at(object, "metadata.managedFields");
	const char *last = "";
	bool ours = false;

	for (size_t i = 0; i < json_count(managers); i++) {
		struct json_object *entry = json_item(managers, i);
		const char *name = json_string_at(entry, "manager");
		const char *time = json_string_at(entry, "time");

		if (name && strcmp(name, MARK_MANAGER) == 0) {
			ours |= manages_label(entry);
		} else if (name && (!out->manager || (time && strcmp(time, last) >= 0))) {
			out->manager = clean(a, name);
			last = time ? time : "";
		}
	}
	return ours;
}

struct json_object *metallb_own_fields(struct json_object *object, const char *below)
{
	struct json_object *managers = json_at(object, "metadata.managedFields");

	for (size_t i = 0; i < json_count(managers); i++) {
		struct json_object *entry = json_item(managers, i);
		const char *name = json_string_at(entry, "manager");
		struct json_object *fields = json_at(json_at(entry, "fieldsV1"), below);

		if (fields && name && strcmp(name, MARK_MANAGER) == 0)
			return fields;
	}
	return NULL;
}

static const char *read_deletion(struct arena *a, struct json_object *object)
{
	const char *first =
	    json_object_get_string(json_item(json_at(object, "metadata.finalizers"), 0));

	if (!json_string_at(object, "metadata.deletionTimestamp"))
		return NULL;
	if (!first)
		return "is being deleted";
	return arena_printf(
	    a, "is being deleted, and held by the finalizer %s", clean(a, first));
}

struct metallb_meta metallb_meta(struct arena *a, struct json_object *object)
{
	struct metallb_meta out = { .uid = arena_copy(
					a, json_string_at(object, "metadata.uid")) };
	bool ours = read_managers(a, object, &out);

	read_labels(a, object, &out);
	out.owned = ours && has_label(&out, MARK_LABEL, MARK_MANAGER);
	out.deleting = read_deletion(a, object);
	return out;
}

/* Selectors */

static struct metallb_requirement *add(
    struct arena *a, struct metallb_selectors *to, const char *key)
{
	struct metallb_requirement *r =
	    arena_push(a, &to->requirements, &to->requirement_count, sizeof(*r));

	*r = (struct metallb_requirement){ .selector = to->count,
		.key = arena_copy(a, key ? key : "") };
	return r;
}

static void add_value(struct arena *a, struct metallb_requirement *r, const char *value)
{
	const char **slot = arena_push(a, &r->values, &r->value_count, sizeof(*slot));

	*slot = arena_copy(a, value ? value : "");
}

static void read_expression(
    struct arena *a, struct metallb_selectors *to, struct json_object *expression)
{
	static const char *const operators[] = { "In", "NotIn", "Exists",
		"DoesNotExist" };
	struct metallb_requirement *r = add(a, to, json_string_at(expression, "key"));
	struct json_object *values = json_at(expression, "values");
	const char *operator= json_string_at(expression, "operator");

	r->is = LABEL_ODD;
	for (unsigned i = 0; operator&& i<sizeof(operators) / sizeof(operators[0]); i++)
		if (strcmp(operator, operators[i]) == 0)
			r->is = i;
	for (size_t i = 0; i < json_count(values); i++)
		add_value(a, r, json_object_get_string(json_item(values, i)));
}

static void read_selector(
    struct arena *a, struct metallb_selectors *to, struct json_object *selector)
{
	struct json_object *labels = json_at(selector, "matchLabels");
	struct json_object *expressions = json_at(selector, "matchExpressions");

	if (json_object_is_type(labels, json_type_object)) {
		json_object_object_foreach (labels, key, value) {
			struct metallb_requirement *r = add(a, to, key);

			r->is = LABEL_IN;
			add_value(a, r, json_object_get_string(value));
		}
	}
	for (size_t i = 0; i < json_count(expressions); i++)
		read_expression(a, to, json_item(expressions, i));
	to->count++;
}

struct metallb_selectors metallb_selectors(struct arena *a, struct json_object *list)
{
	struct metallb_selectors out = { 0 };

	for (size_t i = 0; i < json_count(list); i++)
		read_selector(a, &out, json_item(list, i));
	return out;
}

static bool is_met(const struct metallb_requirement *r, const struct metallb_meta *meta)
{
	bool exists = has_label(meta, r->key, NULL), in = false;

	for (size_t i = 0; i < r->value_count; i++)
		in |= has_label(meta, r->key, r->values[i]);
	switch (r->is) {
	case LABEL_IN:
		return in;
	case LABEL_NOT_IN:
		return !in;
	case LABEL_EXISTS:
		return exists;
	case LABEL_ABSENT:
		return !exists;
	case LABEL_ODD:
		break;
	}
	return true;
}

bool metallb_selects(
    const struct metallb_selectors *selectors, const struct metallb_meta *meta)
{
	for (size_t i = 0; i < selectors->count; i++) {
		bool all = true;

		for (size_t k = 0; k < selectors->requirement_count; k++)
			if (selectors->requirements[k].selector == i)
				all &= is_met(&selectors->requirements[k], meta);
		if (all)
			return true;
	}
	return false;
}
