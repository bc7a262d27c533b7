/* SPDX-License-Identifier: MIT */
/* storm: a timer that makes as many changes as are due. */
#include "test/fake/storm.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/reqlog.h"
#include "test/fake/tree.h"

#define COUNT_MAX 1000000
#define RATE_MAX 100000
#define TICK 0.001

struct storm {
	struct fake *fake;
	struct ev_timer timer;
	struct version **targets; /* as they were at the start: for their keys */
	size_t ntargets;
	int64_t count, done;
	double rate, started;
};

struct storm *storm_new(struct fake *f)
{
	struct storm *st = xalloc(sizeof(*st));

	st->fake = f;
	return st;
}

static void stop(struct storm *st)
{
	if (st->targets) {
		ev_timer_stop(st->fake->server.loop, &st->timer);
		store_release(st->targets, st->ntargets);
	}
	st->targets = NULL;
	st->count = st->done = 0;
}

void storm_free(struct storm *st)
{
	stop(st);
	free(st);
}

static void change(struct storm *st, const struct version *target)
{
	const char *slash = strchr(target->key, '/');
	char *ns = strndup(target->key, (size_t)(slash - target->key));
	struct version *v = store_find(st->fake->store, target->res, ns, slash + 1);
	struct json_object *obj, *meta;
	char number[32];

	free(ns);
	if (!v)
		return;
	obj = store_object(v);
	meta = tree_child(obj, "metadata");
	snprintf(number, sizeof(number), "%lld", (long long)st->done);
	tree_set(tree_child(meta, "labels"), STORM_LABEL, number);
	snprintf(number, sizeof(number), "%lld", (long long)monotonic_us());
	tree_set(tree_child(meta, "annotations"), STORM_TIME, number);
	store_put(st->fake->store, target->res, obj);
	json_object_put(obj);
}

static void on_tick(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	struct storm *st = t->data;
	int64_t due = (int64_t)((ev_now(loop) - st->started) * st->rate);

	(void)revents;
	while (st->done < st->count && st->done < due) {
		change(st, st->targets[(size_t)st->done % st->ntargets]);
		st->done++;
	}
	if (st->done >= st->count)
		stop(st);
}

struct json_object *storm_start(struct storm *st, struct json_object *spec)
{
	const char *name = tree_str(spec, "resource", NULL);
	const struct resource *res = resource_by_name(name);
	int64_t count = json_object_get_int64(tree_get(spec, "count", NULL));
	double rate = json_object_get_double(tree_get(spec, "per_second", NULL));
	struct store *s = st->fake->store;

	if (!res)
		return status_bad_request("no such resource: \"%s\"", name);
	if (count < 1 || count > COUNT_MAX || rate <= 0 || rate > RATE_MAX)
		return status_bad_request(
		    "count must lie in 1..%d and per_second in 0..%d", COUNT_MAX,
		    RATE_MAX);
	stop(st);
	st->targets = store_at(s, res, store_rv(s), &st->ntargets);
	ev_timer_init(&st->timer, on_tick, TICK, TICK);
	st->timer.data = st;
	if (!st->ntargets) {
		stop(st);
		return status_bad_request("there are no %s to change", name);
	}
	st->count = count;
	st->rate = rate;
	st->started = ev_now(st->fake->server.loop);
	ev_timer_start(st->fake->server.loop, &st->timer);
	return NULL;
}

int64_t storm_left(const struct storm *st)
{
	return st->count - st->done;
}
