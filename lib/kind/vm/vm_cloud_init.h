/* SPDX-License-Identifier: MIT */
/*
 * vm_cloud_init: `cloud_init:` as it is written, and the files of the seed that come of it.
 * Hides the rules of cloud-init: what user data may begin with, what goes into which file,
 * and by what a guest knows itself.
 *
 * What is written there may hold secrets: no error repeats a text of it.
 */
#ifndef LIB_KIND_VM_VM_CLOUD_INIT_H
#define LIB_KIND_VM_VM_CLOUD_INIT_H

#include "lib/kind/vm/vm.h"

/* The keys of `cloud_init:`. */
extern const struct fields vm_cloud_init_fields;

/* What the table cannot say: finds the files that are named, and checks all texts. */
void vm_cloud_init_check(struct config *config, struct vm *vm, struct report *report);

/* The VM's interfaces are known, with their MACs: sets its `seed`, where it has one. */
void vm_cloud_init_derive(struct config *config, struct vm *vm);

#endif
