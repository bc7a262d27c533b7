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
 * goes on as a procedure, is spent already. One that is approved passes and counts. A
 * procedure that interrupts a member waits, approved or not, while that of another member
 * goes on (lib/plan/procedure.h).
 *
 * Where the state was lost, any member may be on its way down by a request that is not
 * remembered: it is not up, and not free, until it was observed up for as long as that can
 * take (a VM: vm.stop_timeout, three minutes unless written; a minute where its guest gives
 * signs of life that end when it goes down).
 */
void budget_apply(struct planner *p);

#endif
