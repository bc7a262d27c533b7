/* SPDX-License-Identifier: MIT */
/*
 * vm_claim_table: who has what, by a number that stands for it: the parts that the claims
 * to disks (vm_disk_claims.c) and to MAC addresses (vm_mac_claims.c) share, and for them
 * alone.
 */
#ifndef LIB_KIND_VM_VM_CLAIM_TABLE_H
#define LIB_KIND_VM_VM_CLAIM_TABLE_H

#include "lib/kind/vm/vm_claims.h"

/* Who: a domain, or a VM without one. */
struct owner {
	const struct observed *by;
	const struct vm *written;
};

struct entry {
	struct owner owner;
	const void *what; /* struct domain_disk, struct vm_interface */
	struct entry *next;
};

enum use { USE_WRITES, USE_READS, USES };

/* Of one identity or address. */
struct group {
	uint64_t id;
	struct entry *entries[USES];
	struct group *next;
	struct entry first; /* the first that was added: mostly there is no other */
};

struct table {
	bool made;
	struct group **buckets;
	size_t mask;
	bool contested; /* some group has two owners */
};

struct claims {
	struct table disks, macs;
	/* Of disks that are claimed: how many there are, of how many nobody has said yet
	 * what they are, and one of those. */
	size_t claimed, unknown;
	const struct domain_disk *unknown_disk;
	struct owner unknown_owner;
	/* A domain that cannot be read: what it has now is not known; or NULL. */
	const char *unreadable;
	bool unreadable_known;
	/* VMs that are written and whose domain is known to be absent. */
	const struct vm **absent;
	size_t absent_count;
	bool absent_known;
	bool macs_known, macs_differ; /* no two interfaces have one MAC */
	/* Of each domain that is observed, in their order: whether it is written. */
	const bool *written;
	/* Two of the VMs that vm_claims_unsettled() finds, or NULL. */
	const char *unsettled[2];
	bool unsettled_known;
	/* Records of VMs whose domains were requested to go down, and may. */
	const struct vm_record **leaving;
	size_t leaving_count;
	bool leaving_known;
};

/* Those of the plan, empty at first. */
struct claims *claims_of(struct planner *p);

/* An empty table for about so many entries. */
void claims_begin(struct arena *a, struct table *t, size_t entries);
/* NULL: nobody has it. */
struct group *claims_find(const struct table *t, uint64_t id);
/* `most`: owners kept of that use, each once; 0: all. */
void claims_add(struct arena *a, struct table *t, uint64_t id, enum use use,
    const struct owner *owner, const void *what, size_t most);

bool claims_same(const struct owner *a, const struct owner *b);
/* Whether what the other has matters to it: what is only written does not to a domain that
 * is there, but where it may be defined this moment. */
bool claims_counts(
    const struct planner *p, const struct owner *self, const struct owner *other);
const char *claims_domain(const struct owner *owner);
/* The VM that is written, or its domain where it has one (`have`). */
struct owner claims_owner(const struct vm *want, const struct observed *have);
/* The live side (0) or the stored one (1), or NULL. */
const struct vm *claims_side(const struct observed *by, int i);
/* A domain that cannot be read, or NULL. */
const char *claims_unreadable(struct planner *p);
/* Fills `absent`, once. */
void claims_find_absent(struct planner *p, struct claims *c);
enum vm_claimed claims_found(
    const struct owner *owner, const char *what, struct vm_claim *out);

#endif
