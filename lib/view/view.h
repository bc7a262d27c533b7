/* SPDX-License-Identifier: MIT */
/*
 * view: the plan and all around it as JSON, as the control socket and `homek8sctl -o
 * json` show it. The format is given in homek8sctl(1) and only ever grows.
 */
#ifndef LIB_PLAN_VIEW_H
#define LIB_PLAN_VIEW_H

#include "lib/plan/plan.h"

struct source_view {
	const char *state;   /* "connected", "connecting", "unresponsive", "down",
				"unauthorized", "off" */
	int64_t since;	     /* ms since 1970 */
	const char *detail;  /* NULL where there is nothing to say */
	const char *version; /* NULL unknown */
};

struct config_view {
	bool ok;
	unsigned generation;
	const char *error; /* all lines of the refused load; NULL when ok */
	int64_t since;	   /* of this state */
	const char *directory;
};

struct view {
	const struct config *config; /* in force; NULL: none yet */
	struct config_view load;
	struct source_view libvirt, kubernetes;
	const struct plan *plan; /* NULL before the first */
	const struct state *state;
	const struct observations *observed;
	struct mono now;
	int64_t wall;
};

/* "converged|converging|degraded|blocked|paused|unknown", and the sentence beside it: "5
 * of 6 objects are as written; vm/worker-1 is failing", and for STATUS= with the reason.
 */
const char *view_verdict(const struct view *v);
const char *view_headline(struct arena *a, const struct view *v);
const char *view_summary(struct arena *a, const struct view *v);

/* All return new references. Describe and list return NULL for what does not exist. */
struct json_object *view_status(const struct view *v);
struct json_object *view_list(
    const struct view *v, const struct kind *kind); /* NULL: all */
struct json_object *view_describe(
    const struct view *v, const struct kind *kind, const char *name);
struct json_object *view_plan(const struct view *v);
struct json_object *view_diff(const struct view *v);

#endif
