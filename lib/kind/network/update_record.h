/* SPDX-License-Identifier: MIT */
/* memory_update: what is remembered of updates of an active network: leases and ranges.
 */
#ifndef LIB_KIND_NETWORK_UPDATE_RECORD_H
#define LIB_KIND_NETWORK_UPDATE_RECORD_H

#include "lib/state/state.h"

/*
 * A kind's ended() (lib/model/kind.h). A failed update leaves libvirt's own view in
 * doubt: its definitions are swapped before the firewall, the file and dnsmasq are
 * updated, so a failed add reads back as done. The side is suspect until a later add on
 * it has succeeded.
 */
void update_record_ended(struct object_state *state, const struct step *step, bool failed,
    const struct settings *settings, struct mono now, uint32_t random);

#endif
