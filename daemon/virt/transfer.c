/* SPDX-License-Identifier: MIT */
/*
 * transfer: one call thread (calls.h) and one link, which only that thread uses. What both
 * sides share while a job runs is in `struct transfer_control`: two figures and a flag,
 * atomic each. The loop is woken through `struct shared`, which outlives the transfer
 * where the thread is left behind, and by then has no loop any more.
 */
#include "daemon/virt/transfer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/host/clock.h"
#include "daemon/virt/calls.h"
#include "daemon/virt/connection.h"
#include "daemon/virt/link.h"
#include "lib/base/arena.h"

#define PROGRESS_US 100000

struct shared {
	pthread_mutex_t lock;
	struct ev_loop *loop; /* NULL: the transfer is gone; guarded by the lock */
	ev_async wake;
	/* The transfer thread's own. */
	struct link *link;
	char *uri;    /* of what is open, or was last */
	uint64_t key; /* of what is open; 0: nothing */
};

struct transfer_control {
	struct shared *shared;
	atomic_bool cancelled;
	atomic_uint_fast64_t done, of;
	int64_t reported; /* us; the transfer thread's */
};

struct run {
	struct virt_call call;
	TAILQ_ENTRY(run) link;
	struct transfer *transfer;
	struct shared *shared;
	struct transfer_job job;
	struct transfer_control control;
	char *uri, *what;
	uint64_t key;	    /* for opening, where that is needed */
	uint64_t passed_on; /* progress that was passed on */
	bool succeeded;
	struct fault fault;
};

struct transfer {
	struct ev_loop *loop;
	const struct transfer_callbacks *callbacks;
	void *arg;
	struct calls *calls; /* NULL: no job so far */
	struct shared *shared;
	TAILQ_HEAD(, run) runs; /* queued and under way */
	ev_timer idle;
};

/* What ends the connection, on the transfer thread. */
struct closing {
	struct virt_call call;
	struct shared *shared;
};

/* On the transfer thread. */

bool transfer_report(struct transfer_control *control, uint64_t done, uint64_t of)
{
	struct shared *s = control->shared;
	int64_t now = clock_micros();

	control->done = done;
	control->of = of;
	if (now - control->reported >= PROGRESS_US) {
		control->reported = now;
		pthread_mutex_lock(&s->lock);
		if (s->loop)
			ev_async_send(s->loop, &s->wake);
		pthread_mutex_unlock(&s->lock);
	}
	return !control->cancelled;
}

static void disconnect(struct shared *s)
{
	link_close(s->link, s->key);
	s->key = 0;
}

/* Lends what is open, if that leads to the same place; else connects. */
static int connect_for(struct run *run, struct use *use)
{
	struct shared *s = run->shared;
	const struct link_target target = { run->uri, run->key, 0 };
	unsigned long version;

	if (s->key && strcmp(s->uri, run->uri) == 0)
		return link_take(s->link, s->key, 0, use, &run->fault);
	disconnect(s);
	if (link_open(s->link, &target, &version, &run->fault) < 0)
		return -1;
	free(s->uri);
	s->uri = must_copy(run->uri);
	s->key = run->key;
	return link_take(s->link, s->key, 0, use, &run->fault);
}

static void run_job(struct virt_call *call)
{
	struct run *run = (struct run *)call;
	autouse struct use use = { 0 };

	if (run->control.cancelled)
		return;
	if (connect_for(run, &use) == 0)
		run->succeeded =
		    run->job.run(use.conn, run->job.arg, &run->control, &run->fault) == 0;
	if (run->fault.lost)
		disconnect(run->shared);
}

static void drop_run(struct virt_call *call)
{
	struct run *run = (struct run *)call;

	run->job.drop(run->job.arg);
	free(run->uri);
	free(run->what);
	free(run);
}

static void run_closing(struct virt_call *call)
{
	disconnect(((struct closing *)call)->shared);
}

static void free_closing(struct virt_call *call)
{
	free(call);
}

/* The last call of all. */
static void drop_shared(struct virt_call *call)
{
	struct shared *s = ((struct closing *)call)->shared;

	link_free(s->link);
	pthread_mutex_destroy(&s->lock);
	free(s->uri);
	free(s);
	free(call);
}

/* On the main loop. */

static void on_progress(struct ev_loop *loop, ev_async *wake, int events)
{
	struct transfer *t = wake->data;
	struct run *run = TAILQ_FIRST(&t->runs);

	(void)loop;
	(void)events;
	if (!run || run->control.done == run->passed_on)
		return;
	run->passed_on = run->control.done;
	t->callbacks->progress(t->arg, run->call.token, run->passed_on, run->control.of);
}

