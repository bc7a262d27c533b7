/* SPDX-License-Identifier: MIT */
/* resource: the table of what this API server serves. A new resource is one row. */
#ifndef TEST_FAKE_RESOURCE_H
#define TEST_FAKE_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>

struct resource {
	const char *group; /* "" for the core group */
	const char *version;
	const char *plural, *singular, *kind;
	const char *short_name; /* NULL when there is none */
	bool namespaced;
	bool has_status;     /* has the status subresource */
	bool has_generation; /* counts changes of its spec */
	bool custom;	     /* defined by a CRD */
};

extern const struct resource resources[];
extern const size_t resource_count;

/* The row for a URL's parts, or for an object's apiVersion and kind; NULL when not
 * served. */
const struct resource *resource_by_url(
    const char *group, const char *version, const char *plural);
const struct resource *resource_by_kind(const char *api_version, const char *kind);

/* The row with this plural name, with or without ".group"; NULL when unknown. */
const struct resource *resource_by_name(const char *name);

/* "metallb.io/v1beta1" or "v1"; allocated. */
char *resource_api_version(const struct resource *res);

/* "ipaddresspools.metallb.io" or "nodes"; allocated. */
char *resource_full_name(const struct resource *res);

/*
 * Takes a whole group out of service, as if its CRDs were not installed, or back in. Only
 * one group can be out. False when there is no such group.
 */
bool resource_serve_group(const char *group, bool serve);
bool resource_served(const struct resource *res);

#endif
