/* SPDX-License-Identifier: MIT */
/*
 * cluster: pod and Service networks; read and checked, not converged yet.
 */
#ifndef LIB_KIND_CLUSTER_CLUSTER_H
#define LIB_KIND_CLUSTER_CLUSTER_H

#include "lib/kind/kinds.h"

struct pod_network {
	struct record record;
	struct cidr cidr;
	int backend;
	int64_t vni, port, mtu;
};

struct service_network {
	struct record record;
	struct cidr cidr;
	struct ip dns, api;
};

struct cluster {
	struct object object; /* name: "cluster" */
	struct pod_network pod_network;
	struct service_network service_network;
};

#endif
