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

/* Unknown: not of this host, or not to be found out; no part of the network. */
enum part_state { PART_UNKNOWN, PART_THERE, PART_GONE };

/* What libvirt says of a network beside its documents; facts of a reading. */
struct network_facts {
	bool active, persistent, autostart;
	bool leases_known; /* false where the driver does not know */
	const struct dhcp_lease *leases;
	size_t lease_count;
	/* What it consists of on this host. */
	enum part_state bridge, dnsmasq;
	int dnsmasq_pid; /* 0: not known */
	int64_t run;	 /* another one whenever it is started; 0: not known */
	/* The host's taps that are not on its bridge. */
	const char *const *strays;
	size_t stray_count;
	/* Those that were there before its bridge was made. */
	const char *const *older;
	size_t older_count;
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

/* Observed only. */

struct lease_time {		   /* a <lease> element as it stands in the document */
	const char *expiry, *unit; /* NULL: none */
};

struct host_entry { /* one <host> of libvirt's DHCP section */
	bool has_mac;
	struct mac mac;
	struct ip ip;
	const char *name; /* NULL when it has none */
	struct lease_time lease;
};

struct range_entry { /* one <range> of it */
	struct range range;
	struct lease_time lease;
};

struct network_ip { /* one <ip> element; its place in the document is its place here */
	struct cidr cidr;
	bool dhcp; /* it has a DHCP section; of each family at most one does */
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
	bool marked;	     /* carries our mark: it was defined by us */
	const char *forward; /* its forward mode, where that is none that we can write */
	const char *xml;     /* the side's document, for patching */
	struct network_ip *ips;
	size_t ip_count;
	struct range_entry *range_items; /* IPv4, each one <range> */
	size_t range_count;
	struct ranges served6;	  /* what its DHCP service gives by IPv6, to whomever */
	struct host_entry *hosts; /* IPv4, sorted by MAC */
	size_t host_count;
	bool hosts_distinct;	      /* no MAC or address stands twice or is missing */
	struct host_entry first_host; /* in the document; of none, zeroed */
	struct ip *gateways;	      /* of its static routes, IPv4 */
	size_t gateway_count;
	bool txt; /* it has the record network_xml_txt() */
	bool leases_known;
	struct dhcp_lease *leases;
	size_t lease_count;
	/* Leases that libvirt has forgotten, as it does with the network's definition: a machine
	 * that has run on has its address still. */
	struct dhcp_lease *former;
	size_t former_count;
	/* Live side only. */
	enum part_state bridge_state, dnsmasq;
	int64_t run;		   /* of the facts */
	const char *const *strays; /* sorted */
	size_t stray_count;
	/* Taps of guests that ran before it was started, sorted: libvirt may have forgotten
	 * what was leased to them. */
	const char *const *older;
	size_t older_count;
};

#endif
