/* SPDX-License-Identifier: MIT */
/*
 * health: whether libvirt answers at all, and what the state of all connections together
 * is called. Hides the pings, which distinguish a silent libvirt from a busy one
 * with one long call. On the main loop.
 */
#ifndef DAEMON_VIRT_HEALTH_H
#define DAEMON_VIRT_HEALTH_H

#include "daemon/virt/connection.h"
#include "daemon/virt/noun.h"
#include "daemon/virt/status.h"
#include "lib/base/text.h"

struct health;

/* The connections, ENDPOINTS of them, are the peers of the calls and outlive the health. */
struct health *health_new(struct calls *calls, struct connection *const *connections);
void health_free(struct health *health); /* NULL allowed */

/* The three of struct calls_callbacks, for calls whose peer is one of the connections. */
void health_slow(struct health *health, const struct virt_call *call, int64_t ms);
void health_overdue(struct health *health, const struct virt_call *call);
void health_ended(
    struct health *health, const struct virt_call *call, const void *peer, int64_t at);

/* Adds to `detail` why it is so: never empty. */
enum virt_status health_status(const struct health *health, struct text *detail);

#endif
