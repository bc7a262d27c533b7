/* SPDX-License-Identifier: MIT */
/*
 * reservation_record: what is kept of a reservation between plans: the address last
 * observed in force, and whether the entry is owned. The functions are the kind's hooks,
 * see lib/model/kind.h.
 */
#ifndef LIB_KIND_NETWORK_RESERVATION_RECORD_H
#define LIB_KIND_NETWORK_RESERVATION_RECORD_H

#include "lib/kind/network/network.h"
#include "lib/kind/network/update_record.h"

struct reservation_record {
	struct update_record update; /* must be first */
	struct ip ip;		     /* last observed converged; version 0: never */
	/* The entry of a side was added by us; `owned`: of either, in the words of an older
	 * state file. */
	bool owned, owned_live, owned_config;
	char *mac_live, *mac_config; /* for which it was added; NULL: not known */
	/* Of the network, when the entry of that side was added; 0: not known, -1: it did not
	 * run. */
	int64_t run_live, run_config;
};

extern const struct fields reservation_record_fields;

static inline const struct reservation_record *reservation_record_of(
    const struct object_state *state)
{
	return state->own;
}

/* Whether the entry of that side was added by us. */
static inline bool reservation_record_owns(
    const struct reservation_record *record, bool live)
{
	return record->owned || (live ? record->owned_live : record->owned_config);
}

/*
 * Whether that entry of a side was added by us, and is still for the same interface. Where
 * the network was started since (`run`, of the live side: another one), its live entries are
 * copies of the stored ones.
 */
bool reservation_record_added(const struct reservation_record *record, bool live,
    int64_t run, const struct host_entry *entry);

void reservation_record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random);
bool reservation_record_converged(struct object_state *state, const struct object *want);

/* Format 1 called it after its host alone where there was one network. */
const char *reservation_old_name(
    const struct config *config, const char *name, struct arena *a);

#endif
