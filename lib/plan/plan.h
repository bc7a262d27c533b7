/* SPDX-License-Identifier: MIT */
/*
 * plan: what must be done so that the observed home becomes the desired one; a pure
 * function of what is desired, what was seen, what is remembered, and now. Same input,
 * same bytes. `plan`, `diff`, the daemon and the tests all run it.
 */
#ifndef LIB_PLAN_PLAN_H
#define LIB_PLAN_PLAN_H

#include "lib/base/mono.h"
#include "lib/model/kind.h"
#include "lib/state/state.h"

/* Why a whole kind cannot be planned, told by the daemon per source. */
struct source_state {
	bool up;	 /* what was seen of its kinds may be trusted */
	bool off;	 /* switched off: never will be */
	const char *why; /* down or off: the reason, for people */
};

struct plan_input {
	const struct config *desired;
	const struct observations *observed;
	const struct state *state;
	struct source_state sources[2]; /* ORIGIN_LIBVIRT, ORIGIN_KUBERNETES */
	struct mono now;
	int64_t wall; /* ms since 1970, for showing only */
};

enum step_op {
	STEP_NETWORK_DEFINE,
	STEP_NETWORK_START,
	STEP_NETWORK_STOP,
	STEP_NETWORK_AUTOSTART,
	STEP_NETWORK_UPDATE,
	STEP_DOMAIN_DEFINE,
	STEP_DOMAIN_AUTOSTART,
	STEP_DOMAIN_START,
	STEP_DOMAIN_SHUTDOWN,
	STEP_DOMAIN_DESTROY,
	STEP_DOMAIN_RESUME,
	STEP_DOMAIN_WAKEUP,
	STEP_KUBE_APPLY,
	STEP_KUBE_DELETE,
};

enum update_command { UPDATE_ADD, UPDATE_DELETE };
enum update_section { UPDATE_HOST, UPDATE_RANGE };
enum side { SIDE_LIVE, SIDE_CONFIG };

struct step {
	enum step_op op;
	const struct item *item; /* what it is for; NULL once it left the plan */
	const struct kind *kind; /* the item's kind and name, which outlive the plan */
	const char *name;
	const char *target; /* libvirt: the network's or domain's name */
	const char *text;   /* what it does, for people: "start domain worker-1" */
	const char *body;   /* XML or JSON to send */
	const char *path;   /* Kubernetes: the object's URL path */
	const char *uid;    /* Kubernetes delete: precondition */
	bool on;	    /* STEP_*_AUTOSTART: the wanted value */
	bool fresh;	    /* STEP_DOMAIN_START: drop a managed save image */
	bool mends; /* puts back what a step before it takes away: once begun, they
		       are done to the end */
	enum update_command command;
	enum update_section section;
	enum side side;
	unsigned stage; /* steps run in order of stage, */
	unsigned order; /* then of planning */
};

struct condition {	  /* something worth knowing beside the verdict */
	const char *type; /* "LeaseConflict" */
	const char *message;
};

/* An object of the home and what the plan says of it. */
struct item {
	const struct kind *kind;
	const char *name;
	const char *short_name; /* for showing (lib/model/object.h) */
	const struct object *desired;
	const struct observed *observed; /* also when unknown; NULL: absent */
	/* The sides as shown; by default those of `observed`. */
	const struct object *live, *config;
	const struct object_state
	    *state; /* never NULL; empty where nothing is remembered */
	enum verdict verdict;
	const char *reason; /* one line; "" for plain converged */
	struct differences differences;
	struct condition *conditions;
	size_t condition_count;
	const char *error; /* last failure, from memory */
	int64_t retry_in;  /* ms; -1: none */
	/* What would be done. `held`: not now (busy, back-off, consent, pause, waiting).
	 */
	struct step **steps;
	size_t step_count;
	bool held;
	/* Needs approval: what it would do to whom, and the mark `approve` must match. */
	const char *consent;	 /* NULL: none needed */
	const char *fingerprint; /* set whenever consent is: the one part of it */
	bool approved;
	bool off;	 /* its source is switched off: not looked after */
	bool disruptive; /* interrupts something that runs: counts for the brake (P10) */
	bool control_plane; /* a control plane, for the same */
	bool braked;	    /* held by the brake, to be remembered (state_planned) */
};

struct plan {
	struct arena arena;
	struct item **
	    items; /* in row order; within a kind what is wanted by name, then the rest */
	size_t item_count;
	struct span {
		size_t first, wanted, end;
	} spans[KINDS_MAX];  /* of each kind's items */
	struct step **steps; /* not held, in order of execution */
	size_t step_count;
	struct finding
	    *findings; /* seen at run time; the configuration's are in its report */
	size_t finding_count;
	struct mono
	    next; /* when to plan again though nothing happens; MONO_NEVER: no need */
};

struct plan *plan_make(const struct plan_input *input);
void plan_free(struct plan *plan); /* NULL allowed */
const struct item *plan_find(
    const struct plan *plan, const struct kind *kind, const char *name);
/* Exactly what it asks for was approved. */
bool item_is_approved(const struct item *item);

/*
 * The item people mean by `text`: its name, or its last part where it is written inside
 * another object. NULL: there is none, or there are several, which the error lists.
 */
const struct item *plan_lookup(
    const struct plan *plan, const struct kind *kind, const char *text, struct error *e);

/* For kinds, while planning. */

struct planner {
	struct plan *plan;
	const struct object_state *blank[KINDS_MAX]; /* by kind_index(), once needed */
	struct arena *arena;			     /* the plan's */
	const struct plan_input *input;
};

/* Converged, nothing to add. */
void item_ok(struct item *item);
/* Each sets verdict and reason. */
void item_converged(struct planner *p, struct item *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void item_pending(struct planner *p, struct item *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void item_blocked(struct planner *p, struct item *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void item_unknown(struct planner *p, struct item *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void item_failing(struct planner *p, struct item *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a step to the item; `text` says what it does. stage: 0..3 within the kind. */
struct step *item_step(struct planner *p, struct item *item, enum step_op op,
    unsigned stage, const char *target, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void item_difference(struct planner *p, struct item *item, const char *field,
    const char *want, const char *have);
void item_condition(struct planner *p, struct item *item, const char *type,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The item's steps wait for approval of exactly this. */
void item_consent(struct planner *p, struct item *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One that says the same is returned instead of told twice. */
struct finding *plan_finding(struct planner *p, enum severity severity, const char *id,
    const char *object, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Plan again at `when` at the latest. */
void plan_wake(struct planner *p, struct mono when);

/* Look-ups across kinds. `NULL` when absent, unknown or of an unknown kind. */
const struct observed *planner_observed(
    const struct planner *p, const struct kind *kind, const char *name);
/* The item of another object, planned already (kinds of earlier rows only). */
const struct item *planner_item(
    const struct planner *p, const struct kind *kind, const char *name);

#endif
