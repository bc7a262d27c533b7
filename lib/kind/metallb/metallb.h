/* SPDX-License-Identifier: MIT */
/* metallb: what pools and advertisements share: their API, marks and apply bodies. */
#ifndef LIB_KIND_METALLB_H
#define LIB_KIND_METALLB_H

#include <json-c/json.h>

#include "lib/kind/metallb/metallb_meta.h"
#include "lib/kind/metallb/namespace.h"
#include "lib/plan/item.h"

/* A kind's collection, of all namespaces: metallb_watch_in() says of which one. */
#define METALLB_PATH(version, plural) "/apis/metallb.io/" version "/" plural
#define METALLB_MISSING(version)                                                         \
	"MetalLB is not installed: the API server does not know metallb.io/" version

struct metallb_body {
	const char *kind;		 /* as the API calls it */
	const struct metallb_meta *live; /* of the object now; NULL: there is none */
	bool owned;			 /* with our mark: what is foreign is put right
					   without it, so that it is never deleted as owned */
	struct json_object *spec;	 /* taken over */
	struct json_object *labels;	 /* beside the mark; taken over; or NULL */
};

/*
 * {apiVersion, kind, metadata: {name, namespace, uid}, spec} of the step's object, in the
 * plan's arena. With the uid the API server takes it for no other object than that, and
 * makes none anew. NULL: it is not the object any more that the step was planned for.
 */
const char *metallb_body(struct planner *p, const struct step *step,
    const struct metallb_body *of, struct error *e);

/* A program that applies the object, which is to be there as `live` says (NULL: not at
 * all): its kind's document() says what. */
struct program *metallb_apply(struct planner *p, struct item *item,
    const struct metallb_meta *live, const char *text);

/* What becomes of an object that nobody writes (lib/plan/item.h); with prune it is
 * deleted, only as long as it has that uid. */
struct program *metallb_unwritten(
    struct planner *p, struct item *item, const struct metallb_meta *meta);

/* Services that have one of the addresses: an effect each. */
void metallb_effects(struct planner *p, struct program *program, enum effect_what what,
    struct ranges addresses);

/* Whether the Services are known; where they are not, the program waits for them. */
bool metallb_services_known(
    struct planner *p, struct program *program, struct ranges addresses);

#endif
