/* SPDX-License-Identifier: MIT */
/*
 * watch: a collection of the Kubernetes API that is listed and watched for a kind, and
 * the set of all that are needed at a time. Kinds have some always (lib/model/kind.h);
 * others come and go with what is written and with what is being done.
 */
#ifndef LIB_MODEL_WATCH_H
#define LIB_MODEL_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"

struct config;
struct kind;
struct object;
struct observations;
struct set;

struct watch {
	const char *path;     /* "/apis/apps/v1/deployments" */
	const char *selector; /* field selector: "spec.nodeName=worker-1"; NULL: all */
	const char *prefix;   /* put before its objects' names: "apps/Deployment/"; "".
				 No two watches of a kind have the same. */
	bool namespaced;      /* objects are named NAMESPACE/NAME after the prefix */
	const char *missing;  /* what it means that there is no such API, or NULL */
};

struct watch_request {
	const struct kind *kind;
	struct watch watch;
};

struct watch_set { /* zeroed is empty; sorted by the kind's name, then prefix */
	struct watch_request *items;
	size_t count;
};

/* All texts are copied into the arena. */
struct watch watch_copy(struct arena *a, const struct watch *watch);
bool watch_same(const struct watch *a, const struct watch *b);

/* Adds a copy; false: the kind has one of that prefix already. */
bool watch_set_add(struct arena *a, struct watch_set *set, const struct kind *kind,
    const struct watch *watch);
/* NULL: none of that kind and prefix. */
const struct watch *watch_set_find(
    const struct watch_set *set, const struct kind *kind, const char *prefix);

/* "/apis/GROUP/VERSION/namespaces/SPACE/PLURAL" of a path "/apis/GROUP/VERSION/PLURAL",
 * in the arena; `space` NULL: a copy. */
const char *watch_path_in(struct arena *a, const char *path, const char *space);

/* Adds what the kind watches always, and what desired objects (NULL: none) call for. Not
 * for kinds with a watch_in(). */
void watch_set_add_kind(struct arena *a, struct watch_set *set, const struct kind *kind,
    const struct set *desired);
/* Adds what all kinds watch, and holds what is observed of those for which that is not
 * decided (observations_hold()), or no longer. */
void watch_set_add_all(struct arena *a, struct watch_set *set,
    const struct config *config, struct observations *observed);

/* Is `why` what one of the kind's watches (also that of `desired`; or NULL) says of a
 * missing API? */
bool watch_is_missing(
    const struct kind *kind, const struct object *desired, const char *why);

#endif
