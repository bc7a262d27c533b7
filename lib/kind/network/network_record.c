/* SPDX-License-Identifier: MIT */
/* network_record: its table and its changes. */
#include "lib/kind/network/network_record.h"

#include <string.h>

#include "lib/kind/network/network.h"
#include "lib/state/record.h"

static const struct field rows[] = {
	UPDATE_RECORD_ROWS,
	record_row(struct network_record, "ranges", FIELD_STRING, ranges, FIELD_KEPT),
	{ 0 },
};

const struct fields network_record_fields = { rows, sizeof(struct network_record) };

bool network_record_ranges(
    struct arena *a, const struct network_record *record, struct ranges *out)
{
	*out = (struct ranges){ 0 };
	return record->ranges && ranges_read(a, record->ranges, out) == 0 && out->count;
}

void network_record_desired(struct object_state *state, const struct object *desired)
{
	struct network_record *record = state->own;

	if (!desired)
		record_set_text(&record->ranges, NULL);
}

/* Where it is gone, what it was stays known. */
bool network_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct network_record *record = state->own;
	const struct object *side = !observed	       ? NULL
				    : observed->config ? observed->config
						       : observed->live;
	const struct ranges *ranges =
	    side ? &((const struct network *)side)->ranges : NULL;
	struct arena a = { 0 };
	const char *text;
	bool changed;

	(void)want;
	(void)settings;
	(void)now;
	(void)random;
	if (!ranges || !ranges->count)
		return false;
	text = ranges_text(&a, *ranges);
	changed = !record->ranges || strcmp(record->ranges, text) != 0;
	if (changed)
		record_set_text(&record->ranges, text);
	arena_done(&a);
	return changed;
}
