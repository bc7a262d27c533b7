/* SPDX-License-Identifier: MIT */
/*
 * contest: whether somebody else goes on undoing what we do to an object; part of its
 * kind's record. Three times in a row, each within ten minutes of our last change, and
 * always to the same: that is another manager, which is named and waited for, not fought.
 * One that makes something else of it each time is at work on it, and not against us.
 */
#ifndef LIB_KIND_METALLB_CONTEST_H
#define LIB_KIND_METALLB_CONTEST_H

#include "lib/plan/item.h"
#include "lib/state/record.h"

#define CONTEST_NOTHING "nothing" /* undone by deleting it */

struct contest {
	bool good;		 /* since our last change it was as written */
	bool there;		 /* it existed when it was last observed */
	char *undone_to;	 /* what another client has then changed it to, */
	int64_t undone;		 /* how often in a row, always to the same */
	struct mono repaired_at; /* our last change */
};

/* Its rows in the record `type`, which has it as its member `contest`. */
#define CONTEST_ROWS(type)                                                               \
	record_row(type, "good", FIELD_BOOL, contest.good, 0),                           \
	    record_row(type, "undone_to", FIELD_STRING, contest.undone_to, 0),           \
	    record_row(type, "undone", FIELD_INT, contest.undone, FIELD_SHOWN),          \
	    record_row(type, "repaired_at", FIELD_MONO, contest.repaired_at, 0)

/* The object was observed: it is as written (NULL), or else this; CONTEST_NOTHING: gone. */
void contest_observed(struct contest *c, const char *differs, struct mono now);
/* One of our steps was done. */
void contest_repaired(struct contest *c, struct mono now);
/* What is written has changed, or somebody has requested a reconcile: begins anew. */
void contest_anew(struct contest *c, bool edited);

bool contest_is_on(const struct contest *c, struct mono now);

/*
 * Says so in the item's reason and a finding, while it is on; false: it is not.
 * `program` (NULL: there is none) waits, and is tried twice a minute, for the other may have
 * ceased; unless the object is deleted again and again: that one is put back at once all
 * the same, as long as that lasts not too long (lib/state/rounds.h). `manager`: who, or NULL; `written`: where it stands in the
 * configuration.
 */
bool contest_report(struct planner *p, struct item *item, const struct contest *c,
    struct program *program, const char *manager, const char *written);

#endif
