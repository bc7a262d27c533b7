/* SPDX-License-Identifier: MIT */
/*
 * revisions: which objects of a reply have changed since when, so that a stream sends only
 * those. One table serves all streams: it counts the revisions of the whole and holds for
 * each object a hash of what is sent of it and the revision at which that last changed. A
 * client keeps the revision it was sent last. Names of objects that went are kept for a
 * while.
 */
#ifndef LIB_VIEW_REVISIONS_H
#define LIB_VIEW_REVISIONS_H

#include "lib/base/arena.h"
#include "lib/model/field.h"

struct revisions;

struct revision_row {
	const char *kind, *name; /* one row for each pair, in any order */
	uint64_t hash;
	uint64_t at; /* out: the revision at which it became so */
};

struct revisions *revisions_new(void);
void revisions_free(struct revisions *r); /* NULL allowed */

/* What there is now; `rest` is the hash of everything beside the objects. A difference to
 * the last time makes a new revision. Returns the current one; the first is 1. Takes time
 * in proportion to `count` where rows come in much the same order as the last time. */
uint64_t revisions_update(
    struct revisions *r, struct revision_row *rows, size_t count, uint64_t rest);

/* "KIND/NAME" of the objects of a kind (NULL: all) that went after revision `since` and
 * are not back; `items` is never NULL. */
struct list revisions_removed(
    const struct revisions *r, uint64_t since, const char *kind, struct arena *a);

/* False where it is no longer known what went after `since`: a whole reply is due. */
bool revisions_reach(const struct revisions *r, uint64_t since);

#endif
