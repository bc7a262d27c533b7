/* SPDX-License-Identifier: MIT */
/*
 * update_record: what is kept of an object between plans that is changed by updates of an
 * active network: a network's range, a reservation.
 */
#ifndef LIB_KIND_NETWORK_UPDATE_RECORD_H
#define LIB_KIND_NETWORK_UPDATE_RECORD_H

#include "lib/state/object_state.h"

struct update_record {
	struct record record;
	bool suspect_live, suspect_config; /* an update failed: what is read back may be a
					      lie */
};

/* Its rows, for records that begin with it. */
#define UPDATE_RECORD_ROWS                                                               \
	record_row(struct update_record, "suspect_live", FIELD_BOOL, suspect_live,       \
	    FIELD_KEPT | FIELD_SHOWN),                                                   \
	    record_row(struct update_record, "suspect_config", FIELD_BOOL,               \
		suspect_config, FIELD_KEPT | FIELD_SHOWN)

extern const struct fields update_record_fields;

static inline const struct update_record *update_record_of(
    const struct object_state *state)
{
	return state->own;
}

/*
 * A kind's ended() (lib/model/kind.h). A failed update leaves libvirt's own view in
 * doubt: its definitions are swapped before the firewall, the file and dnsmasq are
 * updated, so a failed add reads back as done. The side is suspect until a later add on
 * it has succeeded.
 */
void update_record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random);

#endif
