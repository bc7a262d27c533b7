/* SPDX-License-Identifier: MIT */
/*
 * vm_disk_slot: where a further disk of an existing domain goes: its bus, and its name there.
 * Its place on the PCI bus is left to libvirt.
 */
#ifndef LIB_KIND_VM_VM_DISK_SLOT_H
#define LIB_KIND_VM_VM_DISK_SLOT_H

#include "lib/kind/vm/vm.h"

/* The one shown as the domain's disk. */
bool vm_disk_is_first(const struct vm *side, const struct domain_disk *disk);

/* "virtio": what its guest has a driver for. */
const char *vm_disk_bus(const struct vm *side);

/* Whether disks can be added to it while the domain runs. */
bool vm_disk_bus_is_hot(const char *bus);

/* Whether the side (NULL: there is none) has a drive of that name, with a medium or none. */
bool vm_disk_has_drive(const struct vm *side, const char *name);

/* The next name on that bus that neither side has and that is not in `given`: "vdb". Behind
 * all that are in use, where there is room: disks of a bus are counted in this order. In the
 * arena; NULL: all are taken. */
const char *vm_disk_free_name(struct arena *a, const struct vm *live,
    const struct vm *config, const char *bus, const struct texts *given);

#endif
