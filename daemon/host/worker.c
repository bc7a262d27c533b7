/* SPDX-License-Identifier: MIT */
/* worker: a queue there, a queue back, and an ev_async that wakes the loop. */
#include "daemon/host/worker.h"

#include <pthread.h>
#include <stdlib.h>

#include "daemon/host/threads.h"
#include "lib/base/arena.h"

STAILQ_HEAD(work_items, work_item);

struct worker {
	pthread_mutex_t lock; /* guards all down to `ended` */
	pthread_cond_t posted, idle;
	struct work_items queued, finished;
	bool running, stopping, abandoned, ended;

	/* The main loop's own. */
	pthread_t thread;
	bool started; /* with the first item: a home without use for it has no thread */
	struct ev_loop *loop;
	ev_async wake;
};

/* On the thread */

static void destroy(struct worker *w)
{
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->posted);
	pthread_cond_destroy(&w->idle);
	free(w);
}

/* Waits for an item; NULL when there will be none any more. Holds the lock. */
static struct work_item *take(struct worker *w)
{
	struct work_item *item;

	while (STAILQ_EMPTY(&w->queued) && !w->stopping)
		pthread_cond_wait(&w->posted, &w->lock);
	item = STAILQ_FIRST(&w->queued);
	if (item)
		STAILQ_REMOVE_HEAD(&w->queued, link);
	return item;
}

static void *run_items(void *arg)
{
	struct worker *w = arg;
	struct work_item *item;
	bool abandoned;

	pthread_mutex_lock(&w->lock);
	while ((item = take(w))) {
		w->running = true;
		pthread_mutex_unlock(&w->lock);
		item->run(item);
		pthread_mutex_lock(&w->lock);
		w->running = false;
		STAILQ_INSERT_TAIL(&w->finished, item, link);
		if (!w->stopping)
			ev_async_send(w->loop, &w->wake);
		pthread_cond_signal(&w->idle);
	}
	w->ended = true;
	abandoned = w->abandoned;
	pthread_cond_signal(&w->idle);
	pthread_mutex_unlock(&w->lock);
	if (abandoned)
		destroy(w);
	return NULL;
}

/* On the loop */

static struct work_item *take_finished(struct worker *w)
{
	struct work_item *item;

	pthread_mutex_lock(&w->lock);
	item = STAILQ_FIRST(&w->finished);
	if (item)
		STAILQ_REMOVE_HEAD(&w->finished, link);
	pthread_mutex_unlock(&w->lock);
	return item;
}

static void on_finished(struct ev_loop *loop, ev_async *wake, int events)
{
	struct work_item *item;

	(void)loop;
	(void)events;
	while ((item = take_finished(wake->data)))
		item->done(item);
}

struct worker *worker_new(struct ev_loop *loop)
{
	struct worker *w = must_alloc(sizeof(*w));

	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->posted, NULL);
	thread_init_end(&w->idle);
	STAILQ_INIT(&w->queued);
	STAILQ_INIT(&w->finished);
	w->loop = loop;
	ev_async_init(&w->wake, on_finished);
	w->wake.data = w;
	ev_async_start(loop, &w->wake);
	return w;
}

void worker_post(struct worker *w, struct work_item *item)
{
	if (!w->started)
		w->thread = thread_start("worker", run_items, w);
	w->started = true;
	pthread_mutex_lock(&w->lock);
	STAILQ_INSERT_TAIL(&w->queued, item, link);
	pthread_cond_signal(&w->posted);
	pthread_mutex_unlock(&w->lock);
}

static void drop_all(struct work_items *items)
{
	struct work_item *item;

	while ((item = STAILQ_FIRST(items))) {
		STAILQ_REMOVE_HEAD(items, link);
		item->drop(item);
	}
}

void worker_free(struct worker *w, int64_t ms)
{
	struct work_items left;
	bool ended;

	if (!w)
		return;
	STAILQ_INIT(&left);
	ev_async_stop(w->loop, &w->wake);
	if (!w->started) {
		destroy(w);
		return;
	}
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->posted);
	ended = thread_wait(&w->idle, &w->lock, &w->ended, ms);
	w->abandoned = !ended;
	STAILQ_CONCAT(&left, &w->queued);
	STAILQ_CONCAT(&left, &w->finished);
	if (!ended)
		pthread_detach(w->thread);
	pthread_mutex_unlock(&w->lock);
	drop_all(&left);
	if (ended) {
		pthread_join(w->thread, NULL);
		destroy(w);
	}
}
