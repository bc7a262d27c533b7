/* SPDX-License-Identifier: MIT */
/* import: gathers proposals, has them tried, and writes what is left of them. */
#include "lib/plan/import.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/doc/yaml_write.h"
#include "lib/plan/import_parts.h"

#define LABEL_MAX 63

/* Proposals */

struct imported *import_add(struct importer *i, const struct kind *kind,
    struct imported *above, const char *name, const char *external, const void *record)
{
	struct imported *object = arena_alloc(i->arena, sizeof(*object)), **slot;

	*object = (struct imported){ .kind = kind, .above = above };
	object->name = arena_copy(i->arena, name);
	object->external = arena_copy(i->arena, external);
	object->record = arena_alloc(i->arena, kind->fields.size);
	memcpy(object->record, record, kind->fields.size);
	slot = arena_push(i->arena, &i->items, &i->count, sizeof(struct imported *));
	*slot = object;
	return object;
}

struct imported *import_find(
    const struct importer *i, const struct kind *kind, const char *external)
{
	for (size_t k = 0; k < i->count; k++)
		if (i->items[k]->kind == kind &&
		    strcmp(i->items[k]->external, external) == 0)
			return i->items[k];
	return NULL;
}

static const char *format_text(struct arena *a, const char *format, va_list arguments)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, arguments);
	return arena_copy(a, text);
}

void import_note(struct importer *i, struct imported *object, const char *format, ...)
{
	const char **slot = arena_push(
	    i->arena, &object->notes, &object->note_count, sizeof(const char *));
	va_list arguments;

	va_start(arguments, format);
	*slot = format_text(i->arena, format, arguments);
	va_end(arguments);
}

void import_off(struct importer *i, struct imported *object, const char *format, ...)
{
	va_list arguments;

	if (object->off)
		return;
	va_start(arguments, format);
	object->off = format_text(i->arena, format, arguments);
	va_end(arguments);
}

static bool is_taken(const struct importer *i, const struct kind *kind,
    const struct imported *above, const char *name)
{
	for (size_t k = 0; k < i->count; k++)
		if (i->items[k]->kind == kind && i->items[k]->above == above &&
		    strcmp(i->items[k]->name, name) == 0)
			return true;
	return false;
}

const char *import_key(struct importer *i, const struct kind *kind,
    const struct imported *above, const char *text)
{
	char label[LABEL_MAX + 1], *key = label;
	size_t length = name_to_label(text, label, sizeof(label) - 4); /* for "-2" */

	if (!length)
		key = arena_copy(i->arena, kind->name);
	for (int n = 2; is_taken(i, kind, above, key); n++)
		key = arena_printf(i->arena, "%s-%d", length ? label : kind->name, n);
	return arena_copy(i->arena, key);
}

/* Sections */

/* Where a kind's objects are written, one beside the other; NULL: they are not. */
static const struct section *map_of(const struct kind *kind)
{
	for (size_t i = 0; i < kind->section_count; i++)
		if (kind->sections[i].shape == SECTION_MAP)
			return &kind->sections[i];
	return NULL;
}

/* Where what is written inside `above` is. */
static const struct section *inside_of(const struct kind *kind, const struct kind *above)
{
	const struct section *map = map_of(above);
	size_t length = strlen(map->path);

	for (size_t i = 0; i < kind->section_count; i++)
		if (strncmp(kind->sections[i].path, map->path, length) == 0 &&
		    kind->sections[i].path[length] == '.')
			return &kind->sections[i];
	abort();
}

static const struct section *section_of(const struct imported *object)
{
	return object->above ? inside_of(object->kind, object->above->kind)
			     : map_of(object->kind);
}

/* Gathering */

static void add_as_observed(struct importer *i, const struct observed *observed)
{
	const struct object *side = observed->config ? observed->config : observed->live;
	struct imported *object =
	    import_add(i, observed->kind, NULL, observed->name, observed->name, side);

	if (!name_is_label(observed->name) && !observed->kind->path_names)
		import_off(i, object, "a name like this cannot be written");
}

static void gather(struct importer *i, const struct kind *kind)
{
	const struct observed_set *set =
	    &i->planner.input->observed->kinds[kind_index(kind)];

	if (kind->import) {
		kind->import(i);
		return;
	}
	for (size_t k = 0; kind->decode && map_of(kind) && k < set->count; k++)
		if (set->items[k]->presence == PRESENT)
			add_as_observed(i, set->items[k]);
}

/* Writing */

const char *import_key_off(const struct imported *object, const char *key)
{
	for (size_t i = 0; i < object->key_count; i++)
		if (strcmp(object->keys[i].key, key) == 0)
			return object->keys[i].why;
	return NULL;
}

static const char *flow_text(struct arena *a, struct json_object *value)
{
	autotext struct text out = { 0 };

	yaml_write_flow(&out, value);
	return arena_copy(a, text_get(&out));
}

static void write_key(struct arena *a, const struct imported *object, const char *key,
    struct json_object *value)
{
	struct yaml_entry *entry = yaml_entry_get(a, object->entry, key);
	bool list = json_object_is_type(value, json_type_array) &&
		    json_object_is_type(json_item(value, 0), json_type_object);
	const char *why = import_key_off(object, key);

