/* SPDX-License-Identifier: MIT */
/*
 * vm_change: an existing domain made as it is written: what differs of its stored
 * definition is patched there, which interrupts nobody; what runs is changed where that
 * harms nobody, and else waits for a restart of the guest, as the condition NeedsRestart
 * with its reasons. Part of the kind vm; the restart is none of its business.
 */
#ifndef LIB_KIND_VM_VM_CHANGE_H
#define LIB_KIND_VM_VM_CHANGE_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* What is so where the item is as it should be otherwise; each NULL: it is not. */
struct vm_change {
	const char *blocked; /* "has disk /a instead of /b; ..." */
	const char *waits;   /* for what is under way */
	const char *restart; /* the reasons of one, as below */
};

/*
 * Compares both sides (either may be NULL) with what is written: adds the differences, the
 * programs that patch the stored definition and change what runs, and the condition.
 */
struct vm_change vm_change_plan(struct planner *p, struct item *item,
    const struct vm *want, const struct vm *live, const struct vm *config);

/*
 * What would be as written once the guest was shut down and started again, because it is
 * stored so already: "vcpus 1 instead of 2, memory 1GiB instead of 2GiB", in the arena;
 * NULL: nothing waits for a restart. It is no longer said once the domain runs with what is
 * stored, be it under another id or because somebody made it so; nor where a restart would
 * give it another disk.
 */
const char *vm_restart_reasons(
    struct planner *p, const struct vm *want, const struct observed *have);

#endif
