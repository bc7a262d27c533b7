/* SPDX-License-Identifier: MIT */
/*
 * item: what kinds say of an object while they plan it: verdicts, differences, programs
 * of steps with their effects, conditions, findings; and what they may ask.
 */
#ifndef LIB_PLAN_ITEM_H
#define LIB_PLAN_ITEM_H

#include "lib/plan/plan.h"

struct planner {
	struct plan *plan;   /* NULL while a document is rendered */
	struct arena *arena; /* the plan's */
	const struct object_state *blank[KINDS_MAX]; /* by kind_index(), once needed */
	const struct plan_input *input;
	/* What the kind's prepare() returned, by kind_index(). */
	void *prepared[KINDS_MAX];
	struct planner_near *near; /* NULL while a document is rendered */
};

/* Where the last look-ups found something: most come in the order of names. */
struct planner_near {
	size_t desired[KINDS_MAX], observed[KINDS_MAX]; /* by kind_index() */
	size_t state;
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
/* At a person's wish it is not as it is written. */
void item_paused(struct planner *p, struct item *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void item_failing(struct planner *p, struct item *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A difference that is shown; of a program's, use program_change(). */
void item_difference(struct planner *p, struct item *item, const char *field,
    const char *desired, const char *have);
void item_condition(struct planner *p, struct item *item, const char *type,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * What becomes of an object that nobody writes. One that is not owned, NULL, is no item.
 * With `prune: true` a program that removes it, to which the kind adds the steps; else a
 * finding, and NULL; `by_hand` says how people remove it: "delete it with kubectl".
 */
struct program *item_unwritten(
    struct planner *p, struct item *item, bool owned, const char *by_hand);

/*
 * A change of its own, with its own gate. The text says what it comes to; NULL: what its
 * first step says.
 */
struct program *item_program(struct planner *p, struct item *item, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/*
 * Adds a step; its arguments are zeroed and of the action's size, to be filled through
 * step_arguments(). `target` NULL: the item's own name. Where it edits an object of
 * another kind than its own or its action's, step_edits() says so.
 */
struct step *program_step(struct planner *p, struct program *program,
    const struct action *action, const char *target, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void *step_arguments(struct step *step);
void step_edits(struct step *step, const struct kind *kind, const char *name);

/* What it changes: part of what an approval is for. Not shown by itself. */
void program_change(
    struct planner *p, struct program *program, const char *field, const char *desired);
/* What it does to whom; texts are borrowed for the plan's life. */
struct effect *program_effect(struct planner *p, struct program *program,
    enum effect_what what, const struct kind *kind, const char *name);

/* Its steps wait, for the reason given; the first reason stays. */
void program_waits(struct planner *p, struct program *program, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* They wait until the other object has nothing left to do. */
void program_waits_for(struct planner *p, struct program *program,
    const struct kind *kind, const char *name);
/* They wait until then. */
void program_waits_until(
    struct planner *p, struct item *item, struct program *program, struct mono when);

/*
 * Asks the item's source, and returns the answer to exactly this question (`hash` covers
 * all that the answer depends on); NULL: there is none yet, and it is unknown.
 */
const struct answer *item_probe(
    struct planner *p, struct item *item, const char *question, uint64_t hash);

/* The same where the question is about no item: `name` is what it is kept
 * under; put twice in a plan it is one question. */
const struct answer *planner_probe(struct planner *p, const struct kind *kind,
    const char *name, const char *question, uint64_t hash);

/* The same, queried anew after every so many ms; the answer stands until there is another. */
const struct answer *planner_probe_every(struct planner *p, const struct kind *kind,
    const char *name, const char *question, uint64_t hash, int64_t every);

/*
 * The procedure of the item is in this phase (a text that lives as long as the plan): it
 * goes on in the next plan, which finds it in item->state->procedure with the time at
 * which it began. Without the call it has ended. A phase is on disk before its steps are
 * sent. While it lasts the kind plans even where the object is neither desired nor
 * observed: plan() with both NULL. Programs that are added after the call are the
 * procedure's, those before it are of other changes of the object.
 */
void item_phase(struct item *item, const char *phase);

/* One that says the same is returned instead of a second. */
struct finding *plan_finding(struct planner *p, enum severity severity, const char *id,
    const char *object, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Plan again at `when` at the latest; a time that has come already is in this plan. */
void plan_wake(struct planner *p, struct mono when);

/* Look-ups across kinds. NULL when absent, unknown or of an unknown kind. */
const struct object *planner_desired(
    const struct planner *p, const struct kind *kind, const char *name);
const struct observed *planner_observed(
    const struct planner *p, const struct kind *kind, const char *name);
/* The entry as it is kept, be it of one that cannot be read; NULL: there is none. */
const struct observed *planner_entry(
    const struct planner *p, const struct kind *kind, const char *name);
/* Whether it is known if there is such an object: where it is, not observed is absent. */
bool planner_knows(const struct planner *p, const struct kind *kind, const char *name);
/* The item of another object, planned already (kinds of earlier rows only). */
struct item *planner_item(
    const struct planner *p, const struct kind *kind, const char *name);

#endif
