/* SPDX-License-Identifier: MIT */
/* section_advice: where a key that stands in the wrong place belongs. */
#include "lib/model/section_advice.h"

#include <string.h>

#include "lib/model/field_advice.h"
#include "lib/model/settings.h"

#define SHOWN 60 /* bytes of what was written */
#define NAME "worker-1"

static const struct field *row_of(const struct section_node *at, const char *key)
{
	for (size_t i = 0; i < at->row_count; i++)
		for (const struct field *f = at->rows[i].kind->fields.rows; f->key; f++)
			if (strcmp(f->key, key) == 0)
				return f;
	return NULL;
}

/* "vms: {worker-1: {vcpus: 2}}": the inner text in the sections from below `from` down to
 * `at`, whose path it is. */
static const char *in_sections(
    struct arena *a, const struct section_node *at, size_t from, const char *inner)
{
	const char *path = at->path + from, *text = "", *ends = "";

	for (size_t length; *path; path += length + (path[length] == '.')) {
		length = strcspn(path, ".");
		text = arena_printf(
		    a, "%s%s%.*s: ", text, *text ? "{" : "", (int)length, path);
		ends = *ends || path[length] ? arena_printf(a, "%s}", ends) : ends;
	}
	/* One brace more was opened for each section below the first. */
	ends = *ends ? ends + 1 : ends;
	if (!*inner)
		return arena_printf(a, "%s{" NAME ": %s}%s", text,
		    row_of(at, at->rows[0].section->short_for)->example, ends);
	return section_has_names(at)
		   ? arena_printf(a, "%s{" NAME ": {%s}}%s", text, inner, ends)
		   : arena_printf(a, "%s{%s}%s", text, inner, ends);
}

/* What stands in a record here; of one that has a short form "" (see in_sections()). */
static const char *record_example(struct arena *a, const struct section_node *at)
{
	if (!at->row_count)
		return arena_printf(a, "%s: ...", at->below[0]->key);
	return at->rows[0].section->short_for
		   ? ""
		   : advice_example(a, at->rows[0].kind->fields.rows);
}

/* Where below `at` a key belongs, as an example with it; NULL: nowhere. */
static const char *place_of(
    struct arena *a, const struct section_node *at, size_t from, const char *key)
{
	const char *found = NULL;

	for (size_t i = 0; !found && i < at->below_count; i++) {
		const struct section_node *below = at->below[i];
		const struct field *f = row_of(below, key);

		if (f)
			return in_sections(a, below, from, advice_example(a, f));
		if (strcmp(below->key, key) == 0)
			return in_sections(a, below, from, record_example(a, below));
		found = place_of(a, below, from, key);
	}
	return found;
}

static const struct hint *hint_of(const char *key)
{
	const struct hint *hint = NULL;

	for (size_t i = 0; !hint && i < kind_count; i++)
		hint = advice_hint(kinds[i]->section_hints, key);
	return hint;
}

/* Another key of the file has said what the whole file is. */
static bool is_said(const struct node *root)
{
	for (size_t i = 0; i < root->count; i++) {
		const struct hint *hint = hint_of(root->keys[i]->text);

		if (hint && hint->fix && hint->whole)
			return true;
	}
	return false;
}

/* The section just before the key that has nothing below it; NULL: it has. */
static const struct node *empty_before(const struct node *root, const struct node *key)
{
	const struct node *last = NULL;
	bool empty = false;

	for (size_t i = 0; i < root->count; i++) {
		const struct node *other = root->keys[i];

		if (other->place.source != key->place.source ||
		    other->place.line >= key->place.line ||
		    (last && other->place.line < last->place.line))
			continue;
		last = other;
		empty = root->items[i]->type == NODE_NULL;
	}
	return empty ? last : NULL;
}

static bool is_setting(const char *key)
{
	const struct field *f = settings_fields.rows;

	while (f->key && strcmp(f->key, key) != 0)
		f++;
	return f->key;
}

/* A kind's name, or that of a section that is near; NULL: neither. */
static const char *near_section(
    struct arena *a, const struct section_node *top, const char *key)
{
	const struct kind *kind = kind_find(key);
	const char *near = nearest_word(key, top->words);

	if (kind && section_below(top, kind->plural, strlen(kind->plural)))
		near = kind->plural;
	else if (is_setting(key))
		return "this is a setting: write it in homek8s.yaml";
	if (!near)
		return NULL;
	return arena_printf(a, "did you mean \"%s\"?%s", near,
	    is_setting(key) ? " The settings of that name are written in homek8s.yaml"
			    : "");
}

/* "a.b: 1" as "a: {b: 1}". */
static const char *nested(
    struct arena *a, const struct node *key, const struct node *value)
{
	const char *path = key->text, *text = "", *ends = "";

	for (const char *part = path; *part; part += *part == '.') {
		size_t length = strcspn(part, ".");

		text = arena_printf(
		    a, "%s%s%.*s: ", text, *text ? "{" : "", (int)length, part);
		ends = part == path ? ends : arena_printf(a, "%s}", ends);
		part += length;
	}
	return arena_printf(a, "write \"%s%s%s\"", text_clean(a, text, 200),
	    node_shown(a, value, SHOWN), ends);
}

