/* SPDX-License-Identifier: MIT */
/*
 * state_writer: the thread takes the contents that are due, one file after the other, and hands
 * back what came of each; an ev_async wakes the loop.
 *
 * A file's content moves from `due` to the thread and is freed when it is on disk. One
 * that could not be written, or comes while writing fails, stands in `failed`, unless a
 * later one is there, until it is time to try again.
 */
#include "daemon/host/state_writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/threads.h"
#include "lib/base/arena.h"
#include "lib/doc/json.h"

struct content {
	char *text; /* NULL: none */
	uint64_t change;
};

struct file {
	struct file *next;
	char *name;
	/* Guarded by the lock. */
	struct content due, failed;
	struct content tried; /* the text is freed: only which one it was */
	bool ended;	      /* `tried` was not reported yet */
	struct error error;   /* of the last try; "": it went well */
	/* The loop's own. */
	uint64_t given, written;
};

struct state_writer {
	struct state_dir *dir;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* something is due, or the end has come */
	struct file *files;	/* added at the front, on the loop */
	bool stopping, ended, abandoned;
	pthread_cond_t over;

	/* The loop's own. */
	pthread_t thread;
	struct ev_loop *loop;
	struct state_writer_hooks hooks;
	void *arg;
	ev_async wake;
	ev_timer retry;
	double retry_s;
	struct error trouble; /* "": none */
};

static void destroy(struct state_writer *w)
{
	struct file *next;

	for (struct file *f = w->files; f; f = next) {
		next = f->next;
		free(f->due.text);
		free(f->failed.text);
		free(f->name);
		free(f);
	}
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	pthread_cond_destroy(&w->over);
	free(w);
}

/* On the thread; the lock is held unless said otherwise */

static struct file *first_due(struct state_writer *w)
{
	for (struct file *f = w->files; f; f = f->next)
		if (f->due.text)
			return f;
	return NULL;
}

/* Without the lock while it writes. */
static void write_one(struct state_writer *w, struct file *f)
{
	struct content now = f->due;
	struct error e = { "" };
	bool failed;

	f->due = (struct content){ 0 };
	pthread_mutex_unlock(&w->lock);
	failed = state_dir_write(w->dir, f->name, now.text, &e) < 0;
	pthread_mutex_lock(&w->lock);
	f->tried.change = now.change;
	f->ended = true;
	f->error = e;
	if (failed && !f->due.text && !f->failed.text)
		f->failed = now;
	else
		free(now.text);
}

static void *run(void *arg)
{
	struct state_writer *w = arg;
	struct file *f;
	bool abandoned;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!(f = first_due(w)) && !w->stopping)
			pthread_cond_wait(&w->changed, &w->lock);
		if (!f)
			break;
		write_one(w, f);
		if (!w->stopping)
			ev_async_send(w->loop, &w->wake);
	}
	w->ended = true;
	abandoned = w->abandoned;
	pthread_cond_signal(&w->over);
	pthread_mutex_unlock(&w->lock);
	if (abandoned)
		destroy(w);
	return NULL;
}

/* On the loop */

/* What has failed is due again; the lock is held. */
static void make_due(struct state_writer *w)
{
	for (struct file *f = w->files; f; f = f->next) {
		if (!f->failed.text)
			continue;
		if (f->due.text)
			free(f->failed.text);
		else
			f->due = f->failed;
		f->failed = (struct content){ 0 };
	}
	pthread_cond_signal(&w->changed);
}

static void retry_now(struct state_writer *w)
{
	pthread_mutex_lock(&w->lock);
	make_due(w);
	pthread_mutex_unlock(&w->lock);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	retry_now(timer->data);
}

/* An ended try that was not reported yet; false: there is none. */
static bool take_ended(
    struct state_writer *w, struct file **file, uint64_t *change, struct error *e)
{
	bool found = false;

	pthread_mutex_lock(&w->lock);
	for (struct file *f = w->files; f && !found; f = f->next) {
		found = f->ended;
		if (!found)
			continue;
		f->ended = false;
		*file = f;
		*change = f->tried.change;
		*e = f->error;
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}

/* The last error of any file; "" when the last try of each went well. */
static struct error any_error(struct state_writer *w)
{
	struct error e = { "" };

