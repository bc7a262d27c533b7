/* SPDX-License-Identifier: MIT */
/*
 * network_ranges: the dynamic ranges of networks against the pools of the cluster. No
 * address is in a range and in a pool that is written or exists: a range is cut before a
 * pool is made or grows, and is widened only once the pool was observed smaller. Where
 * Kubernetes is switched off, what pools had when they were observed last joins a range only
 * with approval.
 */
#ifndef LIB_KIND_NETWORK_RANGES_H
#define LIB_KIND_NETWORK_RANGES_H

#include "lib/kind/network/network.h"
#include "lib/plan/item.h"

/*
 * What the written range comes to now on a side of the network (NULL: it is to be
 * defined), the claimed addresses cut out; while pools are not known it never grows.
 */
struct ranges network_ranges_due(
    struct planner *p, const struct network *want, const struct network *have);

/* Both sides' updates, as one program with what they do to whom; NULL: there are none. */
struct program *network_ranges_plan(struct planner *p, struct item *item,
    const struct network *want, const struct network *live, const struct network *stored);

/* Findings where a pool is in the range of a network whose range is not managed. */
void network_ranges_report(struct planner *p, const char *name,
    const struct network *want, const struct network *live, const struct network *stored);

/*
 * A pool's program that would give these addresses to a pool: waits while a network still
 * hands one of them out, or may, or a step
 * of it is under way, and is blocked where that will not change by itself.
 */
void network_ranges_hold(
    struct planner *p, struct program *program, struct ranges addresses);

#endif
