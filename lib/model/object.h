/* SPDX-License-Identifier: MIT */
/*
 * object: what the home consists of. Desired and observed objects of a kind are the same
 * struct; each begins with `struct object`. Desired ones live in sets of a configuration,
 * observed ones in the store of observed.h.
 */
#ifndef LIB_MODEL_OBJECT_H
#define LIB_MODEL_OBJECT_H

#include "lib/base/arena.h"
#include "lib/model/field.h"

struct kind;

struct object {
	struct record record; /* must be first */
	const struct kind *kind;
	const char *name;	   /* unique within the kind: "worker-1" */
	const struct place *place; /* desired: where it is named, else written; or NULL */
};

#define KINDS_MAX 16

struct set { /* sorted by name */
	struct object **items;
	size_t count;
};

struct object *set_find(const struct set *set, const char *name);
/* Inserts; false (and nothing done) when the name is taken. */
bool set_add(struct arena *a, struct set *set, struct object *object);

#endif
