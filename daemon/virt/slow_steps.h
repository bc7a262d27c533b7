/* SPDX-License-Identifier: MIT */
/*
 * slow_steps: steps whose action is slow, each a job of a transfer of their own: neither
 * probes of disks nor any other step wait for them. Hides the transfer.
 *
 * On the main loop.
 */
#ifndef DAEMON_VIRT_SLOW_STEPS_H
#define DAEMON_VIRT_SLOW_STEPS_H

#include <ev.h>

#include "daemon/virt/fault.h"
#include "lib/model/action.h"

struct slow_steps;

struct slow_steps_callbacks {
	/* "128KiB of 368KiB" */
	void (*progress)(void *arg, uint64_t token, const char *text);
	/* The call, borrowed, has ended: with the fault; `cancelled`; or done. */
	void (*ended)(void *arg, const struct call *call, const struct fault *fault,
	    bool cancelled);
};

struct slow_steps *slow_steps_new(
    struct ev_loop *loop, const struct slow_steps_callbacks *callbacks, void *arg);
/* Cancels all, and waits a moment for the thread, without calling back. */
void slow_steps_free(struct slow_steps *s);

/* Queues the step, which is copied, towards libvirt at `uri`. */
void slow_steps_run(struct slow_steps *s, const char *uri, const struct call *call);
void slow_steps_cancel(struct slow_steps *s, uint64_t token);

#endif
