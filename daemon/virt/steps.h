/* SPDX-License-Identifier: MIT */
/* steps: carrying out one step of a plan, on the call thread: look-up and one call. */
#ifndef DAEMON_VIRT_STEPS_H
#define DAEMON_VIRT_STEPS_H

#include "daemon/virt/fault.h"
#include "lib/model/action.h"

/* 0 when libvirt says that it is done, or that there was nothing left to do. */
int steps_run(virConnectPtr conn, const struct call *call, struct fault *fault);

#endif
