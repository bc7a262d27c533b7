/* SPDX-License-Identifier: MIT */
/*
 * disk_space: how much is free where a disk lies (lib/kind/vm/vm_disk_error.h). On a call
 * thread; asks libvirt and the file system, changes nothing.
 */
#ifndef DAEMON_VIRT_DISK_SPACE_H
#define DAEMON_VIRT_DISK_SPACE_H

#include <json-c/json.h>
#include <libvirt/libvirt.h>

#include "daemon/virt/fault.h"

/*
 * The bytes that are free for users who are not root in the file system of the disk's file,
 * a new reference; `name` as in vm_disk.h. NULL: it cannot be said, and `fault` says why.
 */
struct json_object *disk_space(virConnectPtr conn, const char *name, struct fault *fault);

#endif
