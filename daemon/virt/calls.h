/* SPDX-License-Identifier: MIT */
/*
 * calls: a few threads that make blocking calls for the main loop. Hides the queues, the
 * wake-ups and the clock that says how long a call takes. Knows nothing of libvirt.
 *
 * Everything here is called on the main loop's thread.
 */
#ifndef DAEMON_VIRT_CALLS_H
#define DAEMON_VIRT_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <ev.h>

/* A call overtakes those of a later priority that have not begun. */
enum priority {
	PRIORITY_STEP, /* before the reads of its own document too: they see its outcome */
	PRIORITY_URGENT,
	PRIORITY_BULK,
};

#define PRIORITIES 3

/* To be the first member of a struct that carries what run() needs and what it found. */
struct virt_call {
	void (*run)(struct virt_call *call);  /* on a call thread; may block */
	void (*done)(struct virt_call *call); /* on the main loop; owns it from then on */
	void (*drop)(
	    struct virt_call *call); /* frees it without an answer; on any thread */
	const char *what;	     /* "read domain worker-1"; lives as the call */
	int64_t patience; /* ms; under way for longer: overdue; 0: never overdue */
	/* The document it reads or changes, by pointer and by text; calls on one document
	 * are made one after the other. `name` NULL: none. */
	const void *kind;
	const char *name;
	const void *peer; /* whom it asks; for the callbacks */
	uint64_t token;	  /* the caller's */
	bool probe;	  /* silence means that the peer is silent: no honest long call */
	bool answered;	  /* set by run(): the peer has answered, be it with an error */
	/* The module's own. */
	TAILQ_ENTRY(virt_call) link;
	enum priority priority;
	bool waiting, overdue;
	unsigned thread;      /* which runs it, from 0; set before run() */
	int64_t began, ended; /* us, CLOCK_MONOTONIC; callbacks may read them */
};

struct calls_callbacks {
	/* Once a second for every call that is under way for a second or longer. */
	void (*slow)(void *arg, const struct virt_call *call, int64_t ms);
	/* Once: the call is overdue. */
	void (*overdue)(void *arg, const struct virt_call *call, int64_t ms);
	/* Its done() has run: `call` says which it was and may not be followed. `at`: when
	 * the peer answered, in us; 0: it did not. */
	void (*ended)(
	    void *arg, const struct virt_call *call, const void *peer, int64_t at);
};

struct calls;

#define CALLS_THREADS_MAX 4

/* `name` is that of its threads, 15 characters at most. */
struct calls *calls_new(struct ev_loop *loop, unsigned threads, const char *name,
    const struct calls_callbacks *callbacks, void *arg);

/* Queues a call, which belongs to the module until its done(). */
void calls_post(struct calls *calls, struct virt_call *call, enum priority priority);

/* Whether a posted call has not begun yet; if so, it has from now on `priority`, where that
 * is an earlier one than its own. */
bool calls_hurry(struct calls *calls, struct virt_call *call, enum priority priority);

/*
 * Drops what has not begun or whose done() has not run yet, ends the threads, and runs
 * and drops `last` on the last of them. True: that is over. False: a call did not return
 * within `ms`; threads, call and `last` are left to themselves and touch nothing of the
 * main loop's any more.
 */
bool calls_free(struct calls *calls, struct virt_call *last, int64_t ms);

#endif
