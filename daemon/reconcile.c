/* SPDX-License-Identifier: MIT */
/*
 * reconcile: from a bell to an action.
 *
 * Theory of operation
 *
 * Bells are: an object was looked at or is gone, a source came up or went down, a step
 * ended, the configuration changed, somebody asked for something, a timer the last plan
 * set. Every one of them first puts what it brought into the store or the memory and then
 * calls heart_ring(). The first ring after quiet plans in the next turn of the loop;
 * while rings keep coming, plans are ten times as far apart as they take, 20 ms at
 * most, and 20 ms where many in a row found nothing to do.
 * A plan looks at the whole home, its steps go to the lanes (lanes.h), and the objects
 * they are for are busy until they have been looked at again. Nothing else decides
 * anything.
 *
 * tell() is the only function that changes what is known of an object's verdict: it notes
 * since when, logs the change, and forgets failures that are over.
 */
#include "daemon/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/heart.h"
#include "daemon/host/clock.h"
#include "daemon/journal/journal.h"
#include "daemon/loading.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/kind/kinds.h"

#define COALESCE_MS 20
#define IDLE_PLANS 32 /* so many in a row found nothing to do: a storm */
#define SAVE_AFTER_S 1.0
#define LAST_WRITE_MS 5000 /* at the end of the daemon */
#define BLIND_RESYNC_MS 45000
#define STATE_FILE "state.json"

/*
 * How long to wait after a plan before the next: ten times what it took, so that planning
 * never takes more than a tenth of the time, and never more than COALESCE_MS. In a small
 * home that is nothing at all, and so it stays for the few plans that follow each thing
 * that is done; but bells that lead to nothing may come by the thousand.
 */
static int64_t pause_us(const struct reconcile *r)
{
	int64_t pause = r->plan_took_us * 10;

	if (r->idle_plans >= IDLE_PLANS || pause > COALESCE_MS * 1000)
		pause = COALESCE_MS * 1000;
	return pause;
}

/* A plan was made at `began`, with something to do or not. */
static void pace(struct reconcile *r, int64_t began)
{
	bool burst = began - r->planned_us < 2 * COALESCE_MS * 1000;

	if (r->plan->step_count || !burst)
		r->idle_plans = 0;
	else if (r->idle_plans < IDLE_PLANS)
		r->idle_plans++;
	r->planned_us = clock_micros();
	r->plan_took_us = r->planned_us - began;
}

void heart_ring(struct reconcile *r)
{
	int64_t wait = r->planned_us + pause_us(r) - clock_micros();

	if (r->starting || ev_is_active(&r->plan_timer))
		return;
	ev_timer_set(&r->plan_timer, wait > 0 ? (double)wait / 1e6 : 0, 0);
	ev_timer_start(r->loop, &r->plan_timer);
}

/* Saving */

static void save(struct reconcile *r)
{
	autojson struct json_object *o = NULL;

	if (!r->writer || r->saved == r->state.persistent_changes)
		return;
	o = state_save(&r->state, &(struct clocks){ clock_mono(), clock_wall() });
	state_writer_put(r->writer, STATE_FILE, o, r->state.persistent_changes);
	r->saved = r->state.persistent_changes;
}

static void on_save(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	save(timer->data);
}

static void save_soon(struct reconcile *r)
{
	if (r->saved == r->state.persistent_changes || ev_is_active(&r->save_timer))
		return;
	ev_timer_set(&r->save_timer, SAVE_AFTER_S, 0);
	ev_timer_start(r->loop, &r->save_timer);
}

static void on_trouble(void *arg, const char *error)
{
	(void)arg;
	if (error)
		journal_say(LEVEL_WARNING, MESSAGE_STATE, NULL,
		    "the state cannot be kept on disk: %s; going on from memory", error);
	else
		journal_say(
		    LEVEL_NOTICE, MESSAGE_STATE, NULL, "the state is kept on disk again");
}

static const struct state_writer_hooks writer_hooks = { .trouble = on_trouble };

/* Planning */

static enum level level_of(enum verdict verdict)
{
	return verdict == VERDICT_FAILING || verdict == VERDICT_BLOCKED ? LEVEL_WARNING
									: LEVEL_INFO;
}

