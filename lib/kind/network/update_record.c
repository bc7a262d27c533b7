/* SPDX-License-Identifier: MIT */
/* memory_update: which side of a network or lease is suspect, and whether an entry is
 * ours. */
#include "lib/kind/network/update_record.h"

#include "lib/plan/plan.h"

void update_record_ended(struct object_state *state, const struct step *step, bool failed,
    const struct settings *settings, struct mono now, uint32_t random)
{
	struct reservation_record *lease = &state->reservation;
	bool *suspect =
	    step->side == SIDE_LIVE ? &lease->suspect_live : &lease->suspect_config;

	(void)settings;
	(void)now;
	(void)random;
	if (step->op != STEP_NETWORK_UPDATE)
		return;
	if (failed) {
		*suspect = true;
	} else if (step->command == UPDATE_ADD) {
		*suspect = false;
		lease->owned = step->section == UPDATE_HOST;
	}
}
