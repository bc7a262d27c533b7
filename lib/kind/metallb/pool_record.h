/* SPDX-License-Identifier: MIT */
/*
 * pool_record: what is kept of a pool between plans: the addresses it had when it was
 * last observed, and how often somebody else has changed it back.
 *
 * A written pool that somebody deletes comes back as it was, and only then is changed to
 * what is written: the change may be one that waits for approval, and a deletion is none.
 */
#ifndef LIB_KIND_METALLB_POOL_RECORD_H
#define LIB_KIND_METALLB_POOL_RECORD_H

#include "lib/kind/metallb/pool.h"
#include "lib/state/object_state.h"

struct pool_record {
	struct record record;
	char *addresses; /* "FIRST-LAST, ..." as it was last observed; NULL: never */
	char *desired;	 /* the same of what is written, to notice an edit */
	bool good;	 /* since our last change it was as written */
	char *undone_to; /* what another client has then changed it to, */
	int64_t undone;	 /* how often in a row, always to the same */
	struct mono repaired_at; /* our last change */
	bool gone; /* it was, once since we began: Services may have moved */
};

extern const struct fields pool_record_fields;

static inline const struct pool_record *pool_record_of(const struct object_state *state)
{
	return state->own;
}

/* The addresses that were observed last, in the arena. False: none are known. */
bool pool_record_addresses(
    struct arena *a, const struct pool_record *record, struct ranges *out);

/* Somebody else undoes what we do, and goes on doing so. */
bool pool_record_is_contested(const struct pool_record *record, struct mono now);
/* When it is put right the next time, being contested. */
struct mono pool_record_next(const struct pool_record *record);

/* The kind's own hooks (lib/model/kind.h). */
void pool_record_desired(struct object_state *state, const struct object *desired);
bool pool_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random);
void pool_record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random);
bool pool_record_converged(struct object_state *state, const struct object *want);
void pool_record_requested(struct object_state *state);

#endif
