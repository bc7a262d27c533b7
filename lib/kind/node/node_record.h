/* SPDX-License-Identifier: MIT */
/*
 * node_record: since when a Node has been Ready, or has not, by our own clock: the server's
 * may be wrong, and says nothing of a Node that is new. The functions are hooks of the kind
 * (lib/model/kind.h).
 */
#ifndef LIB_KIND_NODE_NODE_RECORD_H
#define LIB_KIND_NODE_NODE_RECORD_H

#include "lib/kind/node/node.h"
#include "lib/plan/item.h"

struct node_record {
	struct record record;
	struct mono unready_since; /* { 0 }: it is Ready, or was never observed */
	struct mono ready_since; /* again, after it had not been; { 0 }: from the first */
};

extern const struct fields node_record_fields;

bool node_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random);

/* What is kept of an observed Node, be it that of a written VM or not; NULL: nothing. */
const struct node_record *node_record_find(
    const struct planner *p, const struct node_object *node);

#endif
