/* SPDX-License-Identifier: MIT */
/*
 * vm_disk_error: a domain that was paused because the host could not read or write one of
 * its disks: which disk, which error, and whether there is space again. Part of the kind
 * vm. Hides the probes for the space that is free where a disk lies.
 */
#ifndef LIB_KIND_VM_VM_DISK_ERROR_H
#define LIB_KIND_VM_VM_DISK_ERROR_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/*
 * The name and the question of such a probe: this word and the disk's name (vm_disk.h). Its
 * answer, of status DISK_ANSWERED, is a number: the bytes that are free. No number and an
 * error: it cannot be said.
 */
#define DISK_SPACE "space "

/*
 * The verdict, with the disks and their errors. Returns what its resumption waits for, in
 * the plan's arena; NULL: nothing.
 */
const char *vm_disk_error_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have);

#endif
