/* SPDX-License-Identifier: MIT */
/*
 * network_address: the <ip> elements of a network, of which it may have several of both
 * families: which of them is meant by a written address, and which one an entry of the
 * DHCP service belongs to. libvirt serves DHCP on one IPv4 element at most.
 */
#ifndef LIB_KIND_NETWORK_ADDRESS_H
#define LIB_KIND_NETWORK_ADDRESS_H

#include "lib/kind/network/network.h"

/* The prefix libvirt gives an IPv4 address without a mask, by its class; -1: none. */
int network_natural_prefix(struct ip address);

/*
 * The place of the IPv4 element that the written address is about: the one that has it,
 * else the one with DHCP, else the only one. -1: there is none. -2: there are several,
 * and it cannot be said which.
 */
int network_ip_meant(const struct network *side, struct cidr address);

/* The place of the element that an entry or range with this IPv4 address belongs to; -1:
 * no element can serve it. */
int network_ip_serving(const struct network *side, struct ip address);

/* The same for an update: where an entry with this address is, or is to go. */
int network_ip_of_entry(const struct network *side, struct ip address);

/* Whether the address is one of the host's own in the network, or the first or last of a
 * subnet, which no machine can have: what it is, for people; NULL: neither. */
const char *network_ip_taken(const struct network *side, struct ip address);

/* Why libvirt does not take the ranges there, as the end of a sentence about "the DHCP
 * range"; NULL: it does. */
const char *network_ranges_unfit(
    struct arena *a, const struct network *side, struct ranges ranges);

/* The IPv4 subnets of the network; of what is written the one address. */
struct ranges network_subnets(struct arena *a, const struct network *network);

#endif
