/* SPDX-License-Identifier: MIT */
/*
 * plan: what must be done so that the observed home becomes the desired one; a pure
 * function of what is desired, what was observed, the state, and now. Same input, same
 * bytes. `plan`, `diff`, the daemon and the tests all run it. What kinds call while they
 * plan is in lib/plan/item.h.
 */
#ifndef LIB_PLAN_PLAN_H
#define LIB_PLAN_PLAN_H

#include "lib/base/mono.h"
#include "lib/model/kind.h"
#include "lib/model/probe.h"
#include "lib/model/action.h"
#include "lib/plan/effect.h"
#include "lib/state/state.h"

/* Why the kinds of a source cannot be planned; by source_index(). */
struct source_input {
	bool up;	 /* what was observed of its kinds may be trusted */
	bool off;	 /* switched off: never will be */
	const char *why; /* down or off: the reason, for people */
};

struct plan_input {
	const struct config *desired;
	const struct observations *observed;
	const struct state *state;
	struct source_input sources[SOURCES_MAX];
	const struct probe_store *probes; /* answers; NULL: none */
	const char *unsaved; /* why the state cannot be kept on disk now; NULL: it can */
	struct mono now;
	int64_t local;	   /* now, ms since 1970 of what a clock on the wall shows here */
	struct mono began; /* when it began to observe: its sources may take a moment */
};

enum side { SIDE_LIVE, SIDE_CONFIG };

/* What the step after this one of its program waits for. */
enum step_until {
	UNTIL_RETURNED, /* the call: enough where both edit one document */
	UNTIL_OBSERVED, /* the document was read again */
};

struct step {
	const struct action *action;
	const struct program *program; /* it is of */
	const struct kind *kind;       /* the item's kind and name */
	const char *name;
	const struct kind *target_kind; /* the document's, */
	const char *target;		/* and its external name */
	const void *arguments;		/* the action's own struct, or NULL */
	const char *text;		/* what it does, for people: "start domain w" */
	enum step_until until;
	bool removes; /* goes before the other items' additions to its document */
	/* The step before it that takes what this one puts back: where that one was done,
	 * this one is done too, whatever becomes of the rest. NULL: none. */
	const struct step *restores;
};

/* Why a program's steps do not run now. */
enum gate {
	GATE_OPEN,
	GATE_BUSY,     /* steps of the object are under way, or not observed yet */
	GATE_WAITS,    /* for another object, or for a point in time */
	GATE_BACK_OFF, /* the last try failed */
	GATE_PAUSED,
	GATE_UNSAVED, /* must not be done twice, and the disk takes no note of it */
	GATE_BUDGET,
	GATE_APPROVAL,
};

/* One separately gated change of an item, in steps that run one after the other. */
struct program {
	struct item *item;
	const char *text;    /* what it comes to: "move worker-1 from .11 to .21" */
	struct step **steps; /* may be none: then it only declares what is going on */
	size_t step_count;
	struct effect *effects; /* what it does to whom */
	size_t effect_count;
	uint64_t *parts; /* hashes of its changes and effects, for approvals */
	size_t part_count;
	enum gate gate;
	const char *why;  /* the gate, for people; never NULL where it is closed */
	bool timed;	  /* `why` is when its item's next try is, counted from now */
	bool removal;	  /* takes away an object: in reverse row order */
	bool of_phase;	  /* a step of its item's procedure, which has to run to begin */
	bool approved;	  /* it needs approval, and has it */
	bool unapproved;  /* it needs approval, and lacks it; also where it is busy */
	const char *hash; /* of what is shown; set where it has effects */
	size_t order;	  /* its place in the plan's programs, where it runs */
};

struct condition {	  /* something worth knowing beside the verdict */
	const char *type; /* "LeaseConflict" */
	const char *message;
};

