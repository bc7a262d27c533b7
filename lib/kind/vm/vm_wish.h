/* SPDX-License-Identifier: MIT */
/*
 * vm_wish: a person's wish that a VM run or be stopped (`homek8sctl start`, `stop`), which
 * stands above its `state` until it is resumed or written otherwise. Part of the kind vm;
 * other kinds ask vm_due_state() whether a VM is to run.
 */
#ifndef LIB_KIND_VM_VM_WISH_H
#define LIB_KIND_VM_VM_WISH_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* The hook written_up() of the kind. */
bool vm_written_up(const struct object *desired);

/* Whether it is to run, by a wish or as it is written. */
enum vm_state vm_wish_state(const struct object_state *state, const struct vm *want);
enum vm_state vm_due_state(const struct planner *p, const struct vm *want);

/* After all else was planned: says who requested it, and that it is not as it is written.
 * `have` NULL: its domain is absent. */
void vm_wish_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct observed *have);

#endif
