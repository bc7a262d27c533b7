/* SPDX-License-Identifier: MIT */
/*
 * vm_disk: the disk that is written, those of a domain's document, and how each is named so that libvirt and
 * the file system can say which file or device it ends at. Two names may mean one disk:
 * what they mean is compared in vm_claims.h.
 */
#ifndef LIB_KIND_VM_VM_DISK_H
#define LIB_KIND_VM_VM_DISK_H

#include <libxml/tree.h>

#include "lib/kind/vm/vm.h"

/*
 * Names of disks, which are the questions of the kind's probes too (lib/model/probe.h):
 *
 *   "path PATH"            a file, block device or directory
 *   "volume POOL/NAME"     of a storage pool
 *   "network ..."          protocol, name and hosts; nothing on this host says more
 *
 * The answer to the first two, of status DISK_ANSWERED, is an array of texts, each an
 * identity behind a sign: "=ID" the disk itself, under every name it is known to have,
 * "<ID" what it only reads: the files of its backing chain, the whole of a partition. Texts
 * of equal identity are equal. No array and an error: it cannot be said.
 */
#define VM_DISKS_MAX 20	      /* of `disks`: vdb to vdu */
#define VOLUME_NAME "volume " /* before POOL/NAME */
#define DISK_ANSWERED 200
#define DISK_IS '='
#define DISK_READS '<'

/* The keys of `disk:` and of an element of `disks:`, and what their tables cannot say. */
extern const struct fields vm_disk_fields, vm_more_disk_fields;
void vm_disk_check(struct vm *vm, struct report *report);

/* All disks of the document, in its order, those without a medium left out; the files of
 * backing chains, where the document has them, follow their disk. Into `out`. */
void vm_disk_read_all(struct arena *a, xmlNode *devices, struct vm *out);

/* The element of the disk at that target, if it has that name, of a domain's document; in
 * the arena. NULL: there is none. */
const char *vm_disk_element(
    struct arena *a, const char *xml, const char *target, const char *name);

/* Fills `disks` of a VM that is written. */
void vm_disk_name(struct arena *a, struct vm *want);

/* The name of the volume that a written disk without a path is: "w.qcow2",
 * "w.data.qcow2". Names of VMs have no dots. */
const char *vm_disk_volume(
    struct arena *a, const struct vm *vm, const struct vm_disk *disk);

/* What is read at that path, as an image of a backing chain; the volume POOL/NAME. */
struct domain_disk vm_disk_of_path(struct arena *a, const char *path);
struct domain_disk vm_disk_of_volume(struct arena *a, const char *volume);

/* For people: "/a/b.qcow2", "volume w.qcow2 of pool vms". */
const char *vm_disk_text(struct arena *a, const struct domain_disk *disk);

#endif
