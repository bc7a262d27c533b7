/* SPDX-License-Identifier: MIT */
/*
 * network_pools: what a network's plan has to know of the pools of the cluster: which
 * addresses they have, whether that is known, and what a start of the network waits for
 * because of them: a range is in force as soon as its network runs.
 */
#ifndef LIB_KIND_NETWORK_POOLS_H
#define LIB_KIND_NETWORK_POOLS_H

#include "lib/kind/network/network.h"

struct planner;
struct program;

/* Whether every pool that exists was observed, and none is being changed by us. Where
 * MetalLB is not installed, or no cluster is managed, there are none to be known. */
bool network_pools_known(const struct planner *p);

/* What all pools have that exist. */
struct ranges network_pools_observed(const struct planner *p);

/* A pool that had these addresses when it was observed last, and cannot be observed
 * now: it may have them still. */
struct remembered_pool {
	const char *name;
	struct ranges addresses;
};

/* All of them, in the arena; their count. None while the pools are known. */
size_t network_pools_remembered(struct planner *p, struct remembered_pool **out);

/* A pool that has the address, or, as long as nothing is known, had it when it was observed
 * last: two parties could hold it. NULL: there is none. */
const char *network_pools_holder(struct planner *p, struct ip ip);

/* Kubernetes is switched off: nothing is going to be known of its pools. */
bool network_pools_off(const struct planner *p);

/*
 * Where Kubernetes is switched off: what of the addresses, which the program adds to a range
 * that is in force or stored, each pool had when it was observed last, as effects. Whether it
 * is there still is for a person to say.
 */
void network_pools_expose(
    struct planner *p, struct program *program, struct ranges addresses);

/* The addresses of its ranges that pools have which exist. */
struct ranges network_pools_clash(struct planner *p, const struct network *side);

/*
 * The name of a pool to which we are giving addresses that are not observed yet; NULL: none.
 * While the API server is away nothing is waited for: a dead cluster holds no network.
 */
const char *network_pools_changing(const struct planner *p);

/*
 * Why the network is not to be started with its stored definition, in the arena; NULL: it
 * may be. `blocked`: that does not change by itself.
 */
const char *network_pools_hold_start(struct planner *p, const struct network *want,
    const struct network *stored, bool *blocked);

#endif
