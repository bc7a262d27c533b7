/* SPDX-License-Identifier: MIT */
/*
 * vm_user_data: checks of what is given to cloud-init, before a guest is made that ignores
 * it: no guest says so anywhere but on its console. Nothing of a text is repeated.
 */
#ifndef LIB_KIND_VM_VM_USER_DATA_H
#define LIB_KIND_VM_VM_USER_DATA_H

#include "lib/kind/vm/vm.h"

/* Its first line says what it is; and #cloud-config is a map of YAML without private keys
 * where public ones are due. */
void vm_user_data_check(
    struct config *config, const struct vm_document *document, struct report *report);

/* Any other text is a map of YAML: its `map` is set. `key` is what it is written under. */
void vm_document_check(struct config *config, const char *key,
    struct vm_document *document, struct report *report);

#endif
