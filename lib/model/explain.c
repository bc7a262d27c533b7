/* SPDX-License-Identifier: MIT */
/* explain: walks a path through the field tables and tells what stands there. */
#include "lib/model/config.h"

#include <string.h>

#include "lib/model/section.h"

#define COLUMNS 80

/* Where a path has led to so far. */
struct walk {
	struct arena *arena;
	const char *path;	     /* as far as walked: "vms.disk" */
	const struct fields *fields; /* the table whose keys come next, or NULL */
	const struct field *field;   /* the row stood at, or NULL at a section */
	const char *title;	     /* a section: what it holds */
	const char *below;	     /* a section: the one key it has */
	const struct kind *kind;     /* a section: what it is of */
	bool names;		     /* names of objects may come next */
};

static const char *names_of(struct arena *a, const struct kind *kind)
{
	return arena_printf(a, "Names, and under each a %s.", kind->title);
}

static const char *section_title(struct arena *a, const struct section *section)
{
	switch (section->shape) {
	case SECTION_ONE:
		return arena_printf(a, "The %s.", section->kind->title);
	case SECTION_MAP:
		return names_of(a, section->kind);
	case SECTION_BELOW:
		break;
	}
	return arena_printf(
	    a, "Holds %s: each a %s.", section->kind->plural, section->kind->title);
}

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

static void add_keys(struct text *out, const struct fields *fields)
{
	size_t width = 0;

	for (const struct field *f = fields->rows; f->key; f++)
		width = strlen(f->key) > width ? strlen(f->key) : width;
	text_add(out, "\nkeys:\n");
	for (const struct field *f = fields->rows; f->key; f++)
		add_key(out, width, f->key, f->help);
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
static const char *section_of(const char *kind_name)
{
	const struct kind *kind = kind_find(kind_name);

	return kind ? kind->section : NULL;
}

/* A key to go on with, for the hint; NULL where there is nothing below. */
static const char *first_below(const struct walk *w)
{
	if (w->below)
		return w->below;
	return w->fields && w->fields->rows[0].key ? w->fields->rows[0].key : NULL;
}

static void describe(const struct walk *w, struct text *out)
{
	text_add(out, "%s\n", w->path);
	if (w->title)
		add_wrapped(out, 0, 0, w->title);
	if (w->field)
		add_field(out, w->arena, w->field);
	if (w->below) {
		text_add(out, "\nkeys:\n");
		add_key(out, strlen(w->below), w->below, names_of(w->arena, w->kind));
	} else if (w->fields) {
		add_keys(out, w->fields);
	}
	if (w->field && section_of(w->path))
		text_add(out, "\na %s itself is written in section %s\n",
		    kind_find(w->path)->title, section_of(w->path));
	if (first_below(w))
		text_add(out, "\nmore of one: homek8sctl explain %s.%s\n", w->path,
		    first_below(w));
}

static void describe_top(struct arena *a, struct text *out)
{
	size_t count;
	struct section *sections = sections_all(a, &count);

	text_add(out, "sections of desired state (desired.d/*.yaml):\n");
	for (size_t i = 0; i < count; i++)
		add_key(out, 12, sections[i].key, section_title(a, &sections[i]));
	text_add(out, "\nsettings (homek8s.yaml):\n");
	for (const struct field *f = settings_fields.rows; f->key; f++)
		add_key(out, 12, f->key, f->help);
	text_add(out, "\nmore of one: homek8sctl explain %s\n", sections[0].key);
}

static const struct field *row_of(const struct fields *fields, const char *key)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		if (!strcmp(f->key, key))
			return f;
	}
	return NULL;
}

static int no_such(const struct walk *w, const char *key, struct error *e)
{
	const char **words = NULL, *near;
	size_t count = 0;

	for (const struct field *f = w->fields ? w->fields->rows : NULL; f && f->key; f++)
		*(const char **)arena_push(w->arena, &words, &count, sizeof(*words)) =
		    f->key;
	if (w->below)
		*(const char **)arena_push(w->arena, &words, &count, sizeof(*words)) =
		    w->below;
	arena_push(w->arena, &words, &count, sizeof(*words));
	key = text_clean(w->arena, key, 60);
	near = nearest_word(key, words);
	if (near)
		return fail(e, "there is no key \"%s\" in %s; did you mean %s.%s?", key,
		    w->path, w->path, near);
	return fail(e, "there is no key \"%s\" in %s; `explain %s` lists its keys", key,
	    w->path, w->path);
}

static void enter_section(struct walk *w, const struct section *section)
{
	const struct kind *kind = section->kind;

	w->path = section->key;
	w->kind = kind;
	w->fields = &kind->fields;
	w->title = section_title(w->arena, section);
	w->names = section->shape == SECTION_MAP;
	w->below = section->shape == SECTION_BELOW ? kind->plural : NULL;
}

static int enter_top(struct walk *w, const char *key, struct error *e)
{
	const struct fields *settings = &settings_fields;
	const char **words = section_keys(w->arena), *near;
	size_t count;
	struct section *sections = sections_all(w->arena, &count);

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(sections[i].key, key)) {
			enter_section(w, &sections[i]);
			return 0;
		}
	}
	w->field = row_of(settings, key);
	if (w->field) {
		w->path = key;
		w->fields = w->field->group;
		return 0;
	}
	if (section_of(key))
		return fail(e, "a %s is written in section %s: `homek8sctl explain %s`",
		    key, section_of(key), section_of(key));
	key = text_clean(w->arena, key, 60);
	near = nearest_word(key, words);
	if (near)
		return fail(e, "there is no section \"%s\"; did you mean %s?", key, near);
	return fail(
	    e, "there is no section \"%s\"; `homek8sctl explain` lists them", key);
}

/* One step down. `last`: nothing follows, so this cannot be the name of an object. */
static int enter(struct walk *w, const char *key, bool last, struct error *e)
{
	const struct field *row;

	if (w->below) {
		if (strcmp(w->below, key) != 0)
			return no_such(w, key, e);
		w->path = arena_printf(w->arena, "%s.%s", w->path, key);
		w->title = names_of(w->arena, w->kind);
		w->below = NULL;
		w->names = true;
		return 0;
	}
	row = w->fields ? row_of(w->fields, key) : NULL;
	if (!row && w->names && !last) {
		w->names = false;
		return 0;
	}
	if (!row)
		return no_such(w, key, e);
	w->path = arena_printf(w->arena, "%s.%s", w->path, key);
	w->title = NULL;
	w->field = row;
	w->fields = row->group;
	w->names = row->type == FIELD_ELSEWHERE;
	return 0;
}

int config_explain(const char *path, struct text *out, struct error *e)
{
	struct arena a = { 0 };
	struct walk w = { .arena = &a };
	int failed = 0;

	if (!*path) {
		describe_top(&a, out);
		arena_done(&a);
		return 0;
	}
	for (const char *rest = path; rest && !failed;) {
		size_t length = strcspn(rest, ".");
		const char *key = arena_copy_n(&a, rest, length);

		rest = rest[length] ? rest + length + 1 : NULL;
		failed = w.path ? enter(&w, key, !rest, e) : enter_top(&w, key, e);
	}
	if (!failed)
		describe(&w, out);
	arena_done(&a);
	return failed;
}
