/* SPDX-License-Identifier: MIT */
/*
 * output: an answer of the daemon as the user asked for it: JSON as it came, YAML, names
 * only, or text by one of the renderers. The renderers know the format of lib/plan/view.h
 * and nothing of the daemon.
 */
#ifndef DAEMON_HOMEK8SCTL_OUTPUT_H
#define DAEMON_HOMEK8SCTL_OUTPUT_H

#include "daemon/homek8sctl/ctl.h"

/* output.c: `text` renders OUTPUT_TABLE and OUTPUT_WIDE. For OUTPUT_NAME the member
 * `names` of the reply is a list of objects with kind and name, or NULL: the reply is
 * one. With -w JSON is one line per answer. */
void output(struct ctl *ctl, struct json_object *reply, const char *names,
    void (*text)(struct ctl *ctl, struct json_object *reply));

/* yaml.c: block style; texts are quoted where a reader could take them for something
 * else. */
void yaml_print(struct json_object *o);

/* render_status.c */
void render_status(struct ctl *ctl, struct json_object *status);

/* render.c */
void render_list(struct ctl *ctl, struct json_object *reply);
void render_describe(struct ctl *ctl, struct json_object *reply);
void render_events(struct ctl *ctl, struct json_object *reply);

/* render_plan.c */
void render_plan(struct ctl *ctl, struct json_object *reply);
void render_diff(struct ctl *ctl, struct json_object *reply);

/* "KIND/NAME" of an object with both members; "" without; in the run's arena. */
const char *object_name(struct ctl *ctl, struct json_object *o);
/* "3m12s" since an RFC 3339 time, or until one; "-" where there is none. */
const char *time_since(struct ctl *ctl, const char *time);
const char *time_until(struct ctl *ctl, const char *time);
/* A value on one line: "8GiB", "yes", "a, b". NULL for null. */
const char *value_text(struct ctl *ctl, struct json_object *value);

/* One event, in `lines` lines at most (0: as many as it takes), the name of its object
 * left out where all are of one. */
void render_event(
    struct ctl *ctl, struct json_object *event, int indent, int lines, bool named);
/* "1 warning, 2 notes" */
const char *findings_count(struct ctl *ctl, struct json_object *findings);
/* One finding; `whole`: with where it is and what to do about it. */
void render_finding(struct ctl *ctl, struct json_object *finding, int lines, bool whole);

#endif
