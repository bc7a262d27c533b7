/* SPDX-License-Identifier: MIT */
/*
 * cycle: from an event to an action.
 *
 * Theory of operation
 *
 * Events are: an object was read or is gone, a source came up or went down, a step ended,
 * the configuration changed, somebody requested something, a timer the last plan set.
 * Each of them first puts what it brought into the observations or the state and then
 * calls engine_schedule(). The first one after quiet is planned in the next turn of the
 * loop; while more keep coming, plans are ten times as far apart as they take, 200 ms at
 * most, and 20 ms at least where many in a row found nothing to do.
 *
 * A plan compares the whole home; its steps go to the executor (executor.h), and the
 * objects they are for are busy until they were observed again. Nothing else decides
 * anything.
 *
 * report() is the only function that changes what is known of an object's verdict: it
 * notes since when, logs the change, and says to the state what the plan has found.
 */
#include "daemon/engine/cycle.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/journal/journal.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/plan/first_start.h"
#include "lib/plan/item.h"
#include "lib/state/rounds.h"

#define COALESCE_MS 20
#define PAUSE_MAX_MS 200
#define IDLE_PLANS 32 /* so many in a row found nothing to do: a storm */
#define SAVE_AFTER_S 1.0

/* When to plan */

/*
 * How long to wait after a plan before the next: ten times what it took, so that planning
 * never takes more than a tenth of the time, and never more than PAUSE_MAX_MS. In a small
 * home that is nothing at all, and so it stays for the few plans that follow each thing
 * that is done; but events that lead to nothing may come by the thousand.
 */
static int64_t pause_us(const struct engine *e)
{
	int64_t pause = e->plan_took_us * 10;

	if (e->idle_plans >= IDLE_PLANS && pause < COALESCE_MS * 1000)
		pause = COALESCE_MS * 1000;
	return pause < PAUSE_MAX_MS * 1000 ? pause : PAUSE_MAX_MS * 1000;
}

/* A plan was made at `began`, with something to do or not. */
static void pace(struct engine *e, int64_t began)
{
	bool burst = began - e->planned_us < 2 * COALESCE_MS * 1000;

	if (e->plan->program_count || !burst)
		e->idle_plans = 0;
	else if (e->idle_plans < IDLE_PLANS)
		e->idle_plans++;
	e->planned_us = clock_micros();
	e->plan_took_us = e->planned_us - began;
}

void engine_schedule(struct engine *e)
{
	int64_t wait = e->planned_us + pause_us(e) - clock_micros();

	if (e->starting || ev_is_active(&e->plan_timer))
		return;
	ev_timer_set(&e->plan_timer, wait > 0 ? (double)wait / 1e6 : 0, 0);
	ev_timer_start(e->loop, &e->plan_timer);
}

static void set_wake(struct engine *e)
{
	int64_t wait = e->plan->next.ms - clock_mono().ms;

	ev_timer_stop(e->loop, &e->wake_timer);
	if (e->plan->next.ms == INT64_MAX)
		return;
	ev_timer_set(&e->wake_timer, wait > 0 ? (double)wait / 1000 : 0, 0);
	ev_timer_start(e->loop, &e->wake_timer);
}

/* Reporting */

static enum level level_of(enum verdict verdict)
{
	return verdict == VERDICT_FAILING || verdict == VERDICT_BLOCKED ? LEVEL_WARNING
									: LEVEL_INFO;
}

