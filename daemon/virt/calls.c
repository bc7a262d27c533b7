/* SPDX-License-Identifier: MIT */
/*
 * calls: the call threads.
 *
 * Theory of operation. A libvirt call may block for as long as it likes: opening a
 * connection to a stopped libvirtd never returns. So all calls are made by threads of
 * their own, and the main loop only ever waits for this file's lock, which is never held
 * during a call.
 *
 * A call goes round like this:
 *
 *	main loop	calls_post()	into queued[priority], a thread is woken
 *	call thread	run()		made running; the lock is not held
 *	call thread			into finished, the loop is woken by ev_async
 *	main loop	done()		the call is the caller's again
 *
 * Between post and done only the thread that runs it reads or writes a call's own
 * members; the lock's hand-overs order all accesses.
 *
 * Which call is next: the first step, else the first urgent one, else the first bulk one,
 * each time the first whose document no other thread is busy with. So a full listing of 500 objects delays an
 * urgent read by one call, not by 500; the calls on one document are made in order, one
 * after the other, those of one priority; and a call that takes long holds up its own
 * document only. Which of two calls on different documents ends first is open.
 *
 * The main loop gives finished calls a slice of time a turn and then lets other watchers
 * have theirs, so handling 500 answers never becomes a long turn.
 *
 * Of the threads that are idle the first is woken: where one call follows the other, one
 * thread makes them all, and what belongs to the others can rest.
 *
 * While calls are out, a timer looks once a second at how long the running ones take.
 * When none is out there is no timer: idle threads cost no wake-up.
 *
 * The end. calls_free() waits a bounded time. Threads that are stuck then are detached
 * and own the struct: when their calls return some day, the last of them runs the last
 * call, frees everything and ends, without touching the loop, which may be gone.
 */
#include "daemon/virt/calls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/threads.h"
#include "lib/base/arena.h"

#define SLICE_US 2000 /* of one turn of the loop, for handling answers */
#define SLOW_MS 1000

TAILQ_HEAD(call_list, virt_call);

struct worker {
	struct calls *calls;
	pthread_t thread;
	pthread_cond_t work; /* something was queued, or the end is wanted */
	/* Guarded by the lock: */
	struct virt_call *running;
	bool idle; /* waits, and was not woken */
};

struct calls {
	pthread_mutex_t lock; /* guards all down to `abandoned` */
	pthread_cond_t over;
	struct call_list queued[PRIORITIES], finished;
	unsigned alive; /* threads */
	struct virt_call *last;
	bool stopping, ended, abandoned;

	struct worker workers[CALLS_THREADS_MAX];
	unsigned count;

	/* The main loop's own. */
	struct ev_loop *loop;
	ev_async wake;
	ev_timer watch;
	size_t out; /* calls posted and not done yet */
	const struct calls_callbacks *callbacks;
	void *arg;
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* On the call threads. */

static bool same_document(const struct virt_call *a, const struct virt_call *b)
{
	return a->name && b->name && a->kind == b->kind && strcmp(a->name, b->name) == 0;
}

static bool is_free(const struct calls *c, const struct virt_call *call)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->workers[i].running && same_document(c->workers[i].running, call))
			return false;
	return true;
}

static struct virt_call *next_queued(struct calls *c)
{
	struct virt_call *call;

	for (int i = 0; i < PRIORITIES; i++)
		TAILQ_FOREACH(call, &c->queued[i], link)
	if (is_free(c, call))
		return call;
	return NULL;
}

/* With the lock held. */
static void wake(struct worker *w)
{
	w->idle = false;
	pthread_cond_signal(&w->work);
}

static void wake_one(struct calls *c)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->workers[i].idle) {
			wake(&c->workers[i]);
			return;
		}
}

/* Waits for a call; NULL when there will be none any more. */
static struct virt_call *begin(struct worker *w)
{
	struct calls *c = w->calls;
	struct virt_call *call;

	pthread_mutex_lock(&c->lock);
	while (!(call = next_queued(c)) && !c->stopping) {
		w->idle = true;
		pthread_cond_wait(&w->work, &c->lock);
	}
	w->idle = false;
	if (call) {
		TAILQ_REMOVE(&c->queued[call->priority], call, link);
		call->waiting = false;
		call->began = now_us();
		call->thread = (unsigned)(w - c->workers);
		w->running = call;
	}
	pthread_mutex_unlock(&c->lock);
	return call;
}

/* What waited for this document may be more than the thread itself takes next. */
static void finish(struct worker *w, struct virt_call *call)
{
	struct calls *c = w->calls;
	bool nobody;

	pthread_mutex_lock(&c->lock);
	w->running = NULL;
	call->ended = now_us();
	nobody = c->stopping;
	if (!nobody) {
		TAILQ_INSERT_TAIL(&c->finished, call, link);
		ev_async_send(c->loop, &c->wake);
		if (next_queued(c))
			wake_one(c);
	}
	pthread_mutex_unlock(&c->lock);
	if (nobody)
		call->drop(call);
}

static void destroy(struct calls *c)
{
	pthread_mutex_destroy(&c->lock);
	for (unsigned i = 0; i < c->count; i++)
		pthread_cond_destroy(&c->workers[i].work);
	pthread_cond_destroy(&c->over);
	free(c);
}

/* The last thread closes up, and whoever is then left owns the struct. */
static void leave(struct calls *c)
{
	bool last, orphan;

	pthread_mutex_lock(&c->lock);
	last = --c->alive == 0;
	pthread_mutex_unlock(&c->lock);
	if (!last)
		return;
	c->last->run(c->last);
	c->last->drop(c->last);
	pthread_mutex_lock(&c->lock);
	c->ended = true;
	orphan = c->abandoned;
	pthread_cond_signal(&c->over);
	pthread_mutex_unlock(&c->lock);
	if (orphan)
		destroy(c);
}

