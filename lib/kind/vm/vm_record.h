/* SPDX-License-Identifier: MIT */
/*
 * vm_record: what is kept of a domain between plans: why it stopped, how often in a row,
 * and when it may be started again. The functions are the kind's hooks, see
 * lib/model/kind.h.
 */
#ifndef LIB_KIND_VM_VM_RECORD_H
#define LIB_KIND_VM_VM_RECORD_H

#include "lib/state/object_state.h"

/* Why a VM that should run was found stopped. */
enum stop_cause {
	STOP_NONE,
	STOP_CRASH,	/* QEMU died or the guest panicked */
	STOP_GUEST,	/* the guest powered itself off, or was requested to */
	STOP_DESTROYED, /* `virsh destroy` or the like */
	STOP_SAVED,	/* managed save, or saved to a file */
	STOP_START_FAILED,
	STOP_UNKNOWN, /* libvirtd was restarted or the host was: the reason is lost */
	STOP_OURS,    /* we requested it */
};

struct vm_record {
	struct record record;
	bool observed;	    /* at least once, with the facts below */
	bool stored;	    /* it had a stored definition when last observed, or before */
	bool has_run;	    /* since it became desired that it runs */
	int64_t domain_id;  /* last observed; -1 stopped */
	int64_t desired;    /* enum vm_state last desired, be it by a wish; -1 none */
	bool power_written; /* state or power was, when last desired */
	enum stop_cause cause;
	struct mono running_since; /* of this domain id, as far as was observed */
	int64_t quick_stops;  /* before minimum up-time, and failed starts, in a row */
	struct mono start_at; /* not before */
	bool start_requested; /* a user requested one start (manual power) */
	struct mono stop_first, stop_sent; /* shutdown requests; 0 = none */
	struct mono stop_requested; /* last, by us, be it in vain: it may still go down */
	struct mono evicted_at; /* last, a Pod of its node, or tried; 0: not; not kept */
	struct mono taken_down; /* by us, though it is to run: it is started again */
	struct mono up_at;	/* it was observed to have been started */
	struct mono remedy_at;	/* the last step of its remediation (vm_remedy.h) */
	struct mono boot_turn;	/* its turn since the host was booted: a start was sent */
	struct mono gone_at;	/* its domain was there, and is not since; 0: not */
	/* Resumptions by us after a disk error: the last, and how many in a row have not
	 * lasted; and whether it was observed paused by one. */
	struct mono resumed_at;
	int64_t resumed_in_vain;
	bool disk_paused;
	struct mono saved_at; /* by another client, while that was observed; 0: not */
	uint64_t given;	      /* what it has by what is written: a hash; not kept */
	bool unsettled;	      /* that has changed while a step was under way; not kept */
	bool withdrawn;	      /* so has that it is to be started; not kept */
	/* What was given to the domain of that id while it ran, and when, until it is as
	 * written; and how often changes of one that ran have failed. */
	int64_t resized_id, resized_vcpus, resized_memory;
	struct mono resized_at;
	/* The domain that was last given memory while it ran, and what its Node counted then. */
	int64_t counted_id, counted_memory;
	int64_t failed_id, live_failures;
	int64_t no_slot_id; /* of a domain that had no place left for a device; 0: none */
	/* While the domain of that id ran another CPU was stored by us; before that it was
	 * this one, with which it was started. */
	int64_t cpu_id;
	char *cpu_before;
	char *uuid;   /* last observed: a domain that was renamed is known by it */
	char *domain; /* its name as last desired: what is known is of that one */
	/* The domain of that id, which is written no longer for the VM, and that the procedure
	 * of then is about: it is brought to its end there. */
	char *left;
	int64_t left_id;
};

extern const struct fields vm_record_fields;

static inline const struct vm_record *vm_record_of(const struct object_state *state)
{
	return state->own;
}

/*
 * Desired otherwise than before: counters begin anew, and so does approval. From
 * stopped to running lets it start once whatever its power policy says. NULL: it is no
 * longer written.
 */
void vm_record_desired(struct object_state *state, const struct object *desired);

/* Must be called after every read, in the order of what happened. */
bool vm_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random);

/* Whether its start would be one after the host's boot, which has its turn: it ran before
 * the boot, and has not since; nobody requested that start, and it is none of a procedure. */
bool vm_record_awaits_turn(const struct object_state *state);

/* From when a shutdown is requested the VM counts as one that may be going down, whatever
 * is desired of it meanwhile. */
void vm_record_sent(
    struct object_state *state, const struct action *action, struct mono now);

/*
 * A new definition may be started once whatever the power policy says; a shutdown request
 * begins or goes on; the next resume or wake-up has to wait, for success says nothing of
 * how long it lasts. A failed start counts as a quick stop and sets the wait before the
 * next.
 */
void vm_record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random);

/* It is as it is written: nothing is left of how it came to be so. */
bool vm_record_converged(struct object_state *state, const struct object *want);

/* Asking for this very VM is asking for it to run once, whatever its power policy; not where
 * it is to be stopped, so that nothing is left of it when that is edited much later. */
void vm_record_requested(struct object_state *state);

#endif