/* What is done now is done for another reason than the one last reported. */
static bool acts_anew(const struct object_state *known, const struct item *item)
{
	return item_acts(item) &&
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

/* Another change than the one that was approved waits for approval. */
static bool asks_again(const struct item *item)
{
	for (size_t i = 0; i < item->program_count; i++)
		if (item->programs[i]->gate == GATE_APPROVAL)
			return true;
	return false;
}

/* Whether its procedure goes on in another phase, begins or ends. */
static bool has_moved(const struct item *item)
{
	const char *before = item->state->procedure.phase;

	return before && item->phase ? strcmp(before, item->phase) != 0
				     : before != item->phase;
}

static void inform_state(struct engine *e, const struct item *item)
{
	struct planned planned = {
		.converged = item->verdict == VERDICT_CONVERGED,
		.idle = !item_has_steps(item) && !item->state->busy &&
			(item->verdict == VERDICT_BLOCKED ||
			    item->verdict == VERDICT_PENDING ||
			    item->verdict == VERDICT_PAUSED),
		.asks = asks_again(item),
	};

	e->save_now |= has_moved(item);
	if (object_state_remembers(item->state))
		state_planned(&e->state, item->kind, item->name, &planned, clock_mono());
	if (item->phase)
		state_procedure(
		    &e->state, item->kind, item->name, item->phase, clock_mono());
	else if (item->state->procedure.phase)
		state_procedure_end(&e->state, item->kind, item->name);
	for (size_t i = 0; i < item->program_count; i++)
		if (item->programs[i]->gate == GATE_OPEN && item->programs[i]->approved)
			state_step_sent(&e->state, item->kind, item->name);
}

static void report(struct engine *e, struct item *item)
{
	const struct object_state *known = item->state;
	bool same = known->reported && known->verdict == item->verdict;
	bool moved = item->phase && has_moved(item);
	const char *reason = why(known, item);
	struct object_state *state;

	inform_state(e, item);
	if (same && !moved && !acts_anew(known, item))
		return;
	item->state = state = state_get(&e->state, item->kind, item->name);
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

static void report_all(struct engine *e)
{
	for (size_t i = 0; i < e->plan->item_count; i++) {
		struct item *item = e->plan->items[i];

		report(e, item);
		if (item->verdict == VERDICT_CONVERGED && item->desired &&
		    item->kind->converged &&
		    item->kind->converged(
			state_get(&e->state, item->kind, item->name), item->desired))
			e->state.persistent_changes++;
	}
}

/* Planning */

void cycle_input(struct engine *e, struct plan_input *input)
{
	*input = (struct plan_input){
		.desired = e->config,
		.observed = &e->observed,
		.state = &e->state,
		.probes = e->probes,
		.unsaved = e->unsaved,
		.now = clock_mono(),
		.local = clock_local(),
		.began = e->began,
	};
	for (size_t i = 0; i < source_count; i++) {
		struct source_report report = { .detail = "not observed yet" };

		if (e->sources[i])
			adapters[i]->state(e->sources[i], &report);
		input->sources[i].up = report.up;
		input->sources[i].off = report.off;
		input->sources[i].why = report.detail;
	}
}

const char *cycle_render(
    void *arg, struct arena *a, const struct step *step, struct error *error)
{
	struct engine *e = arg;
	struct plan_input input;
	struct planner p = { .arena = a, .input = &input };

	cycle_input(e, &input);
	return step->action->render(&p, step, error);
}

void cycle_save_soon(struct engine *e)
{
	bool now = e->save_now;

	e->save_now = false;
	if (now)
		engine_save(e);
	if (e->saved == e->state.persistent_changes || ev_is_active(&e->save_timer))
		return;
	ev_timer_set(&e->save_timer, SAVE_AFTER_S, 0);
	ev_timer_start(e->loop, &e->save_timer);
}

/* Asks what the plan asks, but for what was answered already. */
static void ask(struct engine *e)
{
	probe_store_ask(e->probes, e->plan->probes, e->plan->probe_count);
	for (size_t i = 0; i < e->plan->probe_count; i++) {
		const struct probe *probe = &e->plan->probes[i];
		size_t source = source_index(probe->kind->source);

		if (probe_store_due(e->probes, probe, e->planned) &&
		    adapters[source]->ask)
			adapters[source]->ask(e->sources[source], probe);
	}
}

/* The plan shows whether this is the first start, or what was remembered is lost. */
static void note_start(struct engine *e)
{
	enum start start = e->plan->start;
	bool begins = e->plan->program_count, all = true, observes = false;

	for (size_t i = 0; e->state.fresh && i < source_count; i++) {
		observes |= e->plan->starts[i] == START_OBSERVES;
		if (begins && e->plan->starts[i] == START_FREE)
			state_source_begun(&e->state, sources[i]);
		all &= state_source_has_begun(&e->state, sources[i]);
	}
	if (observes && !e->state.observing) {
		journal_say(LEVEL_NOTICE, MESSAGE_STATE, NULL, "%s", first_start_reason);
		state_observing(&e->state);
	}
	if (start == START_LOST)
		journal_say(LEVEL_WARNING, MESSAGE_STATE, NULL,
		    "nothing is remembered of before this start: pauses, starts and stops that were requested, and approvals are gone");
	if (start == START_LOST || (e->state.fresh && all))
		state_begun(&e->state, start == START_LOST);
}

static void pass_shutdown(struct engine *e)
{
	for (size_t i = 0; i < source_count; i++)
		if (e->sources[i] && adapters[i]->shutdown)
			adapters[i]->shutdown(e->sources[i], e->plan->shutdown);
}

void cycle_plan(struct engine *e)
{
	int64_t began = clock_micros();
	struct plan_input input;

	state_tick(&e->state, clock_mono());
	cycle_input(e, &input);
	plan_free(e->plan);
	e->plan = plan_make(&input);
	e->planned = input.now;
	note_start(e);
	report_all(e);
	if (!e->options.plans_only)
		executor_take(e->executor, e->plan);
	pass_shutdown(e);
	ask(e);
	set_wake(e);
	cycle_save_soon(e);
	pace(e, began);
	if (e->options.changed)
		e->options.changed(e->options.arg);
}
