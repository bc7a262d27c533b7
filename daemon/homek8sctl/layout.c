/* SPDX-License-Identifier: MIT */
/* layout: widths, lines and colours. */
#include "daemon/homek8sctl/layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define TEXT_LIMIT 4096
#define NARROWEST 8

enum paint paint_of(const char *word)
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
		{ "blocked", PAINT_MAGENTA },
		{ "warning", PAINT_YELLOW },
		{ "degraded", PAINT_RED },
		{ "failing", PAINT_RED },
		{ "error", PAINT_RED },
		{ "down", PAINT_RED },
		{ "unresponsive", PAINT_RED },
		{ "unauthorized", PAINT_RED },
		{ "unknown", PAINT_CYAN },
		{ "paused", PAINT_CYAN },
		{ "pass", PAINT_GREEN },
		{ "skip", PAINT_FAINT },
		{ "warn", PAINT_YELLOW },
		{ "fail", PAINT_RED },
	};

	for (size_t i = 0; word && i < sizeof(paints) / sizeof(paints[0]); i++)
		if (strcmp(paints[i].word, word) == 0)
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
		[PAINT_MAGENTA] = "\033[35m",
	};

	return t->color ? codes[paint] : "";
}

const char *paint_off(const struct terminal *t, enum paint paint)
{
	return t->color && paint != PAINT_NONE ? "\033[0m" : "";
}

const char *verdict_sign(const struct terminal *t, const char *word)
{
	static const struct {
		const char *word, *sign, *plain;
	} signs[] = {
		{ "converged", "✓ ", "+ " },
		{ "converging", "… ", "~ " },
		{ "pending", "… ", "~ " },
		{ "blocked", "! ", "! " },
		{ "degraded", "✗ ", "x " },
		{ "failing", "✗ ", "x " },
		{ "unknown", "? ", "? " },
		{ "paused", "= ", "= " },
		{ "pass", "✓ ", "+ " },
		{ "skip", "- ", "- " },
		{ "warn", "! ", "! " },
		{ "fail", "✗ ", "x " },
	};

	for (size_t i = 0; t->tty && i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strcmp(signs[i].word, word) == 0)
			return t->utf8 ? signs[i].sign : signs[i].plain;
	return "";
}

int layout_names(const struct terminal *t)
{
	int part = t->columns * 3 / 10;

	/* advertisement/default-pool */
	return part < 26 && t->columns >= 72 ? 26 : part;
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

int layout_columns(const char *text)
{
	int columns = 0;
	size_t bytes;

	for (; *text; text += bytes)
		columns += character_columns(text, &bytes);
	return columns;
}

/* Where the text reaches beyond `room` columns, or its end. */
static const char *reach(const char *text, int room)
{
	size_t bytes;

	while (*text && (room -= character_columns(text, &bytes)) >= 0)
		text += bytes;
	return text;
}

const char *layout_dots(const struct terminal *t)
{
	return t->utf8 ? "…" : "..";
}

const char *layout_fit(
    struct arena *a, const struct terminal *t, const char *text, int room)
{
	const char *dots = layout_dots(t), *end;

	if (!*reach(text, room))
		return text;
	end = reach(text, room - layout_columns(dots));
	return arena_printf(a, "%.*s%s", (int)(end - text), text, dots);
}

/* Where a line of `room` columns ends: at its last blank, else where it is full. A word
 * that does not fit, but would on a line of `next` columns, is left for that one. */
static const char *line_end(
    const struct terminal *t, const char *text, int room, int next)
{
	const char *full = reach(text, room), *blank = full;
	size_t word = strcspn(text, " ");

	if (!*full)
		return full;
	while (blank > text && *blank != ' ')
		blank--;
	if (blank > text)
		return blank;
	if (next > room && reach(text, next) >= text + word)
		return text;
	return reach(text, t->columns) >= text + word ? text + word : full;
}

const char **layout_wrap(struct arena *a, const struct terminal *t, const char *text,
    int first, int room, int lines, size_t *count)
{
	const char **out = NULL;

	*count = 0;
	do {
		int width = *count ? room : first;
		const char *end, **line = arena_push(a, &out, count, sizeof(*line));

		if (width < NARROWEST)
			width = NARROWEST;
		if (lines && *count == (size_t)lines) {
			*line = layout_fit(a, t, text, width);
			break;
		}
		end = line_end(t, text, width, *count == 1 ? room : 0);
		*line = arena_copy_n(a, text, (size_t)(end - text));
		text = end + strspn(end, " ");
	} while (*text);
	return out;
}

static const char *clean(struct arena *a, const char *format, va_list args)
{
	autofree char *line = NULL;

	if (vasprintf(&line, format, args) < 0)
		abort();
	return text_clean(a, line, TEXT_LIMIT);
}

void line_print(
    const struct ctl *ctl, int indent, enum paint paint, const char *format, ...)
{
	const struct terminal *t = &ctl->terminal;
	struct arena a = { 0 };
	const char *text;
	va_list args;

	va_start(args, format);
	text = clean(&a, format, args);
	va_end(args);
	if (t->tty)
		text = layout_fit(&a, t, text, t->columns - indent);
	fprintf(ctl->out, "%*s%s%s%s\n", indent, "", paint_on(t, paint), text,
	    paint_off(t, paint));
	arena_done(&a);
}

void block_print(
    const struct ctl *ctl, struct block block, enum paint paint, const char *format, ...)
{
	const struct terminal *t = &ctl->terminal;
	struct arena a = { 0 };
	const char *text, **lines = &text;
	size_t count = 1;
	va_list args;

	va_start(args, format);
	text = clean(&a, format, args);
	va_end(args);
	if (t->tty)
		lines = layout_wrap(&a, t, text, t->columns - block.used,
		    t->columns - block.indent, block.lines, &count);
	for (size_t i = 0; i < count; i++)
		fprintf(ctl->out, "%*s%s%s%s\n", i ? block.indent : 0, "",
		    paint_on(t, paint), lines[i], paint_off(t, paint));
	arena_done(&a);
}
