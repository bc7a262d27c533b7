/* SPDX-License-Identifier: MIT */
/*
 * reservation: a name with a fixed address in a network (libvirt's <host>).
 */
#ifndef LIB_KIND_NETWORK_RESERVATION_H
#define LIB_KIND_NETWORK_RESERVATION_H

#include "lib/kind/kinds.h"

struct reservation {
	struct object object;
	const char *network; /* name of its network */
	const char *host;    /* the DHCP host name: the key in static_ips */
	struct mac mac;	     /* bit "mac": written, or derived from the VM of that name */
	struct ip ip;
	bool mac_given; /* written in static_ips or in the VM's interface */
};

/* The name of a reservation: "NETWORK/HOST", in the arena. */
static inline const char *reservation_name(
    struct arena *a, const char *network, const char *host)
{
	return arena_printf(a, "%s/%s", network, host);
}

#endif
