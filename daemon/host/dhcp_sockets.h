/* SPDX-License-Identifier: MIT */
/*
 * dhcp_sockets: whether somebody serves DHCP on an interface of this host, by the kernel's
 * table of sockets (sock_diag(7)), which everybody may read. Hides the messages.
 */
#ifndef DAEMON_HOST_DHCP_SOCKETS_H
#define DAEMON_HOST_DHCP_SOCKETS_H

enum dhcp_served {
	DHCP_UNKNOWN, /* there is no such interface, or the kernel does not say it */
	DHCP_SERVED,
	DHCP_NOT_SERVED,
};

/* Is there a socket on the port of DHCP or DHCPv6 servers that is bound to the interface, or
 * to none? On any thread; waits for nothing but the kernel. */
enum dhcp_served dhcp_sockets_find(const char *interface);

#endif
