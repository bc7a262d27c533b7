/* SPDX-License-Identifier: MIT */
/*
 * reservation_lease: which address a machine has now, and what a change of an entry does
 * to whoever uses it: leases, running interfaces, and what was once observed in force.
 */
#ifndef LIB_KIND_NETWORK_RESERVATION_LEASE_H
#define LIB_KIND_NETWORK_RESERVATION_LEASE_H

#include "lib/kind/network/reservation_index.h"

/* Conditions and findings of an address that somebody else has leased, or that the machine
 * has not taken yet. Returns the latter's text, for a verdict; NULL: nothing is due. */
const char *reservation_lease_report(struct planner *p, struct item *item,
    const struct reservation_aim *aim, const struct network *live);

/* What the program's steps do: the machine's own address, by those on the side `which`; that
 * of whoever has the MAC of a live entry that goes, and that of whoever has the address
 * leased that is reserved. */
void reservation_lease_effects(struct planner *p, struct program *program,
    const struct reservation_aim *aim, enum side which, const struct network *live,
    const struct network *stored);

/* A live entry of the network is taken away: who uses its address loses it. */
void reservation_lease_removed(struct planner *p, struct program *program,
    const char *network, const struct network *live, const struct host_entry *entry);

#endif
