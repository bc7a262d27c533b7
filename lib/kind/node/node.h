/* SPDX-License-Identifier: MIT */
/*
 * node: a machine of the cluster: observed, and, while its VM is restarted, marked and
 * cordoned (node_drain.h).
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
	bool has_exclude_label; /* MetalLB announces no address from it */
	int64_t cpus, memory;	/* its capacity, memory in bytes; 0: it does not say */
	const char *uid, *resource_version;
	const char *boot_id; /* another one for every boot; or NULL */
	/* Whose procedure has marked it, and what of it is ours; NULL: nobody's. */
	const char *mark_token;
	bool marks_cordon, marks_exclude;
};

/* Our mark, "TOKEN,cordon,exclude": what we have set on it, and have to take back. */
#define NODE_MARK "homek8s.io/drain"
#define NODE_MARK_CORDON ",cordon"
#define NODE_MARK_EXCLUDE ",exclude"
#define NODE_EXCLUDE_LABEL "node.kubernetes.io/exclude-from-external-load-balancers"

#endif
