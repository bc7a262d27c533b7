/* SPDX-License-Identifier: MIT */
/* vm_import: the import() of virtual machines (lib/model/kind.h). */
#ifndef LIB_KIND_VM_IMPORT_H
#define LIB_KIND_VM_IMPORT_H

struct importer;

void vm_import(struct importer *i);

#endif
