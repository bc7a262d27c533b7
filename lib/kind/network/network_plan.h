/* SPDX-License-Identifier: MIT */
/* network_plan: the plan() of the kind network, see lib/model/kind.h. */
#ifndef LIB_KIND_NETWORK_PLAN_H
#define LIB_KIND_NETWORK_PLAN_H

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/plan/item.h"

/* Whether a DHCP range is written; only then are ranges managed. */
bool network_has_range(const struct network *network);

void network_plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have);

#endif
