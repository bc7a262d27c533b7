/* SPDX-License-Identifier: MIT */
/*
 * vm_release: a domain that was defined by us and that nobody writes any more. It is left
 * alone, unless `prune: true`: then it is shut down and undefined, its disks, NVRAM and TPM
 * kept, and only once that is approved. Part of the kind vm.
 */
#ifndef LIB_KIND_VM_VM_RELEASE_H
#define LIB_KIND_VM_VM_RELEASE_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* The plan of an item that is not written. */
void vm_release_plan(struct planner *p, struct item *item, const struct observed *have);

/* The domain that is called as the VM, where another is written for it: no item is of it. */
void vm_release_report(struct planner *p, const struct vm *want);

/* Whether a VM that is written has the domain of that name. */
bool vm_domain_is_written(const struct planner *p, const char *domain);

#endif
