/* SPDX-License-Identifier: MIT */
/* steps: carrying out one step of a plan, on the call thread: look-up and one call; slow
 * ones elsewhere. */
#ifndef DAEMON_VIRT_STEPS_H
#define DAEMON_VIRT_STEPS_H

#include "daemon/virt/fault.h"
#include "daemon/virt/transfer.h"
#include "lib/model/action.h"

/* 0 when libvirt says that it is done, or that there was nothing left to do. */
int steps_run(virConnectPtr conn, const struct call *call, struct fault *fault);

/* The same of a step whose action is slow, on a transfer thread. */
int steps_run_slow(virConnectPtr conn, const struct call *call,
    struct transfer_control *control, struct fault *fault);

#endif
