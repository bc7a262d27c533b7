/* SPDX-License-Identifier: MIT */
/*
 * vm_seed: the seed (lib/kind/volume/seed.h) as a device of a domain: a CD on a virtio-scsi
 * bus, which every cloud image has a driver for. A domain that carries our mark is given the one that is
 * written where it is stored; what runs goes on with its own until it is started anew.
 */
#ifndef LIB_KIND_VM_VM_SEED_H
#define LIB_KIND_VM_VM_SEED_H

#include <libxml/tree.h>

#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* Whether one of its sides has that volume (POOL/NAME). */
bool vm_has_seed(const struct observed *domain, const char *volume);

/* A program that defines or starts the VM waits until its seed is whole. */
void vm_seed_wait(struct planner *p, struct program *program, const struct vm *want);

/* The seed that a start waits for, since it is about to be made; NULL: none. One that cannot
 * be made keeps no VM down. */
const char *vm_seed_coming(struct planner *p, const struct vm *want);

/* The stored side of a domain with our mark has another seed than is written, or none: adds the
 * program. Of another domain: why it is given none; else NULL. */
const char *vm_seed_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *stored);

/* Adds the difference where what runs has another seed than is written and stored. */
void vm_seed_compare(struct planner *p, const struct vm *want, const struct vm *live,
    const struct vm *stored, struct differences *out);

/* Appends controller and CD to a new domain's devices. */
void vm_seed_write(xmlNode *devices, const struct seed *seed);

/* The document of a domain_seed step: the CD. */
const char *vm_seed_render(struct planner *p, const struct step *step, struct error *e);

#endif
