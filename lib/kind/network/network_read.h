/* SPDX-License-Identifier: MIT */
/* network_read: libvirt's network documents as structs. */
#ifndef LIB_KIND_NETWORK_READ_H
#define LIB_KIND_NETWORK_READ_H

#include <libxml/tree.h>

#include "lib/kind/network/network.h"

/* A kind's decode() (lib/model/kind.h). Autostart is a fact of both sides. */
int network_read(
    struct observed *observed, const struct reading *reading, struct error *e);

/* A kind's follow(): leases that libvirt no longer knows of. */
void network_follow(struct observed *now, const struct observed *before,
    const struct object_state *state);

/* The element's mode, an index of network_mode_words; -1: none that can be written. */
int network_read_mode(struct arena *a, xmlNode *forward);
/* What a <range> says. False: it is none, or is reversed. */
bool network_read_range(struct arena *a, xmlNode *element, struct range *range);
/* Its <lease> child, if it has one. */
struct lease_time network_read_lease(struct arena *a, xmlNode *element);

/* libvirt's words for NETWORK_NAT, NETWORK_ROUTE and NETWORK_OPEN. */
extern const char *const network_mode_words[];

#endif
