/* SPDX-License-Identifier: MIT */
/* reservation_sides: the entries of one side of a network for one reservation: which of
 * them go, what is added, and what is in the way. */
#ifndef LIB_KIND_NETWORK_RESERVATION_SIDES_H
#define LIB_KIND_NETWORK_RESERVATION_SIDES_H

#include "lib/kind/network/reservation_index.h"

/* Why a side cannot have the entry, and what is in its way. */
struct reservation_obstacles {
	const char *unfit;		  /* the address cannot be had there */
	const struct host_entry *foreign; /* an entry of somebody else's */
	bool by_name;			  /* it shares the name only */
	bool sides[2];			  /* where there is one, by enum side */
	int place;			  /* of its <ip> element */
	size_t
	    near; /* where the side before had the entry itself: a guess for the next */
};

/* Adds the steps for one side (`have` NULL: there is none), what the item shows of it, and
 * to `out` what is in their way. */
void reservation_side_plan(struct planner *p, struct program *program,
    const struct reservation_aim *aim, const struct network *have, enum side which,
    struct reservation_obstacles *out);

/* An update of that side has failed: what is read of it may not be so. */
bool reservation_is_suspect(const struct item *item, enum side which);

/* "10.0.0.5 for nas (52:54:00:12:34:56)". */
const char *reservation_entry_text(struct arena *a, const struct host_entry *entry);

#endif
