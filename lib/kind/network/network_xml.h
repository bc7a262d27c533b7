/* SPDX-License-Identifier: MIT */
/* network_xml: libvirt's network documents: read, made new, patched, and the parts of
 * updates. */
#ifndef LIB_KIND_NETWORK_XML_H
#define LIB_KIND_NETWORK_XML_H

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/plan/item.h"

/* A kind's decode() (lib/model/kind.h). Autostart is a fact of both sides. */
int network_xml_decode(
    struct observed *observed, const struct reading *reading, struct error *e);

/* The document of a network_define step (lib/model/action.h): network_plan.c. */
const char *network_render(struct planner *p, const struct step *step, struct error *e);

/* A whole definition with our mark and every reservation that can be made. */
const char *network_xml_new(
    struct planner *p, const struct network *want, struct error *e);

/* The stored document with mode, bridge, address and MTU as written, and the written DHCP
 * ranges where those it has are outside that address; all else untouched. */
const char *network_xml_patch(
    struct arena *a, const struct network *want, const char *stored, struct error *e);

/* "<host mac='..' name='..' ip='..'/>" and "<range start='..' end='..'/>" for an update.
 */
const char *network_xml_host(struct arena *a, const struct host_entry *host);
const char *network_xml_range(struct arena *a, struct range range);

#endif
