/* SPDX-License-Identifier: MIT */
/*
 * host: time. Stands in for libev (only timers are used by daemon/engine), for the clocks,
 * for inotify and for the journal. One queue of points in time drives everything; of two at
 * the same instant the one that was asked for first comes first.
 */
#include "test/sim/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/host/watch.h"
#include "daemon/journal/journal.h"

struct sim *sim;

/* Clocks */

struct mono clock_mono(void)
{
	return (struct mono){ (sim->now_us - sim->boot_us) / MS };
}

int64_t clock_micros(void)
{
	return sim->now_us;
}

int64_t clock_wall(void)
{
	return sim->wall_ms + sim->now_us / MS;
}

int64_t clock_local(void)
{
	return clock_wall();
}

const char *clock_boot(void)
{
	static char boot[24];

	snprintf(boot, sizeof(boot), "%lld", (long long)sim->boot_us);
	return boot;
}

uint32_t clock_random(void)
{
	return (uint32_t)rng_next(&sim->rng);
}

/* Timers of libev */

static int64_t micros(double seconds)
{
	return (int64_t)(seconds * 1e6 + 0.5);
}

void ev_timer_stop(struct ev_loop *loop, ev_timer *timer)
{
	struct host *h = sim->host;

	(void)loop;
	timer->active = 0;
	for (size_t i = 0; i < h->timer_count; i++)
		if (h->timers[i].timer == timer)
			h->timers[i--] = h->timers[--h->timer_count];
}

void ev_timer_start(struct ev_loop *loop, ev_timer *timer)
{
	struct host *h = sim->host;

	(void)loop;
	if (timer->active)
		return;
	if (h->timer_count == TIMERS)
		abort();
	timer->active = 1;
	h->timers[h->timer_count++] =
	    (struct timer){ sim->now_us + micros(timer->at), ++h->order, timer };
}

/* The queue */

void sim_at(struct sim *s, int64_t at_us, bool of_daemon,
    void (*run)(struct sim *, void *), void *arg)
{
	struct host *h = s->host;

	if (h->due_count == EVENTS)
		abort();
	h->due[h->due_count++] =
	    (struct due){ at_us, ++h->order, of_daemon ? s->life : 0, run, arg };
}

int64_t sim_later(struct sim *s, unsigned first_ms, unsigned last_ms)
{
	if (s->calm)
		return s->now_us + MS;
	return s->now_us + (int64_t)rng_between(&s->rng, first_ms * 1000, last_ms * 1000);
}

static bool is_before(int64_t at, uint64_t order, int64_t than, uint64_t than_order)
{
	return at < than || (at == than && order < than_order);
}

/* The next event and the next timer, as places; SIZE_MAX: none. */
static void find_next(const struct host *h, size_t *event, size_t *timer)
{
	*event = *timer = SIZE_MAX;
	for (size_t i = 0; i < h->due_count; i++)
		if (*event == SIZE_MAX || is_before(h->due[i].at_us, h->due[i].order,
					      h->due[*event].at_us, h->due[*event].order))
			*event = i;
	for (size_t i = 0; i < h->timer_count; i++)
		if (*timer == SIZE_MAX ||
		    is_before(h->timers[i].at_us, h->timers[i].order,
			h->timers[*timer].at_us, h->timers[*timer].order))
			*timer = i;
	if (*event == SIZE_MAX || *timer == SIZE_MAX)
		return;
	if (is_before(h->due[*event].at_us, h->due[*event].order, h->timers[*timer].at_us,
		h->timers[*timer].order))
		*timer = SIZE_MAX;
	else
		*event = SIZE_MAX;
}

static void announce(struct sim *s)
{
	virt_announce(s);
	kube_announce(s);
}

static void run_world(struct sim *s, int64_t at)
{
	s->now_us = at > s->now_us ? at : s->now_us;
	judge_before(s);
	world_advance(&s->world, s->now_us);
	judge_after(s, NULL);
	announce(s);
}

static void run_timer(struct sim *s, size_t i)
{
	ev_timer *timer = s->host->timers[i].timer;

	s->host->timers[i] = s->host->timers[--s->host->timer_count];
	timer->active = 0;
	timer->cb(NULL, timer, EV_TIMER);
}

