/* SPDX-License-Identifier: MIT */
/* render: replies as text for people. The renderers know the format of replies
 * (lib/view/shapes.h) and nothing of the daemon. */
#ifndef DAEMON_HOMEK8SCTL_RENDER_H
#define DAEMON_HOMEK8SCTL_RENDER_H

#include "daemon/homek8sctl/ctl.h"

/* render_status.c, render_list.c */
void render_status(struct ctl *ctl, struct json_object *status);
/* Of the one object that is left in it. */
void render_status_of(struct ctl *ctl, struct json_object *status);
void render_list(struct ctl *ctl, struct json_object *reply);

/* render.c */
void render_describe(struct ctl *ctl, struct json_object *reply);
void render_events(struct ctl *ctl, struct json_object *reply);
/* One event, in `lines` lines at most (0: as many as it takes), the name of its object
 * left out where all are of one. */
void render_event(
    struct ctl *ctl, struct json_object *event, int indent, int lines, bool named);
/* "1 warning, 2 notes" */
const char *findings_count(struct ctl *ctl, struct json_object *findings);
/* By severity, errors last. */
void findings_sort(struct json_object *findings);
/* One finding; `whole`: with where it is and what to do about it. */
void render_finding(struct ctl *ctl, struct json_object *finding, int lines, bool whole);

/* render_plan.c */
void render_plan(struct ctl *ctl, struct json_object *reply);
void render_diff(struct ctl *ctl, struct json_object *reply);
/* An approval, the change and all its effects, never cut. */
void render_approval(struct ctl *ctl, struct json_object *approval);
/* Those of a plan, each with its hash. */
void render_approvals(struct ctl *ctl, struct json_object *plan);

#endif