/* What is done now is done for another reason than the one last reported. */
static bool acts_anew(const struct object_state *known, const struct item *item)
{
	return item->step_count && !item->held &&
	       (!known->reason || strcmp(known->reason, item->reason) != 0);
}

/* Why it is so. That a step has failed was said when it did. */
static const char *why(const struct object_state *known, const struct item *item)
{
	bool said =
	    known->reported &&
	    (known->verdict == VERDICT_PENDING || known->verdict == VERDICT_CONVERGED) &&
	    item->verdict == VERDICT_FAILING && item->error &&
	    strcmp(item->reason, item->error) == 0;

	return said ? "" : item->reason;
}

static void inform_state(struct reconcile *r, const struct item *item)
{
	struct planned planned = {
		.converged = item->verdict == VERDICT_CONVERGED,
		.idle = !item->step_count && !item->state->busy &&
			(item->verdict == VERDICT_BLOCKED ||
			    item->verdict == VERDICT_PENDING),
		.asks = item->consent && !item_is_approved(item),
		.braked = item->braked,
	};

	state_planned(&r->state, item->kind, item->name, &planned, clock_mono());
}

static void tell(struct reconcile *r, struct item *item)
{
	const struct object_state *known = item->state;
	bool same = known->reported && known->verdict == item->verdict;
	const char *reason = why(known, item);
	struct object_state *state;

	inform_state(r, item);
	if (same && !acts_anew(known, item))
		return;
	item->state = state = state_get(&r->state, item->kind, item->name);
	if (state->reported || item->verdict != VERDICT_UNKNOWN)
		journal_say(level_of(item->verdict), MESSAGE_VERDICT,
		    &(struct subject){ item->kind->name, item->name, NULL,
			verdict_text(item->verdict), item->short_name },
		    "%s%s%s", verdict_text(item->verdict), *reason ? ": " : "", reason);
	if (!same)
		state->since = clock_wall();
	state->reported = true;
	state->verdict = item->verdict;
	record_set_text(&state->reason, item->reason);
}

static void tell_all(struct reconcile *r)
{
	for (size_t i = 0; i < r->plan->item_count; i++) {
		struct item *item = r->plan->items[i];

		tell(r, item);
		if (item->verdict == VERDICT_CONVERGED && item->desired &&
		    item->kind->converged &&
		    item->kind->converged(
			state_get(&r->state, item->kind, item->name), item->desired))
			r->state.persistent_changes++;
	}
}

static void fill_input(struct reconcile *r, struct plan_input *input)
{
	const struct virt_state *virt = virt_state(r->virt);
	const struct kube_state *kube = kube_state(r->kube);

	*input = (struct plan_input){
		.desired = r->config,
		.observed = &r->observed,
		.state = &r->state,
		.now = clock_mono(),
		.wall = clock_wall(),
	};
	input->sources[ORIGIN_LIBVIRT].up = virt->status != VIRT_UNRESPONSIVE;
	input->sources[ORIGIN_LIBVIRT].why = virt->detail;
	input->sources[ORIGIN_KUBERNETES].up = true;
	input->sources[ORIGIN_KUBERNETES].off = kube->status == KUBE_OFF;
	input->sources[ORIGIN_KUBERNETES].why = kube->detail;
}

static void set_wake(struct reconcile *r)
{
	int64_t wait = r->plan->next.ms - clock_mono().ms;

	ev_timer_stop(r->loop, &r->wake_timer);
	if (r->plan->next.ms == INT64_MAX)
		return;
	ev_timer_set(&r->wake_timer, wait > 0 ? (double)wait / 1000 : 0, 0);
	ev_timer_start(r->loop, &r->wake_timer);
}

void heart_plan(struct reconcile *r)
{
	int64_t began = clock_micros();
	struct plan_input input;

	state_tick(&r->state, clock_mono(), clock_wall());
	fill_input(r, &input);
	r->view.planned = input.now;
	plan_free(r->plan);
	r->plan = plan_make(&input);
	tell_all(r);
	for (size_t i = 0; i < r->plan->step_count; i++)
		if (r->plan->steps[i]->item->approved)
			state_step_sent(
			    &r->state, r->plan->steps[i]->kind, r->plan->steps[i]->name);
	lanes_take(r->lanes, r->plan);
	set_wake(r);
	save_soon(r);
	if (r->options.changed)
		r->options.changed(r->options.arg);
	pace(r, began);
}

