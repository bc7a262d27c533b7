/* SPDX-License-Identifier: MIT */
/* engine: puts its parts together: configuration, sources, timers, state on disk. */
#include "daemon/engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/engine/config_load.h"
#include "daemon/engine/core.h"
#include "daemon/engine/cycle.h"
#include "daemon/engine/inbox.h"
#include "daemon/host/clock.h"
#include "daemon/journal/journal.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"

/* Where some changes give no event, all is read often enough to heal within a minute. */
#define BLIND_RESYNC_MS 45000
#define LAST_WRITE_MS 5000 /* at the end of the daemon */
#define STATE_FILE "state.json"

/* State on disk */

void engine_save(struct engine *e)
{
	autojson struct json_object *o = NULL;

	if (!e->writer || e->saved == e->state.persistent_changes)
		return;
	o = state_save(
	    &e->state, &(struct clocks){ clock_mono(), clock_wall(), clock_boot() });
	state_writer_put(e->writer, STATE_FILE, o, e->state.persistent_changes);
	e->saved = e->state.persistent_changes;
}

static void on_save(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	engine_save(timer->data);
}

static void on_written(void *arg, const char *name, uint64_t change, const char *error)
{
	if (strcmp(name, STATE_FILE) == 0)
		inbox_notes_written(arg, error ? UINT64_MAX : change, error);
}

static void on_trouble(void *arg, const char *error)
{
	struct engine *e = arg;

	if (error)
		journal_say(LEVEL_WARNING, MESSAGE_STATE, NULL,
		    "the state cannot be kept on disk: %s; going on from memory", error);
	else
		journal_say(
		    LEVEL_NOTICE, MESSAGE_STATE, NULL, "the state is kept on disk again");
	free(e->unsaved);
	e->unsaved = error ? must_copy(error) : NULL;
	engine_schedule(e);
}

static const struct state_writer_hooks writer_hooks = { on_written, on_trouble };

static void load_state(struct engine *e, const struct config *config)
{
	struct clocks clocks = { clock_mono(), clock_wall(), clock_boot() };
	struct error error = { "" }, why = { "" };
	autojson struct json_object *o =
	    e->writer ? state_dir_read(e->options.state_dir, STATE_FILE, &error) : NULL;

	if (o && state_load(&e->state, o, config, &clocks, &why) < 0)
		state_dir_set_aside(e->options.state_dir, STATE_FILE, why.text, &error);
	if (e->writer && (!o || *why.text)) {
		e->state.fresh = true;
		e->state.persistent_changes++;
	}
	e->saved = e->state.persistent_changes;
	if (*error.text)
		journal_say(LEVEL_WARNING, MESSAGE_STATE, NULL,
		    "the state that was kept is not used: %s", error.text);
}

/* Watches */

static void watch_all(struct engine *e)
{
	struct arena a = { 0 };
	struct watch_set needed = { 0 };

	watch_set_add_all(&a, &needed, e->config, &e->observed);
	e->watches_due = false;
	for (size_t i = 0; i < source_count; i++)
		if (e->sources[i] && adapters[i]->watch)
			adapters[i]->watch(e->sources[i], &needed);
	arena_done(&a);
}

/* Timers */

/* The kubeconfig that the configuration names. */
static void watch_kubeconfig(struct engine *e)
{
	const char *named = e->config->settings.kubernetes.kubeconfig;
	autofree char *path = named ? must_copy(named)
				    : must_printf("%s/kubeconfig", e->options.config_dir);

	watch_file(e->watch, path);
}

static void on_files(void *arg);

static void on_held(void *arg, const char *name)
{
	(void)arg;
	journal_say(LEVEL_NOTICE, MESSAGE_STATE, NULL,
	    "%s has been open for writing for a while; changes of the configuration are read once it is closed",
	    name);
}

static void watch_files(struct engine *e)
{
	static const struct watch_hooks hooks = { on_files, on_held };
	struct error error = { "" };

	e->watch = watch_new(e->loop, e->options.config_dir, &hooks, e, &error);
	if (*error.text)
		journal_say(LEVEL_WARNING, MESSAGE_STATE, NULL,
		    "changes of the configuration are not noticed by themselves: %s",
		    error.text);
}

static void on_plan(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct engine *e = timer->data;

	(void)loop;
	(void)events;
	if (e->watches_due)
		watch_all(e);
	cycle_plan(e);
}

