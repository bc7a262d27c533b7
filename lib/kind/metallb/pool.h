/* SPDX-License-Identifier: MIT */
/*
 * pool: what Services get their addresses from: pools, how they are advertised, and the
 * Services themselves.
 */
#ifndef LIB_KIND_METALLB_POOL_H
#define LIB_KIND_METALLB_POOL_H

#include "lib/kind/kinds.h"

/* A Service of type LoadBalancer, observed only. */
struct service {
	struct object object; /* name: "NAMESPACE/NAME" */
	struct ip *addresses; /* assigned by MetalLB */
	size_t address_count;
};

/* MetalLB's IPAddressPool. */
struct pool {
	struct object object;
	struct ranges addresses;    /* as a set */
	const char **address_texts; /* as written, for the API */
	size_t address_text_count;
	bool auto_assign;
	bool avoid_buggy_ips;
	int advertise; /* desired: index in {"layer2", "none"} */
	/* Observed only. */
	bool marked;
	const char *uid;
};

/* MetalLB's L2Advertisement. */
struct advertisement {
	struct object object;
	const char **pools; /* names; none and !selective: every pool */
	size_t pool_count;
	bool selective; /* observed only: limited by selectors, interfaces or nodes */
	bool marked;
	const char *uid;
};

#endif
