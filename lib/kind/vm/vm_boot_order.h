/* SPDX-License-Identifier: MIT */
/*
 * vm_boot_order: what a domain boots from. libvirt has it in one of two forms, in <os> or as
 * a number at each device, and takes no definition with both: the one that is there stays.
 * Part of the kind vm.
 */
#ifndef LIB_KIND_VM_VM_BOOT_ORDER_H
#define LIB_KIND_VM_VM_BOOT_ORDER_H

#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_edit.h"

/* Which of vm_boot_words a word is, and a bit of `boot_devices`; -1: none. */
int vm_boot_sort(const char *word);

/* From <domain>: `boot_order`, in which devices of one sort in a row are one, and the members
 * beside it. */
void vm_boot_order_read(struct arena *a, xmlNode *root, struct vm *out);

/* The order in <os>, of a new domain. */
void vm_boot_order_write(xmlNode *os, struct texts order);

/*
 * At devices, those of a sort keep their order among themselves, and of a sort that had none
 * the first one gets a place. -1 with the reason where there is no such device, or another
 * one has a place (network card of the host, say).
 */
int edit_boot_order(struct edit *edit, struct texts order);

#endif
