/* SPDX-License-Identifier: MIT */
/* pool_record: its table and its changes. */
#include "lib/kind/metallb/pool_record.h"

#include <stdlib.h>
#include <string.h>

#define CONTESTED 3	       /* our changes that were undone in a row, */
#define FORGET_MS (10 * 60000) /* each within so long of the one before */
#define AGAIN_MS 30000	       /* then it is put right so often */

static const struct field rows[] = {
	record_row(struct pool_record, "addresses", FIELD_STRING, addresses,
	    FIELD_KEPT | FIELD_SHOWN),
	record_row(struct pool_record, "desired", FIELD_STRING, desired, FIELD_KEPT),
	record_row(struct pool_record, "good", FIELD_BOOL, good, 0),
	record_row(struct pool_record, "undone_to", FIELD_STRING, undone_to, 0),
	record_row(struct pool_record, "undone", FIELD_INT, undone, FIELD_SHOWN),
	record_row(struct pool_record, "repaired_at", FIELD_MONO, repaired_at, 0),
	record_row(struct pool_record, "gone", FIELD_BOOL, gone, 0),
	{ 0 },
};

const struct fields pool_record_fields = { rows, sizeof(struct pool_record) };

/* Whether the text has changed. */
static bool set_text(char **text, struct ranges addresses)
{
	struct arena a = { 0 };
	const char *now = ranges_text(&a, addresses);
	bool changed = !*text || strcmp(*text, now) != 0;

	if (changed)
		record_set_text(text, now);
	arena_done(&a);
	return changed;
}

bool pool_record_addresses(
    struct arena *a, const struct pool_record *record, struct ranges *out)
{
	char *text = arena_copy(a, record->addresses), *rest = NULL;
	struct range range;

	*out = (struct ranges){ 0 };
	for (char *part = text ? strtok_r(text, ", ", &rest) : NULL; part;
	     part = strtok_r(NULL, ", ", &rest)) {
		if (range_parse(part, &range, NULL) < 0)
			return false;
		ranges_add(a, out, range);
	}
	return out->count > 0;
}

bool pool_record_is_contested(const struct pool_record *record, struct mono now)
{
	return record->undone >= CONTESTED &&
	       !mono_reached(mono_add(record->repaired_at, FORGET_MS), now);
}

struct mono pool_record_next(const struct pool_record *record)
{
	return mono_add(record->repaired_at, AGAIN_MS);
}

void pool_record_desired(struct object_state *state, const struct object *desired)
{
	struct pool_record *record = state->own;

	if (!desired) {
		record_set_text(&record->addresses, NULL);
		record_set_text(&record->desired, NULL);
		record->undone = 0;
	} else if (set_text(
		       &record->desired, ((const struct pool *)desired)->addresses)) {
		record->undone = 0;
		record->good = false;
	}
}

/* It was as written after our last change, and is not now: another client's doing. One
 * that sets it to something else each time is at work on it, and not against us. */
static void note_undone(struct pool_record *record, struct mono now)
{
	bool again = record->undone_to &&
		     strcmp(record->undone_to, record->addresses) == 0 &&
		     !mono_reached(mono_add(record->repaired_at, FORGET_MS), now);

	record->good = false;
	record->undone = again ? record->undone + 1 : 1;
	record_set_text(&record->undone_to, record->addresses);
}

/* Where it is gone, what it was stays known. */
bool pool_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random)
{
	const struct pool *live = observed ? (const struct pool *)observed->live : NULL;
	struct pool_record *record = state->own;
	bool changed = live && set_text(&record->addresses, live->addresses);

	(void)want;
	(void)settings;
	(void)random;
	record->gone |= !observed && record->addresses;
	if (changed && record->good && record->desired &&
	    strcmp(record->addresses, record->desired) != 0)
		note_undone(record, now);
	return changed;
}

void pool_record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct pool_record *record = state->own;

	(void)action;
	(void)arguments;
	(void)settings;
	(void)random;
	if (failed)
		return;
	record->good = false;
	record->repaired_at = now;
}

bool pool_record_converged(struct object_state *state, const struct object *want)
{
	(void)want;
	((struct pool_record *)state->own)->good = true;
	return false;
}

void pool_record_requested(struct object_state *state)
{
	((struct pool_record *)state->own)->undone = 0;
}
