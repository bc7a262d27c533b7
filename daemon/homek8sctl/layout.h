/* SPDX-License-Identifier: MIT */
/*
 * layout: text on a terminal: how wide it is, where its lines are broken or cut, and in
 * which colour. Where the output is no terminal nothing is broken or cut. What is printed
 * goes to ctl->out and has no control characters.
 */
#ifndef DAEMON_HOMEK8SCTL_LAYOUT_H
#define DAEMON_HOMEK8SCTL_LAYOUT_H

#include "daemon/homek8sctl/ctl.h"

enum paint {
	PAINT_NONE,
	PAINT_BOLD,
	PAINT_FAINT,
	PAINT_GREEN,
	PAINT_YELLOW,
	PAINT_RED,
	PAINT_CYAN,
	PAINT_MAGENTA,
};

/* How a verdict, of an object or of the whole, a severity, or the result of a check is
 * shown. */
enum paint paint_of(const char *word);
/* Turns the colour on and off again; nothing where there are none. */
const char *paint_on(const struct terminal *t, enum paint paint);
const char *paint_off(const struct terminal *t, enum paint paint);

/* On a terminal, a sign and a blank for a verdict, of an object or of the whole, or the result of a check: colour
 * alone says nothing to everybody. "" elsewhere, and for any other word. */
const char *verdict_sign(const struct terminal *t, const char *word);

/* How wide a column of names may be; longer ones stand on lines of their own. */
int layout_names(const struct terminal *t);
/* Columns a text takes. */
int layout_columns(const char *text);
/* What stands where a text was cut: an ellipsis. */
const char *layout_dots(const struct terminal *t);
/* The text, or as much of it as fits into `room` columns with an ellipsis after it. */
const char *layout_fit(
    struct arena *a, const struct terminal *t, const char *text, int room);
/*
 * The text broken at blanks into lines of `room` columns, the first one of `first`. A
 * word (a name, a path, a range of addresses) is broken only where it is longer than the
 * terminal is wide: it is to be copied. At most `lines` lines (0: as many as it takes), the last one cut with an
 * ellipsis.
 */
const char **layout_wrap(struct arena *a, const struct terminal *t, const char *text,
    int first, int room, int lines, size_t *count);

/* One line, cut to the terminal less `indent`. */
void line_print(const struct ctl *ctl, int indent, enum paint paint, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

/* How a paragraph stands: its first line begins after `used` columns, which the caller
 * has printed, the others after `indent`; `lines` as above. */
struct block {
	int used, indent, lines;
};

void block_print(const struct ctl *ctl, struct block block, enum paint paint,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
