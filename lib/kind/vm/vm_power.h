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

/* Makes the program that stops the VM, or has it stopped, for the item. */
typedef struct program *vm_add_stop(struct planner *p, struct item *item, void *arg);

/*
 * Fills verdict, reason and the steps by which a running domain is shut down: requested,
 * requested again, and after its time forced where that is written. Nothing is sent twice
 * too early: what was sent is in the record. Of one that cannot be shut down, for it is
 * paused, has crashed or has no stored definition, only why: then `add` is not called.
 */
void vm_power_stop(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, vm_add_stop *add, void *arg);

/*
 * Fills verdict, reason and the steps for power: start, shut down, destroy, resume, wake
 * up. `have` is the stored side, else the running one. A step that has to wait is added
 * and the item held, unless the item already has something else to do.
 */
void vm_power_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have);

#endif
