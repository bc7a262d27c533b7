/* SPDX-License-Identifier: MIT */
/* table: columns and their widths. */
#include "daemon/homek8sctl/table.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

#define CELL_LIMIT 4096
#define GAP 2
#define NARROWEST 8

static const char nothing[] = "-";

void table_start(struct table *t, const char *const *headers)
{
	*t = (struct table){ 0 };
	while (headers[t->columns])
		t->columns++;
	for (size_t i = 0; i < t->columns; i++)
		table_paint(t, headers[i], PAINT_BOLD);
}

void table_paint(struct table *t, const char *text, enum paint paint)
{
	struct cell *cell = arena_push(&t->arena, &t->cells, &t->count, sizeof(*cell));

	cell->text = text ? text_clean(&t->arena, text, CELL_LIMIT) : nothing;
	cell->paint = paint;
}

void table_add(struct table *t, const char *text)
{
	table_paint(t, text, PAINT_NONE);
}

void table_drop_empty(struct table *t, size_t column)
{
	size_t kept = 0;

	for (size_t i = t->columns + column; i < t->count; i += t->columns)
		if (strcmp(t->cells[i].text, nothing) != 0)
			return;
	for (size_t i = 0; i < t->count; i++)
		if (i % t->columns != column)
			t->cells[kept++] = t->cells[i];
	t->count = kept;
	t->columns--;
}

static int *measure(struct table *t, size_t first_row)
{
	int *widths = arena_array(&t->arena, t->columns, sizeof(*widths));

	for (size_t i = first_row * t->columns; i < t->count; i++) {
		int width = layout_columns(t->cells[i].text);

		if (width > widths[i % t->columns])
			widths[i % t->columns] = width;
	}
	return widths;
}

/* Takes what is too much from the widest column, again and again. Where texts are cut
 * the last one gives first: it holds the sentences. */
static void shrink(const struct table *t, int *widths, int room)
{
	int total = t->indent - GAP;
	size_t widest;

	for (size_t i = 0; i < t->columns; i++)
		total += widths[i] + GAP;
	while (total > room) {
		widest = t->columns - 1;
		for (size_t i = 0; i < t->columns; i++)
			if (widths[i] > widths[widest])
				widest = i;
		if (!t->whole && widths[t->columns - 1] > 2 * NARROWEST)
			widest = t->columns - 1;
		if (widths[widest] <= NARROWEST)
			return;
		widths[widest]--;
		total--;
	}
}

/* The lines of a cell: one, cut to its width, or as many as it takes. */
static const char **cell_lines(struct table *t, const struct terminal *terminal,
    const char *text, int width, size_t *count)
{
	const char **lines;

	if (t->whole)
		return layout_wrap(&t->arena, terminal, text, width, width, 0, count);
	lines = arena_array(&t->arena, 1, sizeof(*lines));
	lines[0] = layout_fit(&t->arena, terminal, text, width);
	*count = 1;
	return lines;
}

struct column {
	const char **lines;
	size_t count;
};

static void print_line(const struct table *t, const struct ctl *ctl, const int *widths,
    const struct cell *cells, const struct column *columns, size_t line)
{
	int owed = t->indent; /* blanks that come only if something follows */

	for (size_t i = 0; i < t->columns; i++) {
		const char *text = line < columns[i].count ? columns[i].lines[line] : "";

		if (*text) {
			fprintf(ctl->out, "%*s%s%s%s", owed, "",
			    paint_on(&ctl->terminal, cells[i].paint), text,
			    paint_off(&ctl->terminal, cells[i].paint));
			owed = 0;
		}
		owed += widths[i] + GAP - layout_columns(text);
	}
	fputc('\n', ctl->out);
}

static void print_row(
    struct table *t, const struct ctl *ctl, const int *widths, size_t row)
{
	struct column *columns = arena_array(&t->arena, t->columns, sizeof(*columns));
	const struct cell *cells = &t->cells[row * t->columns];
	size_t height = 1;

	for (size_t i = 0; i < t->columns; i++) {
		columns[i].lines = cell_lines(
		    t, &ctl->terminal, cells[i].text, widths[i], &columns[i].count);
		if (columns[i].count > height)
			height = columns[i].count;
	}
	for (size_t line = 0; line < height; line++)
		print_line(t, ctl, widths, cells, columns, line);
}

void table_end(struct table *t, const struct ctl *ctl)
{
	bool headers = !ctl->options.no_headers && t->columns > 0 && t->cells[0].text[0];
	size_t first = headers ? 0 : 1;
	int *widths = measure(t, first);

	if (ctl->terminal.tty && ctl->options.output != OUTPUT_WIDE)
		shrink(t, widths, ctl->terminal.columns);
	for (size_t row = first; row < t->count / t->columns; row++)
		print_row(t, ctl, widths, row);
	arena_done(&t->arena);
}
