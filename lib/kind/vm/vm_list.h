/* SPDX-License-Identifier: MIT */
/*
 * vm_list: what a list says of a virtual machine beside its own keys: the state libvirt
 * reports, the address dnsmasq has handed out to it or its guest has given itself, how its
 * Node is, since when it runs.
 */
#ifndef LIB_KIND_VM_VM_LIST_H
#define LIB_KIND_VM_VM_LIST_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/plan.h"

/* The kind's list_facts(). */
void vm_list_facts(const struct list_input *in, const struct item *item,
    const struct object *side, struct json_object *shown);

/* The kind's hook effective(): what `vm_defaults` says. */
void vm_effective(const struct item *item, struct json_object *desired);

#endif
