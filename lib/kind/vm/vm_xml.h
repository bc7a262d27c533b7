/* SPDX-License-Identifier: MIT */
/*
 * vm_xml: libvirt's domain documents: reading what the plan compares, and writing the
 * definition of a domain that does not exist yet. An existing one is never written anew:
 * its addresses, UUID and everything we know nothing of would be lost.
 */
#ifndef LIB_KIND_VM_XML_H
#define LIB_KIND_VM_XML_H

#include <libxml/tree.h>

#include "lib/kind/kinds.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/vm/vm.h"

/*
 * Fills the keys and the "observed only" members of `out` from a document, with their bits.
 * Texts go to the arena. Elements we know nothing of are passed over; a document without
 * what every domain has (memory, vcpu), or with a number that is none, is an error.
 *
 * All disks are kept in `disks`; the one shown as disk.path (and disk.pool, of a volume) is
 * the first hard disk of the boot order, else the first at all. Interfaces
 * keep their order; see struct vm_interface for where they are plugged in.
 */
int vm_xml_read(struct arena *a, const char *xml, struct vm *out, struct error *e);

/* A size in bytes, rounded as vm_memory_round() says; no such element leaves `out` as it
 * is and is an error. `root`: <domain>. */
int vm_xml_size(
    struct arena *a, xmlNode *root, const char *name, int64_t *out, struct error *e);

/*
 * The definition of a new domain for `want`, with the MACs it has been given, under our
 * mark, which names its UUID. `type` is libvirt's word ("kvm", "qemu", "test"), `formats`
 * what each of `disks` is ("qcow2", "raw"), NULL: what the name of its file says. NULL on
 * error.
 */
const char *vm_xml_define(struct arena *a, const struct vm *want, const char *type,
    const char *uuid, const char *const *formats, const struct host_facts *host,
    struct error *e);

/* One interface or disk of it, as a document of its own, in the arena. The disk is at
 * `target` on `bus`; `format` as above. */
const char *vm_xml_interface(struct arena *a, const struct vm_interface *nic);
const char *vm_xml_disk(
    struct arena *a, const struct domain_disk *disk, const char *format);

/* The document of a domain_define step (lib/model/action.h). */
const char *vm_render(struct planner *p, const struct step *step, struct error *e);

#endif