static void on_note(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct engine *e = timer->data;

	(void)loop;
	(void)events;
	inbox_notes_written(e, UINT64_MAX, e->unsaved);
}

static void resync(struct engine *e, size_t source)
{
	if (adapters[source]->read_all)
		adapters[source]->read_all(e->sources[source]);
	probe_store_renew(e->probes, adapters[source]->source);
	engine_schedule(e);
}

void engine_resync(struct engine *e)
{
	for (size_t i = 0; i < source_count; i++)
		resync(e, i);
}

/* What gives no event is found by reading everything. */
static void set_resync(struct resync *r)
{
	struct engine *e = r->engine;
	int64_t every = e->config->settings.resync;

	if (every > BLIND_RESYNC_MS &&
	    !adapters[r->source]->hears_all(e->sources[r->source]))
		every = BLIND_RESYNC_MS;
	ev_timer_stop(e->loop, &r->timer);
	ev_timer_set(&r->timer, (double)every / 1000, 0);
	ev_timer_start(e->loop, &r->timer);
}

static void on_resync(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct resync *r = timer->data;

	(void)loop;
	(void)events;
	resync(r->engine, r->source);
	set_resync(r);
}

static void set_resyncs(struct engine *e)
{
	for (size_t i = 0; i < source_count; i++)
		if (e->sources[i])
			set_resync(&e->resyncs[i]);
}

/* Configuration */

/* What is written again later is desired anew, and approved anew. */
static void forget_undesired(struct engine *e, const struct config *before)
{
	for (size_t i = 0; i < e->state.count; i++) {
		const struct object_state *state = e->state.items[i];

		if (set_find(config_get(e->config, state->kind), state->name))
			continue;
		state_desired(&e->state, state->kind, state->name, NULL);
		if (before && set_find(config_get(before, state->kind), state->name))
			state_left(&e->state, state->kind, state->name);
	}
}

/* Makes a configuration the one in force; the old one is freed. */
static void adopt(struct engine *e, struct config *config)
{
	struct config *before = e->config;

	plan_free(e->plan); /* it points into the old one */
	e->plan = NULL;
	e->config = config;
	e->load.generation++;
	forget_undesired(e, before);
	config_free(before);
	for (size_t k = 0; k < kind_count; k++) {
		const struct set *desired = config_get(config, kinds[k]);
		const struct observed_set *observed = &e->observed.kinds[k];

		for (size_t i = 0; i < desired->count; i++)
			state_desired(&e->state, kinds[k], desired->items[i]->name,
			    desired->items[i]);
		for (size_t i = 0; observed->known && i < observed->count; i++)
			inbox_remember(e, observed->items[i]);
	}
	watch_all(e);
	watch_kubeconfig(e);
	set_resyncs(e);
}

static void set_load(struct engine *e, bool ok, const struct text *errors)
{
	if (e->load.ok != ok || !e->load.since)
		e->load.since = clock_wall();
	e->load.ok = ok;
	text_done(&e->load_errors);
	if (!ok)
		text_add(&e->load_errors, "%s", text_get(errors));
	e->load.error = ok ? NULL : text_get(&e->load_errors);
}

static void take_config(struct engine *e, struct config *config)
{
	if (config_same(config, e->config)) {
		config_free(config);
		return;
	}
	executor_abandon(e->executor, NULL, NULL);
	adopt(e, config);
	e->state.persistent_changes++; /* what is desired of VMs */
	journal_say(LEVEL_NOTICE, MESSAGE_CONFIG_LOADED, NULL,
	    "configuration %u is in force, %zu finding%s", e->load.generation,
	    config->report.count, config->report.count == 1 ? "" : "s");
}

static enum reload_result reload(struct engine *e, struct text *errors)
{
	struct config *config =
	    config_load_directory(e->options.config_dir, e->writer, errors);

	set_load(e, config, errors);
	engine_schedule(e);
	if (!config) {
		journal_say(LEVEL_ERROR, MESSAGE_CONFIG_REFUSED, NULL,
		    e->load.generation
			? "the configuration is refused, the last good one stays in force\n%s"
			: "the configuration is refused, and there is no earlier good one; nothing is done\n%s",
		    text_get(errors));
		return RELOAD_REFUSED;
	}
	take_config(e, config);
	/* The files that it names, a kubeconfig, may be others in any case. */
	for (size_t i = 0; i < source_count; i++)
		adapters[i]->configure(e->sources[i], e->config);
	return RELOAD_DONE;
}

