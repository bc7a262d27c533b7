/* SPDX-License-Identifier: MIT */
/*
 * table: aligned columns, cut to a terminal's width and only there; colours and symbols,
 * both only where they are wanted. Every text is cleaned of control characters.
 */
#ifndef DAEMON_HOMEK8SCTL_TABLE_H
#define DAEMON_HOMEK8SCTL_TABLE_H

#include "daemon/homek8sctl/ctl.h"

enum paint {
	PAINT_NONE,
	PAINT_BOLD,
	PAINT_FAINT,
	PAINT_GREEN,
	PAINT_YELLOW,
	PAINT_RED,
	PAINT_CYAN,
};

/* How a verdict, of an object or of the whole, looks. */
enum paint paint_of(const char *verdict);
/* Turns the colour on and off again; nothing where there are none. */
const char *paint_on(const struct terminal *t, enum paint paint);
const char *paint_off(const struct terminal *t, enum paint paint);

struct cell {
	const char *text;
	enum paint paint;
};

struct table {
	struct arena arena;
	size_t columns;
	struct cell *cells; /* row after row, the headers first */
	size_t count;
	int indent;
};

/* `headers`: NULL-terminated; an empty first header means there is no header line. */
void table_start(struct table *t, const char *const *headers);
/* The next cell; rows fill from the left. NULL is shown as "-". */
void table_add(struct table *t, const char *text);
void table_paint(struct table *t, const char *text, enum paint paint);
/* Prints and frees. */
void table_end(struct table *t, const struct ctl *ctl);

/* One line, cut to the terminal less `indent`, in colour. */
void line_print(const struct ctl *ctl, int indent, enum paint paint, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

#endif
