/* SPDX-License-Identifier: MIT */
/*
 * vm_start: a domain that should run and does not: why it stopped, whether the power
 * policy lets it be started, and when. Part of the kind vm.
 */
#ifndef LIB_KIND_VM_START_H
#define LIB_KIND_VM_START_H

#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/plan/plan.h"

/* What libvirt says of why a domain does not run. Never STOP_NONE. For vm_record too. */
enum stop_cause vm_stop_cause(const struct domain_facts *facts);

/* Verdict, reason and the step for a domain that exists. */
void vm_start_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have);

/*
 * The start of a domain whose time has come: a step, or, while a network or lease it
 * needs is not there, the reason it waits. `have` NULL: it is being defined in this same
 * plan. `why` begins the reason.
 */
void vm_start_now(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, const char *why);

/* A step that must wait; left out when the item has another one, which must not wait. */
void vm_start_held(struct planner *p, struct item *item, enum step_op op,
    const char *domain, const char *text);

/* Shows that something waits until then. */
void vm_start_wait(struct planner *p, struct item *item, struct mono when);

#endif
