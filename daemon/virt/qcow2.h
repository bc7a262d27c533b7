/* SPDX-License-Identifier: MIT */
/* qcow2: the one thing that is read of an image file: what it is laid over. */
#ifndef DAEMON_VIRT_QCOW2_H
#define DAEMON_VIRT_QCOW2_H

#include "lib/base/arena.h"

/*
 * The path of the backing file that a qcow2 image names (QEMU's docs/interop/qcow2.txt),
 * in the arena; relative ones are made absolute. NULL: the file cannot be read, is no
 * qcow2, has no backing file, or one that is no local path. The file is not trusted.
 */
const char *qcow2_backing(struct arena *a, const char *path);

#endif