static void run_event(struct sim *s, size_t i)
{
	struct due due = s->host->due[i];

	s->host->due[i] = s->host->due[--s->host->due_count];
	if (!due.life || due.life == s->life)
		due.run(s, due.arg);
}

bool sim_step(struct sim *s, int64_t until_us)
{
	struct host *h = s->host;
	int64_t world = world_next(&s->world), at = INT64_MAX;
	size_t event, timer;

	find_next(h, &event, &timer);
	if (event != SIZE_MAX)
		at = h->due[event].at_us;
	else if (timer != SIZE_MAX)
		at = h->timers[timer].at_us;
	if (world < at)
		at = world;
	if (at > until_us || s->promise)
		return false;
	if (world == at) {
		run_world(s, at);
		return true;
	}
	s->now_us = at > s->now_us ? at : s->now_us;
	s->world.now_us = s->now_us;
	if (event != SIZE_MAX)
		run_event(s, event);
	else
		run_timer(s, timer);
	announce(s);
	return true;
}

void sim_run(struct sim *s, int64_t us)
{
	int64_t until = s->now_us + us;

	while (sim_step(s, until))
		;
	if (!s->promise)
		s->now_us = s->world.now_us = until;
}

/* The watch on the files */

/* `struct watch` is another thing in lib/model. */
struct file_watch {
	void (*changed)(void *arg);
	void *arg;
};

struct watch *watch_new(struct ev_loop *loop, const char *directory,
    const struct watch_hooks *hooks, void *arg, struct error *e)
{
	struct file_watch *w = must_alloc(sizeof(*w));

	(void)loop;
	(void)directory;
	(void)e;
	*w = (struct file_watch){ hooks->changed, arg };
	sim->host->watch = w;
	return (struct watch *)w;
}

void watch_free(struct watch *watch)
{
	if (sim->host->watch == (struct file_watch *)watch)
		sim->host->watch = NULL;
	free(watch);
}

void watch_file(struct watch *watch, const char *path)
{
	(void)watch;
	(void)path;
}

const char *watch_writing(struct watch *watch)
{
	(void)watch;
	return NULL;
}

void files_reload(struct sim *s)
{
	if (!s->engine) {
		daemon_start(s);
		return;
	}
	if (!s->host->watch)
		return;
	s->host->watch->changed(s->host->watch->arg);
	files_loaded(s);
}

static void report_files(struct sim *s, void *arg)
{
	(void)arg;
	s->host->files_due = false;
	files_reload(s);
}

void files_changed(struct sim *s)
{
	if (s->host->files_due)
		return;
	s->host->files_due = true;
	sim_at(s, s->now_us + 100 * MS, false, report_files, NULL);
}

/* The journal */

void journal_say(enum level level, enum message message, const struct subject *subject,
    const char *format, ...)
{
	va_list list;

	(void)level;
	(void)message;
	if (!sim->trace)
		return;
	printf("[%9.3f] ", (double)sim->now_us / 1e6);
	if (subject && subject->kind)
		printf("%s/%s: ", subject->kind, subject->name);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
}

void sim_say(const struct sim *s, const char *format, ...)
{
	va_list list;

	if (!s->trace)
		return;
	printf("[%9.3f] -- ", (double)s->now_us / 1e6);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
}

static const struct {
	const char *promise, *text, *owner;
} known[] = {
#define KNOWN(promise, text, owner) { promise, text, owner },
#include "test/sim/known.def"
#undef KNOWN
	{ "", "", "" },
};

static bool is_known(const char *promise, const char *text)
{
	for (size_t i = 0; i + 1 < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].promise, promise) == 0 && strstr(text, known[i].text))
			return true;
	return false;
}

void sim_fail(struct sim *s, const char *promise, const char *format, ...)
{
	va_list list;
	char text[600];

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	sim_say(s, "BROKEN %s: %s", promise, text);
	if (s->promise || is_known(promise, text))
		return;
	s->promise = promise;
	s->failure = must_printf("%s: %s", promise, text);
}
