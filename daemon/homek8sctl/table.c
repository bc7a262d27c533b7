/* SPDX-License-Identifier: MIT */
/* table: columns, widths and colours. */
#include "daemon/homek8sctl/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define CELL_LIMIT 4096
#define GAP 2
#define NARROWEST 8

enum paint paint_of(const char *verdict)
{
	static const struct {
		const char *word;
		enum paint paint;
	} paints[] = {
		{ "converged", PAINT_GREEN },
		{ "ok", PAINT_GREEN },
		{ "connected", PAINT_GREEN },
		{ "converging", PAINT_YELLOW },
		{ "pending", PAINT_YELLOW },
		{ "connecting", PAINT_YELLOW },
		{ "blocked", PAINT_YELLOW },
		{ "warning", PAINT_YELLOW },
		{ "degraded", PAINT_RED },
		{ "failing", PAINT_RED },
		{ "error", PAINT_RED },
		{ "down", PAINT_RED },
		{ "unresponsive", PAINT_RED },
		{ "unauthorized", PAINT_RED },
		{ "unknown", PAINT_CYAN },
		{ "paused", PAINT_CYAN },
	};

	for (size_t i = 0; verdict && i < sizeof(paints) / sizeof(paints[0]); i++)
		if (strcmp(paints[i].word, verdict) == 0)
			return paints[i].paint;
	return PAINT_NONE;
}

const char *paint_on(const struct terminal *t, enum paint paint)
{
	static const char *const codes[] = {
		[PAINT_NONE] = "",
		[PAINT_BOLD] = "\033[1m",
		[PAINT_FAINT] = "\033[2m",
		[PAINT_GREEN] = "\033[32m",
		[PAINT_YELLOW] = "\033[33m",
		[PAINT_RED] = "\033[31m",
		[PAINT_CYAN] = "\033[36m",
	};

	return t->color ? codes[paint] : "";
}

const char *paint_off(const struct terminal *t, enum paint paint)
{
	return t->color && paint != PAINT_NONE ? "\033[0m" : "";
}

/* Columns one character takes on the terminal, and its bytes. */
static int character_columns(const char *text, size_t *bytes)
{
	uint32_t code = 0;
	int width;

	*bytes = text_character(text, strlen(text), &code);
	if (*bytes == 0) {
		*bytes = 1;
		return 1;
	}
	width = wcwidth((wchar_t)code);
	return width < 0 ? 1 : width;
}

static int columns_of(const char *text)
{
	int columns = 0;
	size_t bytes;

	for (; *text; text += bytes)
		columns += character_columns(text, &bytes);
	return columns;
}

/* The text, or as much of it as fits with an ellipsis after it. */
static const char *fit(
    struct arena *a, const struct terminal *t, const char *text, int room)
{
	const char *dots = t->utf8 ? "…" : "..";
	int left = room - columns_of(dots);
	const char *end = text;
	size_t bytes;

	if (columns_of(text) <= room)
		return text;
	while (*end && (left -= character_columns(end, &bytes)) >= 0)
		end += bytes;
	return arena_printf(a, "%.*s%s", (int)(end - text), text, dots);
}

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

	cell->text = text ? text_clean(&t->arena, text, CELL_LIMIT) : "-";
	cell->paint = paint;
}

void table_add(struct table *t, const char *text)
{
	table_paint(t, text, PAINT_NONE);
}

static int *measure(struct table *t, size_t first_row)
{
	int *widths = arena_array(&t->arena, t->columns, sizeof(*widths));

	for (size_t i = first_row * t->columns; i < t->count; i++) {
		int width = columns_of(t->cells[i].text);

		if (width > widths[i % t->columns])
			widths[i % t->columns] = width;
	}
	return widths;
}

/* Takes what is too much from the widest column, again and again. The last one gives
 * first: it holds the sentences. */
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
		if (widths[t->columns - 1] > 2 * NARROWEST)
			widest = t->columns - 1;
		if (widths[widest] <= NARROWEST)
			return;
		widths[widest]--;
		total--;
	}
}

static void print_row(
    struct table *t, const struct terminal *terminal, const int *widths, size_t row)
{
	printf("%*s", t->indent, "");
	for (size_t i = 0; i < t->columns; i++) {
		const struct cell *cell = &t->cells[row * t->columns + i];
		const char *text = terminal->tty
				       ? fit(&t->arena, terminal, cell->text, widths[i])
				       : cell->text;
		int pad = i + 1 < t->columns ? widths[i] + GAP - columns_of(text) : 0;

		printf("%s%s%s%*s", paint_on(terminal, cell->paint), text,
		    paint_off(terminal, cell->paint), pad > 0 ? pad : 0, "");
	}
	putchar('\n');
}

void table_end(struct table *t, const struct ctl *ctl)
{
	bool headers = !ctl->options.no_headers && t->columns > 0 && t->cells[0].text[0];
	size_t first = headers ? 0 : 1;
	int *widths = measure(t, first);

	if (ctl->terminal.tty)
		shrink(t, widths, ctl->terminal.columns);
	for (size_t row = first; row < t->count / t->columns; row++)
		print_row(t, &ctl->terminal, widths, row);
	arena_done(&t->arena);
}

void line_print(
    const struct ctl *ctl, int indent, enum paint paint, const char *format, ...)
{
	const struct terminal *t = &ctl->terminal;
	autofree char *line = NULL;
	struct arena a = { 0 };
	const char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		abort();
	va_end(args);
	text = text_clean(&a, line, CELL_LIMIT);
	if (t->tty)
		text = fit(&a, t, text, t->columns - indent);
	printf("%*s%s%s%s\n", indent, "", paint_on(t, paint), text, paint_off(t, paint));
	arena_done(&a);
}
