/* SPDX-License-Identifier: MIT */
/* import_trial: loads and plans the proposals, until neither has anything to say. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/yaml_write.h"
#include "lib/plan/import_parts.h"

#define ROUNDS 16 /* each takes away what the one before has found */

static void key_off(
    struct importer *i, struct imported *object, const char *key, const char *why)
{
	struct imported_key *slot;

	if (!key || import_key_off(object, key)) {
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

		if (import_is_off(i->items[k]))
			continue;
		import_write(a, &document, i->items[k]);
		yaml_entry_write(&document, &text);
		files.desired[files.desired_count++] =
		    (struct source_text){ arena_printf(a, "%zu", k),
			    arena_copy(a, text_get(&text)), text.length, NULL };
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

		if (!key || import_key_off(object, key))
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

bool import_try(struct importer *i)
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
