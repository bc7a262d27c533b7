/* SPDX-License-Identifier: MIT */
/* pool_record: its table and its changes. */
#include "lib/kind/metallb/pool_record.h"

#include <stdlib.h>
#include <string.h>

static const struct field rows[] = {
	record_row(struct pool_record, "addresses", FIELD_STRING, addresses,
	    FIELD_KEPT | FIELD_SHOWN),
	record_row(struct pool_record, "spec", FIELD_STRING, spec, FIELD_KEPT),
	record_row(struct pool_record, "labels", FIELD_STRING, labels, FIELD_KEPT),
	record_row(struct pool_record, "desired", FIELD_STRING, desired, FIELD_KEPT),
	record_row(
	    struct pool_record, "adopted", FIELD_BOOL, adopted, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct pool_record, "held", FIELD_STRING, held, FIELD_KEPT),
	record_row(struct pool_record, "gone_at", FIELD_MONO, gone_at, FIELD_KEPT),
	record_row(struct pool_record, "back_at", FIELD_MONO, back_at, FIELD_KEPT),
	CONTEST_ROWS(struct pool_record),
	{ 0 },
};

const struct fields pool_record_fields = { rows, sizeof(struct pool_record) };

/* Whether the text has changed. */
static bool set_text(char **text, const char *now)
{
	bool same = *text && now ? strcmp(*text, now) == 0 : *text == now;

	if (!same)
		record_set_text(text, now);
	return !same;
}

static bool read_ranges(struct arena *a, const char *text, struct ranges *out)
{
	*out = (struct ranges){ 0 };
	return text && ranges_read(a, text, out) == 0 && out->count;
}

bool pool_record_addresses(
    struct arena *a, const struct pool_record *record, struct ranges *out)
{
	return read_ranges(a, record->addresses, out);
}

bool pool_record_held(
    struct arena *a, const struct pool_record *record, struct ranges *out)
{
	return read_ranges(a, record->held, out);
}

/* The compared keys of `pool` that differ from what is written (NULL: all that it has), as
 * text; NULL: none do. */
static const char *differing(
    struct arena *a, const void *written, const struct pool *pool)
{
	const struct fields *fields = &pool_kind.fields;
	struct differences all = { 0 };
	const char *text = NULL;

	field_compare(fields, written ? written : pool, written ? pool : NULL, a, &all);
	for (size_t i = 0; i < all.count; i++) {
		const struct difference *d = &all.items[i];
		bool plain = strcmp(d->field, "addresses") == 0;

		text = arena_printf(a, "%s%s%s%s%s", text ? text : "", text ? ", " : "",
		    plain ? "" : d->field, plain ? "" : " ", written ? d->have : d->want);
	}
	return text;
}

void pool_record_desired(struct object_state *state, const struct object *desired)
{
	struct pool_record *record = state->own;
	struct arena a = { 0 };

	if (!desired) {
		record_set_text(&record->addresses, NULL);
		record_set_text(&record->spec, NULL);
		record_set_text(&record->labels, NULL);
		record_set_text(&record->desired, NULL);
		record->adopted = false;
		contest_anew(&record->contest, false);
	} else if (set_text(&record->desired,
		       differing(&a, NULL, (const struct pool *)desired))) {
		contest_anew(&record->contest, true);
	}
	arena_done(&a);
}

static bool remember(struct pool_record *record, struct arena *a, const struct pool *live)
{
	bool changed = set_text(&record->addresses, ranges_text(a, live->addresses));
	bool adopted = !live->meta.owned;

	changed |= set_text(&record->spec, live->spec);
	changed |= set_text(&record->labels, live->labels);
	changed |= adopted != record->adopted;
	record->adopted = adopted;
	return changed;
}

/* Whether it has gone or come back. */
static bool note_absence(struct pool_record *record, bool there, struct mono now)
{
	bool gone = record->gone_at.ms && record->gone_at.ms > record->back_at.ms;

	if (there ? !gone : gone || !record->addresses)
		return false;
	*(there ? &record->back_at : &record->gone_at) = now;
	return true;
}

/* Where it is gone, what a written one was stays known. */
bool pool_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random)
{
	const struct pool *live = observed ? (const struct pool *)observed->live : NULL;
	struct pool_record *record = state->own;
	struct arena a = { 0 };
	bool changed = live && want && remember(record, &a, live);

	if (!observed || live)
		changed |= set_text(
		    &record->held, live ? ranges_text(&a, live->addresses) : NULL);
	(void)settings;
	(void)random;
	if (!observed || live)
		changed |= note_absence(record, live, now);
	if (!observed)
		contest_observed(&record->contest, CONTEST_NOTHING, now);
	else if (live && want)
		contest_observed(&record->contest, differing(&a, want, live), now);
	arena_done(&a);
	return changed;
}

void pool_record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random)
{
	(void)action;
	(void)arguments;
	(void)settings;
	(void)random;
	if (!failed)
		contest_repaired(&((struct pool_record *)state->own)->contest, now);
}

bool pool_record_converged(struct object_state *state, const struct object *want)
{
	(void)want;
	((struct pool_record *)state->own)->contest.good = true;
	return false;
}

void pool_record_requested(struct object_state *state)
{
	contest_anew(&((struct pool_record *)state->own)->contest, false);
}
