/* SPDX-License-Identifier: MIT */
/*
 * node: a machine of the cluster, observed only.
 */
#ifndef LIB_KIND_NODE_NODE_H
#define LIB_KIND_NODE_NODE_H

#include "lib/kind/kinds.h"

struct node_object {
	struct object object;
	bool ready;
	const char *ready_reason; /* of the Ready condition: "KubeletNotReady" */
	int64_t ready_since;	  /* ms since 1970; 0 unknown */
	const char *version;	  /* kubelet */
	const char *system_uuid;
	struct ip *addresses; /* internal ones, in the cluster's order */
	size_t address_count;
	const char *written; /* desired: its name in the cluster */
	bool unschedulable, control_plane;
};

#endif
