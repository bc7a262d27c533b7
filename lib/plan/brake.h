/* SPDX-License-Identifier: MIT */
/* brake: promise P10: what would interrupt much of the home at once waits for approval.
 */
#ifndef LIB_PLAN_BRAKE_H
#define LIB_PLAN_BRAKE_H

#include "lib/plan/plan.h"

/*
 * Holds disruptive items that would run when they together touch more than a third of the
 * VMs (but more than one), or two control planes. Each needs `approve`; approved ones go
 * on. One that was held stays so until it is approved or no longer due (state.braked):
 * when others are done, the rest would be few enough to slip through.
 */
void brake_apply(struct planner *p);

#endif
