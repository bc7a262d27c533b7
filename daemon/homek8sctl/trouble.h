/* SPDX-License-Identifier: MIT */
/*
 * trouble: the objects of a status that are not as they are written, the worst first. On
 * a terminal those that say the same are one row: a source that is down says it of each
 * of its objects.
 */
#ifndef DAEMON_HOMEK8SCTL_TROUBLE_H
#define DAEMON_HOMEK8SCTL_TROUBLE_H

#include "daemon/homek8sctl/ctl.h"

struct trouble_row {
	struct json_object *object; /* the first of them */
	size_t count;
	const char *names; /* of all of them: "vm/a, vm/b" */
	const char *why;   /* the reason, and the last error where it says more */
	const char *next;  /* "next try in 41s" or "" */
};

struct trouble {
	struct trouble_row *rows;
	size_t count;
};

/* Failing and blocked ones want somebody, the others pass by themselves: lines of the
 * reason for each. 0: as many as it takes; 1: beside the object. */
struct trouble_measure {
	size_t rows;
	int urgent_lines, calm_lines;
};

/* With -o wide every object is there and has its own row. In the run's arena; the
 * objects are borrowed. */
void trouble_find(struct ctl *ctl, struct json_object *objects, struct trouble *out);
void trouble_print(struct ctl *ctl, const struct trouble *trouble,
    const struct trouble_measure *measure);

#endif
