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
#include "lib/plan/item.h"

/* What libvirt says of why a domain does not run. Never STOP_NONE. For the record too. */
enum stop_cause vm_stop_cause(const struct domain_facts *facts);

/* Verdict, reason and the step for a domain that exists. */
void vm_start_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have);

/* Whether somebody else has stopped what does not run, or has taken it to another host, and
 * it is left so: by its power policy, or because its power is not managed. */
bool vm_start_is_left(
    const struct item *item, const struct vm *want, const struct vm *have);

/* The same where something has to be brought back that was shut down by us, whatever the
 * power policy: `why` begins the reason. */
void vm_start_again(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, const char *why);

/*
 * The first start of a domain that `define` defines: one more step of it, or, while a
 * network or reservation it needs is not there, a program of its own that waits. `why`
 * begins the reason.
 */
void vm_start_new(struct planner *p, struct item *item, struct program *define,
    const struct vm *want, const char *why);

#endif
