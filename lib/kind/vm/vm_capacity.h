/* SPDX-License-Identifier: MIT */
/*
 * vm_capacity: what the Node of a VM counts that was given more, or less, while it ran: a
 * kubelet counts processors and memory when it starts, and Pods are placed by that. Part of
 * the kind vm.
 */
#ifndef LIB_KIND_VM_VM_CAPACITY_H
#define LIB_KIND_VM_VM_CAPACITY_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* Where the Node still counts what was before: the condition NodeCapacity, with the next step,
 * which is returned too; NULL: it counts what runs, or that is not known. */
const char *vm_capacity_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *live);

/* The memory in bytes that its Node counts; 0: it has none, or that is not known. */
int64_t vm_capacity_counted(struct planner *p, const struct vm *want);

#endif
