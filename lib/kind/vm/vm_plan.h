/* SPDX-License-Identifier: MIT */
/* vm_plan: the plan() of the kind vm, see lib/model/kind.h. */
#ifndef LIB_KIND_VM_PLAN_H
#define LIB_KIND_VM_PLAN_H

#include "lib/kind/kinds.h"
#include "lib/plan/plan.h"

void vm_plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have);

#endif
