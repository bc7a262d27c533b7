/* SPDX-License-Identifier: MIT */
/*
 * trouble: the objects of a status that are not as they are written, the worst last,
 * where the eye is. On a terminal those that say the same, but for their names and
 * addresses, are one row: a source that is down says it of each of its objects.
 */
#ifndef DAEMON_HOMEK8SCTL_TROUBLE_H
#define DAEMON_HOMEK8SCTL_TROUBLE_H

#include "daemon/homek8sctl/ctl.h"

struct trouble_row {
	struct json_object *object; /* the first of them */
	size_t count;
	const char *name, *others; /* of the first, of the rest: "vm/b, vm/c" */
	const char *why;	   /* the reason, and the last error where it says more */
	const char *cause;	   /* the same without names and addresses */
	const char *next;	   /* "next try in 41s" or "" */
};

struct trouble {
	struct trouble_row *rows;
	size_t count;
};

/* Failing and blocked ones want somebody, the others pass by themselves: lines of the
 * reason for each. 0: as many as it takes. `rows`: the worst ones only. `cut`: some reason
 * is, and the header names what shows it whole. */
struct trouble_measure {
	size_t rows;
	int urgent_lines, calm_lines;
	bool cut;
};

/* With -o wide every object is there and has its own row. In the run's arena; the
 * objects are borrowed. */
void trouble_find(struct ctl *ctl, struct json_object *objects, struct trouble *out);
/* As words: the reason and the last error, and when the next try is ("" where there is
 * none). */
const char *trouble_why(struct ctl *ctl, struct json_object *object);
const char *trouble_next(struct ctl *ctl, struct json_object *object);
/* Where an object stands among the others: the worst is the highest; what is blocked and
 * waits for approval comes before what is blocked by itself. Urgent: it wants somebody. */
#define TROUBLE_WORST 6
int trouble_rank(struct json_object *object);
bool trouble_is_urgent(struct json_object *object);
void trouble_print(struct ctl *ctl, const struct trouble *trouble,
    const struct trouble_measure *measure);

#endif
