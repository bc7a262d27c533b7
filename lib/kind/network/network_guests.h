/* SPDX-License-Identifier: MIT */
/*
 * network_guests: whose interfaces hang on a network, and whose were left behind when it
 * was stopped. Hides that libvirt's own count is of the last read of the network.
 */
#ifndef LIB_KIND_NETWORK_GUESTS_H
#define LIB_KIND_NETWORK_GUESTS_H

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/plan/item.h"

/* How many interfaces a stop of the network would cut off, as far as is known: what
 * cannot be read counts as attached. */
int64_t network_guests(
    const struct planner *p, const char *name, const struct network *live);

/* Adds condition and finding where running guests are cut off already. */
void network_guests_report(
    struct planner *p, struct item *item, const struct network *live);

#endif
