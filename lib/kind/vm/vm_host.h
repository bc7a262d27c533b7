/* SPDX-License-Identifier: MIT */
/*
 * vm_host: what the host's shutdown and boot mean for its VMs: when it shuts down they are
 * shut down in order (host.shutdown: ordered), control planes last; after it has booted
 * they are started one after the other, control planes first. Part of the kind vm.
 */
#ifndef LIB_KIND_VM_VM_HOST_H
#define LIB_KIND_VM_VM_HOST_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* Instead of all that is planned of its power while the host shuts down; false: it does
 * not. `have`: the live side, else the stored one. */
bool vm_host_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have);

/* The kind's settle(): whether the shutdown is held for them; and starts that wait for their
 * turn. */
void vm_host_settle(struct planner *p);

#endif
