/* SPDX-License-Identifier: MIT */
/*
 * vm_patch: edits of a stored definition. Only what is named is touched: addresses, UUIDs,
 * MACs and elements we know nothing of stay as they are. Pure; the adapter applies it to
 * what libvirt has at that moment, secrets included, which are never kept here.
 */
#ifndef LIB_KIND_VM_VM_PATCH_H
#define LIB_KIND_VM_VM_PATCH_H

#include "lib/kind/actions.h"

/* Of a stored definition as libvirt prints it without secrets: another one has another. */
uint64_t vm_patch_version(const char *xml);

/*
 * The definition with what the patch says, in the arena; `xml` itself where it is so
 * already. NULL with the reason where it cannot be so; the reason quotes no content.
 */
const char *vm_patch_apply(
    struct arena *a, const char *xml, const struct domain_patch *patch, struct error *e);

#endif
