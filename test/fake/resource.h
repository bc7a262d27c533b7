/* SPDX-License-Identifier: MIT */
/*
 * resource: the table of what this API server serves. A new resource is one row; more
 * come and go at run time with CustomResourceDefinitions (crd.h). A row never moves and
 * is never freed, so that whoever holds one may keep it.
 */
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
	bool retired;	     /* its CRD has been deleted */
};

#define RESOURCES_MAX 128

extern const struct resource *const resources;
extern size_t resource_count;

/* Fills in the rows that are always there; before anything else. */
void resources_start(void);

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

/*
 * Adds a row, whose strings are copied; a row there already is used again. False when
 * there is no room. The other takes what has been added out of service.
 */
bool resource_declare(const struct resource *row);
void resource_retire(const char *group, const char *plural);

#endif
