/* SPDX-License-Identifier: MIT */
/*
 * methods: what each method of lib/view/methods.def does here. Permission, parameters and
 * kinds are checked before a handler runs; a handler replies exactly once.
 */
#ifndef DAEMON_CONTROL_METHODS_H
#define DAEMON_CONTROL_METHODS_H

#include "daemon/control/stream.h"

/* Replies to the call. False, and nothing done: it needs a current plan, and one is due;
 * only where `may_wait`. */
bool methods_call(struct engine *engine, struct streams *streams, struct client *client,
    const struct varlink_call *call, bool may_wait);

#endif
