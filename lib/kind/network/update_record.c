/* SPDX-License-Identifier: MIT */
/* update_record: which side of a network or reservation is suspect. */
#include "lib/kind/network/update_record.h"

#include "lib/kind/actions.h"

static const struct field rows[] = { UPDATE_RECORD_ROWS, { 0 } };

const struct fields update_record_fields = { rows, sizeof(struct update_record) };

void update_record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct update_record *record = state->own;
	const struct network_update *update = arguments;
	bool *suspect;

	(void)settings;
	(void)now;
	(void)random;
	if (action != &network_update_action || update->section == UPDATE_TXT ||
	    update->command == UPDATE_MODIFY)
		return;
	suspect =
	    update->side == SIDE_LIVE ? &record->suspect_live : &record->suspect_config;
	if (failed)
		*suspect = true;
	else if (update->command == UPDATE_ADD)
		*suspect = false;
}
