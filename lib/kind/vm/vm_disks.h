/* SPDX-License-Identifier: MIT */
/*
 * vm_disks: the disks of an existing domain and those that are written. A further disk that
 * is missing is attached, to what is stored and to what runs in one call; one that is not
 * written is detached only once that is approved. Its file is never touched. The domain's
 * first disk is not changed: it may have been moved on to a snapshot or a copy, which is
 * reported and never put back.
 */
#ifndef LIB_KIND_VM_VM_DISKS_H
#define LIB_KIND_VM_VM_DISKS_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* Adds what differs of one side: "disk"; "disks.data" where it is missing; "disks[vdb]"
 * where it is too much, of which nothing is said while `disks` is left out, or while it is
 * not known which disk is which. */
void vm_disks_compare(struct planner *p, const struct vm *want, const struct vm *side,
    struct differences *out);

/* Whether a field that differs is a further disk that is missing or too much. */
bool vm_disks_is_further(const char *field);

/* Whether a missing one of what runs comes with its next start only, and why. */
bool vm_disks_restarts(struct planner *p, const struct vm *want, const struct vm *live,
    const char *want_text);
const char *vm_disks_restart_why(
    struct planner *p, const struct vm *want, const struct vm *live);

struct vm_disks { /* why one is not attached; each NULL: nothing */
	const char *blocked, *waits;
};

/* Adds the programs that attach and detach. `config` NULL: nothing is stored. */
struct vm_disks vm_disks_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *live, const struct vm *config);

#endif