/* An object of the home and what the plan says of it. */
struct item {
	size_t index; /* in the plan */
	const struct kind *kind;
	const char *name;
	const char *short_name; /* for showing (lib/model/object.h) */
	const struct object *desired;
	const struct observed *observed; /* also when unknown; NULL: absent */
	/* The sides as shown; by default those of `observed`. */
	const struct object *live, *config;
	const struct object_state *state; /* never NULL; empty where there is none */
	enum verdict verdict;		  /* the worst of its own and its programs' */
	enum verdict unpaused; /* paused: what the verdict would be without that */
	const char *reason;    /* one line; "" for plain converged */
	struct differences differences;
	struct condition *conditions;
	size_t condition_count;
	const char *error; /* last failure, from the state */
	int64_t retry_in;  /* ms; -1: none */
	struct program **programs;
	size_t program_count;
	bool off; /* its source is switched off: not managed */
	/* The procedure that goes on, as planned: its phase, or NULL. */
	const char *phase;
};

struct item_range { /* of one kind's items: first..desired are written, ..end are not */
	size_t first, desired, end;
};

enum start {		/* where nothing is remembered of an earlier run: */
	START_KNOWN,	/* something is, or it has begun */
	START_WAITS,	/* it is not known yet; nothing is done */
	START_OBSERVES, /* the first one, and others' objects are written: nothing is done */
	START_FREE, /* the first one, and it is known that there is nothing to take over */
	START_LOST, /* there was one: objects carry our mark */
};

enum shutdown {	       /* of the host, as the plan finds it */
	SHUTDOWN_NONE, /* it stays */
	SHUTDOWN_HELD, /* it is to wait for what is being done */
	SHUTDOWN_FREE, /* nothing needs it to wait, or its time is over */
};

struct plan {
	struct arena arena;
	enum shutdown shutdown;
	enum start start;		/* of everything, */
	enum start starts[SOURCES_MAX]; /* and of each source, by source_index() */
	/* In row order; within a kind what is desired by name, then the rest. */
	struct item **items;
	size_t item_count;
	struct item_range ranges[KINDS_MAX];
	/* Those with steps that run now, in the order they are begun. */
	struct program **programs;
	size_t program_count;
	/* Their steps, in the order in which each document's are sent. */
	struct step **steps;
	size_t step_count;
	/* Observed while planning; the configuration's own are in its report. */
	struct finding *findings;
	size_t finding_count;
	/* What must be queried because of what is written. */
	struct probe *probes;
	size_t probe_count;
	/* When to plan again though nothing happens; MONO_NEVER: no need. */
	struct mono next;
};

/*
 * Bytes that the plan of some thousand objects takes, and the status that is shown of it.
 * Who makes plan after plan has malloc to keep so much of what is freed (M_TRIM_THRESHOLD
 * and M_MMAP_THRESHOLD): to return it to the kernel and be given it again takes as long
 * as the planning.
 */
#define PLAN_MEMORY (8 << 20)

struct list_input { /* what a row of a list is made of, beside its item */
	const struct plan *plan;
	const struct observations *observed;
	const struct probe_store *probes; /* answers; NULL: none */
	struct mono now;
	int64_t wall;
	struct arena *arena;
};

struct plan *plan_make(const struct plan_input *input);
void plan_free(struct plan *plan); /* NULL allowed */
const struct item *plan_find(
    const struct plan *plan, const struct kind *kind, const char *name);

/*
 * The item people mean by `text`: its name, or its last part where it is written inside
 * another object. NULL: there is none, or there are several, which the error lists.
 */
const struct item *plan_lookup(
    const struct plan *plan, const struct kind *kind, const char *text, struct error *e);

/* For kinds, while planning. */
/* How bad a verdict is, converged (0) to failing; of several the worst counts. */
int verdict_rank(enum verdict verdict);

/* A program with steps that run now; one whose steps run or wait (any gate). */
bool item_acts(const struct item *item);
bool item_has_steps(const struct item *item);

#endif
