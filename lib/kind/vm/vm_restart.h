/* SPDX-License-Identifier: MIT */
/*
 * vm_restart: the procedure (lib/plan/procedure.h) that shuts a VM down and starts it
 * again, so that what is stored of it takes effect. Part of the kind vm. One that is a
 * node of the cluster is cordoned and drained before, and given back once it is Ready;
 * "move" waits, not for long, until other Nodes announce the addresses that it did:
 *
 *	cordon -> move -> drain -> shutdown -> start -> ready -> settle -> uncordon
 *
 * It begins at a person's wish (`homek8sctl restart`), or for the reasons that the caller
 * has, once that was approved. Up to "drain" it is given up, and what it took put back,
 * where it is due no longer: the VM was edited, or the wish ended. From "shutdown" on it
 * brings the VM back first, also one that is no longer written, or is another domain now.
 */
#ifndef LIB_KIND_VM_VM_RESTART_H
#define LIB_KIND_VM_VM_RESTART_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/*
 * Plans the item's power where a restart goes on, or is due; false: neither, and nothing
 * was done. `want` NULL: it is no longer written; `have`, the stored side or else the
 * running one, NULL: it has no domain. `reasons`: what takes a restart, for people ("memory
 * 4GiB instead of 8GiB"); NULL: nothing.
 */
bool vm_restart_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, const char *reasons);

/* The id of the domain that a phase of a restart is about; -1: it is of none. */
int64_t vm_restart_id(const char *phase);

#endif
