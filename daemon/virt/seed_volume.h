/* SPDX-License-Identifier: MIT */
/*
 * seed_volume: seeds in libvirt's storage pools: made, read back and deleted through its
 * storage API. What was not made by homek8sd is never written to or deleted, whatever it is
 * called. On the transfer thread; nothing half made is left behind but where the connection
 * or the process ends meanwhile: what is then there is known by its contents.
 */
#ifndef DAEMON_VIRT_SEED_VOLUME_H
#define DAEMON_VIRT_SEED_VOLUME_H

#include <libvirt/libvirt.h>

#include "daemon/virt/fault.h"
#include "daemon/virt/transfer.h"
#include "lib/model/action.h"

/* The steps seed_make and seed_delete; 0, or -1 with the fault. */
int seed_volume_make(virConnectPtr conn, const struct call *call,
    struct transfer_control *control, struct fault *fault);
int seed_volume_delete(virConnectPtr conn, const struct call *call,
    struct transfer_control *control, struct fault *fault);

/* What the volume POOL/NAME holds: a word of lib/kind/volume/seed.h; NULL: it cannot be
 * said, and the fault is set. */
const char *seed_volume_read(virConnectPtr conn, const char *name, struct fault *fault);

#endif
