/* SPDX-License-Identifier: MIT */
/*
 * view: the plan and all around it as replies (lib/view/shapes.h), as the control socket
 * and `homek8sctl -o json` show them. Reads only: a view changes nothing and plans
 * nothing. The format is documented in homek8sctl(1) and only ever grows.
 *
 * Replies borrow from the plan, from what it was made of and from the arena, and hold
 * until any of them goes.
 */
#ifndef LIB_VIEW_VIEW_H
#define LIB_VIEW_VIEW_H

#include "lib/plan/plan.h"
#include "lib/view/shapes.h"

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
	struct source_view sources[SOURCES_MAX]; /* by source_index() */
	const struct plan *plan;		 /* NULL before the first */
	struct mono planned;			 /* when it was made */
	const struct state *state;
	const struct observations *observed;
	const struct probe_store *probes; /* NULL: nothing was answered */
	struct mono now;
	int64_t wall;
};

/* "converged|converging|degraded|blocked|paused|unknown", and the sentence beside it: "5
 * of 6 objects are as written; vm/worker-1 is failing", and for STATUS= with the reason.
 */
const char *view_verdict(const struct view *v);
const char *view_headline(struct arena *a, const struct view *v);
const char *view_summary(struct arena *a, const struct view *v);

/* Everything but events and history, which the journal has. */
void view_status(const struct view *v, struct arena *a, struct status_reply *out);
/* `kind` NULL: all. */
void view_list(const struct view *v, struct arena *a, const struct kind *kind,
    struct list_reply *out);
/* What is there and has no item: others made it, and it is not written. */
void view_unwritten(const struct view *v, struct arena *a, const struct kind *kind,
    struct unwritten_reply *out);
/* False: there is no such object. */
bool view_describe(const struct view *v, struct arena *a, const struct kind *kind,
    const char *name, struct describe_reply *out);
void view_plan(const struct view *v, struct arena *a, struct plan_reply *out);
void view_diff(const struct view *v, struct arena *a, struct diff_reply *out);

/* Adds the findings of a report to a list of struct finding_view; about one object
 * ("vm/worker-1"), or all (NULL). */
void view_findings(struct arena *a, const struct finding *findings, size_t count,
    const char *about, struct list *out);
/* ms from now to its next try; -1: there is none. */
int64_t view_retry_in(const struct view *v, const struct item *item);
/* Whether it waits for approval, and would be approved by its hash. */
bool view_waits(const struct program *program);
/* What the first of the item's programs that does so says of it; NULL: none does. */
const char *view_approval(const struct item *item);

/* "reservation/default/worker-1": kind and full name, in the arena. */
const char *view_key(struct arena *a, const struct item *item);

#endif
