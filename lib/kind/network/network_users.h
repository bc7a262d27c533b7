/* SPDX-License-Identifier: MIT */
/*
 * network_users: who has an address of a network already, beside its dynamic ranges: the
 * host itself, machines with an entry, and machines to which one is leased. As observed,
 * whoever made the network.
 */
#ifndef LIB_KIND_NETWORK_USERS_H
#define LIB_KIND_NETWORK_USERS_H

#include "lib/kind/network/network.h"
#include "lib/plan/item.h"

/*
 * A program that would give these addresses to a pool, and a network that was observed: it
 * is blocked by the host's own address and by entries, and waits for our entries that are
 * about to move.
 */
void network_users_hold(struct planner *p, struct program *program,
    const struct observed *network, struct ranges addresses);

/* What the program does to who has leased an address in the network: the domain that runs
 * with it, or, NULL, a machine that is none, by its MAC. */
void network_users_effect(struct planner *p, struct program *program,
    enum effect_what what, const char *network, const struct dhcp_lease *lease,
    const struct observed *domain);

/* It exposes what any network has leased to a machine that may run. */
void network_users_effects(
    struct planner *p, struct program *program, struct ranges addresses);

#endif
