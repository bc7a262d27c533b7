/* SPDX-License-Identifier: MIT */
/*
 * procedure: a change of an object that takes many plans: a restart with a drain, a
 * remediation. For kinds.
 *
 * The object's state keeps the phase and since when it lasts (item->state->procedure). Each
 * plan goes by what is desired, what was observed, the phase and now to the phase that
 * follows from them, and adds one step at most, or waits until a deadline:
 *
 *	phase = procedure_phase(item);			where it is; NULL: in none
 *	item_phase(item, next);				where it is from now on
 *	program_step(p, item_program(p, item, ...), ...)	what is to be done there
 *
 * A phase is a text: a word, and facts that hold until its end and that nobody can observe
 * any more, as "drain node=worker-1 id=12". Values have no blanks. Where facts change it
 * is another phase, and its time begins anew.
 *
 * What the frame does: the phase is on disk before a step of it is sent; a phase whose
 * steps do not run yet (approval, pause, budget) has not begun, whatever else of the object
 * is being changed; while the object or its
 * source is unknown the phase stays; rounds of steps in a phase that stands still are
 * futile, and a phase that moves is progress. An object with a procedure counts as
 * down for the budget, and of procedures that interrupt members of it (effects) one
 * begins at a time (lib/plan/budget.h).
 *
 * So a procedure begins with a step, carries its effects on the steps of every phase in
 * which nothing was interrupted yet, and is planned to its end also where its object is
 * edited or no longer written: plan() with `want` NULL.
 */
#ifndef LIB_PLAN_PROCEDURE_H
#define LIB_PLAN_PROCEDURE_H

#include "lib/plan/item.h"

/* The phase it was in at the end of the last plan; NULL: none. */
const char *procedure_phase(const struct item *item);

/* Whether the phase (or NULL) is the one of that word. */
bool procedure_is(const char *phase, const char *word);

/* A fact of the phase, in the arena; NULL: it has none of that key. */
const char *procedure_fact(struct arena *a, const char *phase, const char *key);

/* Whether the phase has lasted so long, ms; if not, there is a plan when it has. For the
 * phase of the last plan: one that begins now is not late. */
bool procedure_is_late(struct planner *p, const struct item *item, int64_t ms);

#endif
