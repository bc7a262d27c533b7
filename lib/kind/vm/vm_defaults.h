/* SPDX-License-Identifier: MIT */
/*
 * vm_defaults: what is written once for all VMs that we define (`vm_defaults:`). It fills in
 * what such a VM leaves out when it is defined, and its power; what exists already is
 * neither compared with it nor changed by it.
 */
#ifndef LIB_KIND_VM_VM_DEFAULTS_H
#define LIB_KIND_VM_VM_DEFAULTS_H

#include "lib/kind/vm/vm.h"

/* After everything was read: sets `as_new` of the VM; `vm` is of `config`. */
void vm_defaults_apply(struct config *config, struct vm *vm);

/* The VM as it is to be defined. */
static inline const struct vm *vm_as_new(const struct vm *want)
{
	return want->as_new ? want->as_new : want;
}

/* What an unexpected stop of it means; `have` NULL: it is to be defined. */
enum vm_power vm_power_due(const struct vm *want, const struct vm *have);

#endif