enum reload_result engine_reload(struct engine *e, struct text *errors)
{
	const char *name = watch_writing(e->watch);

	if (!name)
		return reload(e, errors);
	text_add(errors,
	    "%s is being written and not closed yet; nothing was read. It is read by itself once it is closed.\n",
	    name);
	journal_say(LEVEL_NOTICE, MESSAGE_CONTROL, NULL,
	    "nothing is read now: %s is being written and not closed yet", name);
	return RELOAD_LATER;
}

static void on_files(void *arg)
{
	autotext struct text errors = { 0 };

	reload(arg, &errors);
}

/* NULL: there is none yet. */
static struct config *first_config(struct engine *e)
{
	autotext struct text errors = { 0 }, ignored = { 0 };
	struct config *config =
	    config_load_directory(e->options.config_dir, e->writer, &errors);

	set_load(e, config, &errors);
	if (config)
		return config;
	config = config_load_last_good(e->options.config_dir, e->writer, &ignored);
	journal_say(LEVEL_ERROR, MESSAGE_CONFIG_REFUSED, NULL,
	    config
		? "the configuration has errors; starting with the last good one:\n%s"
		: "there is no good configuration yet; nothing is done until there is one:\n%s",
	    text_get(&errors));
	return config;
}

/* Without a configuration everything is observed, and nothing else: what is remembered of
 * objects stays until it is known what is desired. */
static void wait_for_config(struct engine *e)
{
	e->config = config_load_none(e->options.config_dir);
	load_state(e, e->config);
	watch_files(e);
	watch_kubeconfig(e);
}

/* Beginning and end */

static void start(struct engine *e)
{
	struct adapter_start start = { e->loop, e->config, e->options.config_dir,
		&e->inbox };

	e->inbox = inbox_of(e);
	e->starting = true;
	e->began = clock_mono();
	e->executor = inbox_executor(e);
	e->probes = probe_store_new();
	for (size_t i = 0; i < source_count; i++)
		e->sources[i] = adapters[i]->start(&start);
	e->starting = false;
	watch_all(e);
	inbox_states(e);
	set_resyncs(e);
	engine_schedule(e);
}

static void init_timers(struct engine *e)
{
	ev_timer_init(&e->plan_timer, on_plan, 0, 0);
	ev_timer_init(&e->wake_timer, on_plan, 0, 0);
	for (size_t i = 0; i < source_count; i++) {
		e->resyncs[i] = (struct resync){ .engine = e, .source = i };
		ev_timer_init(&e->resyncs[i].timer, on_resync, 0, 0);
		e->resyncs[i].timer.data = &e->resyncs[i];
	}
	ev_timer_init(&e->save_timer, on_save, 0, 0);
	ev_timer_init(&e->note_timer, on_note, 0, 0);
	e->plan_timer.data = e->wake_timer.data = e;
	e->save_timer.data = e->note_timer.data = e;
}

struct engine *engine_new(struct ev_loop *loop, const struct engine_options *options)
{
	struct engine *e = must_alloc(sizeof(*e));
	struct config *config;

	e->loop = loop;
	e->options = *options;
	e->load.directory = options->config_dir;
	init_timers(e);
	if (options->state_dir)
		e->writer = state_writer_new(
		    loop, options->state_dir, STATE_WRITER_RETRY_MS, &writer_hooks, e);
	config = first_config(e);
	if (config) {
		load_state(e, config);
		watch_files(e);
		adopt(e, config);
	} else {
		wait_for_config(e);
	}
	start(e);
	return e;
}

bool engine_free(struct engine *e)
{
	bool written;

	watch_free(e->watch);
	for (size_t i = source_count; i-- > 0;)
		adapters[i]->stop(e->sources[i]);
	for (size_t i = 0; i < source_count; i++)
		ev_timer_stop(e->loop, &e->resyncs[i].timer);
	ev_timer_stop(e->loop, &e->plan_timer);
	ev_timer_stop(e->loop, &e->wake_timer);
	ev_timer_stop(e->loop, &e->save_timer);
	ev_timer_stop(e->loop, &e->note_timer);
	engine_save(e);
	written = state_writer_free(e->writer, LAST_WRITE_MS);
	executor_free(e->executor);
	probe_store_free(e->probes);
	free(e->notes);
	plan_free(e->plan);
	config_free(e->config);
	observations_done(&e->observed);
	state_done(&e->state);
	text_done(&e->load_errors);
	free(e->unsaved);
	free(e);
	return written;
}
