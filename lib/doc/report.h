/* SPDX-License-Identifier: MIT */
/*
 * report: everything that is wrong or remarkable in one load, collected, never thrown at
 * the first. Each finding has a stable id, a severity, the objects it is about, where it
 * stands, what is wrong and how to mend it. Errors refuse the load; warnings and notes do
 * not.
 */
#ifndef LIB_DOC_REPORT_H
#define LIB_DOC_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/doc/node.h"

enum severity {
	SEVERITY_ERROR,
	SEVERITY_WARNING,
	SEVERITY_INFO,
};

#define FINDING_OBJECTS 4

struct finding {
	const char *id; /* "pool-in-dhcp-range"; a string literal */
	enum severity severity;
	struct place place; /* source NULL where it stands nowhere */
	const char *text;   /* one line, without the place */
	const char *fix;    /* the next step, or NULL */
	const char
	    *objects[FINDING_OBJECTS]; /* "pool/default-pool"; NULL after the last */
	/* It follows from what is written alone: what was observed of its first object says
	 * more. */
	bool as_written;
};

struct report {
	struct arena
	    *arena; /* where texts and the list live; set by whoever starts the report */
	struct finding *findings;
	size_t count;
	size_t errors;	      /* how many of them are errors */
	size_t not_shown;     /* errors past the cap of 50, counted only */
	struct finding spare; /* what report_add() hands out past the cap */
};

const char *severity_text(enum severity severity); /* "error", "warning", "info" */

/*
 * Adds a finding and returns it (so that fix and objects can be set), never NULL. `place`
 * NULL for none. Identical findings (id, place, text) are added once. The finding may
 * move with the next report_add().
 */
struct finding *report_add(struct report *r, enum severity severity, const char *id,
    const struct place *place, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Sets `fix`, formatted in the report's arena. */
void report_fix(struct report *r, struct finding *f, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes are of no use beside errors: what is not there may have been refused. */
void report_drop_notes(struct report *r);

/* Sorts by severity, then source, line, column. */
void report_sort(struct report *r);

/*
 * "file:line:col: error[id]: what", the source line, a caret under the column, "  fix:
 * ...". A line that may hold a secret is left out (lib/doc/unshown.h). Tabs in the line are kept and wide characters counted so that the caret stands
 * right; of a long line the part around the column is shown.
 */
void finding_print(const struct finding *f, struct text *out);
/* The first line only, for JSON and status: "file:line:col: error[id]: what". */
const char *finding_line(struct arena *a, const struct finding *f);
/* "home.yaml:31:21", the name alone where the line is 0, NULL where there is no place. */
const char *place_text(struct arena *a, const struct place *place);

#endif
