/* SPDX-License-Identifier: MIT */
/*
 * network: a libvirt network with its DHCP service. Both sides of a comparison use the
 * structs here; members below "observed only" have no key in the field table: they are
 * facts the plan needs.
 */
#ifndef LIB_KIND_NETWORK_NETWORK_H
#define LIB_KIND_NETWORK_NETWORK_H

#include "lib/kind/kinds.h"

struct dhcp_lease { /* an address dnsmasq has leased, from virNetworkGetDHCPLeases */
	struct mac mac;
	struct ip ip;
	int64_t expires; /* ms since 1970 */
};

/* What libvirt says of a network beside its documents; facts of a reading. */
struct network_facts {
	bool active, persistent, autostart;
	bool leases_known; /* false where the driver does not know */
	const struct dhcp_lease *leases;
	size_t lease_count;
	/* The interfaces on its bridge; false where the bridge is not this host's, or not
	 * the kernel's own. */
	bool ports_known;
	const char *const *ports;
	size_t port_count;
};

enum network_mode {
	NETWORK_NAT,
	NETWORK_ROUTE,
	NETWORK_OPEN,
	NETWORK_ISOLATED,
};

struct dhcp_range { /* dhcp.range as written */
	struct record record;
	struct ip start, end;
};

struct dhcp {
	struct record record;
	struct dhcp_range range;
	bool reserve_pools;
};

struct host_entry { /* observed only: one <host> of libvirt's DHCP section */
	bool has_mac;
	struct mac mac;
	struct ip ip;
	const char *name; /* NULL when it has none */
};

struct network {
	struct object object;
	int mode; /* enum network_mode */
	const char *bridge;
	struct cidr address; /* the host's own address in it: 192.168.122.1/24 */
	bool autostart;
	int64_t mtu;
	struct dhcp dhcp;
	/* Derived (desired) or read (observed): dynamic ranges, with pools cut out. */
	struct ranges ranges;
	struct ranges reserved; /* desired: what was cut out */
	/* Observed only. */
	bool active, persistent;
	int64_t connections;
	const char *xml;	   /* the side's document, for patching */
	struct range *range_items; /* as libvirt has them, each one <range> */
	size_t range_count;
	struct host_entry *hosts; /* sorted by MAC */
	size_t host_count;
	bool hosts_distinct; /* no MAC, address or name stands twice or is missing */
	bool leases_known;
	struct dhcp_lease *leases;
	size_t lease_count;
	bool ports_known;
	const char *const *ports;
	size_t port_count;
};

#endif
