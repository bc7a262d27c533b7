/* SPDX-License-Identifier: MIT */
/* steps: carrying out one step of a plan, on the call thread: look-up and one call. */
#ifndef DAEMON_VIRT_STEPS_H
#define DAEMON_VIRT_STEPS_H

#include "daemon/virt/fault.h"
#include "lib/plan/plan.h"

/* Which kind of object the step changes: network_kind, vm_kind, or NULL where the step
 * is none of libvirt's. */
const struct kind *steps_kind(enum step_op op);

/* 0 when libvirt says that it is done, or that there was nothing left to do. */
int steps_run(virConnectPtr conn, const struct step *step, struct fault *fault);

#endif
