/* SPDX-License-Identifier: MIT */
/* metallb: what pools and advertisements share: their API, marks and apply bodies. */
#ifndef LIB_KIND_METALLB_H
#define LIB_KIND_METALLB_H

#include <json-c/json.h>

#include "lib/plan/plan.h"

#define METALLB_API "/apis/metallb.io/v1beta1/namespaces/metallb-system/"
#define METALLB_MISSING                                                                  \
	"MetalLB is not installed: the API server does not know metallb.io/v1beta1"

/* True when the object carries our label. */
bool metallb_marked(struct json_object *object);

/*
 * {apiVersion, kind, metadata: {name, namespace}, spec}; takes over `spec`. `ours`: with
 * our mark. What somebody else made is put right without it, so that it is never deleted
 * as ours. The text is in the plan's arena.
 */
const char *metallb_body(struct planner *p, const char *kind, const char *name, bool ours,
    struct json_object *spec);

/* Apply and delete steps with path (and, for deletes, the uid as precondition). */
struct step *metallb_apply(struct planner *p, struct item *item, unsigned stage,
    const char *plural, const char *body, const char *text);
struct step *metallb_delete(struct planner *p, struct item *item, const char *plural,
    const char *uid, const char *text);

/* What becomes of an object that is ours but no longer written: deleted with prune, else
 * told. */
void metallb_unwritten(struct planner *p, struct item *item, const char *plural,
    bool marked, const char *uid);

#endif
