/* SPDX-License-Identifier: MIT */
/*
 * vm_word: names of libvirt's in advice: libvirt takes nearly any text for a name, and a
 * command that is printed has to work as it stands.
 */
#ifndef LIB_KIND_VM_VM_WORD_H
#define LIB_KIND_VM_VM_WORD_H

#include "lib/base/arena.h"

/* As an argument of virsh that names a domain, for a shell: worker-1, 'Windows 10',
 * --domain='-x'. Of its own where nothing has to be quoted, else in the arena. */
const char *vm_word(struct arena *a, const char *name);

/* As a value in YAML: worker-1, "a: b". */
const char *vm_yaml_word(struct arena *a, const char *name);

#endif
