/* SPDX-License-Identifier: MIT */
/*
 * vm_power: whether a domain should run, does, and what is to be done about it. Part of
 * the kind vm, called by vm_plan.c.
 */
#ifndef LIB_KIND_VM_POWER_H
#define LIB_KIND_VM_POWER_H

#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/*
 * Whether the machine's power is ours to manage: it was defined by us, or its state or power
 * is written, or a user requested a start or a stop. Of one that is adopted, what is not written is
 * not acted on by its default.
 */
bool vm_power_managed(
    const struct item *item, const struct vm *want, const struct vm *have);

/* What libvirt says it does, in a word: "running", "paused". */
const char *vm_power_text(const struct domain_facts *facts);

/*
 * Fills verdict, reason and the steps for power: start, shut down, destroy, resume, wake
 * up. `have` is the stored side, else the running one. A step that has to wait is added
 * and the item held, unless the item already has something else to do.
 */
void vm_power_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have);

#endif
