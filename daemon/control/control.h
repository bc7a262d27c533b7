/* SPDX-License-Identifier: MIT */
/*
 * control: the socket homek8sctl talks to: Varlink (lib/wire/varlink.h) for up to 128
 * clients. Hides accepting, framing, caps, peer credentials and streaming. Reading is for
 * everyone who may connect; methods that change something need uid 0, the daemon's own
 * uid, or group homek8s.
 */
#ifndef DAEMON_CONTROL_CONTROL_H
#define DAEMON_CONTROL_CONTROL_H

#include <ev.h>

#include "lib/base/error.h"

struct reconcile;
struct control;

/* Takes the listening socket from systemd where it passed one, else binds `path`. */
struct control *control_new(
    struct ev_loop *loop, const char *path, struct reconcile *reconcile, struct error *e);
void control_free(struct control *control);

/* The status has changed: streams are told (coalesced to ten a second). */
void control_changed(struct control *control);

#endif
