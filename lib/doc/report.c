/* SPDX-License-Identifier: MIT */
/* report: collecting findings, and showing one under the line it is about. */
#include "lib/doc/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doc/unshown.h"

#define ERRORS_SHOWN 50
/* What is shown of a long line: a window of this many characters around the column. */
#define WINDOW 100
#define WINDOW_BEFORE 60

const char *severity_text(enum severity severity)
{
	switch (severity) {
	case SEVERITY_ERROR:
		return "error";
	case SEVERITY_WARNING:
		return "warning";
	case SEVERITY_INFO:
		return "info";
	}
	return "info";
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->source == b->source && a->line == b->line && a->column == b->column;
}

static struct finding *find(
    struct report *r, const char *id, const struct place *place, const char *text)
{
	for (size_t i = 0; i < r->count; i++) {
		struct finding *f = &r->findings[i];

		if (same_place(&f->place, place) && strcmp(f->id, id) == 0 &&
		    strcmp(f->text, text) == 0)
			return f;
	}
	return NULL;
}

static struct finding *scratch(struct report *r, struct finding f)
{
	r->not_shown++;
	r->spare = f;
	return &r->spare;
}

struct finding *report_add(struct report *r, enum severity severity, const char *id,
    const struct place *place, const char *format, ...)
{
	struct finding f = { .id = id, .severity = severity, .text = "" }, *found;
	char buffer[1024];
	va_list args;

	if (place)
		f.place = *place;
	if (severity == SEVERITY_ERROR && r->errors >= ERRORS_SHOWN)
		return scratch(r, f);
	va_start(args, format);
	vsnprintf(buffer, sizeof(buffer), format, args);
	va_end(args);
	text_scrub(buffer);
	found = find(r, id, &f.place, buffer);
	if (found)
		return found;
	f.text = arena_copy(r->arena, buffer);
	r->errors += severity == SEVERITY_ERROR;
	found = arena_push(r->arena, &r->findings, &r->count, sizeof(f));
	*found = f;
	return found;
}

void report_fix(struct report *r, struct finding *f, const char *format, ...)
{
	char buffer[1024];
	va_list args;

	if (f == &r->spare)
		return;
	va_start(args, format);
	vsnprintf(buffer, sizeof(buffer), format, args);
	va_end(args);
	text_scrub(buffer);
	f->fix = arena_copy(r->arena, buffer);
}

static int compare_sources(const struct source_text *a, const struct source_text *b)
{
	if (a == b)
		return 0;
	if (!a || !b) /* what stands nowhere comes last */
		return a ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare(const void *x, const void *y)
{
	const struct finding *a = x, *b = y;
	int order;

	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	order = compare_sources(a->place.source, b->place.source);
	if (order)
		return order;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	if (a->place.column != b->place.column)
		return a->place.column < b->place.column ? -1 : 1;
	order = strcmp(a->id, b->id);
	return order ? order : strcmp(a->text, b->text);
}

void report_drop_notes(struct report *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->findings[i].severity != SEVERITY_INFO)
			r->findings[kept++] = r->findings[i];
	r->count = kept;
}

void report_sort(struct report *r)
{
	if (r->count > 1)
		qsort(r->findings, r->count, sizeof(*r->findings), compare);
}

const char *place_text(struct arena *a, const struct place *place)
{
	if (!place || !place->source)
		return NULL;
	if (!place->line)
		return place->source->name;
	return arena_printf(
	    a, "%s:%u:%u", place->source->name, place->line, place->column);
}

const char *finding_line(struct arena *a, const struct finding *f)
{
	const char *where = place_text(a, &f->place);

	return arena_printf(a, "%s%s%s[%s]: %s", where ? where : "", where ? ": " : "",
	    severity_text(f->severity), f->id, f->text);
}

/* How many columns of a terminal a character takes: scripts of East Asia take two. */
static int width(uint32_t code)
{
	static const uint32_t wide[][2] = { { 0x1100, 0x115f }, { 0x2e80, 0x303e },
		{ 0x3041, 0xa4cf }, { 0xa960, 0xa97f }, { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd } };

	if ((code >= 0x300 && code <= 0x36f) || code == 0x200b || code == 0x200d)
		return 0;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (code >= wide[i][0] && code <= wide[i][1])
			return 2;
	return 1;
}

/* Adds one character to the line shown and, before the column, its width to the caret's.
 */
static void show_character(const char *at, size_t size, bool before_column,
    struct text *line, struct text *caret)
{
	uint32_t code = '?';
	bool plain = *at == '\t' || (size && text_control(at, size, false) < 0);

	if (plain) {
		text_character(at, size, &code);
		text_add_n(line, at, size);
	} else {
		text_add(line, "?");
	}
	if (before_column && *at == '\t')
		text_add(caret, "\t");
	else if (before_column)
		text_add(caret, "%*s", width(code), "");
}

static void print_line(const struct place *place, struct text *out)
{
	autotext struct text line = { 0 }, caret = { 0 };
	const char *text;
	size_t length = source_line(place->source, place->line, &text), size;
	unsigned column = 1, from = 1;
	uint32_t code;

	if (!length || unshown_line(place->source, place->line, text, length))
		return;
	if (place->column > WINDOW_BEFORE + WINDOW / 5) {
		from = place->column - WINDOW_BEFORE;
		text_add(&line, "...");
		text_add(&caret, "   ");
	}
	for (size_t i = 0; i < length && column < from + WINDOW; column++) {
		size = text_character(text + i, length - i, &code);
		if (column >= from)
			show_character(
			    text + i, size, column < place->column, &line, &caret);
		i += size ? size : 1;
		if (i < length && column + 1 == from + WINDOW)
			text_add(&line, "...");
	}
	if (column < place->column) /* past the end of the line */
		text_add(&caret, "%*s", (int)(place->column - column), "");
	text_add(out, "  %s\n  %s^\n", text_get(&line), text_get(&caret));
}

void finding_print(const struct finding *f, struct text *out)
{
	struct arena a = { 0 };

	text_add(out, "%s\n", finding_line(&a, f));
	if (f->place.source && f->place.line)
		print_line(&f->place, out);
	if (f->fix)
		text_add(out, "  fix: %s\n", f->fix);
	arena_done(&a);
}
