/* SPDX-License-Identifier: MIT */
/*
 * api_path: URL paths of a Kubernetes API server taken apart: "/api/v1/nodes/a",
 * "/apis/apps/v1/namespaces/b/deployments/a/scale". (API conventions: core group under
 * /api/VERSION, others under /apis/GROUP/VERSION; a namespace is an object as well.)
 */
#ifndef LIB_WIRE_API_PATH_H
#define LIB_WIRE_API_PATH_H

#include <stdbool.h>

#include "lib/base/arena.h"

struct api_path {	    /* texts are in the arena */
	const char *object; /* without subresource and query; of a collection: itself */
	const char *collection;	 /* "/apis/apps/v1/namespaces/b/deployments" */
	const char *everywhere;	 /* of all namespaces: "/apis/apps/v1/deployments" */
	const char *resource;	 /* "deployments" */
	const char *space;	 /* "b"; NULL: in none */
	const char *name;	 /* "a"; NULL: it is a collection */
	const char *subresource; /* "scale" or NULL */
};

/* False where it is no path of a collection or an object; a query is left out. */
bool api_path_read(struct arena *a, const char *path, struct api_path *out);

/* "ipaddresspools in metallb-system", for people; the path itself where it is none. */
const char *api_path_text(struct arena *a, const char *path);

#endif
