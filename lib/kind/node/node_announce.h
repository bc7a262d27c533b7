/* SPDX-License-Identifier: MIT */
/*
 * node_announce: addresses of Services that MetalLB announces from a Node over layer 2. Other
 * Nodes take them over once the Node has the label NODE_EXCLUDE_LABEL, which its cordon
 * sets (node_drain.h); a cordon alone moves none. Hides how MetalLB says where they are:
 * objects ServiceL2Status, which older versions do not have.
 */
#ifndef LIB_KIND_NODE_NODE_ANNOUNCE_H
#define LIB_KIND_NODE_NODE_ANNOUNCE_H

#include "lib/kind/node/node.h"
#include "lib/plan/item.h"

/* Whether MetalLB has pools, so that Nodes may announce addresses. */
bool node_announces(const struct planner *p);

/* Whether another Node can take over what this one announces: it is Ready, and not excluded
 * itself. Without one the label would only take the addresses away earlier. */
bool node_can_hand_over(const struct planner *p, const struct node_object *n);

enum announced {
	ANNOUNCED_UNKNOWN,  /* was not answered yet */
	ANNOUNCED_NOT_SAID, /* MetalLB does not say it, or we may not know */
	ANNOUNCED_HERE,
	ANNOUNCED_ELSEWHERE, /* or nowhere */
};

/*
 * Whether the Node announces an address still, queried anew every second and not from an
 * answer that another token had. `text`, for people: what is waited for; `service`: of
 * ANNOUNCED_HERE the first one, as NAMESPACE/NAME, without blanks. Both in the plan's arena.
 */
enum announced node_announced(struct planner *p, const struct node_object *n,
    const char *token, const char **text, const char **service);

#endif
