/* SPDX-License-Identifier: MIT */
/*
 * vm_claims: what only one machine may have, a disk and a MAC address in a network, and
 * who has it: every domain that is observed, on either side, foreign and stopped ones too,
 * and every VM that is written and whose domain is absent. Hides tables that are made once
 * a plan, when they are first needed, and the probes that say what a disk is.
 *
 * Other kinds call these functions while they plan, rows before the VMs' too.
 */
#ifndef LIB_KIND_VM_VM_CLAIMS_H
#define LIB_KIND_VM_VM_CLAIMS_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* The kind's prepare(). */
void *vm_claims_prepare(struct planner *p);

/* Who else has it. */
struct vm_claim {
	const char *domain;	   /* its domain, or what it will be called */
	const struct observed *by; /* NULL: written, not defined yet */
	const char *what;	   /* "/a/b.qcow2", "52:54:00:00:00:01"; in the arena */
	bool may_run; /* of a MAC: it runs, or is written and may be started any time */
};

/* The domain that runs now, of any claim. */
bool vm_claim_runs(const struct vm_claim *claim);

enum vm_claimed {
	CLAIM_NONE,
	CLAIM_FOUND,
	CLAIM_UNKNOWN, /* it may be: `what` says what is not known */
};

/*
 * Another machine that has a disk which the VM writes to, or writes to one that it reads.
 * Of the VM's domain `have` both sides count; NULL: it is absent, and what is written
 * counts. One that is written and whose domain is absent has nothing of a domain that is
 * there, which keeps it from being defined; unless a step of it is under way. Disks that are readonly or shareable are never claimed. Unknown only where there
 * is somebody else whose disk it might be.
 */
enum vm_claimed vm_claimed_disk(struct planner *p, const struct vm *want,
    const struct observed *have, struct vm_claim *out);

/*
 * The same of a disk that is written and that its domain `have` does not have yet: also
 * another VM that is written with it, defined or not (`by` is NULL then).
 */
enum vm_claimed vm_claimed_new_disk(struct planner *p, const struct vm *want,
    const struct observed *have, const struct domain_disk *disk, struct vm_claim *out);

/* A machine that writes to the file or device at that path, whatever it calls it. */
enum vm_claimed vm_disk_writer(struct planner *p, const char *path, struct vm_claim *out);

/* Whether a domain has the volume POOL/NAME, whatever it calls it, also as a CD, or may have
 * it: not all is known. */
bool vm_volume_may_be_had(struct planner *p, const char *volume);

/* As vm_claimed_disk(), of its MAC addresses, where both are in one network or on one bridge. Of
 * several, one that runs is found first, then one that may run. Unknown where another
 * domain cannot be read: `by` is set where it had the address when it was last read. */
enum vm_claimed vm_claimed_mac(struct planner *p, const struct vm *want,
    const struct observed *have, struct vm_claim *out);

/* The same of an interface that it does not have yet. */
enum vm_claimed vm_claimed_nic(struct planner *p, const struct vm *want,
    const struct observed *have, const struct vm_interface *nic, struct vm_claim *out);

/*
 * Another VM, by its name, that a step under way gives what was written of it before: what
 * it will have is not what is written now. NULL: there is none.
 */
const char *vm_claims_unsettled(struct planner *p, const struct vm *want);

/* What is remembered of the domain that runs under that id, be it under the VM's name from
 * before it was renamed, where we have requested that it go down. NULL: we have not. */
const struct vm_record *vm_claims_leaving(
    struct planner *p, const char *domain, int64_t id);

/*
 * Whether the MAC addresses derived from the VM's name are its own: its domain carries our
 * mark, or is known to be absent, and nothing is in the way of its being defined. Else an
 * interface that is written without `mac` has the one that is observed, or none yet.
 */
bool vm_has_derived_macs(struct planner *p, const struct vm *want);

/*
 * Of a VM whose domain is absent: a domain that is most likely the same machine under
 * another name (it has the UUID, a disk or a MAC address of it; or we defined it, it is no
 * longer written, and its reservation has the address written for the VM), or one that is to be
 * defined with its disk; `why` is that, as words. CLAIM_UNKNOWN: `why` is what is not
 * known yet.
 */
enum vm_claimed vm_twin(
    struct planner *p, const struct vm *want, struct vm_claim *out, const char **why);

/* Whether that of `disk` is one of the domain's; true also where none is written. */
enum vm_disk_match { DISK_SAME, DISK_OTHER, DISK_NOT_KNOWN };
enum vm_disk_match vm_disk_matches(
    struct planner *p, const struct vm *want, const struct vm *have);

/* The one that it uses in any way, be it as what another disk is laid over; NULL: none,
 * as far as is known. */
const struct domain_disk *vm_disk_user(
    struct planner *p, const struct domain_disk *written, const struct vm *have);

/* The same of any one that is written, an element of a VM's `disks`; which one of the
 * domain's it is, and what it is there: "vdb"; NULL: it is none of them, or that is not
 * known. */
const struct domain_disk *vm_disk_found(struct planner *p,
    const struct domain_disk *written, const struct vm *have, enum vm_disk_match *match);
enum vm_disk_match vm_disk_match_of(
    struct planner *p, const struct domain_disk *written, const struct vm *have);
const char *vm_disk_target_of(
    struct planner *p, const struct domain_disk *written, const struct vm *have);

#endif