static void on_files(void *arg)
{
	autotext struct text errors = { 0 };

	reconcile_reload(arg, &errors);
}

/* Watches the configuration and the kubeconfig it names. Not from within on_files(): the
 * watch must outlive its own callback. */
static void keep_watch(struct reconcile *r)
{
	const char *named = r->config->settings.kubernetes.kubeconfig;
	autofree char *path = named ? must_copy(named)
				    : must_printf("%s/kubeconfig", r->options.config_dir);
	struct error e = { "" };

	if (r->watched && strcmp(r->watched, path) == 0)
		return;
	record_set_text(&r->watched, path);
	watch_free(r->watch);
	r->watch = watch_new(r->loop, r->options.config_dir, path, on_files, r, &e);
	if (!r->watch)
		journal_say(LEVEL_WARNING, MESSAGE_STATE, NULL,
		    "changes of the configuration are not seen by themselves: %s",
		    e.text);
}

static void on_plan(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	keep_watch(timer->data);
	heart_plan(timer->data);
}

/*
 * What gives no event is found by looking at everything. Where the files of libvirt tell
 * of it that may be rare; elsewhere it must be often enough to heal within a minute.
 */
static void set_resync(struct reconcile *r)
{
	const struct settings *settings = &r->config->settings;
	int64_t every = settings->resync;

	if (every > BLIND_RESYNC_MS &&
	    !libvirt_files_complete(r->files, settings->libvirt.uri))
		every = BLIND_RESYNC_MS;
	ev_timer_stop(r->loop, &r->resync_timer);
	ev_timer_set(&r->resync_timer, (double)every / 1000, 0);
	ev_timer_start(r->loop, &r->resync_timer);
}

static void on_resync(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct reconcile *r = timer->data;

	(void)loop;
	(void)events;
	virt_read_all(r->virt);
	kube_read_all(r->kube);
	set_resync(r);
}

static void on_libvirt_file(void *arg, enum libvirt_file what, const char *name)
{
	struct reconcile *r = arg;
	const struct observed_set *networks =
	    &r->observed.kinds[kind_index(&network_kind)];

	switch (what) {
	case FILE_OF_DOMAIN:
		virt_read(r->virt, &vm_kind, name);
		break;
	case FILE_OF_NETWORK:
		virt_read(r->virt, &network_kind, name);
		break;
	case FILE_OF_DNSMASQ:
		for (size_t i = 0; i < networks->count; i++)
			virt_read(r->virt, &network_kind, networks->items[i]->name);
		break;
	}
}

/* Configuration */

/* What is written again later is desired anew. */
static void note_undesired(struct reconcile *r)
{
	for (size_t i = 0; i < r->state.count; i++) {
		const struct object_state *state = r->state.items[i];

		if (!set_find(config_get(r->config, state->kind), state->name))
			state_desired(&r->state, state->kind, state->name, NULL);
	}
}

/* What of the cluster is watched: what the kinds always do, and what is written. */
static void keep_watching(struct reconcile *r)
{
	struct arena a = { 0 };
	struct watch_set needed = { 0 };

	for (size_t k = 0; k < kind_count; k++)
		watch_set_add_kind(
		    &a, &needed, kinds[k], config_get(r->config, kinds[k]));
	kube_watch(r->kube, needed.items, needed.count);
	arena_done(&a);
}

void heart_adopt(struct reconcile *r, struct config *config)
{
	plan_free(r->plan); /* it points into the old one */
	r->plan = NULL;
	config_free(r->config);
	r->config = config;
	r->load.generation++;
	note_undesired(r);
	if (r->kube)
		keep_watching(r);
	for (size_t k = 0; k < kind_count; k++) {
		const struct set *wanted = config_get(config, kinds[k]);
		const struct observed_set *seen = &r->observed.kinds[k];

		for (size_t i = 0; i < wanted->count; i++)
			state_desired(&r->state, kinds[k], wanted->items[i]->name,
			    wanted->items[i]);
		for (size_t i = 0; seen->known && i < seen->count; i++)
			hearing_remember(r, seen->items[i]);
	}
	set_resync(r);
}

