/* SPDX-License-Identifier: MIT */
/* update_record: which side of a network or reservation is suspect. */
#include "lib/kind/network/update_record.h"

#include "lib/plan/plan.h"

static const struct field rows[] = { UPDATE_RECORD_ROWS, { 0 } };

const struct fields update_record_fields = { rows, sizeof(struct update_record) };

void update_record_ended(struct object_state *state, const struct step *step, bool failed,
    const struct settings *settings, struct mono now, uint32_t random)
{
	struct update_record *record = state->own;
	bool *suspect =
	    step->side == SIDE_LIVE ? &record->suspect_live : &record->suspect_config;

	(void)settings;
	(void)now;
	(void)random;
	if (step->op != STEP_NETWORK_UPDATE)
		return;
	if (failed)
		*suspect = true;
	else if (step->command == UPDATE_ADD)
		*suspect = false;
}
