/* SPDX-License-Identifier: MIT */
/*
 * vm_twins: which domain has the disk or a MAC address that a VM is to have. Hides two
 * arrays, sorted at most once a plan.
 */
#ifndef LIB_KIND_VM_TWINS_H
#define LIB_KIND_VM_TWINS_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* The kind's prepare(). */
void *vm_twins_prepare(struct planner *p);

/* A domain that has the VM's disk, else one that has a MAC of it; `what` says which, as
 * words. NULL: none. Not for a VM whose own domain exists. */
const struct observed *vm_twin(
    const struct planner *p, const struct vm *want, const char **what);

#endif
