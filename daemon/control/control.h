/* SPDX-License-Identifier: MIT */
/*
 * control: the socket homek8sctl talks to: Varlink (lib/wire/varlink.h) for up to 128
 * clients. Hides accepting, framing, caps, peer credentials and streaming. Reading is for
 * everyone who may connect; methods that change something need uid 0, the daemon's own
 * uid, or group homek8s. Main loop only.
 */
#ifndef DAEMON_CONTROL_CONTROL_H
#define DAEMON_CONTROL_CONTROL_H

#include <ev.h>

#include "lib/base/error.h"

struct engine;
struct control;

/* Takes the listening socket from systemd where it passed one, else binds `path`. */
struct control *control_new(
    struct ev_loop *loop, const char *path, struct engine *engine, struct error *e);
void control_free(struct control *control);

/* A plan was made, and what it was made of has not changed since: calls that waited for
 * it are answered, and streams are sent what differs (coalesced to ten a second). May be
 * called in the middle of a client's call. */
void control_changed(struct control *control);

#endif
