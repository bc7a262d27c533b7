/* SPDX-License-Identifier: MIT */
/* vm_plan: the plan() of the kind vm, see lib/model/kind.h. */
#ifndef LIB_KIND_VM_PLAN_H
#define LIB_KIND_VM_PLAN_H

#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

void vm_plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have);

/* What must be written before the VM can be defined: "vcpus, memory"; NULL: all is. */
const char *vm_missing_keys(struct planner *p, const struct vm *want);
/* The same from what is written alone. */
const char *vm_missing(
    struct arena *a, const struct config *config, const struct vm *want);

/* The same kind's availability(). */
void vm_availability(
    struct planner *p, const struct item *item, struct availability *out);

#endif
