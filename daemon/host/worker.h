/* SPDX-License-Identifier: MIT */
/*
 * worker: one thread for what may block for a moment: files, fsync, name lookups. Jobs
 * are run one after the other in the order they were posted; what they found is handed
 * back on the loop. The thread begins with the first of them. Main loop only, but for
 * run().
 */
#ifndef DAEMON_HOST_WORKER_H
#define DAEMON_HOST_WORKER_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* The first member of a struct of the caller's, who allocates and frees it. */
struct work_item {
	STAILQ_ENTRY(work_item) link;	     /* the worker's own */
	void (*run)(struct work_item *item); /* on the thread; touches only its struct */
	/* On the loop, once it was run. `item` is the callee's to free. */
	void (*done)(struct work_item *item);
	/* In its place where the worker ends before. */
	void (*drop)(struct work_item *item);
};

struct worker;

struct worker *worker_new(struct ev_loop *loop);
/* Runs what was posted to its end first, for up to `ms`; then what is left is dropped,
 * and a thread that hangs is left behind. NULL allowed. */
void worker_free(struct worker *w, int64_t ms);

void worker_post(struct worker *w, struct work_item *item);

#endif
