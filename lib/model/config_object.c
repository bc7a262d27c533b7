/* SPDX-License-Identifier: MIT */
/* config_object: a desired object from its map, named, checked and put into its set. */
#include "lib/model/config_object.h"

#include <stdlib.h>
#include <string.h>

#include "lib/model/kind.h"

static bool parts_are_names(struct arena *a, const char *name)
{
	const char *part = name;

	for (;;) {
		size_t length = strcspn(part, "/");

		if (!name_is_subdomain(arena_copy_n(a, part, length)))
			return false;
		if (!part[length])
			return true;
		part += length + 1;
	}
}

static bool name_fits(struct arena *a, const struct kind *kind, const char *name)
{
	return kind->path_names ? parts_are_names(a, name) : name_is_label(name);
}

static const char *name_advice(struct report *report, const struct kind *kind,
    const struct node *key, const char *shown)
{
	char label[64];
	bool fits = !key->unshown && name_to_label(key->text, label, sizeof(label)) &&
		    strpbrk(label, "abcdefghijklmnopqrstuvwxyz");
	const char *fitting = fits ? label : "worker-1";

	if (!kind->external_key)
		return arena_printf(
		    report->arena, "choose a name such as \"%s\"", fitting);
	return arena_printf(report->arena,
	    "call it \"%s\" here, and write `%s: \"%s\"` in it if that is its name in %s",
	    fitting, kind->external_key, shown, kind->source->title);
}

static int check_name(
    const struct kind *kind, const struct node *key, struct report *report)
{
	const char *shown = node_shown(report->arena, key, 80);
	struct finding *f;

	if (name_fits(report->arena, kind, key->text))
		return 0;
	f = report_add(report, SEVERITY_ERROR, "bad-name", &key->place,
	    "\"%s\" cannot be the name of a %s: a name is 1 to 63 of a-z, 0-9 and -, with no - at either end",
	    shown, kind->title);
	report_fix(report, f, "%s", name_advice(report, kind, key, shown));
	return -1;
}

/* A key "name" inside must agree with the name the object has. */
static void check_written_name(
    const struct object *object, const char *name, struct report *report)
{
	const struct node *written = node_get(object->record.node, "name");

	if (!object->name || !strcmp(object->name, name) || !written)
		return;
	report_add(report, SEVERITY_ERROR, "bad-name", &written->place,
	    "the %s is called \"%s\" by its key and \"%s\" here", object->kind->title,
	    name, object->name);
}

static int check_count(
    const struct config *config, const struct kind *kind, struct report *report)
{
	if (config_get(config, kind)->count < CONFIG_MAX_OBJECTS)
		return 0;
	report_add(report, SEVERITY_ERROR, "too-many-objects", NULL,
	    "more than %d %s are written", CONFIG_MAX_OBJECTS, kind->plural);
	return -1;
}

static int add_object(struct config *config, struct object *object, struct report *report)
{
	struct set *set = config_set(config, object->kind);
	const struct object *other;
	struct finding *f;

	object->short_name = object->name;
	if (set_add(&config->arena, set, object))
		return 0;
	other = set_find(set, object->name);
	f = report_add(report, SEVERITY_ERROR, "duplicate-name", object->place,
	    "%s %s is written twice: here and at %s", object->kind->title, object->name,
	    other->place ? place_text(report->arena, other->place) : "another place");
	report_fix(report, f, "give one of them another name, or remove it");
	f->objects[0] =
	    arena_printf(report->arena, "%s/%s", object->kind->name, object->name);
	return -1;
}

static const char *last_part(const struct object *object)
{
	return strrchr(object->name, '/') + 1;
}

static int by_last_part(const void *x, const void *y)
{
	return strcmp(
	    last_part(*(struct object *const *)x), last_part(*(struct object *const *)y));
}

void config_short_names(struct config *config, const struct kind *kind)
{
	const struct set *set = config_get(config, kind);
	struct object **items = arena_array(&config->arena, set->count, sizeof(*items));
	size_t same;

	if (!kind_is_inside(kind) || !set->count)
		return;
	memcpy(items, set->items, set->count * sizeof(struct object *));
	qsort(items, set->count, sizeof(*items), by_last_part);
	for (size_t i = 0; i < set->count; i += same) {
		same = 1;
		while (
		    i + same < set->count && !by_last_part(&items[i], &items[i + same]))
			same++;
		if (same == 1)
			items[i]->short_name = last_part(items[i]);
	}
}

const char *config_short_name(
    const struct config *config, const struct kind *kind, const char *name)
{
	const struct object *object = set_find(config_get(config, kind), name);

	return object ? object->short_name : name;
}

/* Not named and in no set yet. NULL: `map` is no map. */
static struct object *read_values(struct config *config, const struct kind *kind,
    const struct node *map, const struct node *key, struct report *report)
{
	struct object *object = arena_alloc(&config->arena, kind->fields.size);

	object->kind = kind;
	field_decode_known(&kind->fields, map, object, report);
	object->record.node = map;
	object->place = key ? &key->place : &map->place;
	return map->type == NODE_MAP || map->type == NODE_NULL ? object : NULL;
}

struct object *config_object_read(struct config *config, const struct kind *kind,
    const struct node *map, const struct node *key, const char *outer,
    struct report *report)
{
	bool named_well = !key || !check_name(kind, key, report);
	struct object *object;

	if (check_count(config, kind, report))
		return NULL;
	object = read_values(config, kind, map, key, report);
	if (!object || !named_well)
		return NULL;
	if (key)
		check_written_name(object, key->text, report);
	if (key)
		object->name =
		    outer ? arena_printf(&config->arena, "%s/%s", outer, key->text)
			  : arena_copy(&config->arena, key->text);
	else if (!object->name)
		object->name = kind->name;
	return add_object(config, object, report) ? NULL : object;
}

struct object *config_object(struct config *config, const struct kind *kind,
    const char *name, struct report *report)
{
	struct object *object;

	if (check_count(config, kind, report))
		return NULL;
	object = arena_alloc(&config->arena, kind->fields.size);
	object->kind = kind;
	field_defaults(&kind->fields, object, &config->arena);
	object->name = arena_copy(&config->arena, name);
	return add_object(config, object, report) ? NULL : object;
}
