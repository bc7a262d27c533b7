/* SPDX-License-Identifier: MIT */
/* section_read: from the tree of desired state to objects, along the tree of sections. */
#include <string.h>

#include "lib/model/config_object.h"
#include "lib/model/section_advice.h"
#include "lib/model/section_tree.h"

struct reader {
	struct config *config;
	struct report *report;
};

static void read_node(const struct reader *r, const struct section_node *at,
    const struct node *value, const char *outer);

/* What lies below a record, or below a node that only holds others. */
static void read_below(const struct reader *r, const struct section_node *at,
    const struct node *map, const char *outer)
{
	for (size_t i = 0; i < at->below_count; i++) {
		const struct node *value = node_get(map, at->below[i]->key);

		if (value && value->type != NODE_NULL)
			read_node(r, at->below[i], value, outer);
	}
}

static void wrong_type(
    const struct reader *r, const struct section_node *at, const struct node *value)
{
	report_add(r->report, SEVERITY_ERROR, "wrong-type", &value->place,
	    "%s must be a map%s, it is %s", at->path,
	    section_has_names(at) ? " of names" : "", node_what(value))
	    ->fix = advice_map(r->report->arena, at, value);
}

/* "worker-1: 192.168.122.11" is short for "worker-1: {ip: 192.168.122.11}". */
static const struct node *long_form(
    struct arena *a, const struct section *section, const struct node *value)
{
	struct node *map, *key;

	if (!section->short_for || value->type != NODE_SCALAR)
		return value;
	map = arena_alloc(a, sizeof(*map));
	key = arena_alloc(a, sizeof(*key));
	*key = (struct node){
		.type = NODE_SCALAR, .place = value->place, .text = section->short_for
	};
	*map = (struct node){ .type = NODE_MAP, .place = value->place, .count = 1 };
	map->keys = arena_alloc(a, sizeof(struct node *));
	map->items = arena_alloc(a, sizeof(struct node *));
	map->keys[0] = key;
	map->items[0] = (struct node *)value;
	return map;
}

/* A key that is unknown here may belong to a section that this one holds. */
static void check_words(
    const struct reader *r, const struct section_node *at, const struct node *map)
{
	const struct fields *fields = at->row_count ? &at->rows[0].kind->fields : NULL;
	size_t before = r->report->count;

	field_unknown_keys(at->words, fields, map, r->report);
	for (size_t i = before; at->below_count && i < r->report->count; i++) {
		struct finding *f = &r->report->findings[i];
		const char *fix = NULL;

		for (size_t k = 0; map->type == NODE_MAP && k < map->count; k++)
			if (map->keys[k]->place.line == f->place.line &&
			    map->keys[k]->place.column == f->place.column)
				fix = advice_below(
				    r->report->arena, at, map->keys[k], map->items[k]);
		f->fix = fix ? fix : f->fix;
	}
}

/* One record, by every kind that reads here. `key` NULL: it has no name but its own. */
static void read_record(const struct reader *r, const struct section_node *at,
    const struct node *key, const struct node *value, const char *outer)
{
	const struct node *map = long_form(r->report->arena, at->rows[0].section, value);
	const char *name = key ? key->text : NULL;

	check_words(r, at, map);
	for (size_t i = 0; i < at->row_count; i++) {
		const struct kind *kind = at->rows[i].kind;
		bool inside = at->rows[i].section->shape == SECTION_INSIDE;
		struct object *object = config_object_read(
		    r->config, kind, map, key, inside ? outer : NULL, r->report);

		if (object && kind->read_object)
			kind->read_object(r->config, object, map, r->report);
		if (object && !name)
			name = object->name;
	}
	read_below(r, at, map, name ? text_clean(r->report->arena, name, 80) : "");
}

static void unindented(const struct reader *r, const struct section_node *at,
    const struct node *name, const struct node *key)
{
	struct arena *a = r->report->arena;

	report_add(r->report, SEVERITY_ERROR, "wrong-type", &key->place,
	    "%s is a key of a %s and stands where names do", key->text,
	    at->rows[0].kind->title)
	    ->fix = arena_printf(a,
	    "indent it, and the keys that follow, by two blanks more than \"%s:\"",
	    text_clean(a, name->text, 60));
}

/* How many keys that should stand below name `i` of the map stand beside it. */
static size_t count_beside(
    const struct section_node *at, const struct node *map, size_t i)
{
	size_t end = i + 1;

	if (end == map->count || !advice_is_unindented(at, map, end))
		return 0;
	while (end < map->count && advice_is_field(at, map->keys[end]))
		end++;
	return end - i - 1;
}

/* Keys that stand beside their name are one mistake, and read as what they were to be. */
static void read_names(const struct reader *r, const struct section_node *at,
    const struct node *map, const char *outer)
{
	for (size_t i = 0; i < map->count; i++) {
		size_t beside = count_beside(at, map, i);
		const struct node *name = map->keys[i], *value = map->items[i];
		struct node *gathered;

		if (beside) {
			unindented(r, at, name, map->keys[i + 1]);
			gathered = arena_alloc(r->report->arena, sizeof(*gathered));
			*gathered = (struct node){ .type = NODE_MAP,
				.place = value->place,
				.keys = map->keys + i + 1,
				.items = map->items + i + 1,
				.count = beside };
			value = gathered;
		}
		read_record(r, at, name, value, outer);
		i += beside;
	}
}

static void read_node(const struct reader *r, const struct section_node *at,
    const struct node *value, const char *outer)
{
	if (value->type != NODE_MAP) {
		wrong_type(r, at, value);
	} else if (section_has_names(at)) {
		read_names(r, at, value, outer);
	} else if (at->row_count) {
		read_record(r, at, NULL, value, outer);
	} else {
		check_words(r, at, value);
		read_below(r, at, value, outer);
	}
}

/* The key a section is written under, or NULL. */
static const struct node *written_at(const struct node *root, const char *path)
{
	const struct node *map = root, *key = NULL;

	while (*path) {
		char part[64];
		size_t length = strcspn(path, ".");

		if (length >= sizeof(part))
			return NULL;
		memcpy(part, path, length);
		part[length] = '\0';
		key = node_key(map, part);
		map = node_get(map, part);
		if (!key)
			return NULL;
		path += length + (path[length] == '.');
	}
	return key;
}

/* One and several are two ways to write a kind: only one of them may be used. */
static void check_one_way(
    const struct reader *r, const struct node *root, const struct kind *kind)
{
	const struct node *first = NULL;

	for (size_t i = 0; i < kind->section_count; i++) {
		const struct section *section = &kind->sections[i];
		const struct node *key;

		if (section->shape == SECTION_INSIDE)
			continue;
		key = written_at(root, section->path);
		if (key && first)
			report_add(r->report, SEVERITY_ERROR, "duplicate-key",
			    &key->place, "both %s and %s are written", first->text,
			    key->text)
			    ->fix = arena_printf(r->report->arena,
			    "write all of them below \"%s:\", each with its name",
			    kind->plural);
		first = first ? first : key;
	}
}

void sections_read(struct config *config, const struct section_node *top)
{
	struct reader r = { config, &config->report };

	for (size_t i = 0; i < kind_count; i++)
		check_one_way(&r, config->root, kinds[i]);
	read_below(&r, top, config->root, NULL);
	for (size_t i = 0; i < kind_count; i++)
		config_short_names(config, kinds[i]);
}
