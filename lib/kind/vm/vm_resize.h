/* SPDX-License-Identifier: MIT */
/*
 * vm_resize: vcpus and memory of a domain that runs, given to it without a restart: only
 * more, within the most that it was started with, and never twice in vain. Taking them from
 * a guest that runs may kill what runs in it, so that waits for its next start.
 */
#ifndef LIB_KIND_VM_VM_RESIZE_H
#define LIB_KIND_VM_VM_RESIZE_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* Whether changes of what runs have failed so often that they come with its next start only;
 * of interfaces too. */
bool vm_live_in_vain(struct planner *p, const struct vm *want, const struct vm *live);

/* Why no device more can be attached to what runs; NULL: it is not known that none can. */
const char *vm_no_slot(struct planner *p, const struct vm *want, const struct vm *live);

/* Whether the difference of that field ("vcpus", "memory") between what is written and what
 * runs goes away without a restart. Pure; of other fields false. */
bool vm_resize_can(
    struct planner *p, const struct vm *want, const struct vm *live, const char *field);

/* Adds the program for a field of which it can. False: the guest is taking on what it was
 * given. */
bool vm_resize_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *live, const char *field);

#endif
