/* SPDX-License-Identifier: MIT */
/*
 * storage: libvirt's storage pools, in which volumes lie. Observed only, under their names;
 * nobody writes them. Other kinds look them up with storage_pool().
 */
#ifndef LIB_KIND_VOLUME_STORAGE_H
#define LIB_KIND_VOLUME_STORAGE_H

#include "lib/kind/kinds.h"

/* What libvirt says of a pool beside its document; facts of a reading. */
struct storage_facts {
	bool active;
};

struct storage {
	struct object object;
	bool active;
	bool files;	  /* its volumes are files: images can be laid over one another */
	const char *type; /* libvirt's word: "dir", "logical" */
	const char *path; /* its directory, or NULL */
};

/* The pool; NULL: there is none, or it is not known, for which there is planner_knows(). */
const struct storage *storage_pool(const struct planner *p, const char *name);

#endif
