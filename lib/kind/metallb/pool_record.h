/* SPDX-License-Identifier: MIT */
/*
 * pool_record: what is kept of a pool between plans: what it was when it was last
 * observed, whose it was, and how often somebody else has changed it back.
 *
 * A written pool that somebody deletes comes back as it was, and only then is changed to
 * what is written: the change may be one that waits for approval, and a deletion is none.
 * What is not written of it, and may be no field we know, comes back with it.
 *
 * Of any pool, written or not, it is known which addresses it has until it is known to be
 * gone: that the cluster cannot be observed any more does not make them free.
 */
#ifndef LIB_KIND_METALLB_POOL_RECORD_H
#define LIB_KIND_METALLB_POOL_RECORD_H

#include "lib/kind/metallb/contest.h"
#include "lib/kind/metallb/pool.h"
#include "lib/state/object_state.h"

struct pool_record {
	struct record record;
	char *addresses; /* "FIRST-LAST, ..." as it was last observed; NULL: never */
	char *spec;	 /* the whole of it then, as JSON; NULL: it is not known */
	char *labels;	 /* those it had, but for our mark, as JSON; NULL: none */
	char *desired;	 /* what is written, to notice an edit */
	bool adopted;	 /* it was not ours when it was observed, and comes back so */
	char *held; /* what it has, as far as is known; NULL: it is known to be gone */
	/* When it was last found to be gone, and to be back: Services may have moved. */
	struct mono gone_at, back_at;
	struct contest contest;
};

extern const struct fields pool_record_fields;

static inline const struct pool_record *pool_record_of(const struct object_state *state)
{
	return state->own;
}

/* The addresses that were observed last, in the arena. False: none are known. */
bool pool_record_addresses(
    struct arena *a, const struct pool_record *record, struct ranges *out);

/* What it had when it was observed last, in the arena. False: it was not there. */
bool pool_record_held(
    struct arena *a, const struct pool_record *record, struct ranges *out);

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
