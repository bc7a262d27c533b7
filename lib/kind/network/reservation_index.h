/* SPDX-License-Identifier: MIT */
/*
 * reservation_index: the desired reservations and the entries of every network, sorted
 * by MAC, name and address at most once a plan, so that thousands cost no more than their number.
 * Everything is in the plan's arena.
 */
#ifndef LIB_KIND_NETWORK_RESERVATION_INDEX_H
#define LIB_KIND_NETWORK_RESERVATION_INDEX_H

#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/plan/item.h"

struct reservation_index;

struct reservation_index *reservation_index_make(struct planner *p);

/* The entry libvirt should have for the reservation; NULL: its MAC is not known. */
const struct host_entry *reservation_index_entry(
    struct reservation_index *index, const struct reservation *reservation);

/* An entry is a reservation's own when it has its MAC or its name. */
bool reservation_owns(const struct host_entry *entry, const struct host_entry *found);

/* The desired reservation of the network whose own the entry is; not `self`. */
const struct reservation *reservation_index_owner(struct reservation_index *index,
    const struct reservation *self, const struct host_entry *found);

/* The entries of one side of a network that share MAC, name or address with `entry`, in
 * the network's order. Their number; at most as many as the network has. */
size_t reservation_index_related(struct reservation_index *index,
    const struct network *side, const struct host_entry *entry,
    const struct host_entry ***out);

#endif
