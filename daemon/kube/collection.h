/* SPDX-License-Identifier: MIT */
/*
 * collection: the way of objects from the API to the callbacks: names are checked, what
 * nobody reads is cut out, and what is older than what was handed on already is dropped,
 * so that no object ever goes back in time, not even to before our own write.
 */
#ifndef DAEMON_KUBE_COLLECTION_H
#define DAEMON_KUBE_COLLECTION_H

#include <json-c/json.h>

#include "daemon/kube/kube.h"
#include "daemon/kube/store.h"

struct collection {
	const struct kind *kind;
	const struct watch *watch;
	const struct kube_callbacks *callbacks;
	void *arg;
	struct store store;
	size_t skipped; /* objects with names no object can have */
};

/* An object of a list, a watch, or the answer to our own write. Borrowed, but changed:
 * the last-applied annotation and the fields others manage are removed. */
void collection_listed(struct collection *c, struct json_object *object);
void collection_watched(struct collection *c, struct json_object *object);
void collection_written(struct collection *c, struct json_object *object);

/* A DELETED event; our own delete that was answered with success. */
void collection_deleted(struct collection *c, struct json_object *object);
void collection_removed(
    struct collection *c, const char *space, const char *name, const char *uid);

/* Around a list: begin before it is requested, end after its last page, with its resource
 * version. The end calls listed(). */
void collection_begin_list(struct collection *c);
void collection_end_list(struct collection *c, const char *version);

/* No more is taken in: the callback says so (kube.h). */
bool collection_is_full(const struct collection *c);

/* Nothing is known any more. */
void collection_forget(struct collection *c);

#endif
