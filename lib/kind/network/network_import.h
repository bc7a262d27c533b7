/* SPDX-License-Identifier: MIT */
/* network_import: the import() of networks and of reservations (lib/model/kind.h). */
#ifndef LIB_KIND_NETWORK_IMPORT_H
#define LIB_KIND_NETWORK_IMPORT_H

struct importer;

void network_import(struct importer *i);
/* Those of the networks that are proposed. */
void reservation_import(struct importer *i);

#endif