static void *run_calls(void *arg)
{
	struct worker *w = arg;
	struct virt_call *call;

	while ((call = begin(w))) {
		call->run(call);
		finish(w, call);
	}
	leave(w->calls);
	return NULL;
}

/* On the main loop. */

static struct virt_call *take_finished(struct calls *c)
{
	struct virt_call *call;

	pthread_mutex_lock(&c->lock);
	call = TAILQ_FIRST(&c->finished);
	if (call)
		TAILQ_REMOVE(&c->finished, call, link);
	pthread_mutex_unlock(&c->lock);
	return call;
}

static void hand_back(struct calls *c, struct virt_call *call)
{
	const void *peer = call->peer;
	int64_t at = call->answered ? call->ended : 0;

	if (--c->out == 0)
		ev_timer_stop(c->loop, &c->watch);
	call->done(call);
	c->callbacks->ended(c->arg, call, peer, at);
}

static void on_finished(struct ev_loop *loop, ev_async *wake, int events)
{
	struct calls *c = wake->data;
	int64_t end = now_us() + SLICE_US;
	struct virt_call *call;

	(void)events;
	while ((call = take_finished(c))) {
		hand_back(c, call);
		if (now_us() >= end) {
			ev_async_send(loop, wake);
			break;
		}
	}
}

/* Calls are freed on this thread only, so one that was running cannot go away. */
static struct virt_call *running(struct calls *c, unsigned i)
{
	struct virt_call *call;

	pthread_mutex_lock(&c->lock);
	call = c->workers[i].running;
	pthread_mutex_unlock(&c->lock);
	return call;
}

static void on_watch(struct ev_loop *loop, ev_timer *watch, int events)
{
	struct calls *c = watch->data;

	(void)loop;
	(void)events;
	for (unsigned i = 0; i < c->count; i++) {
		struct virt_call *call = running(c, i);
		int64_t age = call ? (now_us() - call->began) / 1000 : 0;

		if (age < SLOW_MS)
			continue;
		c->callbacks->slow(c->arg, call, age);
		if (call->patience && age >= call->patience && !call->overdue) {
			call->overdue = true;
			c->callbacks->overdue(c->arg, call, age);
		}
	}
}

static void start(struct calls *c, const char *name)
{
	for (unsigned i = 0; i < c->count; i++) {
		struct worker *w = &c->workers[i];

		w->calls = c;
		pthread_cond_init(&w->work, NULL);
		w->thread = thread_start(name, run_calls, w);
	}
}

struct calls *calls_new(struct ev_loop *loop, unsigned threads, const char *name,
    const struct calls_callbacks *callbacks, void *arg)
{
	struct calls *c = must_alloc(sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	thread_init_end(&c->over);
	for (int i = 0; i < PRIORITIES; i++)
		TAILQ_INIT(&c->queued[i]);
	TAILQ_INIT(&c->finished);
	c->loop = loop;
	c->callbacks = callbacks;
	c->arg = arg;
	ev_async_init(&c->wake, on_finished);
	c->wake.data = c;
	ev_async_start(loop, &c->wake);
	ev_timer_init(&c->watch, on_watch, 1.0, 1.0);
	c->watch.data = c;
	c->count = c->alive = threads;
	start(c, name);
	return c;
}

void calls_post(struct calls *c, struct virt_call *call, enum priority priority)
{
	call->priority = priority;
	call->waiting = true;
	if (c->out++ == 0)
		ev_timer_again(c->loop, &c->watch);
	pthread_mutex_lock(&c->lock);
	TAILQ_INSERT_TAIL(&c->queued[priority], call, link);
	wake_one(c);
	pthread_mutex_unlock(&c->lock);
}

bool calls_hurry(struct calls *c, struct virt_call *call, enum priority priority)
{
	bool waiting;

	pthread_mutex_lock(&c->lock);
	waiting = call->waiting;
	if (waiting && priority < call->priority) {
		TAILQ_REMOVE(&c->queued[call->priority], call, link);
		call->priority = priority;
		TAILQ_INSERT_TAIL(&c->queued[priority], call, link);
	}
	pthread_mutex_unlock(&c->lock);
	return waiting;
}

/* With the lock held: waits for the end. False: too long; the threads are on their own. */
static bool wait_for_end(struct calls *c, int64_t ms)
{
	if (thread_wait(&c->over, &c->lock, &c->ended, ms))
		return true;
	c->abandoned = true;
	for (unsigned i = 0; i < c->count; i++)
		pthread_detach(c->workers[i].thread);
	return false;
}

static void drop_all(struct call_list *list)
{
	struct virt_call *call;

	while ((call = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, call, link);
		call->drop(call);
	}
}

bool calls_free(struct calls *c, struct virt_call *last, int64_t ms)
{
	struct call_list left;
	bool ended;

	TAILQ_INIT(&left);
	ev_async_stop(c->loop, &c->wake);
	ev_timer_stop(c->loop, &c->watch);
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	c->last = last;
	for (int i = 0; i < PRIORITIES; i++)
		TAILQ_CONCAT(&left, &c->queued[i], link);
	TAILQ_CONCAT(&left, &c->finished, link);
	for (unsigned i = 0; i < c->count; i++)
		wake(&c->workers[i]);
	ended = wait_for_end(c, ms);
	pthread_mutex_unlock(&c->lock);
	drop_all(&left);
	if (!ended)
		return false;
	for (unsigned i = 0; i < c->count; i++)
		pthread_join(c->workers[i].thread, NULL);
	destroy(c);
	return true;
}
