/* SPDX-License-Identifier: MIT */
/*
 * run: a seed is a home, a world, and a list of acts with pauses between them. Each act has
 * a sequence of chance of its own, so that dropping one changes the others as little as can
 * be. After the last all faults end, and after a minute all must be well.
 */
#include "test/sim/run.h"

#include <stdlib.h>
#include <string.h>

#include "test/sim/acts.h"
#include "test/sim/host.h"

#define BOOT (100 * SECOND)
#define WALL_MS 1760000000000

void sim_begin(struct sim *s, uint64_t seed)
{
	struct rng r = rng_of(seed, 1);

	sim = s;
	s->seed = seed;
	s->rng = rng_of(seed, 2);
	s->now_us = BOOT;
	s->wall_ms = WALL_MS;
	s->host = arena_alloc(&s->arena, sizeof(*s->host));
	s->judge = judge_new(s);
	s->world.arena = &s->arena;
	s->world.now_us = s->now_us;
	home_random(&s->home, &s->world, &r);
	s->first = s->home;
	s->faults.lossy = rng_percent(&r, 50);
}

void sim_end(struct sim *s)
{
	daemon_stop(s, true);
	free(s->state.text);
	free(s->last_good.text);
	judge_free(s);
	arena_done(&s->arena);
	sim = NULL;
}

/* It is open for good, or opens hours later. */
static void end_window(struct sim *s)
{
	struct h_maintenance *m = &s->home.maintenance;

	if (m->from == m->to)
		return;
	m->from = (int)((s->wall_ms + s->now_us / MS) / 60000 % 1440 + 600) % 1440;
	m->to = s->seed % 2 ? m->from : (m->from + 1) % 1440;
}

/* All that was out of order is in order; guests ask for their addresses anew. */
static void end_faults(struct sim *s)
{
	int64_t now = s->now_us;

	sim_say(s, "all faults have ended");
	s->calm = true;
	s->faults = (struct faults){ .lossy = s->faults.lossy };
	s->world.budget_blocks = false;
	for (size_t i = 0; i < OBJECTS; i++)
		s->world.objects[i].never_back = false;
	s->faults.down_until[SIM_LIBVIRT] = s->faults.down_until[SIM_KUBERNETES] = now;
	s->home.garbage = NULL;
	s->home.off = false;
	end_window(s);
	files_changed(s);
	if (!s->engine)
		daemon_start(s);
}

static void renew_all(struct sim *s)
{
	for (size_t i = 0; i < DOMS; i++)
		for (size_t k = 0;
		     s->world.doms[i].e.exists && s->world.doms[i].id >= 0 &&
		     k < s->world.doms[i].live.nic_count;
		     k++)
			net_renew(&s->world, &s->world.doms[i].live.nics[k]);
	virt_announce(s);
}

/* With what it knows from its disk it goes on where it was: there is nothing to do. */
static void restart(struct sim *s)
{
	size_t steps = s->steps;

	if (s->promise)
		return;
	daemon_stop(s, s->seed % 2);
	sim_run(s, 5 * SECOND);
	daemon_start(s);
	sim_run(s, 15 * SECOND);
	judge_restarted(s, steps);
}

static bool goes_on(struct sim *s)
{
	struct view view;

	if (!s->engine)
		return false;
	engine_view(s->engine, &view);
	for (size_t i = 0; view.plan && i < view.plan->item_count; i++)
		if (view.plan->items[i]->phase)
			return true;
	return false;
}

static void end(struct sim *s)
{
	size_t steps;

	/* A guest that shuts down slowly, a list that is on its way. */
	sim_run(s, 40 * SECOND);
	end_faults(s);
	sim_run(s, 25 * SECOND);
	renew_all(s);
	sim_run(s, 36 * SECOND);
	/* A restart takes as long as a guest shuts down and boots, and they go one by one. */
	for (int i = 0; i < 12 && goes_on(s); i++)
		sim_run(s, 20 * SECOND);
	judge_end(s);
	steps = s->steps;
	sim_run(s, 50 * SECOND);
	judge_quiet(s, steps);
	judge_end(s);
	restart(s);
}

static int64_t some_pause(struct rng *r)
{
	unsigned how = rng_below(r, 10);

	if (how < 2)
		return 0;
	if (how < 5)
		return rng_below(r, 300) * MS;
	if (how < 8)
		return rng_below(r, 5000) * MS;
	return rng_below(r, 60) * SECOND;
}

static void run_acts(struct sim *s, uint64_t keep, struct result *out)
{
	struct rng r = rng_of(s->seed, 3);

	out->acts = rng_between(&r, 3, 20);
	for (unsigned i = 0; i < out->acts && !s->promise; i++) {
		struct rng own = rng_of(s->seed, 100 + i);
		const struct act *act = act_pick(&own);
		int64_t pause = some_pause(&own);

		for (int tries = 0; keep >> i & 1 && tries < 4 && !act->run(s, &own);
		     tries++)
			act = act_pick(&own);
		out->names[i] = act->name;
		virt_announce(s);
		kube_announce(s);
		sim_run(s, pause);
	}
}

/* Nothing there is ours, and something that is written is there already. */
static bool is_first_start(struct sim *s)
{
	const struct world *w = &s->world;
	bool ours = false;

	for (size_t i = 0; i < NETS; i++)
		ours |= w->nets[i].e.exists && w->nets[i].config.marked;
	for (size_t i = 0; i < DOMS; i++)
		ours |= w->doms[i].e.exists && w->doms[i].config.mark;
	for (size_t i = 0; i < OBJECTS; i++)
		ours |= w->objects[i].e.exists && object_owned(&w->objects[i]);
	return s->engine && s->home.observe && !ours && home_exists(&s->home, w);
}

struct result run_seed(uint64_t seed, uint64_t keep, bool trace)
{
	struct sim *s = calloc(1, sizeof(*s));
	struct result result = { 0 };
	struct error e = { "" };

	if (!s)
		abort();
	s->trace = trace;
	sim_begin(s, seed);
	daemon_start(s);
	s->observing = rng_percent(&s->rng, 50) && is_first_start(s);
	if (s->engine && !s->observing)
		engine_resume(s->engine, NULL, NULL, "root", &e);
	sim_run(s, rng_below(&s->rng, 8) * SECOND);
	run_acts(s, keep, &result);
	if (!s->promise)
		end(s);
	result.promise = s->promise;
	result.failure = s->failure;
	sim_end(s);
	free(s);
	return result;
}

static bool still_fails(uint64_t seed, uint64_t keep, const char *promise)
{
	struct result r = run_seed(seed, keep, false);
	bool same = r.promise && strcmp(r.promise, promise) == 0;

	free(r.failure);
	return same;
}

uint64_t run_shrink(uint64_t seed, const struct result *of)
{
	uint64_t keep = (1ULL << of->acts) - 1;
	bool smaller = true;

	while (smaller) {
		smaller = false;
		for (unsigned i = of->acts; i-- > 0;) {
			uint64_t less = keep & ~(1ULL << i);

			if (less == keep || !still_fails(seed, less, of->promise))
				continue;
			keep = less;
			smaller = true;
		}
	}
	return keep;
}