	pthread_mutex_lock(&w->lock);
	for (const struct file *f = w->files; f && !*e.text; f = f->next)
		e = f->error;
	pthread_mutex_unlock(&w->lock);
	return e;
}

static void note_trouble(struct state_writer *w)
{
	bool before = *w->trouble.text;

	w->trouble = any_error(w);
	ev_timer_stop(w->loop, &w->retry);
	if (*w->trouble.text) {
		ev_timer_set(&w->retry, w->retry_s, 0);
		ev_timer_start(w->loop, &w->retry);
	} else {
		retry_now(w);
	}
	if (before != (bool)*w->trouble.text)
		w->hooks.trouble(w->arg, state_writer_error(w));
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
	struct state_writer *w = wake->data;
	struct file *f;
	struct error e;
	uint64_t change;

	(void)loop;
	(void)events;
	while (take_ended(w, &f, &change, &e)) {
		if (!*e.text)
			f->written = change;
		note_trouble(w);
		if (w->hooks.ended)
			w->hooks.ended(w->arg, f->name, change, *e.text ? e.text : NULL);
	}
}

struct state_writer *state_writer_new(struct ev_loop *loop, struct state_dir *dir,
    int64_t retry_ms, const struct state_writer_hooks *hooks, void *arg)
{
	struct state_writer *w = must_alloc(sizeof(*w));

	w->dir = dir;
	w->loop = loop;
	w->hooks = *hooks;
	w->arg = arg;
	w->retry_s = (double)retry_ms / 1000;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	thread_init_end(&w->over);
	ev_timer_init(&w->retry, on_retry, 0, 0);
	ev_async_init(&w->wake, on_wake);
	w->retry.data = w->wake.data = w;
	ev_async_start(loop, &w->wake);
	w->thread = thread_start("writer", run, w);
	return w;
}

bool state_writer_free(struct state_writer *w, int64_t ms)
{
	bool ended;

	if (!w)
		return true;
	ev_async_stop(w->loop, &w->wake);
	ev_timer_stop(w->loop, &w->retry);
	pthread_mutex_lock(&w->lock);
	make_due(w);
	w->stopping = true;
	ended = thread_wait(&w->over, &w->lock, &w->ended, ms);
	w->abandoned = !ended;
	if (!ended)
		pthread_detach(w->thread); /* it may free all this once it has the lock */
	pthread_mutex_unlock(&w->lock);
	if (ended) {
		pthread_join(w->thread, NULL);
		destroy(w);
	}
	return ended;
}

struct state_dir *state_writer_dir(const struct state_writer *w)
{
	return w->dir;
}

static struct file *find(const struct state_writer *w, const char *name)
{
	for (struct file *f = w->files; f; f = f->next)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

/* The lock is held. */
static struct file *add(struct state_writer *w, const char *name)
{
	struct file *f = must_alloc(sizeof(*f));

	f->name = must_copy(name);
	f->next = w->files;
	w->files = f;
	return f;
}

void state_writer_put(struct state_writer *w, const char *name,
    struct json_object *document, uint64_t change)
{
	struct content content = { must_copy(json_text(document)), change };
	struct content *slot;
	struct file *f;

	pthread_mutex_lock(&w->lock);
	f = find(w, name);
	if (!f)
		f = add(w, name);
	f->given = change;
	slot = *w->trouble.text ? &f->failed : &f->due;
	free(slot->text);
	*slot = content;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

uint64_t state_writer_written(const struct state_writer *w, const char *name)
{
	const struct file *f = find(w, name);

	return f ? f->written : 0;
}

uint64_t state_writer_given(const struct state_writer *w, const char *name)
{
	const struct file *f = find(w, name);

	return f ? f->given : 0;
}

const char *state_writer_error(const struct state_writer *w)
{
	return *w->trouble.text ? w->trouble.text : NULL;
}
