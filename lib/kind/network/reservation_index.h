/* SPDX-License-Identifier: MIT */
/*
 * reservation_index: what each desired reservation comes to on both sides, worked out at
 * most once a plan and kept in tables, so that thousands cost no more than their number. Everything is in the plan's arena.
 *
 * What runs and what is stored are decided apart: the live entry is for the interface
 * that the running domain has in the network, the stored one for that of its stored
 * definition. A MAC that is written in static_ips is for both. A MAC derived from a name
 * is only for a machine that does not exist yet, and will be defined with it.
 */
#ifndef LIB_KIND_NETWORK_RESERVATION_INDEX_H
#define LIB_KIND_NETWORK_RESERVATION_INDEX_H

#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/network/reservation_entries.h"
#include "lib/kind/network/reservation_nics.h"
#include "lib/plan/item.h"

struct reservation_index;

struct reservation_aim {
	const struct reservation *reservation;
	struct nic_place place;
	/* Its domain: the one with the MAC that is written in static_ips, else that of its
	 * name; NULL: none, or not known. */
	const struct observed *machine;
	bool known[2]; /* by enum side: there is an entry to have */
	struct host_entry entries[2];
	/* The MAC that is written for the VM's interface and that a side does not have yet:
	 * it has it after the next start. */
	bool waits;
};

/* The index of this plan, made at the first call. */
struct reservation_index *reservation_index_get(struct planner *p);

const struct nics *reservation_index_nics(const struct reservation_index *index);
struct entries *reservation_index_entries(const struct reservation_index *index);

const struct reservation_aim *reservation_index_aim(
    struct reservation_index *index, const struct reservation *reservation);

/* Who else has the MAC of the reservation in its network, which then cannot be for one of
 * them: "vm/b", "reservation/b"; NULL: nobody. */
const char *reservation_index_twin(
    struct reservation_index *index, const struct reservation_aim *aim);

/*
 * Whether an entry is the reservation's own: it has its MAC on that side; or it has its
 * address and the MAC of another interface of its machine, or its address and name, is
 * known to have been the reservation's, and has no other machine's MAC. A name alone owns
 * nothing.
 */
bool reservation_index_owns(struct reservation_index *index,
    const struct reservation_aim *aim, enum side which, const struct host_entry *found);

/* The desired reservation of the network, not `self`, whose own the entry is. */
const struct reservation_aim *reservation_index_owner(struct reservation_index *index,
    const struct reservation *self, enum side which, const struct host_entry *found);
/* The same in a network by its name, of any reservation. */
const struct reservation_aim *reservation_index_owner_in(struct reservation_index *index,
    const char *network, enum side which, const struct host_entry *found);

/* Part of a new definition of its network: false where nothing can be said yet, or the
 * address cannot be had there. */
bool reservation_entry_of_new(struct planner *p, const struct reservation *reservation,
    const struct network *want, struct host_entry *out);

#endif
