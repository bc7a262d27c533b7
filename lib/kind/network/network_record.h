/* SPDX-License-Identifier: MIT */
/*
 * network_record: what is kept of a network between plans: which side is suspect, and the
 * dynamic ranges and leases that were observed last. A network that is gone while the
 * pools of the cluster are not known comes back with no address in its ranges that it had
 * not before. A lease that libvirt has forgotten is that of a machine which runs on with
 * its address. The functions are the kind's hooks, see lib/model/kind.h.
 */
#ifndef LIB_KIND_NETWORK_RECORD_H
#define LIB_KIND_NETWORK_RECORD_H

#include "lib/kind/network/network.h"
#include "lib/kind/network/update_record.h"

struct network_record {
	struct update_record update; /* must be first */
	char *ranges; /* "FIRST-LAST, ..."; NULL: none, or never observed */
	char *leases; /* "MAC ADDRESS, ...", by MAC, the forgotten ones too; or NULL */
};

extern const struct fields network_record_fields;

static inline const struct network_record *network_record_of(
    const struct object_state *state)
{
	return state->own;
}

/* The ranges that were observed last, in the arena. False: none are known. */
bool network_record_ranges(
    struct arena *a, const struct network_record *record, struct ranges *out);

/* The leases that were observed last, in the arena. */
void network_record_leases(struct arena *a, const struct network_record *record,
    struct dhcp_lease **leases, size_t *count);

void network_record_desired(struct object_state *state, const struct object *desired);
bool network_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random);

#endif
