/* SPDX-License-Identifier: MIT */
/* threads: a mask of signals around pthread_create, and a monotonic deadline. */
#include "daemon/host/threads.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

pthread_t thread_start(const char *name, void *(*run)(void *arg), void *arg)
{
	sigset_t all, old;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, run, arg) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_setname_np(thread, name);
	return thread;
}

void thread_init_end(pthread_cond_t *over)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(over, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static struct timespec deadline(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

bool thread_wait(
    pthread_cond_t *over, pthread_mutex_t *lock, const bool *ended, int64_t ms)
{
	struct timespec until = deadline(ms);

	while (!*ended)
		if (pthread_cond_timedwait(over, lock, &until) == ETIMEDOUT)
			break;
	return *ended;
}
