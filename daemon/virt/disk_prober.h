/* SPDX-License-Identifier: MIT */
/*
 * disk_prober: answers the probes of the kind vm: what a disk is (lib/kind/vm/vm_disk.h), and
 * how much is free where it lies (vm_disk_error.h).
 * On a thread and a connection of its own (transfer.h), since a path may lie on a file
 * server that does not answer. Hides the connection, and the wait after a failure.
 *
 * On the main loop.
 */
#ifndef DAEMON_VIRT_DISK_PROBER_H
#define DAEMON_VIRT_DISK_PROBER_H

#include <ev.h>

#include "lib/model/probe.h"

struct disk_prober;

/* `answered`: borrowed for the call. */
struct disk_prober *disk_prober_new(struct ev_loop *loop,
    void (*answered)(void *arg, const struct answer *answer), void *arg);
/* Waits a moment for the thread, without calling back. */
void disk_prober_free(struct disk_prober *p);

/* Queries libvirt at `uri`, unless that is under way; the probe is copied. Where the
 * connection is lost, it does so again a few seconds later. */
void disk_prober_ask(struct disk_prober *p, const char *uri, const struct probe *probe);

#endif
