/* SPDX-License-Identifier: MIT */
/* status: the words for how libvirt is, for inside and outside of this folder. */
#ifndef DAEMON_VIRT_STATUS_H
#define DAEMON_VIRT_STATUS_H

enum virt_status {
	VIRT_CONNECTING,
	VIRT_CONNECTED,
	VIRT_UNRESPONSIVE, /* connected or connecting, and silent as a whole */
	VIRT_DOWN,	   /* not reachable; next try is on its way */
};

#endif
