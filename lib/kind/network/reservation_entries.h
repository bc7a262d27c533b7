/* SPDX-License-Identifier: MIT */
/*
 * reservation_entries: the DHCP entries and leases of every network, in tables made when
 * the first thing is looked up in them: most plans need few of them. Everything is in the
 * plan's arena.
 */
#ifndef LIB_KIND_NETWORK_RESERVATION_ENTRIES_H
#define LIB_KIND_NETWORK_RESERVATION_ENTRIES_H

#include "lib/kind/network/network.h"
#include "lib/plan/item.h"

struct entries;

struct entries *entries_make(struct planner *p);

/* The entries of one side of a network that share MAC, name or address with `entry`, in
 * the order of their MACs. Their number. */
size_t entries_related(struct entries *entries, const struct network *side,
    const struct host_entry *entry, const struct host_entry ***out);

/* What dnsmasq has leased to a MAC, and who has an address leased: IPv4, NULL: none. Of
 * several to one MAC the one of `preferred`. */
const struct dhcp_lease *entries_leased(struct entries *entries,
    const struct network *live, struct mac mac, struct ip preferred);
const struct dhcp_lease *entries_lessee(
    struct entries *entries, const struct network *live, struct ip ip);

#endif
