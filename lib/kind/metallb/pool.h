/* SPDX-License-Identifier: MIT */
/*
 * pool: what Services get their addresses from: pools, how they are advertised, and the
 * Services themselves.
 */
#ifndef LIB_KIND_METALLB_POOL_H
#define LIB_KIND_METALLB_POOL_H

#include "lib/kind/kinds.h"
#include "lib/kind/metallb/metallb_meta.h"

struct planner;

/* A Service of type LoadBalancer, observed only. */
struct service {
	struct object object; /* name: "NAMESPACE/NAME" */
	struct ip *addresses; /* assigned by MetalLB */
	size_t address_count;
	const char *asks; /* the addresses it asks for, as text; NULL: any */
	bool pinned;	  /* what it has it asks for */
	/* By family, IPv4 first: the address it had last, and that which it had before it was
	 * given another; NULL: nothing known. Carried from one observation to the next, and
	 * over restarts in its record. */
	const char *last[2], *moved_from[2];
};

struct service_record { /* of a Service that was given another address */
	struct record record;
	char *from[2], *to[2]; /* as moved_from and last above */
	struct mono moved_at;
};

/* MetalLB's IPAddressPool. */
struct pool {
	struct object object;
	struct ranges addresses;    /* as a set */
	const char **address_texts; /* as written, for the API */
	size_t address_text_count;
	bool auto_assign;
	bool avoid_buggy_ips;
	int advertise; /* desired: index in {"layer2", "none"}; and whether it is written */
	bool advertise_given;
	/* Observed only. Specs are JSON texts. */
	struct metallb_meta meta;
	const char *spec; /* NULL: it is too large to be kept */
	const char *ours; /* what of it we have applied, addresses apart; or NULL */
	/* Labels but for our mark, and those of them that we have applied; NULL: none, or they
	 * are too large to be kept. */
	const char *labels, *own_labels;
};

/* MetalLB's L2Advertisement, or its BGPAdvertisement (name: "bgp/NAME"). */
struct advertisement {
	struct object object;
	const char **pools; /* names; none and no selectors: every pool */
	size_t pool_count;
	struct metallb_selectors selectors; /* of pools */
	/* Observed only. */
	bool limited; /* to some nodes, interfaces, peers or Services, or to BGP */
	struct metallb_meta meta;
};

/*
 * The addresses that count as the pool's, whatever happens next: those that are written,
 * those it has, and, while it is gone, those it will come back with. For ranges that must
 * keep clear of them. Every written and every observed pool; known only as far as the
 * pools are.
 */
struct ranges pools_claimed(struct planner *p);

/* Whether some advertisement that was observed answers for the pool everywhere. */
bool advertisement_covers(struct planner *p, const char *pool);

#endif
