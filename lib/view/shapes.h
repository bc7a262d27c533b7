/* SPDX-License-Identifier: MIT */
/*
 * shapes: what every reply and error of the control socket consists of, as plain structs
 * and, beside each, the table that describes it. A member has the name of its JSON key
 * and means what the help of its row in shapes.c says. Texts and lists are borrowed.
 */
#ifndef LIB_VIEW_SHAPES_H
#define LIB_VIEW_SHAPES_H

#include "lib/view/shape.h"

/* Parts of replies */

struct object_view { /* what status says of one object */
	const char *kind, *name, *key, *verdict, *reason;
	int64_t since;
	struct list changes, conditions; /* struct difference, struct condition */
	const char *error;
	int64_t retry_in;
	bool waits_for_approval;
};

struct listed_view {
	struct object_view object; /* must be first: the rows of both are one table */
	struct shape_side fields;
};

struct unwritten_view {
	const char *kind, *name, *key;
	struct shape_side fields;
};

struct finding_view {
	const char *id, *severity;
	struct list objects; /* texts */
	const char *text, *fix, *at;
};

struct config_source_view {
	const char *state;
	int64_t generation;
	const char *error;
	int64_t since;
	const char *directory;
};

struct source_view {
	const char *state;
	int64_t since;	     /* ms since 1970 */
	const char *detail;  /* NULL where there is nothing to say */
	const char *version; /* NULL unknown */
	bool off;
};

struct sources_view {
	const struct config_source_view *config;
#define SOURCE(name, title) const struct source_view *name;
#include "lib/kind/sources.def"
#undef SOURCE
};

struct pause_view {
	const char *reason;
	int64_t until;
};

struct event_view {
	int64_t seq, time;
	const char *level, *kind, *name, *key, *action, *result, *text;
};

struct step_view {
	const char *kind, *name, *key, *text, *reason;
	bool disruptive, held;
	const char *why_held, *progress;
};

struct approval_view {
	const char *kind, *name, *key, *hash, *text;
	struct list effects; /* texts */
};

struct other_view {
	const char *kind, *name, *key, *verdict, *reason;
	int64_t since;
};

struct difference_view {
	const char *field, *want, *live, *persistent;
};

struct object_difference_view {
	const char *kind, *name, *key;
	struct list changes; /* struct difference_view */
};

/* Replies */

struct status_reply {
	const char *verdict, *headline, *summary;
	const struct sources_view *sources;
	struct list objects;  /* struct object_view */
	struct list findings; /* struct finding_view */
	const struct pause_view *paused;
	struct list events;  /* struct event_view */
	struct list removed; /* texts; items NULL: this is a whole reply */
};

struct list_reply {
	struct list objects; /* struct listed_view */
	struct list removed;
};

struct unwritten_reply {
	struct list objects; /* struct unwritten_view */
};

struct describe_reply {
	struct object_view object; /* must be first */
	const char *title, *written_at;
	struct shape_side desired, live, persistent, running, remembered;
	struct list defaults; /* texts */
	struct list steps;    /* texts */
	const char *approval;
	struct list findings, history; /* struct finding_view, struct event_view */
};

struct plan_reply {
	struct list steps, approvals, others; /* struct step_view, and so on */
	const char *no_plan;
};

struct diff_reply {
	struct list objects, unknown; /* struct object_difference_view, other_view */
	const char *no_plan;
};

struct events_reply {
	struct list events;
};

struct import_reply {
	const char *text;
	bool complete;
};

struct reload_reply {
	int64_t generation;
};

struct version_reply {
	const char *version;
	struct list features; /* texts */
};

struct info_reply {
	const char *vendor, *product, *version, *url;
	struct list interfaces; /* texts */
};

struct description_reply {
	const char *description;
};

struct validate_reply { /* of `homek8sctl validate`: no method has it */
	int64_t errors;
	struct list findings;
};

struct check_view {
	const char *id, *group, *result, *text, *fix, *command;
};

struct doctor_reply { /* of `homek8sctl doctor`: no method has it */
	const char *verdict;
	struct list checks; /* struct check_view */
};

/* Parameters of errors */

struct no_such_object {
	const char *kind, *name, *text;
};

struct one_text { /* under the one key that the error's shape says */
	const char *text;
};

extern const struct shape status_shape, list_shape, unwritten_shape, describe_shape,
    plan_shape, diff_shape, import_shape, events_shape, reload_shape, version_shape,
    info_shape, description_shape, empty_shape, validate_shape, doctor_shape;
extern const struct shape no_such_object_shape, refused_shape, text_shape,
    interface_shape, method_shape, parameter_shape, approval_shape;
/* Those whose single structs are hashed: of a status, of a list. */
extern const struct shape object_shape, listed_shape;

#endif
