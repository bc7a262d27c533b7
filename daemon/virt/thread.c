/* SPDX-License-Identifier: MIT */
/*
 * thread: the call thread.
 *
 * Theory of operation. A libvirt call may block for as long as it likes: opening a
 * connection to a stopped libvirtd never returns. So all calls are made by one thread of
 * their own, and the main loop only ever waits for this file's lock, which is never held
 * during a call.
 *
 * A job goes round like this:
 *
 *	main loop	thread_post()	into queued[lane], the thread is woken
 *	call thread	run()		made running; the lock is not held
 *	call thread			into finished, the loop is woken by ev_async
 *	main loop	done()		the job is the caller's again
 *
 * Between post and done only the call thread reads or writes a job's own members;
 * the lock's hand-overs order all accesses. Two lanes: a bulk job begins only when no
 * urgent one waits, so a full listing of 500 objects delays an urgent look by one call,
 * not by 500. Jobs of one lane run, and all jobs finish, in order.
 *
 * The main loop gives finished jobs a slice of time a turn and then lets other watchers
 * have theirs, so hearing 500 answers never becomes a long turn.
 *
 * While jobs are out, a timer looks once a second at how long the running one takes. When
 * none is out there is no timer: an idle thread costs no wake-up.
 *
 * The end. thread_free() waits a bounded time. A thread that is stuck then is detached
 * and owns the struct: when its call returns some day, it runs the last job, frees
 * everything and ends, without touching the loop, which may be gone.
 */
#include "daemon/virt/thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/arena.h"

#define SLICE_US 2000 /* of one turn of the loop, for hearing answers */

TAILQ_HEAD(jobs, job);

struct call_thread {
	pthread_mutex_t lock; /* guards all down to `abandoned` */
	pthread_cond_t work;  /* something was queued, or the end is wanted */
	pthread_cond_t over;
	struct jobs queued[LANES], finished;
	struct job *running;
	int64_t started; /* us, of the running job */
	bool stopping, ended, abandoned;

	/* The main loop's own. */
	pthread_t thread;
	struct ev_loop *loop;
	ev_async wake;
	ev_timer watch;
	size_t out; /* jobs posted and not heard yet */
	const struct job *overdue;
	const struct thread_callbacks *callbacks;
	void *arg;
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* On the call thread. */

static struct job *first_queued(struct call_thread *t)
{
	struct job *job = TAILQ_FIRST(&t->queued[LANE_URGENT]);

	return job ? job : TAILQ_FIRST(&t->queued[LANE_BULK]);
}

/* Waits for a job; NULL when there will be none any more. */
static struct job *begin(struct call_thread *t)
{
	struct job *job;

	pthread_mutex_lock(&t->lock);
	while (!(job = first_queued(t)) && !t->stopping)
		pthread_cond_wait(&t->work, &t->lock);
	if (job) {
		TAILQ_REMOVE(&t->queued[job->lane], job, link);
		job->waiting = false;
		t->running = job;
		t->started = now_us();
	}
	pthread_mutex_unlock(&t->lock);
	return job;
}

static void finish(struct call_thread *t, struct job *job)
{
	bool unheard;

	pthread_mutex_lock(&t->lock);
	t->running = NULL;
	unheard = t->stopping;
	if (!unheard) {
		TAILQ_INSERT_TAIL(&t->finished, job, link);
		ev_async_send(t->loop, &t->wake);
	}
	pthread_mutex_unlock(&t->lock);
	if (unheard)
		job->drop(job);
}

static void destroy(struct call_thread *t)
{
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->work);
	pthread_cond_destroy(&t->over);
	free(t);
}

static void *run_jobs(void *arg)
{
	struct call_thread *t = arg;
	struct job *job;
	bool orphan;

	while ((job = begin(t))) {
		job->run(job);
		finish(t, job);
	}
	pthread_mutex_lock(&t->lock);
	t->ended = true;
	orphan = t->abandoned;
	pthread_cond_signal(&t->over);
	pthread_mutex_unlock(&t->lock);
	if (orphan)
		destroy(t);
	return NULL;
}

/* On the main loop. */

static struct job *take_finished(struct call_thread *t)
{
	struct job *job;

	pthread_mutex_lock(&t->lock);
	job = TAILQ_FIRST(&t->finished);
	if (job)
		TAILQ_REMOVE(&t->finished, job, link);
	pthread_mutex_unlock(&t->lock);
	return job;
}

static void hear(struct call_thread *t, struct job *job)
{
	bool was_overdue = t->overdue == job;

	if (--t->out == 0)
		ev_timer_stop(t->loop, &t->watch);
	if (was_overdue)
		t->overdue = NULL;
	job->done(job);
	if (was_overdue)
		t->callbacks->answered(t->arg);
}

