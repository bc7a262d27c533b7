/* SPDX-License-Identifier: MIT */
/*
 * table: aligned columns. On a terminal they fit its width; with -o wide and elsewhere
 * they are as wide as they must be. The first column is a name, which is never cut: a
 * long one has a line of its own. For it the others give way: the last one is cut, then
 * the last ones are left out. Where texts are to be shown whole they are broken into
 * lines at blanks, and where that is not enough each row becomes a paragraph.
 */
#ifndef DAEMON_HOMEK8SCTL_TABLE_H
#define DAEMON_HOMEK8SCTL_TABLE_H

#include "daemon/homek8sctl/layout.h"

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
	bool whole; /* texts are shown whole, never cut */
};

/* `headers`: NULL-terminated; an empty first header means there is no header line. */
void table_start(struct table *t, const char *const *headers);
/* The next cell; rows fill from the left. NULL is shown as "-". */
void table_add(struct table *t, const char *text);
void table_paint(struct table *t, const char *text, enum paint paint);
/* Leaves a column out, if in no row below the header there is anything in it. */
void table_drop_empty(struct table *t, size_t column);
/* Where a column and the next one say the same in every row: one of both, of that
 * header. */
void table_merge_same(struct table *t, size_t column, const char *header);
/* Prints and frees. */
void table_end(struct table *t, const struct ctl *ctl);

#endif
