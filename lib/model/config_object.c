/* SPDX-License-Identifier: MIT */
/* config_object: a desired object from its map, named, checked and put into its set. */
#include "lib/model/config.h"

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

static int check_name(const struct kind *kind, const struct node *key, const char *name,
    struct report *report)
{
	const char *shown = text_clean(report->arena, name, 80);
	struct finding *f;

	if (strchr(name, '/') ? parts_are_names(report->arena, name)
			      : name_is_label(name))
		return 0;
	f = report_add(report, SEVERITY_ERROR, "bad-name", &key->place,
	    "\"%s\" cannot be the name of a %s: a name is 1 to 63 of a-z, 0-9 and -, with no - at either end",
	    shown, kind->title);
	report_fix(report, f, "choose a name such as \"worker-1\"");
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

struct object *config_object(struct config *config, const struct kind *kind,
    const struct node *map, const struct node *key, const char *name,
    struct report *report)
{
	struct object *object;

	if (check_count(config, kind, report))
		return NULL;
	if (key && check_name(kind, key, name, report))
		return NULL;
	object = arena_alloc(&config->arena, kind->fields.size);
	object->kind = kind;
	if (map) {
		field_decode(&kind->fields, map, object, report);
		if (map->type != NODE_MAP && map->type != NODE_NULL)
			return NULL;
	} else {
		field_defaults(&kind->fields, object, &config->arena);
	}
	object->record.node = map ? map : key;
	if (key || map)
		object->place = key ? &key->place : &map->place;
	if (key)
		check_written_name(object, name, report);
	object->name = arena_copy(&config->arena, name);
	return add_object(config, object, report) ? NULL : object;
}
