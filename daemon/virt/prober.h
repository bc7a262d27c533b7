/* SPDX-License-Identifier: MIT */
/*
 * prober: answers the probes of the kind vm: what a disk is (lib/kind/vm/vm_disk.h), how
 * much space is left for it (vm_disk_error.h), and which addresses a guest says it has
 * (vm_agent.h); and of the kind volume: what a seed holds
 * (lib/kind/volume/seed.h), and what a file is as an image (image.h). Disks and guests each on a thread and a connection of its own (transfer.h),
 * since a path may lie on a file server that does not answer, and a guest need not answer
 * either. Hides the connections, and the wait after a failure.
 *
 * On the main loop.
 */
#ifndef DAEMON_VIRT_PROBER_H
#define DAEMON_VIRT_PROBER_H

#include <ev.h>

#include "lib/model/probe.h"

struct prober;

/* `answered`: borrowed for the call. */
struct prober *prober_new(struct ev_loop *loop,
    void (*answered)(void *arg, const struct answer *answer), void *arg);
/* Waits a moment for the threads, without calling back. */
void prober_free(struct prober *p);

/* Queries libvirt at `uri`, unless that is under way; the probe is copied. Where the
 * connection is lost, it does so again a few seconds later. */
void prober_ask(struct prober *p, const char *uri, const struct probe *probe);

#endif
