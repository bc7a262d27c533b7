/* SPDX-License-Identifier: MIT */
/*
 * thread: one thread that makes blocking calls for the main loop. Hides the queues, the
 * wake-ups and the clock that says when an answer is overdue. Knows nothing of libvirt.
 *
 * Everything here is called on the main loop's thread.
 */
#ifndef DAEMON_VIRT_THREAD_H
#define DAEMON_VIRT_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <ev.h>

enum lane { /* an urgent job overtakes every bulk job that has not begun */
	LANE_URGENT,
	LANE_BULK,
};

#define LANES 2

/* To be the first member of a struct that carries what run() needs and what it found. */
struct job {
	void (*run)(struct job *job);  /* on the call thread; may block */
	void (*done)(struct job *job); /* on the main loop; owns the job from then on */
	void (*drop)(struct job *job); /* frees it unheard; on either thread */
	const char *what;	       /* "look at domain worker-1"; lives as the job */
	int64_t patience;	       /* ms; without an answer for longer: overdue */
	/* The thread's own. */
	TAILQ_ENTRY(job) link;
	enum lane lane;
	bool waiting;
};

struct thread_callbacks {
	/* The call being made is overdue; told once. `what` is the job's. */
	void (*overdue)(void *arg, const char *what);
	/* It was answered after all; its done() has run already. */
	void (*answered)(void *arg);
};

struct call_thread;

struct call_thread *thread_new(
    struct ev_loop *loop, const struct thread_callbacks *callbacks, void *arg);

/* Queues a job, which belongs to the thread until its done(). */
void thread_post(struct call_thread *t, struct job *job, enum lane lane);

/* Whether a posted job has not begun yet; if so and `lane` is the urgent one, it goes
 * there. */
bool thread_requeue(struct call_thread *t, struct job *job, enum lane lane);

/*
 * Drops what has not begun or was not heard yet, runs `last`, ends the thread. True: it
 * has ended. False: a call did not return within `ms`; thread, job and `last` are left to
 * themselves and touch nothing of the main loop's any more.
 */
bool thread_free(struct call_thread *t, struct job *last, int64_t ms);

#endif
