/* SPDX-License-Identifier: MIT */
/*
 * vm_observe: what libvirt says of a domain, and what follows from a change of it. The
 * functions are the kind's hooks decode(), affects() and refresh() (lib/model/kind.h).
 */
#ifndef LIB_KIND_VM_VM_OBSERVE_H
#define LIB_KIND_VM_VM_OBSERVE_H

#include "lib/model/kind.h"

int vm_decode(struct observed *observed, const struct reading *reading, struct error *e);

/* The networks of one that has started or stopped: who is attached, what is leased. */
void vm_affects(
    const struct observed *before, const struct observed *now, struct affected *out);

/* One that has stopped. */
int vm_refresh(struct observed *observed, const struct reading *reading, struct error *e);

#endif
