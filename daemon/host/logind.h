/* SPDX-License-Identifier: MIT */
/*
 * logind: learns from systemd's logind that this host is about to shut down, and delays that
 * with an inhibitor. Hides the system bus: its connection, which is made anew when it is
 * lost, its calls and what is waited for. Nothing of it blocks; main loop only.
 *
 * While it is not used there is neither a connection nor an inhibitor.
 */
#ifndef DAEMON_HOST_LOGIND_H
#define DAEMON_HOST_LOGIND_H

#include <ev.h>

#include "lib/kind/host/host.h"

struct logind;

/* `changed`: logind_power() says something else; also that it shuts down, or no longer. */
struct logind *logind_new(struct ev_loop *loop, void (*changed)(void *arg), void *arg);
/* An inhibitor that is held is released with it. */
void logind_free(struct logind *l);

void logind_use(struct logind *l, bool use);
/* Asks anew what no signal says. */
void logind_refresh(struct logind *l);
/* While it shuts down: nobody waits any longer for what is done before. */
void logind_release(struct logind *l);

/* What is known; auto_shutdown is not, here. */
const struct host_power *logind_power(const struct logind *l);

#endif
