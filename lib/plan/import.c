/* SPDX-License-Identifier: MIT */
/* import: gathers proposals, tries them, and writes what is left of them. */
#include "lib/plan/import.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/doc/yaml_write.h"

#define ROUNDS 16 /* each takes away what the one before has found */
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
	size_t length = 0;

	for (; *text && length < LABEL_MAX - 4; text++) {
		if (isascii(*text) && isalnum(*text))
			label[length++] = (char)tolower(*text);
		else if (length && label[length - 1] != '-')
			label[length++] = '-';
	}
	while (length && label[length - 1] == '-')
		length--;
	label[length] = '\0';
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

static const char *why_key_is_off(const struct imported *object, const char *key)
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
	const char *why = why_key_is_off(object, key);

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

static bool is_off(const struct imported *object)
{
	return object->off || (object->above && is_off(object->above));
}

static void write_object(
    struct arena *a, struct yaml_entry *document, struct imported *object)
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
	object->entry->off = is_off(object);
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

/* The trial */

static void key_off(
    struct importer *i, struct imported *object, const char *key, const char *why)
{
	struct imported_key *slot;

	if (!key || why_key_is_off(object, key)) {
		import_off(i, object, "%s", why);
		return;
	}
	slot = arena_push(i->arena, &object->keys, &object->key_count, sizeof(*slot));
	*slot =
	    (struct imported_key){ arena_copy(i->arena, key), arena_copy(i->arena, why) };
}

/* Each object is a file of its own, whose name is its place among them. */
static struct config *load(struct importer *i, struct arena *a)
{
	struct config_files files = { .directory = "" };
	struct config *config = NULL;

	files.desired = arena_array(a, i->count, sizeof(*files.desired));
	for (size_t k = 0; k < i->count; k++) {
		struct yaml_entry document = { 0 };
		autotext struct text text = { 0 };

		if (is_off(i->items[k]))
			continue;
		write_object(a, &document, i->items[k]);
		yaml_entry_write(&document, &text);
		files.desired[files.desired_count++] =
		    (struct source_text){ arena_printf(a, "%zu", k),
			    arena_copy(a, text_get(&text)), text.length };
	}
	if (files.desired_count)
		config_load(&files, &config);
	return config;
}

static struct imported *at_place(const struct importer *i, const struct place *place)
{
	return place && place->source ? i->items[strtoul(place->source->name, NULL, 10)]
				      : NULL;
}

/* The key that is written on that line; NULL: it is the object itself. */
static const char *key_at(const struct imported *object, unsigned line)
{
	const char *key = NULL;

	for (size_t k = 0; k < object->entry->below_count; k++)
		if (object->entry->below[k]->line <= line)
			key = object->entry->below[k]->key;
	return key;
}

/* What does not load. True: something was taken away. */
static bool drop_errors(struct importer *i, const struct report *report)
{
	bool dropped = false;

	for (size_t k = 0; k < report->count; k++) {
		const struct finding *f = &report->findings[k];
		struct imported *object =
		    f->severity == SEVERITY_ERROR ? at_place(i, &f->place) : NULL;

		if (!object || object->off)
			continue;
		if (strcmp(f->id, "yaml-empty") == 0)
			import_off(i, object, "nothing of it can be written");
		else
			key_off(i, object, key_at(object, f->place.line), f->text);
		dropped = true;
	}
	return dropped;
}

static struct imported *find_own(const struct importer *i, const struct item *item)
{
	struct imported *object = item->desired->record.node
				      ? at_place(i, &item->desired->record.node->place)
				      : NULL;

	return object && object->kind == item->kind ? object : NULL;
}

/* The first key of "interfaces[0].mac" or "dhcp.range", where the object has it and can do
 * without. */
static const char *key_of(const struct imported *object, const char *path)
{
	size_t length = strcspn(path, ".[");

	for (const struct field *f = object->kind->fields.rows; f->key; f++)
		if (strlen(f->key) == length && strncmp(f->key, path, length) == 0 &&
		    !object->above && !(f->flags & FIELD_NEEDED) &&
		    field_has(&object->kind->fields, object->record, f->key))
			return f->key;
	return NULL;
}

/* Why it is not written. */
static const char *what_for(struct arena *a, const struct item *item)
{
	for (size_t k = 0; k < item->program_count; k++)
		if (item->programs[k]->step_count)
			return arena_printf(a, "if it were written: %s",
			    item->programs[k]->text ? item->programs[k]->text
						    : item->programs[k]->steps[0]->text);
	return item->reason;
}

static bool drop_differences(
    struct importer *i, struct imported *object, const struct item *item)
{
	bool dropped = false;

	for (size_t k = 0; k < item->differences.count; k++) {
		const struct difference *d = &item->differences.items[k];
		const char *key = key_of(object, d->field);

		if (!key || why_key_is_off(object, key))
			continue;
		key_off(i, object, key,
		    arena_printf(
			i->arena, "%s: what runs and what is stored differ", d->field));
		dropped = true;
	}
	return dropped;
}

/* What the plan has to do about it. True: something was taken away. */
static bool drop_item(struct importer *i, const struct item *item)
{
	struct imported *object = find_own(i, item);

	if (!object) {
		object = item->desired->record.node
			     ? at_place(i, &item->desired->record.node->place)
			     : NULL;
		if (!object || object->off || !item_has_steps(item))
			return false;
	} else if (object->off || (!item_has_steps(item) && !item->differences.count &&
				      item->verdict != VERDICT_BLOCKED)) {
		return false;
	}
	if (object->kind != item->kind || !drop_differences(i, object, item))
		import_off(i, object, "%s", what_for(i->arena, item));
	return true;
}

/* As the engine does with a configuration that it takes. */
static void remember(
    const struct importer *i, const struct config *config, struct state *state)
{
	const struct plan_input *input = i->planner.input;

	for (size_t k = 0; k < kind_count; k++) {
		const struct set *set = config_get(config, kinds[k]);

		for (size_t n = 0; n < set->count; n++) {
			const struct object *want = set->items[n];
			const struct observed *observed;

			state_desired(state, kinds[k], want->name, want);
			observed = observations_find(input->observed, kinds[k],
			    kinds[k]->external_name ? kinds[k]->external_name(want)
						    : want->name);
			if (kinds[k]->observed && observed)
				kinds[k]->observed(state_get(state, kinds[k], want->name),
				    observed, want, &config->settings, input->now, 0);
		}
	}
}

static bool drop_planned(struct importer *i, const struct config *config)
{
	struct plan_input input = *i->planner.input;
	struct state state = { 0 };
	bool dropped = false;
	struct plan *plan;

	remember(i, config, &state);
	input.desired = config;
	input.state = &state;
	plan = plan_make(&input);
	for (size_t k = 0; k < plan->item_count; k++)
		if (plan->items[k]->desired)
			dropped |= drop_item(i, plan->items[k]);
	plan_free(plan);
	state_done(&state);
	return dropped;
}

/* True: what is left loads, and nothing is to be done about it. */
static bool try_all(struct importer *i)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct arena a = { 0 };
		struct config *config = load(i, &a);
		bool errors = config && config->report.errors;
		bool dropped = config && (errors ? drop_errors(i, &config->report)
						 : drop_planned(i, config));

		config_free(config);
		arena_done(&a);
		if (!dropped)
			return !errors;
	}
	return false;
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
	for (size_t k = 0; k < i->count; k++)
		if (is_requested(request, i->items[k]))
			write_object(i->arena, &document, i->items[k]);
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
	good = try_all(&i);
	result->missing = find_missing(&i, request);
	write_document(&i, request, good, result);
}
