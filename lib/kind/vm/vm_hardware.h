/* SPDX-License-Identifier: MIT */
/*
 * vm_hardware: what the guest finds when it boots: machine type, CPU, firmware and boot order
 * (`machine:`, `cpu:`, `firmware:`, `boot_order:`). What of them differs is stored and comes
 * with the next start; what libvirt would refuse, or the domain could not do with, is said
 * before anything is done. Part of the kind vm.
 */
#ifndef LIB_KIND_VM_VM_HARDWARE_H
#define LIB_KIND_VM_VM_HARDWARE_H

#include <libxml/tree.h>

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* What the tables cannot say of the four keys: words of others, contradictions. */
void vm_hardware_check(struct vm *vm, struct report *report);

/* "host-passthrough", "host-model", "maximum"; else it is a model. */
bool vm_cpu_is_mode(const char *cpu);

/* The four keys of a domain's document, with their bits where it says them. */
void vm_hardware_read(struct arena *a, xmlNode *root, struct vm *out);

/* <cpu> of a new domain. */
void vm_cpu_write(struct arena *a, xmlNode *root, const char *cpu);

/*
 * Adds what differs on one side. A written alias of a machine type is every version of its
 * family. `live`: it is what runs, where libvirt shows what the CPU mode host-model came to:
 * that is taken for host-model, but for a run in which we have stored another CPU.
 */
void vm_hardware_compare(struct planner *p, const struct vm *want, const struct vm *side,
    bool live, struct differences *out);

/* Whether a difference is one of these. */
bool vm_hardware_is(const char *field);

/*
 * Why the domain (`side`: as stored; NULL: one that we define) cannot be given this key as it
 * is written, and what to do instead, in the arena; NULL: it can, as far as is known.
 */
const char *vm_hardware_refusal(
    struct planner *p, const struct vm *want, const struct vm *side, const char *field);

struct domain_patch;

/* The key as it is written, into a patch of what is stored. */
void vm_hardware_put(struct domain_patch *patch, const struct vm *want,
    const struct vm *config, const char *field);

/* A program of its own that stores other firmware, where that differs (NULL: it does not) and
 * can be; after `others`, where that is stored first (NULL: nothing is). */
void vm_hardware_store_firmware(struct planner *p, struct item *item,
    const struct vm *want, const struct vm *config, const struct difference *firmware,
    const char *others);

/* The first refusal of those that are written, as "cpu: EPYC: ..."; NULL: there is none. */
const char *vm_hardware_missing(struct planner *p, const struct vm *want);

#endif
