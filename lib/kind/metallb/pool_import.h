/* SPDX-License-Identifier: MIT */
/* pool_import: the import() of pools (lib/model/kind.h). */
#ifndef LIB_KIND_METALLB_POOL_IMPORT_H
#define LIB_KIND_METALLB_POOL_IMPORT_H

struct importer;

void pool_import(struct importer *i);

#endif
