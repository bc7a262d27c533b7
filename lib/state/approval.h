/* SPDX-License-Identifier: MIT */
/*
 * approval: what somebody has approved of an object. A change is a set of parts: a hash
 * for each field with its desired value, and for each effect with whom, from and to. What
 * was shown is approved as a whole. While it proceeds, what is left is a subset and needs
 * no other approval; anything else does.
 */
#ifndef LIB_STATE_APPROVAL_H
#define LIB_STATE_APPROVAL_H

#include "lib/base/arena.h"
#include "lib/base/mono.h"
#include "lib/base/window.h"
#include "lib/model/field.h"

struct approval { /* a record (lib/state/record.h); initially nothing is approved */
	struct record record;
	struct hashes parts;
	struct mono given_at;
	int64_t lasts; /* ms, unless it is used; 0: as long as APPROVAL_EXPIRES_MS */
	int64_t uid;   /* who */
	bool used;     /* a step under it was sent: it no longer expires */
};

extern const struct fields approval_fields;

/* One that was not used is void after so long, where no maintenance window is written. */
#define APPROVAL_EXPIRES_MS ((int64_t)24 * 3600 * 1000)

/* How long one lasts that is given now and not used, ms: to the end of the first window in
 * which it could be, be it hours or days; else a day. `local`: as for the window. */
int64_t approval_lasts(const struct window *maintenance, int64_t local);

/* The hash of "field=value", or of an effect as "what/whom/from/to". */
uint64_t approval_part(const char *text);

/* Approves these parts, for so many ms, beside those that were before; the whole is not used
 * yet. */
void approval_add(struct approval *approval, const uint64_t *parts, size_t count,
    struct mono now, int64_t lasts, uint32_t uid);
/* Nothing is approved any more. */
void approval_done(struct approval *approval);

/* True while every given part is approved; false for no parts at all. */
bool approval_covers(
    const struct approval *approval, const uint64_t *parts, size_t count);
/* Not used in its time. */
bool approval_is_expired(const struct approval *approval, struct mono now);

/*
 * What a change of an object is called where it is shown, and what Approve carries: 32
 * hexadecimal digits over the object and the set of parts, whatever their order. In the
 * arena.
 */
const char *approval_hash(struct arena *a, const char *kind, const char *name,
    const uint64_t *parts, size_t count);

#endif
