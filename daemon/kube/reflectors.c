/* SPDX-License-Identifier: MIT */
/* reflectors: an array and loops over it, and the difference between two sets. */
#include "daemon/kube/reflectors.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "lib/base/arena.h"

static void on_read_all(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct reflectors *all = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < all->count; i++)
		reflector_relist(all->items[i]);
}

void reflectors_init(struct reflectors *all, struct kube_host *host)
{
	*all = (struct reflectors){ .host = host };
	ev_init(&all->read_all, on_read_all);
	all->read_all.data = all;
}

void reflectors_free(struct reflectors *all)
{
	ev_timer_stop(all->host->loop, &all->read_all);
	for (size_t i = 0; i < all->count; i++)
		reflector_free(all->items[i]);
	free(all->items);
	free(all->why);
	*all = (struct reflectors){ 0 };
}

static bool is_for(const struct reflector *r, const struct watch_request *request)
{
	return reflector_kind(r) == request->kind &&
	       watch_same(reflector_watch(r), &request->watch);
}

static bool is_needed(
    const struct reflector *r, const struct watch_request *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_for(r, &items[i]))
			return true;
	return false;
}

static bool is_there(const struct reflectors *all, const struct watch_request *request)
{
	for (size_t i = 0; i < all->count; i++)
		if (is_for(all->items[i], request))
			return true;
	return false;
}

static void end(struct reflectors *all, struct reflector *r)
{
	all->host->callbacks->ended(
	    all->host->callback_arg, reflector_kind(r), reflector_watch(r)->prefix);
	reflector_free(r);
}

static void begin(struct reflectors *all, const struct watch_request *request)
{
	struct reflector *r = reflector_new(all->host, request->kind, &request->watch);

	all->items =
	    must_realloc(all->items, (all->count + 1) * sizeof(struct reflector *));
	all->items[all->count++] = r;
	all->host->callbacks->begun(
	    all->host->callback_arg, request->kind, request->watch.prefix);
	if (all->running)
		reflector_resume(r);
	else if (all->cause != LOSS_NONE)
		reflector_pause(r, all->cause, all->why);
}

void reflectors_set(
    struct reflectors *all, const struct watch_request *items, size_t count)
{
	size_t kept = 0, before = all->count;

	for (size_t i = 0; i < before; i++) {
		struct reflector *r = all->items[i];

		if (is_needed(r, items, count))
			all->items[kept++] = r;
		else
			end(all, r);
	}
	all->count = kept;
	for (size_t i = 0; i < count; i++)
		if (!is_there(all, &items[i]))
			begin(all, &items[i]);
}

void reflectors_resume(struct reflectors *all)
{
	all->running = true;
	for (size_t i = 0; i < all->count; i++)
		reflector_resume(all->items[i]);
}

void reflectors_resume_missing(struct reflectors *all)
{
	for (size_t i = 0; i < all->count; i++)
		reflector_resume_missing(all->items[i]);
}

/* Remembered for those that begin while it lasts. */
static void set_cause(struct reflectors *all, enum loss cause, const char *why)
{
	char *copy = must_copy(why);

	free(all->why);
	all->why = copy;
	all->cause = cause;
	all->running = false;
}

void reflectors_pause(struct reflectors *all, enum loss cause, const char *why)
{
	set_cause(all, cause, why);
	for (size_t i = 0; i < all->count; i++)
		reflector_pause(all->items[i], cause, all->why);
}

void reflectors_lose(struct reflectors *all, enum loss cause, const char *why)
{
	set_cause(all, cause, why);
	for (size_t i = 0; i < all->count; i++)
		reflector_lose(all->items[i], cause, all->why);
}

void reflectors_read_all(struct reflectors *all)
{
	if (ev_is_active(&all->read_all))
		return;
	ev_timer_set(&all->read_all, 0, 0);
	ev_timer_start(all->host->loop, &all->read_all);
}

static bool watches(const struct reflector *r, const struct api_path *path)
{
	const char *watched = reflector_watch(r)->path;

	return strcmp(watched, path->collection) == 0 ||
	       strcmp(watched, path->everywhere) == 0;
}

void reflectors_wrote(
    struct reflectors *all, const struct api_path *path, struct json_object *object)
{
	for (size_t i = 0; i < all->count; i++)
		if (watches(all->items[i], path))
			reflector_wrote(all->items[i], object);
}

void reflectors_removed(
    struct reflectors *all, const struct api_path *path, const char *uid)
{
	for (size_t i = 0; i < all->count; i++)
		if (watches(all->items[i], path))
			reflector_removed(all->items[i], path, uid);
}

const char *reflectors_other(const struct reflectors *all, const char *url, size_t nth)
{
	for (size_t i = 0; i < 2 * all->count; i++) {
		const struct reflector *r = all->items[i % all->count];

		if (reflector_known(r) == (i < all->count) &&
		    strcmp(reflector_url(r), url) != 0 && nth-- == 0)
			return reflector_url(r);
	}
	return NULL;
}

void reflectors_refuse(struct reflectors *all, const char *url, const char *why)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(reflector_url(all->items[i]), url) == 0)
			reflector_refuse(all->items[i], why);
}

size_t reflectors_skipped(const struct reflectors *all)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += reflector_skipped(all->items[i]);
	return count;
}

const char *reflectors_failing(const struct reflectors *all, int64_t ms)
{
	const char *why = NULL;
	struct mono since, now = clock_mono();

	for (size_t i = 0; i < all->count; i++) {
		if (reflector_refused(all->items[i]))
			continue;
		why = reflector_failing(all->items[i], &since);
		if (!why || !mono_reached(mono_add(since, ms), now))
			return NULL;
	}
	return why;
}
