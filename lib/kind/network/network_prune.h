/* SPDX-License-Identifier: MIT */
/* network_prune: entries we added for reservations that are no longer written. */
#ifndef LIB_KIND_NETWORK_PRUNE_H
#define LIB_KIND_NETWORK_PRUNE_H

#include "lib/kind/network/network.h"
#include "lib/plan/item.h"

/* With `prune: true`, a program for each entry, both sides of it; either side may be
 * NULL. */
void network_prune(struct planner *p, struct item *item, const struct network *live,
    const struct network *stored);

#endif
