/* SPDX-License-Identifier: MIT */
/* network_define: a network that is not there yet, and what is in its way. */
#ifndef LIB_KIND_NETWORK_DEFINE_H
#define LIB_KIND_NETWORK_DEFINE_H

#include "lib/kind/network/network.h"
#include "lib/plan/item.h"

/* Verdict and program of a written network that libvirt does not have. */
void network_plan_new(struct planner *p, struct item *item, const struct network *want);

/*
 * What another network has of what the one of this name is to have, bridge or addresses:
 * libvirt starts no network on what is in use. `active`: only what runs counts. A clause
 * for people; NULL: nothing.
 */
const char *network_conflict(
    struct planner *p, const char *name, const struct network *want, bool active);

#define NETWORK_CONFLICT_FIX                                                             \
	"write that one's name if it is meant (`virsh net-list --all`), or give this one others"

/* Whether a reservation is written for the network. */
bool network_has_reservations(const struct planner *p, const char *network);

/* A step that sets its autostart. */
void network_add_autostart(struct planner *p, struct program *program, bool on);

#endif
