/* SPDX-License-Identifier: MIT */
/*
 * namespace: where MetalLB is installed. MetalLB reads only the objects of its own
 * namespace, and its webhook refuses to create them elsewhere, so nothing is planned
 * before the namespace is known.
 *
 * It is what `metallb.namespace` says; else what MetalLB's ValidatingWebhookConfiguration
 * names as the place of its service; else the only namespace that has IPAddressPools;
 * else "metallb-system", as in MetalLB's own manifests. What may not be read, or does not
 * exist, decides nothing.
 */
#ifndef LIB_KIND_METALLB_NAMESPACE_H
#define LIB_KIND_METALLB_NAMESPACE_H

#include "lib/kind/kinds.h"

/* Desired: what is written. Observed: an object that says where MetalLB is. */
struct metallb {
	struct object object;  /* observed: "webhook/NAME" or "pool/NAMESPACE/NAME" */
	const char *namespace; /* observed: NULL: it says nothing */
};

/*
 * The namespace, valid as long as both arguments are; NULL: nothing is known of it. Sets
 * `hold`, zeroed before, where it is not sure, or is no longer.
 */
const char *metallb_namespace(
    const struct config *config, const struct observations *observed, struct hold *hold);

/* The hook of kinds that are watched there: struct kind's watch_in(). */
bool metallb_watch_in(const struct config *config, const struct observations *observed,
    const char **space, struct hold *hold);

#endif
