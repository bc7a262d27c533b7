/* SPDX-License-Identifier: MIT */
/*
 * network_health: what a network consists of on the host: its bridge, its dnsmasq, and the
 * guests' taps on the bridge. Hides that libvirt calls a network active whatever has become
 * of them, and that its own count of guests is as old as the last read, and right only for
 * what libvirt did itself.
 */
#ifndef LIB_KIND_NETWORK_HEALTH_H
#define LIB_KIND_NETWORK_HEALTH_H

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation_nics.h"
#include "lib/plan/item.h"

/* How many interfaces a stop of the network would cut off, as far as is known: what
 * cannot be read counts as attached. */
int64_t network_guests(
    const struct planner *p, const char *name, const struct network *live);

/*
 * Whether the running domain has an interface (`mac` NULL: any) in the network whose address
 * nobody knows: it ran before the network was started, and a lease that ended meanwhile, or was
 * of an earlier definition, libvirt has forgotten; nothing is leased to it or reserved for it since, nor was before.
 */
bool network_is_forgotten(const struct network *live, const struct nic_place *place,
    const struct vm *vm, const struct mac *mac);

/*
 * Running domains whose address nobody knows. `stray`: those that are cut off, else those
 * that are attached and forgotten. The next from place `*at` on, which is 0 first; NULL:
 * there is none.
 */
const struct observed *network_next_unknown(struct planner *p, const char *name,
    const struct network *live, bool stray, size_t *at);

/*
 * Verdict and program where a part is gone, the least harmful that brings it back. Every
 * guest of a bridge that is gone is cut off already, so that starting the network anew
 * interrupts nobody; dnsmasq is started anew by libvirt with an update that changes
 * nothing.
 */
void network_health_plan(struct planner *p, struct item *item, const struct network *want,
    const struct network *live, const struct network *stored);

/*
 * Once the reservations are planned, too. The entry that is written once more is as it was
 * observed: beside another update of the network it would undo that one, which starts
 * dnsmasq as well.
 */
void network_health_settle(struct planner *p);

#endif
