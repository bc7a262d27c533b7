/* SPDX-License-Identifier: MIT */
/*
 * reservation_nics: the network interfaces of all domains that were observed, by their
 * MAC: which machine a MAC belongs to, and whether it runs. Everything is in the plan's
 * arena.
 */
#ifndef LIB_KIND_NETWORK_RESERVATION_NICS_H
#define LIB_KIND_NETWORK_RESERVATION_NICS_H

#include "lib/kind/network/network.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* A table from a hash to small numbers: the places of what has it. */
struct chains {
	uint32_t *heads, *next; /* a place plus one; 0: the end */
	uint32_t mask;
};

/* For so many places; nothing is in it yet. */
struct chains chains_make(struct arena *a, size_t count);
void chains_add(struct chains *chains, uint64_t hash, size_t place);
/* The places one after the other, as numbers that are never 0: `place` + 1. Others may
 * have the same hash: compare. */
static inline uint32_t chains_first(const struct chains *chains, uint64_t hash)
{
	return chains->heads[(hash ^ hash >> 32) & chains->mask];
}
static inline uint32_t chains_next(const struct chains *chains, uint32_t at)
{
	return chains->next[at - 1];
}

uint64_t hash_mac(struct mac mac);
uint64_t hash_ip(struct ip ip);
uint64_t hash_text(const char *text); /* NULL allowed */

/* Where an interface has to be to be in a network. */
struct nic_place {
	const char *network;
	const char
	    *bridge; /* the network's, which interfaces may name instead; or NULL */
};

bool nic_is_in(const struct vm_interface *nic, const struct nic_place *place);
bool nic_has_mac(const struct vm_interface *nic);

/*
 * The interface of the VM that is meant in the network: the one with the MAC that is
 * written (NULL: none is), else the one that has the address by an entry of `side` (NULL:
 * none), else the first. NULL: it has none there.
 */
const struct vm_interface *nic_meant(const struct vm *vm, const struct nic_place *place,
    const struct mac *written, const struct network *side, struct ip ip);

struct nics;

struct nics *nics_make(struct planner *p);
/* Some MAC is that of two interfaces. */
bool nics_repeat(const struct nics *nics);
/* A domain with that MAC in the network, on either side; not `other` (NULL: any). */
const struct observed *nics_find(const struct nics *nics, struct mac mac,
    const struct nic_place *place, const struct observed *other);
/* The same of what runs only. */
const struct observed *nics_running(
    const struct nics *nics, struct mac mac, const struct nic_place *place);
/* Any domain with that MAC, wherever. */
const struct observed *nics_anywhere(const struct nics *nics, struct mac mac);

/* How an observed domain is called: the name of the VM that is written for it, or its
 * own. */
const char *nics_vm_name(const struct planner *p, const struct observed *domain);

/* It was stopped when it was observed, and is being started: who may run at the next
 * moment is judged then. */
bool nics_is_starting(const struct planner *p, const struct observed *domain);

#endif
