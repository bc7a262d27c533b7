/* SPDX-License-Identifier: MIT */
/*
 * fault: a failed libvirt call as a value: libvirt's own text with its code and domain,
 * and what the failure means for us. Taken on the thread that made the call.
 */
#ifndef DAEMON_VIRT_FAULT_H
#define DAEMON_VIRT_FAULT_H

#include <stdbool.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "lib/base/error.h"

struct fault {
	int code;	    /* virErrorNumber; 0: not libvirt's error */
	bool lost;	    /* the connection is broken: what the call did is unknown */
	bool slow;	    /* asking again soon is pointless: refused or not supported */
	bool refused;	    /* the call has certainly changed nothing */
	struct error error; /* "internal error: ... (libvirt code 1, QEMU driver)" */
};

/*
 * Takes the calling thread's last libvirt error. `conn` NULL: there is none (opening
 * failed). Always returns -1, so that callers `return fault_take(...)`.
 */
int fault_take(struct fault *fault, virConnectPtr conn);

/* A failure of our own: the connection this was meant for is lost, and nothing was
 * called. Returns -1. */
int fault_closed(struct fault *fault);

#endif
