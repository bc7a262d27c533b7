/* SPDX-License-Identifier: MIT */
/* explain: walks a path through the field tables and says what stands there. */
#include "lib/model/config.h"

#include <string.h>

#include "lib/model/section_tree.h"

#define COLUMNS 80

/* Where a path has led to so far. */
struct walk {
	struct arena *arena;
	const char *path;		    /* as far as walked: "vms.disk" */
	const struct section_node *section; /* stood at, or NULL */
	const struct field *field;	    /* the row stood at, or NULL */
	bool names;			    /* the name of an object may come next */
};

/* Adds text broken at blanks, the first line after `used` columns, others indented. */
static void add_wrapped(struct text *out, size_t indent, size_t used, const char *text)
{
	while (*text) {
		size_t word = strcspn(text, " ");

		if (used + 1 + word > COLUMNS && used > indent) {
			text_add(out, "\n%*s", (int)indent, "");
			used = indent;
		} else if (used > indent) {
			text_add(out, " ");
			used++;
		}
		text_add_n(out, text, word);
		used += word;
		text += word;
		text += strspn(text, " ");
	}
	text_add(out, "\n");
}

static void add_key(struct text *out, size_t width, const char *key, const char *help)
{
	text_add(out, "  %-*s  ", (int)width, key);
	add_wrapped(out, width + 4, width + 4, help ? help : "");
}

static size_t wider(size_t width, const char *key)
{
	return strlen(key) > width ? strlen(key) : width;
}

static size_t field_width(const struct fields *fields, size_t width)
{
	for (const struct field *f = fields->rows; f->key; f++)
		width = wider(width, f->key);
	return width;
}

static void add_fields(struct text *out, size_t width, const struct fields *fields)
{
	for (const struct field *f = fields->rows; f->key; f++)
		add_key(out, width, f->key, f->help);
}

/* What is known in a record of the section, and which sections lie below it. */
static void add_section_keys(
    struct text *out, struct arena *a, const struct section_node *node)
{
	size_t width = 0;

	for (size_t i = 0; i < node->row_count; i++)
		width = field_width(&node->rows[i].kind->fields, width);
	for (size_t i = 0; i < node->below_count; i++)
		width = wider(width, node->below[i]->key);
	for (size_t i = 0; i < node->row_count; i++)
		add_fields(out, width, &node->rows[i].kind->fields);
	for (size_t i = 0; i < node->below_count; i++)
		add_key(out, width, node->below[i]->key, section_help(a, node->below[i]));
}

static void add_field(struct text *out, struct arena *a, const struct field *f)
{
	if (f->help)
		add_wrapped(out, 0, 0, f->help);
	if (f->type != FIELD_GROUP)
		add_key(out, 8, "type", field_expected(a, f));
	if (f->flags & FIELD_NEEDED)
		add_key(out, 8, "needed", "must be written");
	if (f->fallback)
		add_key(out, 8, "default", f->fallback);
	if (f->example)
		add_key(out, 8, "example", f->example);
}

/* Where objects of the kind are written, or NULL. */
static const char *written_in(const char *kind_name)
{
	const struct kind *kind = kind_find(kind_name);
	const struct section *section = kind ? section_of(kind) : NULL;

	return section ? section->path : NULL;
}

/* A key to go on with, for the hint; NULL where there is nothing below. */
static const char *first_below(const struct walk *w)
{
	if (w->section)
		return w->section->words[0];
	return w->field->group ? w->field->group->rows[0].key : NULL;
}

static void describe_section(
    const struct section_node *node, struct text *out, struct arena *a)
{
	const char *example = node->row_count ? node->rows[0].section->example : NULL;

	add_wrapped(out, 0, 0, section_help(a, node));
	if (example)
		add_key(out, 8, "example", example);
	if (node->words[0])
		text_add(out, "\nkeys:\n");
	add_section_keys(out, a, node);
}

static void describe(const struct walk *w, struct text *out)
{
	const char *section = written_in(w->path);

	text_add(out, "%s\n", w->path);
	if (w->section) {
		describe_section(w->section, out, w->arena);
	} else {
		add_field(out, w->arena, w->field);
		if (w->field->group) {
			text_add(out, "\nkeys:\n");
			add_fields(out, field_width(w->field->group, 0), w->field->group);
		}
	}
	if (w->field && section)
		text_add(out, "\na %s itself is written in section %s\n",
		    kind_find(w->path)->title, section);
	if (first_below(w))
		text_add(out, "\nmore of one: homek8sctl explain %s.%s\n", w->path,
		    first_below(w));
}