	entry->off = why;
	if (why)
		yaml_entry_note(a, entry, why);
	for (size_t i = 0; list && i < json_count(value); i++)
		yaml_entry_get(a, entry, NULL)->value = flow_text(a, json_item(value, i));
	if (!list)
		entry->value = flow_text(a, value);
}

/* "metallb.pools": the entry of the last key. */
static struct yaml_entry *entry_at(
    struct arena *a, struct yaml_entry *above, const char *path)
{
	for (size_t length; *path; path += length + (path[length] == '.')) {
		length = strcspn(path, ".");
		above = yaml_entry_get(a, above, arena_copy_n(a, path, length));
	}
	return above;
}

bool import_is_off(const struct imported *object)
{
	return object->off || (object->above && import_is_off(object->above));
}

void import_write(struct arena *a, struct yaml_entry *document, struct imported *object)
{
	const struct section *section = section_of(object);
	const char *path = object->above
			       ? section->path + strlen(section_of(object->above)->path)
			       : section->path;
	autojson struct json_object *fields =
	    field_json(&object->kind->fields, object->record);
	struct json_object *short_form;
	struct yaml_entry *above;

	above = object->above
		    ? yaml_entry_get(a,
			  entry_at(a, document, section_of(object->above)->path),
			  object->above->name)
		    : document;
	object->entry =
	    yaml_entry_get(a, entry_at(a, above, path + (path[0] == '.')), object->name);
	for (size_t i = 0; i < object->note_count; i++)
		yaml_entry_note(a, object->entry, object->notes[i]);
	object->entry->off = import_is_off(object);
	if (object->off)
		yaml_entry_note(a, object->entry, object->off);
	if (object->above && !object->key_count) { /* on a line of its own */
		short_form = json_object_object_length(fields) == 1 && section->short_for
				 ? json_at(fields, section->short_for)
				 : NULL;
		object->entry->value = flow_text(a, short_form ? short_form : fields);
		return;
	}
	json_object_object_foreach (fields, key, value)
		write_key(a, object, key, value);
}

/* The document */

static bool is_meant(const struct imported *object, const struct import_only *only)
{
	return object->kind == only->kind &&
	       (strcmp(object->name, only->name) == 0 ||
		   strcmp(object->external, only->name) == 0);
}

static bool is_requested(
    const struct import_request *request, const struct imported *object)
{
	for (size_t k = 0; k < request->only_count; k++)
		if (is_meant(object, &request->only[k]))
			return true;
	return !request->only_count ||
	       (object->above && is_requested(request, object->above));
}

static const struct import_only *find_missing(
    const struct importer *i, const struct import_request *request)
{
	for (size_t n = 0; n < request->only_count; n++) {
		size_t k = 0;

		while (k < i->count && !is_meant(i->items[k], &request->only[n]))
			k++;
		if (k == i->count)
			return &request->only[n];
	}
	return NULL;
}

/* Kinds of which not everything is known, as comments. */
static void add_unknown(const struct plan_input *input, struct import_result *result,
    struct arena *a, struct yaml_entry *document)
{
	for (size_t k = 0; k < kind_count; k++) {
		const struct observed_set *set = &input->observed->kinds[k];
		const struct source_input *source =
		    kinds[k]->source ? &input->sources[source_index(kinds[k]->source)]
				     : NULL;
		const char *why = set->why;

		if (!source || !kinds[k]->decode || !map_of(kinds[k]) ||
		    (set->known && source->up))
			continue;
		if (!source->up || source->off)
			why = source->why;
		else if (!why)
			result->complete = false;
		yaml_entry_note(a, document,
		    arena_printf(a, "%ss are not known: %s", kinds[k]->title,
			why ? why : "not observed yet"));
	}
}

static bool any_off(const struct importer *i)
{
	for (size_t k = 0; k < i->count; k++)
		if (i->items[k]->off || i->items[k]->key_count)
			return true;
	return false;
}

static void write_document(struct importer *i, const struct import_request *request,
    bool good, struct import_result *result)
{
	struct yaml_entry document = { 0 };
	autotext struct text text = { 0 };

	yaml_entry_note(i->arena, &document,
	    "What runs now, as `homek8sctl import` has found it: as it stands here, nothing is to be done. A key that is left out is neither compared nor changed.");
	if (!good)
		yaml_entry_note(i->arena, &document,
		    "Not all of it could be tried: see `homek8sctl validate`.");
	add_unknown(request->input, result, i->arena, &document);
	if (any_off(i))
		yaml_entry_note(i->arena, &document,
		    "Commented out is what cannot be so, or would be changed; why stands above it, after ##. Take \"# \" away to have it all the same.");
	for (size_t k = 0; k < i->count; k++)
		if (is_requested(request, i->items[k]))
			import_write(i->arena, &document, i->items[k]);
	yaml_entry_write(&document, &text);
	result->text = arena_copy(i->arena, text_get(&text));
}

void import_make(
    const struct import_request *request, struct arena *a, struct import_result *result)
{
	struct importer i = { .arena = a, .planner = { .arena = a } };
	bool good;

	*result = (struct import_result){ .complete = true };
	i.planner.input = request->input;
	for (size_t k = 0; k < kind_count; k++)
		gather(&i, kinds[k]);
	good = import_try(&i);
	result->missing = find_missing(&i, request);
	write_document(&i, request, good, result);
}
