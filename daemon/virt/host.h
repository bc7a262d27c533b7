/* SPDX-License-Identifier: MIT */
/* host: what libvirt says of the host: which guests it can run. On the call thread. */
#ifndef DAEMON_VIRT_HOST_H
#define DAEMON_VIRT_HOST_H

#include "daemon/virt/fault.h"
#include "lib/model/observed.h"

/* -1: `facts->known` is false. The libvirt version is the caller's to fill in. */
int host_read(virConnectPtr conn, struct host_facts *facts, struct fault *fault);

#endif
