/* SPDX-License-Identifier: MIT */
/*
 * vm_remedy: a VM that runs and whose Node is not Ready: where the policy is written
 * (remediation.h) it is rebooted, reset, and stopped and started, one after the other, until
 * the Node is Ready; then it is reported as failing, and all begins anew after the
 * cool-down. A procedure (lib/plan/procedure.h). Part of the kind vm.
 *
 * Nothing of it is done while the Node is not surely the VM's (both have one system UUID,
 * which no other Node has), while the API server or libvirt is not known, while the Node is
 * cordoned, soon after a start, to a second control plane, or where many nodes are not
 * Ready: those who wait for less than all of that are left alone.
 */
#ifndef LIB_KIND_VM_VM_REMEDY_H
#define LIB_KIND_VM_VM_REMEDY_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* After its power was planned, of a VM whose domain is there. Adds the phase, the step, or
 * why there is none as a condition. */
void vm_remedy_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have);

/* Whether a phase (or NULL) is one of these. */
bool vm_remedy_is(const char *phase);

#endif
