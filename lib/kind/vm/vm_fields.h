/* SPDX-License-Identifier: MIT */
/* vm_fields: what the tables of a VM and of the defaults of VMs share. */
#ifndef LIB_KIND_VM_VM_FIELDS_H
#define LIB_KIND_VM_VM_FIELDS_H

#include "lib/model/field.h"

#define VM_MIB ((int64_t)1 << 20)
#define VM_TIB ((int64_t)1 << 40)

#define VM_VCPUS_LIMITS .minimum = 1, .maximum = 512
#define VM_MEMORY_LIMITS .minimum = 16 * VM_MIB, .maximum = 64 * VM_TIB

/* The keys of one of `interfaces:`. */
extern const struct fields vm_interface_fields;

/* By enum vm_power, enum vm_type. */
extern const char *const vm_power_words[], *const vm_type_words[];
extern const struct hint vm_power_hints[];

/* Of machine, cpu, firmware and boot_order: by enum vm_firmware, by bit of boot_devices. */
extern const char *const vm_firmware_words[], *const vm_boot_words[];
extern const struct hint vm_firmware_hints[], vm_boot_hints[];

#endif
