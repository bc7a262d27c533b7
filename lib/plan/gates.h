/* SPDX-License-Identifier: MIT */
/*
 * gates: why the steps of a program do not run now. Generic: reads the state and the
 * program's effects, knows no kind.
 */
#ifndef LIB_PLAN_GATES_H
#define LIB_PLAN_GATES_H

#include "lib/plan/item.h"

/* Sets the gate of each of the item's programs, all but the budget's, and what the item
 * says of its pause and its last failure. Once, after the kind has planned the item. */
void gates_item(struct planner *p, struct item *item);

/* Removals in reverse row order: each waits while one of a later row has to go. Once,
 * after every item. */
void gates_removals(struct planner *p);

/* The item's verdict is the worst of its own and its programs'. Once, at the end. */
void gates_verdict(struct planner *p, struct item *item);

/* "waits for approval: TEXT: EFFECTS", the effects cut after a few. */
const char *gates_approval_text(
    struct planner *p, const struct program *program, const char *more);

#endif
