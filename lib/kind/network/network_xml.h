/* SPDX-License-Identifier: MIT */
/* network_xml: libvirt's network documents: made new, patched, and the parts of updates.
 * They are read by network_read.h. */
#ifndef LIB_KIND_NETWORK_XML_H
#define LIB_KIND_NETWORK_XML_H

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/plan/item.h"

/* The document of a network_define step (lib/model/action.h): network_plan.c. */
const char *network_render(struct planner *p, const struct step *step, struct error *e);

/* A whole definition with our mark, these dynamic ranges, and every reservation that can
 * be made. */
const char *network_xml_new(
    struct planner *p, const struct network *want, struct ranges ranges, struct error *e);

/* The stored document with mode, bridge, address and MTU as written, each with what
 * depends on it, and these dynamic ranges where those it has are outside that address;
 * all else untouched. */
const char *network_xml_patch(struct arena *a, const struct network *want,
    const struct network *stored, struct ranges ranges, struct error *e);

/* "<host mac='..' name='..' ip='..'/>" and "<range start='..' end='..'/>" for an update,
 * with their lease times. */
const char *network_xml_host(struct arena *a, const struct host_entry *host);
const char *network_xml_range(struct arena *a, const struct range_entry *range);

/* A DNS record that stands for nothing: adding it makes libvirt start dnsmasq anew. */
#define NETWORK_TXT "homek8sd.invalid"
const char *network_xml_txt(struct arena *a);

#endif
