/* SPDX-License-Identifier: MIT */
/*
 * vm_nics: the interfaces of an existing domain and those that are written, as a whole
 * list. Which is which: the one with the MAC that is written, else one of the same network
 * or bridge, else the next one that is left; so an interface keeps its MAC and its place on
 * the PCI bus whatever is written before it. One that is missing is attached, to what is
 * stored and to what runs; one that is not written is detached only once that is approved;
 * one that is plugged in elsewhere or has another MAC is changed where it is stored.
 */
#ifndef LIB_KIND_VM_VM_NICS_H
#define LIB_KIND_VM_VM_NICS_H

#include "lib/kind/actions.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* Adds what differs of one side: "interfaces[1]" where it is missing or too much,
 * "interfaces[0].network" where it is another one. Nothing where none are written. */
void vm_nics_compare(struct planner *p, const struct vm *want, const struct vm *side,
    struct differences *out);

/* Whether a field that differs is an interface that is missing or too much. */
bool vm_nics_is_whole(const char *field);

/* Whether it is one that is plugged in elsewhere, or has another MAC. */
bool vm_nics_is_changed(const char *field);

/*
 * Patches of stored interfaces that are so, in the arena. NULL and `why`: another machine
 * has what one would get, and none is changed; NULL without: there are none.
 *
 * They are stored only: libvirt can move an interface that runs to another network, but its
 * guest would keep an address of the one it has left until it asks anew, and what it is in the
 * cluster with it; a restart drains it first.
 */
const struct nic_patch *vm_nics_patches(struct planner *p, const struct item *item,
    const struct vm *want, const struct vm *config, size_t *count, const char **why);

/* The program that patches waits while a reservation is made for what is stored now. */
void vm_nics_wait(struct planner *p, struct program *program, const struct vm *want,
    const struct vm *config);

/* Whether a missing one of what runs comes with its next start only. */
bool vm_nics_restarts(struct planner *p, const struct vm *want, const struct vm *live,
    const char *want_text);

/* Adds the programs that attach and detach. `config` NULL: nothing is stored; returns why
 * one cannot be attached, or NULL. */
const char *vm_nics_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *live, const struct vm *config);

#endif
