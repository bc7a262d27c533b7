/* SPDX-License-Identifier: MIT */
/*
 * vm_word: names of libvirt's in advice: libvirt takes nearly any text for a name, and a
 * command that is printed has to work as it stands.
 */
#ifndef LIB_KIND_VM_VM_WORD_H
#define LIB_KIND_VM_VM_WORD_H

#include "lib/plan/item.h"

/*
 * The domain of that name as an argument of virsh, for a shell: worker-1, 'Windows 10',
 * --domain='-x'. virsh takes a number for the id of another domain that runs: such a one is
 * named by its UUID, where there is one. Of its own where nothing has to be quoted, else in
 * the plan's arena.
 */
const char *vm_word(struct planner *p, const char *name);

/* A name that is no number as the same argument, in the arena or of its own. */
const char *vm_shell_word(struct arena *a, const char *name);

/* As a value in YAML: worker-1, "a: b". */
const char *vm_yaml_word(struct arena *a, const char *name);

#endif
