/* SPDX-License-Identifier: MIT */
/*
 * image_file: what a file outside of every storage pool is, as an image that disks are laid
 * over (lib/kind/volume/image.h). On a call thread; reads the file's head, changes nothing.
 */
#ifndef DAEMON_VIRT_IMAGE_FILE_H
#define DAEMON_VIRT_IMAGE_FILE_H

#include <json-c/json.h>
#include <libvirt/libvirt.h>

#include "daemon/virt/fault.h"

/*
 * The answer to a probe of the image at that path, a new reference: its format by what it
 * holds, whatever it is called; or why that cannot be said.
 */
struct json_object *image_file(virConnectPtr conn, const char *path, struct fault *fault);

#endif
