/* SPDX-License-Identifier: MIT */
/*
 * vm_limits: what libvirt refuses whatever else is so: it is said at once, and no call is
 * made. Part of the kind vm.
 */
#ifndef LIB_KIND_VM_VM_LIMITS_H
#define LIB_KIND_VM_VM_LIMITS_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/*
 * Why a domain (`side`; NULL: one that we define) cannot have the vCPUs that are written,
 * and what to write instead, in the arena: "libvirt takes at most 255 ..."; NULL: it can, as
 * far as is known, or none are written.
 */
const char *vm_vcpus_excess(
    struct planner *p, const struct vm *want, const struct vm *side);

#endif
