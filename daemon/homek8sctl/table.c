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

static void drop(struct table *t, size_t column)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++)
		if (i % t->columns != column)
			t->cells[kept++] = t->cells[i];
	t->count = kept;
	t->columns--;
}

void table_drop_empty(struct table *t, size_t column)
{
	for (size_t i = t->columns + column; i < t->count; i += t->columns)
		if (strcmp(t->cells[i].text, nothing) != 0)
			return;
	drop(t, column);
}

void table_merge_same(struct table *t, size_t column, const char *header)
{
	for (size_t i = t->columns + column; i < t->count; i += t->columns)
		if (strcmp(t->cells[i].text, t->cells[i + 1].text) != 0)
			return;
	t->cells[column].text = header;
	drop(t, column + 1);
}

static int *measure(
    struct table *t, size_t first_row, int (*columns_of)(const char *text))
{
	int *widths = arena_array(&t->arena, t->columns, sizeof(*widths));

	for (size_t i = first_row * t->columns; i < t->count; i++) {
		int width = columns_of(t->cells[i].text);

		if (width > widths[i % t->columns])
			widths[i % t->columns] = width;
	}
	return widths;
}

/* Of the longest word. */
static int word_columns(const char *text)
{
	struct arena a = { 0 };
	int widest = 0;

	for (size_t length; *text; text += length + (text[length] == ' ')) {
		int width;

		length = strcspn(text, " ");
		width = layout_columns(arena_copy_n(&a, text, length));
		widest = width > widest ? width : widest;
	}
	arena_done(&a);
	return widest;
}

static int total(const struct table *t, const int *widths)
{
	int sum = t->indent - GAP;

	for (size_t i = 0; i < t->columns; i++)
		sum += widths[i] + GAP;
	return sum;
}

/* Names that are longer than the others may be stand on lines of their own. */
static void push_names(const struct table *t, size_t first_row, int *widths, int most)
{
	int widest = 0;

	if (widths[0] <= most)
		return;
	for (size_t i = first_row * t->columns; i < t->count; i += t->columns) {
		int width = layout_columns(t->cells[i].text);

		if (width <= most && width > widest)
			widest = width;
	}
	widths[0] = widest ? widest : most;
}

/* Cuts the last column, and where that is not enough leaves it out, and so on. */
static void give_way(
    struct table *t, const struct terminal *terminal, size_t first_row, int *widths)
{
	int room = terminal->columns, over = total(t, widths) - room;

	if (over > 0)
		push_names(t, first_row, widths, layout_names(terminal));
	while ((over = total(t, widths) - room) > 0 && t->columns > 2) {
		if (widths[t->columns - 1] - over >= 2 * NARROWEST) {
			widths[t->columns - 1] -= over;
			return;
		}
		t->columns--;
	}
}

/* Takes what is too much from the widest column, again and again, but breaks no word.
 * False: it cannot be made to fit. */
static bool shrink(const struct table *t, int *widths, const int *words, int room)
{
	for (int over = total(t, widths) - room; over > 0; over--) {
		size_t widest = t->columns;

		for (size_t i = 0; i < t->columns; i++)
			if (widths[i] > words[i] &&
			    (widest == t->columns || widths[i] > widths[widest]))
				widest = i;
		if (widest == t->columns)
			return false;
		widths[widest]--;
	}
	return true;
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
    struct table *t, const struct ctl *ctl, const int *widths, const struct cell *cells)
{
	struct column *columns = arena_array(&t->arena, t->columns, sizeof(*columns));
	bool long_name = !t->whole && layout_columns(cells[0].text) > widths[0];
	size_t height = 1;

	for (size_t i = 0; i < t->columns; i++) {
		columns[i].lines = cell_lines(
		    t, &ctl->terminal, cells[i].text, widths[i], &columns[i].count);
		if (columns[i].count > height)
			height = columns[i].count;
	}
	if (long_name) {
		fprintf(ctl->out, "%*s%s\n", t->indent, "", cells[0].text);
		columns[0].count = 0;
	}
	for (size_t line = 0; line < height; line++)
		print_line(t, ctl, widths, cells, columns, line);
}

/* A row as a paragraph: its name, and below it what the other columns say. */
static void print_paragraph(struct table *t, const struct ctl *ctl,
    const struct cell *headers, const struct cell *cells)
{
	int width = 0;

	for (size_t i = 1; i < t->columns; i++)
		if (layout_columns(headers[i].text) > width)
			width = layout_columns(headers[i].text);
	fprintf(ctl->out, "%*s%s\n", t->indent, "", cells[0].text);
	for (size_t i = 1; i < t->columns; i++) {
		int used = t->indent + 2 + width + GAP;

		if (strcmp(cells[i].text, nothing) == 0)
			continue;
		fprintf(
		    ctl->out, "%*s%-*s", t->indent + 2, "", width + GAP, headers[i].text);
		block_print(ctl, (struct block){ used, used, 0 }, cells[i].paint, "%s",
		    cells[i].text);
	}
}

static bool fit(struct table *t, const struct ctl *ctl, size_t first, int *widths)
{
	int room = ctl->terminal.columns;

	if (!ctl->terminal.tty || ctl->options.output == OUTPUT_WIDE)
		return true;
	if (t->whole)
		return shrink(t, widths, measure(t, first, word_columns), room);
	give_way(t, &ctl->terminal, first, widths);
	return true;
}

void table_end(struct table *t, const struct ctl *ctl)
{
	bool headers = !ctl->options.no_headers && t->columns > 0 && t->cells[0].text[0];
	size_t first = headers ? 0 : 1, stride = t->columns;
	int *widths = measure(t, first, layout_columns);
	bool fits = fit(t, ctl, first, widths);

	for (size_t i = (fits ? first : 1) * stride; i < t->count; i += stride) {
		if (fits)
			print_row(t, ctl, widths, &t->cells[i]);
		else
			print_paragraph(t, ctl, t->cells, &t->cells[i]);
	}
	if (t->columns < stride)
		line_print(ctl, 0, PAINT_FAINT, "more columns: -o wide");
	arena_done(&t->arena);
}
