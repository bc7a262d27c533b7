/* SPDX-License-Identifier: MIT */
/*
 * table: aligned columns. On a terminal they fit its width, by cutting texts or by
 * breaking them into lines; with -o wide and elsewhere they are as wide as they must be.
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
	bool whole; /* texts are broken into lines, never cut */
};

/* `headers`: NULL-terminated; an empty first header means there is no header line. */
void table_start(struct table *t, const char *const *headers);
/* The next cell; rows fill from the left. NULL is shown as "-". */
void table_add(struct table *t, const char *text);
void table_paint(struct table *t, const char *text, enum paint paint);
/* Leaves a column out, if in no row below the header there is anything in it. */
void table_drop_empty(struct table *t, size_t column);
/* Prints and frees. */
void table_end(struct table *t, const struct ctl *ctl);

#endif
