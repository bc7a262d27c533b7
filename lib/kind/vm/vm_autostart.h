/* SPDX-License-Identifier: MIT */
/* vm_autostart: whether libvirt starts a domain when the host boots. */
#ifndef LIB_KIND_VM_VM_AUTOSTART_H
#define LIB_KIND_VM_VM_AUTOSTART_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* A step that sets it as it is written, which it must be. */
void vm_autostart_add(struct planner *p, struct program *program, const struct vm *want);

/* A program of its own for the item's domain, which has it otherwise. It is not switched on
 * while another domain has its disk or MAC address: at the next boot both would run. That is
 * returned as what blocks the item; NULL: nothing does. */
const char *vm_autostart_plan(
    struct planner *p, struct item *item, const struct vm *want);

#endif
