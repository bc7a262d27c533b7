/* SPDX-License-Identifier: MIT */
/* host: what host.c and disk.c share: the event loop that is none, and the queue of times. */
#ifndef TEST_SIM_HOST_H
#define TEST_SIM_HOST_H

#include <ev.h>

#include "daemon/host/state_writer.h"
#include "test/sim/sim.h"

#define EVENTS 600
#define TIMERS 64

struct due {
	int64_t at_us;
	uint64_t order; /* of those at one time the first to be asked for comes first */
	unsigned life;	/* 0: of the world */
	void (*run)(struct sim *s, void *arg);
	void *arg;
};

struct timer {
	int64_t at_us;
	uint64_t order;
	ev_timer *timer;
};

struct host {
	struct due due[EVENTS];
	size_t due_count;
	struct timer timers[TIMERS];
	size_t timer_count;
	uint64_t order;
	struct state_writer *writer; /* NULL: the daemon does not run */
	struct file_watch *watch;
	bool dying; /* nothing is written any more */
	bool files_due;
};

/* The daemon has read the files, with or without success. */
void files_loaded(struct sim *s);

#endif
