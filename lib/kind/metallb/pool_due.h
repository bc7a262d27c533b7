/* SPDX-License-Identifier: MIT */
/*
 * pool_due: what a written pool is to be next, where that is not at once what is written:
 * it waits for other pools to give up its addresses, or comes back as it was.
 */
#ifndef LIB_KIND_METALLB_POOL_DUE_H
#define LIB_KIND_METALLB_POOL_DUE_H

#include "lib/kind/metallb/pool.h"
#include "lib/plan/item.h"

/* The name of another pool that holds, right now, some of what the written one is to have,
 * or that was deleted and comes back with it; or NULL. */
const char *pool_holder(struct planner *p, const struct pool *want);

/* The addresses that are applied next. `live` NULL: it is created. Empty: it can neither
 * give up nor take any. */
struct ranges pool_due(
    struct planner *p, const struct pool *want, const struct pool *live);

/* It is created as something else than what is written: as it was before it was deleted. */
bool pool_comes_back(struct planner *p, const struct pool *want);

/* The kind's hooks: document(), and settle(): pools that move addresses to one another
 * (pool_order.c). */
const char *pool_document(struct planner *p, const struct step *step, struct error *e);
void pool_settle(struct planner *p);

#endif
