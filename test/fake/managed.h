/* SPDX-License-Identifier: MIT */
/* managed: metadata.managedFields, the record of which manager wrote which fields. */
#ifndef TEST_FAKE_MANAGED_H
#define TEST_FAKE_MANAGED_H

#include "test/fake/resource.h"
#include "test/fake/tree.h"

/* Who writes, and how. */
struct manager {
	const struct resource *res;
	const char *name;
	const char *sub; /* "" or "status" */
};

/*
 * Records a plain write of `now` over `old` (NULL when new): what changed belongs to the
 * manager from here on. A list that the writer sent himself is taken as the start; [{}]
 * there empties it.
 */
void managed_update(
    const struct manager *by, struct json_object *old, struct json_object *now);

/*
 * Makes in *out what applying `body` to `live` (NULL when new) gives, with ownership
 * recorded. Returns NULL, or the 409 Status of a conflict that is not forced.
 */
struct json_object *managed_apply(const struct manager *by, struct json_object *live,
    struct json_object *body, bool force, struct json_object **out);

/* Do the objects differ in more than the times of their records? */
bool managed_differs(struct json_object *a, struct json_object *b);

/* The time now as "2026-01-02T03:04:05Z", in a static buffer. */
const char *time_now(void);

#endif
