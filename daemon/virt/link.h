/* SPDX-License-Identifier: MIT */
/*
 * link: the call thread's end of one connection to libvirt. Made and freed anywhere;
 * everything else only on the call thread, which alone holds the libvirt handle.
 */
#ifndef DAEMON_VIRT_LINK_H
#define DAEMON_VIRT_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/virt/events.h"
#include "daemon/virt/fault.h"

struct link {
	virConnectPtr conn; /* NULL: closed */
	uint64_t key;	    /* of this opening; a later one has another */
	struct attachment attachment;
};

/* Closes what was open, connects, asks for keepalive and events. `version`: libvirt's at
 * the other side. */
int link_open(struct link *link, const char *uri, uint64_t key, bool domains,
    bool networks, unsigned long *version, struct fault *fault);
void link_close(struct link *link);

/* The handle, if it still is the one of that opening; else NULL and the fault is set. */
virConnectPtr link_use(const struct link *link, uint64_t key, struct fault *fault);

#endif
