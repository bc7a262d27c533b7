/* SPDX-License-Identifier: MIT */
/*
 * vm_edit: what the files vm_patch*.c share: an edit of a stored definition under way, and
 * whether anything was changed by it.
 */
#ifndef LIB_KIND_VM_VM_EDIT_H
#define LIB_KIND_VM_VM_EDIT_H

#include "lib/doc/xml.h"
#include "lib/kind/actions.h"

struct edit {
	struct arena *arena;
	xmlNode *root; /* <domain> */
	bool changed;
	struct error *e;
};

/* NULL takes the attribute away. */
void edit_attribute(
    struct edit *edit, xmlNode *element, const char *name, const char *value);
/* The content at `path`, whose elements are made where there are none. */
void edit_text(struct edit *edit, xmlNode *parent, const char *path, const char *value);
/* Takes away every child of that name. */
void edit_remove(struct edit *edit, xmlNode *parent, const char *name);

/* Machine type, CPU, firmware and boot order, those that the patch has; -1 with the reason. */
int edit_hardware(struct edit *edit, const struct domain_patch *patch);

#endif
