/* SPDX-License-Identifier: MIT */
/*
 * roll_call: notices what no event reported. Every half a minute libvirt says in a call or
 * two what all domains and networks are doing; one that is doing something else than when
 * it was read last is read again. So an event that was lost costs half a minute (promise
 * P4), and a home in which nothing happens a few calls.
 *
 * Stands between an observer and whom it reports to. On the main loop.
 */
#ifndef DAEMON_VIRT_ROLL_CALL_H
#define DAEMON_VIRT_ROLL_CALL_H

#include "daemon/virt/observer.h"

struct roll_call;

/* Reports what the observer of the noun says to `callbacks`, which are copied. Reads
 * through `connection` from the next roll_call_use() on. In each round it follows
 * `previous`; NULL: it begins the rounds. */
struct roll_call *roll_call_new(struct ev_loop *loop, struct calls *calls,
    const struct noun *noun, const struct observer_callbacks *callbacks, void *arg,
    struct roll_call *previous);
/* Its calls are dropped by calls, which must end first or be about to end. */
void roll_call_free(struct roll_call *r);

/* What the observer is to call back, with the roll call as its `arg`. */
extern const struct observer_callbacks roll_call_callbacks;

void roll_call_use(
    struct roll_call *r, struct observer *observer, struct connection *connection);
/* Does not wait for the time to come. */
void roll_call_now(struct roll_call *r);

#endif
