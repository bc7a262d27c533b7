/* SPDX-License-Identifier: MIT */
/*
 * budget: how much of the home may be down at once (promise P10). Counts the objects
 * whose kind says that they count, VMs; knows no kind itself.
 */
#ifndef LIB_PLAN_BUDGET_H
#define LIB_PLAN_BUDGET_H

#include "lib/plan/item.h"

/*
 * Closes the gate of programs that interrupt a member where afterwards more than a third
 * of all, a second critical one, or the last critical one that is up would not be up,
 * for whatever reason the others are down. Spent in plan order; what is under way, or
 * goes on as a procedure, is spent already. One that is approved passes and counts.
 */
void budget_apply(struct planner *p);

#endif
