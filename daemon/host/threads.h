/* SPDX-License-Identifier: MIT */
/*
 * threads: how every thread of the daemon begins, and how its end is waited for: signals
 * are the main loop's business, and a thread that hangs in a call is left behind.
 */
#ifndef DAEMON_HOST_THREADS_H
#define DAEMON_HOST_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Born with all signals blocked, under a name of at most 15 characters. Aborts where the
 * system has no thread to give, as for memory: the service manager starts us again. */
pthread_t thread_start(const char *name, void *(*run)(void *arg), void *arg);

/* For thread_wait(). */
void thread_init_end(pthread_cond_t *over);
/* With the lock held: waits until the thread has set *ended and signalled `over`, for up
 * to `ms`. Whether it has. */
bool thread_wait(
    pthread_cond_t *over, pthread_mutex_t *lock, const bool *ended, int64_t ms);

#endif