const char *advice_section(struct arena *a, const struct section_node *top,
    const struct node *root, const struct node *key)
{
	const struct hint *hint = hint_of(key->text);
	const struct node *empty = empty_before(root, key);
	const char *odd = advice_characters(a, key->text), *near, *place, *known = "";

	if (odd)
		return odd;
	if (hint && !hint->fix && is_said(root))
		return "";
	if (hint && hint->fix)
		return hint->fix;
	if (strncmp(key->text, "//", 2) == 0)
		return "a comment begins with \"#\"";
	near = near_section(a, top, key->text);
	if (near)
		return near;
	place = place_of(a, top, 0, key->text);
	if (place)
		return arena_printf(a, "it belongs in another place: \"%s\"", place);
	if (empty)
		return arena_printf(a,
		    "if it belongs to \"%s:\", indent it by two blanks",
		    node_shown(a, empty, SHOWN));
	if (strchr(key->text, '.') && !key->unshown &&
	    node_get(root, key->text)->type == NODE_SCALAR)
		return nested(a, key, node_get(root, key->text));
	for (size_t i = 0; top->words[i]; i++)
		known = arena_printf(a, "%s%s%s", known, i ? ", " : "", top->words[i]);
	return arena_printf(a, "the sections are: %s", known);
}

/* Whether the map has keys of the records of the section, and no other ones. */
static bool is_record(const struct section_node *at, const struct node *map)
{
	for (size_t i = 0; map->type == NODE_MAP && i < map->count; i++)
		if (!row_of(at, map->keys[i]->text))
			return false;
	return map->type == NODE_MAP && map->count;
}

const char *advice_below(struct arena *a, const struct section_node *at,
    const struct node *key, const struct node *value)
{
	const char *place = place_of(a, at, strlen(at->path) + 1, key->text);

	for (size_t i = 0; !place && i < at->below_count; i++)
		if (section_has_names(at->below[i]) && is_record(at->below[i], value))
			return arena_printf(a, "it belongs in %s: \"%s: {%s: {...}}\"",
			    at->below[i]->key, at->below[i]->key,
			    node_shown(a, key, SHOWN));
	return place ? arena_printf(a, "it belongs in another place: \"%s\"", place)
		     : NULL;
}

bool advice_is_field(const struct section_node *at, const struct node *key)
{
	return row_of(at, key->text);
}

bool advice_is_unindented(const struct section_node *at, const struct node *map, size_t i)
{
	return i && map->items[i - 1]->type == NODE_NULL &&
	       !advice_is_field(at, map->keys[i - 1]) &&
	       advice_is_field(at, map->keys[i]);
}

/* "[- name: a]" as other programs have it, "[- a: 10.0.0.2]", "[- a]": the first as it
 * would be written; NULL: something else. */
static const char *as_entry(
    struct arena *a, const struct section_node *at, const struct node *item)
{
	const struct node *name = node_get(item, "name");
	const char *brief = at->rows[0].section->short_for;
	const char *record = brief ? row_of(at, brief)->example : "{}";

	if (item->type == NODE_SCALAR && !name_is_label(item->text))
		return NULL;
	if (item->type == NODE_SCALAR)
		return arena_printf(a, "%s: %s", node_shown(a, item, SHOWN), record);
	if (name && name->type == NODE_SCALAR)
		return arena_printf(a, "%s: {...}", node_shown(a, name, SHOWN));
	if (item->type != NODE_MAP || item->count != 1)
		return NULL;
	return item->items[0]->type == NODE_SCALAR
		   ? arena_printf(a, "%s: %s", node_shown(a, item->keys[0], SHOWN),
			 node_shown(a, item->items[0], SHOWN))
		   : arena_printf(a, "%s: {...}", node_shown(a, item->keys[0], SHOWN));
}

const char *advice_map(
    struct arena *a, const struct section_node *at, const struct node *value)
{
	const char *entry = NULL, *example;

	if (section_has_names(at) && value->type == NODE_LIST && value->count)
		entry = as_entry(a, at, value->items[0]);
	if (entry)
		return arena_printf(a,
		    "write names without dashes, and what is of each below its name: \"%s\"",
		    entry);
	if (section_has_names(at) && value->type == NODE_SCALAR &&
	    name_is_label(value->text))
		return arena_printf(
		    a, "write \"%s: {%s: {}}\"", at->key, node_shown(a, value, SHOWN));
	if (!at->row_count)
		return arena_printf(a,
		    "write below it, indented, what it holds: \"%s: ...\"",
		    at->below[0]->key);
	example = advice_example(a, at->rows[0].kind->fields.rows);
	if (section_has_names(at))
		example = arena_printf(a, NAME ": {%s}", example);
	return arena_printf(a, "write it as in \"%s: {%s}\"", at->key, example);
}