void heart_set_load(struct reconcile *r, bool ok, const struct text *errors)
{
	if (r->load.ok != ok || !r->load.since)
		r->load.since = clock_wall();
	r->load.ok = ok;
	text_done(&r->load_errors);
	if (!ok)
		text_add(&r->load_errors, "%s", text_get(errors));
	r->load.error = ok ? NULL : text_get(&r->load_errors);
}

static struct config *first_config(struct reconcile *r, struct text *errors)
{
	struct config *config = loading_read(r->options.config_dir, r->writer, errors);
	autotext struct text ignored = { 0 };

	heart_set_load(r, config, errors);
	if (config)
		return config;
	config = loading_last_good(r->writer, &ignored);
	if (config)
		journal_say(LEVEL_ERROR, MESSAGE_CONFIG_REFUSED, NULL,
		    "the configuration has errors; starting with the last good one:\n%s",
		    text_get(errors));
	return config;
}

static void load_state(struct reconcile *r, const struct config *config)
{
	struct clocks clocks = { clock_mono(), clock_wall() };
	struct error e = { "" };
	autojson struct json_object *o =
	    r->writer ? state_dir_read(r->options.state_dir, STATE_FILE, &e) : NULL;
	struct error why = { "" };

	if (o && state_load(&r->state, o, config, &clocks, &why) < 0)
		state_dir_set_aside(r->options.state_dir, STATE_FILE, why.text, &e);
	r->saved = r->state.persistent_changes;
	if (*e.text)
		journal_say(LEVEL_WARNING, MESSAGE_STATE, NULL,
		    "the state that was kept is not used: %s", e.text);
}

static void start(struct reconcile *r)
{

	r->starting = true;
	r->lanes = lanes_new(&hearing_lanes, r);
	r->virt = virt_new(r->loop, &r->config->settings.libvirt, &hearing_virt, r);
	r->kube = kube_new(r->loop, &r->config->settings.kubernetes,
	    r->options.config_dir, &hearing_kube, r);
	keep_watching(r);
	r->starting = false;
	hearing_states(r);
	r->files = libvirt_files_new(r->loop, on_libvirt_file, r);
	keep_watch(r);
	set_resync(r);
	heart_ring(r);
}

struct reconcile *reconcile_new(
    struct ev_loop *loop, const struct reconcile_options *options, struct text *errors)
{
	struct reconcile *r = must_alloc(sizeof(*r));
	struct config *config;

	r->loop = loop;
	r->options = *options;
	r->load.directory = options->config_dir;
	if (options->state_dir)
		r->writer = state_writer_new(
		    loop, options->state_dir, STATE_WRITER_RETRY_MS, &writer_hooks, r);
	ev_timer_init(&r->plan_timer, on_plan, 0, 0);
	ev_timer_init(&r->wake_timer, on_plan, 0, 0);
	ev_timer_init(&r->resync_timer, on_resync, 0, 0);
	ev_timer_init(&r->save_timer, on_save, 0, 0);
	r->plan_timer.data = r->wake_timer.data = r;
	r->resync_timer.data = r->save_timer.data = r;
	config = first_config(r, errors);
	if (!config) {
		text_done(&r->load_errors);
		state_writer_free(r->writer, LAST_WRITE_MS);
		free(r);
		return NULL;
	}
	load_state(r, config);
	heart_adopt(r, config);
	start(r);
	return r;
}

bool reconcile_free(struct reconcile *r)
{
	bool written;

	watch_free(r->watch);
	libvirt_files_free(r->files);
	kube_free(r->kube);
	virt_free(r->virt);
	ev_timer_stop(r->loop, &r->resync_timer);
	ev_timer_stop(r->loop, &r->plan_timer);
	ev_timer_stop(r->loop, &r->wake_timer);
	ev_timer_stop(r->loop, &r->save_timer);
	save(r);
	written = state_writer_free(r->writer, LAST_WRITE_MS);
	lanes_free(r->lanes);
	plan_free(r->plan);
	config_free(r->config);
	observations_done(&r->observed);
	state_done(&r->state);
	text_done(&r->load_errors);
	free(r->watched);
	free(r);
	return written;
}
