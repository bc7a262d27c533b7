/* SPDX-License-Identifier: MIT */
/*
 * memory_vm: the part of memory that only domains have: why one stopped, how often in a
 * row, and when it may be started again. memory_vm_observed() and memory_vm_wanted() are
 * in memory.h; the functions here are called by memory.c, which counts the change.
 */
#ifndef LIB_PLAN_MEMORY_VM_H
#define LIB_PLAN_MEMORY_VM_H

#include "lib/plan/memory.h"

/*
 * A step of a domain has succeeded: a new definition may be started once whatever the
 * power policy says, a shutdown request begins or goes on, and the next resume or wake-up
 * has to wait, for success says nothing of how long it lasts.
 */
void memory_vm_step_done(struct memo *memo, const struct step *step, struct mono now);

/*
 * libvirt could not start the domain. Counts as a quick stop; after settings->vm's
 * start_attempts of them in a row it is given up. Called after memo->failures and
 * memo->retry_at were set: the wait between starts replaces the latter.
 */
void memory_vm_start_failed(
    struct memo *memo, const struct settings *settings, struct mono now, uint32_t random);

#endif
