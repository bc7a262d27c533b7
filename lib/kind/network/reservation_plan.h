/* SPDX-License-Identifier: MIT */
/* reservation: what the parts of a reservation and its network share. */
#ifndef LIB_KIND_LEASE_H
#define LIB_KIND_LEASE_H

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/plan/item.h"

/* The key table of one entry of static_ips, which the network's table shows as its own
 * part. */
extern const struct fields reservation_fields;

/* The domain the reservation is for, as observed; NULL: none, or it is not known. */
const struct observed *reservation_machine(
    const struct planner *p, const struct reservation *reservation);

/*
 * Why it is not known now what machine the reservation is for, and whether that runs; NULL:
 * it can. As long as its domain cannot be read, its MAC is not the derived one: nothing
 * may be written for it.
 */
const char *reservation_unknown(
    const struct planner *p, const struct reservation *reservation);

/* The reservation of a host name in a network, as it is written, as it is kept in the
 * state, and as it is planned; NULL: there is none. */
const struct reservation *reservation_desired(
    const struct planner *p, const char *network, const char *host);
const struct object_state *reservation_state(
    const struct planner *p, const char *network, const char *host);
const struct item *reservation_item(
    const struct planner *p, const char *network, const char *host);

/* The side of the network that a step of a reservation's item edits. */
enum side reservation_step_side(const struct step *step);

/* The kind's prepare(), plan() and settle() (lib/model/kind.h). */
void *reservation_prepare(struct planner *p);
void reservation_plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have);
void reservation_settle(struct planner *p);

#endif
