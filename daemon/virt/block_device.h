/* SPDX-License-Identifier: MIT */
/*
 * block_device: the number of a block device, and the devices and files under it, from
 * /sys and udev's database where the unit hides the nodes of /dev.
 */
#ifndef DAEMON_VIRT_BLOCK_DEVICE_H
#define DAEMON_VIRT_BLOCK_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/arena.h"

/* The device that a path under /dev is, or false. The node itself need not be there. */
bool block_device_find(const char *path, dev_t *out);

/* The file that a loop device shows, or NULL. */
const char *block_device_loop_file(struct arena *a, dev_t device);

/* The whole disk that a partition is part of; false: it is none. */
bool block_device_whole(dev_t device, dev_t *out);

#endif
