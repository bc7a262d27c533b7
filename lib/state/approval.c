/* SPDX-License-Identifier: MIT */
/* approval: a set of hashes, who gave it and when. */
#include "lib/state/approval.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/state/record.h"

#define APPROVAL_LASTS_MAX_MS (8 * APPROVAL_EXPIRES_MS) /* a week, and its window */

static const struct field rows[] = {
	record_row(struct approval, "parts", FIELD_HASHES, parts, FIELD_KEPT),
	record_row(
	    struct approval, "given", FIELD_MONO, given_at, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct approval, "lasts", FIELD_INT, lasts, FIELD_KEPT,
	    .maximum = APPROVAL_LASTS_MAX_MS),
	record_row(struct approval, "uid", FIELD_INT, uid, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct approval, "used", FIELD_BOOL, used, FIELD_KEPT | FIELD_SHOWN),
	{ 0 },
};

const struct fields approval_fields = { rows, sizeof(struct approval) };

uint64_t approval_part(const char *text)
{
	return hash_bytes(HASH_START, text, strlen(text));
}

int64_t approval_lasts(const struct window *maintenance, int64_t local)
{
	return maintenance->days ? window_end(maintenance, local) : APPROVAL_EXPIRES_MS;
}

void approval_add(struct approval *approval, const uint64_t *parts, size_t count,
    struct mono now, int64_t lasts, uint32_t uid)
{
	for (size_t i = 0; i < count; i++)
		hashes_add(&approval->parts, parts[i]);
	approval->given_at = now;
	approval->lasts = lasts;
	approval->uid = uid;
	approval->used = false;
}

void approval_done(struct approval *approval)
{
	record_done(&approval_fields, approval);
	record_init(&approval_fields, approval);
}

bool approval_covers(const struct approval *approval, const uint64_t *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!hashes_have(&approval->parts, parts[i]))
			return false;
	return count > 0;
}

bool approval_is_expired(const struct approval *approval, struct mono now)
{
	int64_t lasts = approval->lasts ? approval->lasts : APPROVAL_EXPIRES_MS;
	struct mono end = mono_add(approval->given_at, lasts);

	return approval->parts.count && !approval->used && mono_reached(end, now);
}

const char *approval_hash(struct arena *a, const char *kind, const char *name,
    const uint64_t *parts, size_t count)
{
	struct hashes set = { 0 };
	uint64_t high = HASH_START, low;

	for (size_t i = 0; i < count; i++)
		hashes_add(&set, parts[i]);
	high = hash_bytes(high, kind, strlen(kind) + 1);
	high = hash_bytes(high, name, strlen(name) + 1);
	if (set.count)
		high = hash_bytes(high, set.items, set.count * sizeof(*set.items));
	/* The second half goes over the same once more, from another start. */
	low = hash_bytes(high, name, strlen(name) + 1);
	if (set.count)
		low = hash_bytes(low, set.items, set.count * sizeof(*set.items));
	free(set.items);
	return arena_printf(a, "%016" PRIx64 "%016" PRIx64, high, low);
}
