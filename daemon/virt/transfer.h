/* SPDX-License-Identifier: MIT */
/*
 * transfer: what takes minutes (writing an image into a volume), on a thread and a
 * connection of its own, one job after the other, so that nothing else waits for it. Hides
 * the thread, started with the first job; the connection, opened when a job needs it and
 * closed after a while without any; and the way progress takes to the main loop.
 *
 * All functions are called from, and all callbacks run on, the main loop's thread, unless
 * it is said otherwise. A job is a step whose action is slow: it knows nothing of the plan
 * and is known by its token.
 */
#ifndef DAEMON_VIRT_TRANSFER_H
#define DAEMON_VIRT_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "daemon/virt/fault.h"

struct transfer;
struct transfer_control; /* a running job's line to the main loop */

struct transfer_job {
	/* On the transfer thread. 0: done; -1: the fault is set. Reports its progress
	 * often (each MiB), and ends soon after that has returned false, leaving nothing
	 * half done that it can take back: it also runs to its end once it was cancelled. */
	int (*run)(virConnectPtr conn, void *arg, struct transfer_control *control,
	    struct fault *fault);
	/* Frees `arg`, after ended() or instead of it; on any thread. */
	void (*drop)(void *arg);
	void *arg;
	const char *what; /* "upload volume worker-1.qcow2"; copied */
};

enum transfer_end {
	TRANSFER_DONE,
	TRANSFER_FAILED,
	TRANSFER_CANCELLED,
};

struct transfer_callbacks {
	/* At most ten times a second: `done` of `of` bytes; `of` 0: not known. */
	void (*progress)(void *arg, uint64_t token, uint64_t done, uint64_t of);
	/* Failed: `fault` says why, with `what` before it; else it is NULL. */
	void (*ended)(
	    void *arg, uint64_t token, enum transfer_end end, const struct fault *fault);
};

/* The connection is closed after `idle_ms` without a job. */
struct transfer *transfer_new(struct ev_loop *loop, int64_t idle_ms,
    const struct transfer_callbacks *callbacks, void *arg);

/* Queues a job towards libvirt at `uri`. Tokens of jobs that have not ended differ. */
void transfer_post(struct transfer *transfer, const char *uri,
    const struct transfer_job *job, uint64_t token);

/* Asks the job to end; it does through ended(), which may still say DONE. One that has not
 * begun ends when its turn comes. Nothing happens where there is no such job. */
void transfer_cancel(struct transfer *transfer, uint64_t token);

/* On the transfer thread: how far the job is. False: it is cancelled, end. */
bool transfer_report(struct transfer_control *control, uint64_t done, uint64_t of);

/* Cancels everything, waits for up to `ms`, then leaves the thread behind. True: it has
 * ended. There is no callback any more. */
bool transfer_free(struct transfer *transfer, int64_t ms);

#endif