static enum transfer_end end_of(const struct run *run)
{
	if (run->succeeded)
		return TRANSFER_DONE;
	return run->control.cancelled ? TRANSFER_CANCELLED : TRANSFER_FAILED;
}

static void on_done(struct virt_call *call)
{
	struct run *run = (struct run *)call;
	struct transfer *t = run->transfer;
	enum transfer_end end = end_of(run);

	TAILQ_REMOVE(&t->runs, run, link);
	if (TAILQ_EMPTY(&t->runs))
		ev_timer_again(t->loop, &t->idle);
	if (end == TRANSFER_FAILED)
		fail_in(&run->fault.error, "%s", run->what);
	t->callbacks->ended(
	    t->arg, call->token, end, end == TRANSFER_FAILED ? &run->fault : NULL);
	drop_run(call);
}

static struct closing *closing_new(
    struct transfer *t, void (*drop)(struct virt_call *call))
{
	struct closing *closing = must_alloc(sizeof(*closing));

	closing->shared = t->shared;
	closing->call = (struct virt_call){ .run = run_closing,
		.done = free_closing,
		.drop = drop,
		.what = "close the idle connection" };
	return closing;
}

static void on_idle(struct ev_loop *loop, ev_timer *idle, int events)
{
	struct transfer *t = idle->data;

	(void)events;
	ev_timer_stop(loop, idle);
	calls_post(t->calls, &closing_new(t, free_closing)->call, PRIORITY_BULK);
}

/* A job may take any time, and says itself how far it is. */
static void on_slow(void *arg, const struct virt_call *call, int64_t ms)
{
	(void)arg;
	(void)call;
	(void)ms;
}

static void on_ended(
    void *arg, const struct virt_call *call, const void *peer, int64_t at)
{
	(void)arg;
	(void)call;
	(void)peer;
	(void)at;
}

static const struct calls_callbacks calls_callbacks = { on_slow, on_slow, on_ended };

static struct shared *shared_new(struct transfer *t)
{
	struct shared *s = must_alloc(sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	s->link = link_new();
	s->loop = t->loop;
	ev_async_init(&s->wake, on_progress);
	s->wake.data = t;
	ev_async_start(t->loop, &s->wake);
	return s;
}

struct transfer *transfer_new(struct ev_loop *loop, int64_t idle_ms,
    const struct transfer_callbacks *callbacks, void *arg)
{
	struct transfer *t = must_alloc(sizeof(*t));

	t->loop = loop;
	t->callbacks = callbacks;
	t->arg = arg;
	TAILQ_INIT(&t->runs);
	ev_timer_init(&t->idle, on_idle, 0.0, (double)idle_ms / 1000.0);
	t->idle.data = t;
	return t;
}

void transfer_post(
    struct transfer *t, const char *uri, const struct transfer_job *job, uint64_t token)
{
	struct run *run = must_alloc(sizeof(*run));

	if (!t->calls) {
		t->shared = shared_new(t);
		t->calls = calls_new(t->loop, 1, "virt-transfer", &calls_callbacks, t);
	}
	ev_timer_stop(t->loop, &t->idle);
	run->transfer = t;
	run->shared = run->control.shared = t->shared;
	run->job = *job;
	run->uri = must_copy(uri);
	run->what = must_copy(job->what);
	run->key = connection_next_key();
	run->call = (struct virt_call){ .run = run_job,
		.done = on_done,
		.drop = drop_run,
		.what = run->what,
		.token = token };
	TAILQ_INSERT_TAIL(&t->runs, run, link);
	calls_post(t->calls, &run->call, PRIORITY_BULK);
}

void transfer_cancel(struct transfer *t, uint64_t token)
{
	struct run *run;

	TAILQ_FOREACH(run, &t->runs, link)
	if (run->call.token == token)
		run->control.cancelled = true;
}

/* Runs are freed on this thread only until calls_free() begins, so all can be reached. */
bool transfer_free(struct transfer *t, int64_t ms)
{
	struct shared *s = t->shared;
	struct run *run;
	bool ended = true;

	ev_timer_stop(t->loop, &t->idle);
	TAILQ_FOREACH(run, &t->runs, link)
	run->control.cancelled = true;
	if (t->calls) {
		pthread_mutex_lock(&s->lock);
		s->loop = NULL;
		pthread_mutex_unlock(&s->lock);
		ev_async_stop(t->loop, &s->wake);
		ended = calls_free(t->calls, &closing_new(t, drop_shared)->call, ms);
	}
	free(t);
	return ended;
}
