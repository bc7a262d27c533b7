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
	const char *name; /* unique within the kind, the same whatever else is written:
			     "worker-1", "default/worker-1" of what is written inside */
	const char *short_name;	   /* desired: for showing; of what is written inside, its
				   last part while that is unique */
	const struct place *place; /* desired: where it is named, else written; or NULL */
};

#define KINDS_MAX 64 /* more do not compile: lib/kind/kinds.c */

struct set { /* sorted by name */
	struct object **items;
	size_t count;
};

struct object *set_find(const struct set *set, const char *name);
/* The same with a guess where it stands, as sorted_near() takes it. */
struct object *set_find_near(const struct set *set, const char *name, size_t *near);
/* Inserts; false (and nothing done) when the name is taken. */
bool set_add(struct arena *a, struct set *set, struct object *object);

#endif
