/* SPDX-License-Identifier: MIT */
/*
 * disk_identity: what the name of a disk (lib/kind/vm/vm_disk.h) ends at: which file or
 * block device, whatever path, link, volume or loop device leads there, and what lies
 * under it. On a call thread; asks libvirt and the file system, changes nothing.
 *
 * An identity is
 *
 *   "file DEVICE INODE"   of a file that can be found
 *   "block MAJOR:MINOR"   of a block device
 *   "path PATH"           of what is not there, or cannot be reached from here (the unit
 *                         hides /home and most of /dev): the path, resolved as far as it
 *                         can be
 *   "volume POOL/NAME"    of a volume that libvirt gives no path of
 */
#ifndef DAEMON_VIRT_DISK_IDENTITY_H
#define DAEMON_VIRT_DISK_IDENTITY_H

#include <json-c/json.h>
#include <libvirt/libvirt.h>

#include "daemon/virt/fault.h"
#include "lib/base/arena.h"

/*
 * The answer to a probe about the disk of that name, a new reference. NULL: it cannot be
 * said, and `fault` says why.
 */
struct json_object *disk_identity(
    virConnectPtr conn, const char *name, struct fault *fault);

/* The path that the name leads to, in the arena. NULL: it leads to none, or libvirt does not
 * say it; where the connection is lost, `fault` says so. */
const char *disk_path(
    virConnectPtr conn, struct arena *a, const char *name, struct fault *fault);

#endif