static void on_finished(struct ev_loop *loop, ev_async *wake, int events)
{
	struct call_thread *t = wake->data;
	int64_t end = now_us() + SLICE_US;
	struct job *job;

	(void)events;
	while ((job = take_finished(t))) {
		hear(t, job);
		if (now_us() >= end) {
			ev_async_send(loop, wake);
			break;
		}
	}
}

static void on_watch(struct ev_loop *loop, ev_timer *watch, int events)
{
	struct call_thread *t = watch->data;
	const struct job *job;
	int64_t age;

	(void)loop;
	(void)events;
	pthread_mutex_lock(&t->lock);
	job = t->running;
	age = (now_us() - t->started) / 1000;
	pthread_mutex_unlock(&t->lock);
	/* Jobs are freed on this thread only, so `job` cannot go away meanwhile. */
	if (!job || job == t->overdue || age < job->patience)
		return;
	t->overdue = job;
	t->callbacks->overdue(t->arg, job->what);
}

/* Signals are the main loop's business: a thread is born with all of them blocked. */
static void start(struct call_thread *t)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&t->thread, NULL, run_jobs, t) != 0)
		abort(); /* as for memory: the service manager starts us again */
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_setname_np(t->thread, "virt-call");
}

struct call_thread *thread_new(
    struct ev_loop *loop, const struct thread_callbacks *callbacks, void *arg)
{
	struct call_thread *t = must_alloc(sizeof(*t));
	pthread_condattr_t monotonic;

	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->over, &monotonic);
	pthread_condattr_destroy(&monotonic);
	for (int i = 0; i < LANES; i++)
		TAILQ_INIT(&t->queued[i]);
	TAILQ_INIT(&t->finished);
	t->loop = loop;
	t->callbacks = callbacks;
	t->arg = arg;
	ev_async_init(&t->wake, on_finished);
	t->wake.data = t;
	ev_async_start(loop, &t->wake);
	ev_timer_init(&t->watch, on_watch, 1.0, 1.0);
	t->watch.data = t;
	start(t);
	return t;
}

void thread_post(struct call_thread *t, struct job *job, enum lane lane)
{
	job->lane = lane;
	job->waiting = true;
	if (t->out++ == 0)
		ev_timer_again(t->loop, &t->watch);
	pthread_mutex_lock(&t->lock);
	TAILQ_INSERT_TAIL(&t->queued[lane], job, link);
	pthread_cond_signal(&t->work);
	pthread_mutex_unlock(&t->lock);
}

bool thread_requeue(struct call_thread *t, struct job *job, enum lane lane)
{
	bool waiting;

	pthread_mutex_lock(&t->lock);
	waiting = job->waiting;
	if (waiting && lane < job->lane) {
		TAILQ_REMOVE(&t->queued[job->lane], job, link);
		job->lane = lane;
		TAILQ_INSERT_TAIL(&t->queued[lane], job, link);
	}
	pthread_mutex_unlock(&t->lock);
	return waiting;
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

/* With the lock held: asks for the end and waits for it. */
static bool wait_for_end(struct call_thread *t, int64_t ms)
{
	struct timespec until = deadline(ms);
	int status = 0;

	while (!t->ended && status != ETIMEDOUT)
		status = pthread_cond_timedwait(&t->over, &t->lock, &until);
	return t->ended;
}

static void drop_all(struct jobs *jobs)
{
	struct job *job;

	while ((job = TAILQ_FIRST(jobs))) {
		TAILQ_REMOVE(jobs, job, link);
		job->drop(job);
	}
}

bool thread_free(struct call_thread *t, struct job *last, int64_t ms)
{
	struct jobs unheard;
	bool ended;

	TAILQ_INIT(&unheard);
	ev_async_stop(t->loop, &t->wake);
	ev_timer_stop(t->loop, &t->watch);
	last->lane = LANE_URGENT;
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	for (int i = 0; i < LANES; i++)
		TAILQ_CONCAT(&unheard, &t->queued[i], link);
	TAILQ_CONCAT(&unheard, &t->finished, link);
	TAILQ_INSERT_TAIL(&t->queued[LANE_URGENT], last, link);
	pthread_cond_signal(&t->work);
	ended = wait_for_end(t, ms);
	t->abandoned = !ended;
	if (!ended)
		pthread_detach(t->thread);
	pthread_mutex_unlock(&t->lock);
	drop_all(&unheard);
	if (ended) {
		pthread_join(t->thread, NULL);
		destroy(t);
	}
	return ended;
}