static void describe_top(
    const struct section_node *top, struct arena *a, struct text *out)
{
	text_add(out, "sections of desired state (desired.d/*.yaml):\n");
	for (size_t i = 0; i < top->below_count; i++)
		add_key(out, 12, top->below[i]->key, section_help(a, top->below[i]));
	text_add(out, "\nsettings (homek8s.yaml):\n");
	add_fields(out, 12, &settings_fields);
	text_add(out, "\nmore of one: homek8sctl explain %s\n", top->below[0]->key);
}

static const struct field *row_of(const struct fields *fields, const char *key)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		if (!strcmp(f->key, key))
			return f;
	}
	return NULL;
}

static const struct field *field_of(const struct section_node *node, const char *key)
{
	const struct field *field = NULL;

	for (size_t i = 0; i < node->row_count && !field; i++)
		field = row_of(&node->rows[i].kind->fields, key);
	return field;
}

/* The keys that may come next; NULL after the last. */
static const char **words_of(const struct walk *w)
{
	const struct fields *group = w->section ? NULL : w->field->group;
	const char **words = NULL;
	size_t count = 0;

	if (w->section)
		return w->section->words;
	for (const struct field *f = group ? group->rows : NULL; f && f->key; f++)
		*(const char **)arena_push(w->arena, &words, &count, sizeof(*words)) =
		    f->key;
	arena_push(w->arena, &words, &count, sizeof(*words));
	return words;
}

static int no_such(const struct walk *w, const char *key, struct error *e)
{
	const char *near;

	key = text_clean(w->arena, key, 60);
	near = nearest_word(key, words_of(w));
	if (near)
		return fail(e, "there is no key \"%s\" in %s; did you mean %s.%s?", key,
		    w->path, w->path, near);
	return fail(e, "there is no key \"%s\" in %s; `explain %s` lists its keys", key,
	    w->path, w->path);
}

static void enter_section(struct walk *w, const struct section_node *node)
{
	w->section = node;
	w->path = node->path;
	w->names = section_has_names(node);
}

static void enter_field(struct walk *w, const struct field *field)
{
	w->path =
	    w->path ? arena_printf(w->arena, "%s.%s", w->path, field->key) : field->key;
	w->section = NULL;
	w->field = field;
	w->names = false;
}

static int enter_top(
    struct walk *w, const struct section_node *top, const char *key, struct error *e)
{
	const struct section_node *node = section_below(top, key, strlen(key));
	const struct field *setting = row_of(&settings_fields, key);
	const char *near, *section = written_in(key);

	if (node) {
		enter_section(w, node);
		return 0;
	}
	if (setting) {
		enter_field(w, setting);
		return 0;
	}
	if (section)
		return fail(e, "a %s is written in section %s: `homek8sctl explain %s`",
		    key, section, section);
	key = text_clean(w->arena, key, 60);
	near = nearest_word(key, top->words);
	if (near)
		return fail(e, "there is no section \"%s\"; did you mean %s?", key, near);
	return fail(
	    e, "there is no section \"%s\"; `homek8sctl explain` lists them", key);
}

/* One step down. `last`: nothing follows, so this cannot be the name of an object. */
static int enter(struct walk *w, const char *key, bool last, struct error *e)
{
	const struct section_node *below =
	    w->section ? section_below(w->section, key, strlen(key)) : NULL;
	const struct field *row = NULL;

	if (below) {
		enter_section(w, below);
		return 0;
	}
	if (w->section)
		row = field_of(w->section, key);
	else if (w->field->group)
		row = row_of(w->field->group, key);
	if (row) {
		enter_field(w, row);
		return 0;
	}
	if (!w->names || last)
		return no_such(w, key, e);
	w->names = false;
	return 0;
}

int config_explain(const char *path, struct text *out, struct error *e)
{
	struct arena a = { 0 };
	struct walk w = { .arena = &a };
	const struct section_node *top = section_tree(&a);
	int failed = 0;

	if (!*path)
		describe_top(top, &a, out);
	for (const char *rest = *path ? path : NULL; rest && !failed;) {
		size_t length = strcspn(rest, ".");
		const char *key = arena_copy_n(&a, rest, length);

		rest = rest[length] ? rest + length + 1 : NULL;
		failed = w.path ? enter(&w, key, !rest, e) : enter_top(&w, top, key, e);
	}
	if (!failed && *path)
		describe(&w, out);
	arena_done(&a);
	return failed;
}
