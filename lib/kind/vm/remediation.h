/* SPDX-License-Identifier: MIT */
/*
 * remediation: the home's policy for nodes that are not Ready while their VM runs
 * (`remediation:`). Where it is written it approves, inside the budget, that such a VM is
 * rebooted, reset, and stopped and started; left out, nobody is. What comes of it is in
 * vm_remedy.h.
 */
#ifndef LIB_KIND_VM_REMEDIATION_H
#define LIB_KIND_VM_REMEDIATION_H

#include "lib/kind/kinds.h"
#include "lib/plan/item.h"

struct remediation {
	struct object object;
	int64_t after;	       /* ms a Node may be other than Ready */
	int64_t wait;	       /* ms that each step is given */
	int64_t cool_down;     /* ms between the last step and a new beginning */
	int64_t grace;	       /* ms after the start of its VM */
	int64_t max_unhealthy; /* with more nodes than these nothing is done */
};

/* NULL: none is written. */
const struct remediation *remediation_policy(const struct planner *p);

#endif
