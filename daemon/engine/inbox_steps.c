/* SPDX-License-Identifier: MIT */
/* inbox_steps: the engine's side of the executor: steps sent, noted, progressing, ended. */
#include "daemon/engine/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/engine/cycle.h"
#include "daemon/host/clock.h"
#include "daemon/journal/journal.h"
#include "lib/base/cleanup.h"
#include "lib/state/rounds.h"

#define PROGRESS_EVERY_MS 1000

/* An error that was not said of the object before is said now. */
static void say_failure(struct engine *e, const struct ended_step *step,
    const struct outcome *outcome, const struct subject *subject)
{
	const struct object_state *state = state_find(&e->state, step->kind, step->name);

	if (!state || !state->failures || !state->error ||
	    strcmp(state->error, outcome->error) != 0)
		journal_say(
		    LEVEL_WARNING, MESSAGE_STEP_FAILED, subject, "%s", outcome->error);
}

static void on_step_ended(
    void *arg, const struct ended_step *step, const struct outcome *outcome)
{
	struct engine *e = arg;
	const struct settings *settings = &e->config->settings;
	struct subject subject = { step->kind->name, step->name, step->text,
		outcome->error ? outcome->lost ? "unknown" : "failed" : "done",
		config_short_name(e->config, step->kind, step->name) };

	state_progress(&e->state, step->kind, step->name, NULL);
	if (!outcome->error) {
		journal_say(LEVEL_NOTICE, MESSAGE_STEP, &subject, "%s", step->text);
		state_step_done(&e->state, step->kind, step->name, step->action,
		    step->arguments, settings, clock_mono());
	} else {
		say_failure(e, step, outcome, &subject);
		if (!outcome->waits)
			state_step_failed(&e->state, step->kind, step->name, step->action,
			    step->arguments, outcome->error, outcome->slow,
			    outcome->retry_after, settings, clock_mono(), clock_random());
	}
	engine_schedule(e);
}

void inbox_done(void *arg, uint64_t token, const struct outcome *outcome)
{
	struct engine *e = arg;

	executor_ended(e->executor, token, outcome);
}

/* Status always says how far a step is; those who watch events are sent one a second. */
static void say_progress(
    struct engine *e, const struct ended_step *step, const char *text)
{
	const struct mono now = clock_mono();
	const struct subject subject = { step->kind->name, step->name, step->text,
		"progress", config_short_name(e->config, step->kind, step->name) };

	if (!step->action->slow ||
	    !mono_reached(mono_add(e->progress_said, PROGRESS_EVERY_MS), now))
		return;
	e->progress_said = now;
	journal_say(LEVEL_INFO, MESSAGE_STEP, &subject, "%s: %s", step->text, text);
}

void inbox_progress(void *arg, uint64_t token, const char *text)
{
	struct engine *e = arg;
	struct ended_step step;

	if (!executor_find(e->executor, token, &step))
		return;
	if (text)
		say_progress(e, &step, text);
	state_progress(&e->state, step.kind, step.name, text);
	engine_schedule(e);
}

static void send_step(void *arg, const struct call *call)
{
	struct engine *e = arg;
	size_t i = source_index(call->action->source);
	struct ended_step step;

	if (executor_find(e->executor, call->token, &step))
		state_step_begins(
		    &e->state, step.kind, step.name, step.action, clock_mono());
	adapters[i]->run(e->sources[i], call);
}

static void cancel_step(void *arg, const struct source *source, uint64_t token)
{
	struct engine *e = arg;
	size_t i = source_index(source);

	if (adapters[i]->cancel)
		adapters[i]->cancel(e->sources[i], token);
}

static void set_busy(void *arg, const struct kind *kind, const char *name, bool busy)
{
	struct engine *e = arg;

	state_get(&e->state, kind, name)->busy = busy;
	if (!busy) {
		state_begun_observed(&e->state, kind, name);
		state_round_ended(&e->state, kind, name, clock_mono(), clock_random());
	}
	engine_schedule(e);
}

static void keep_note(struct engine *e, struct note note)
{
	e->notes = must_realloc(e->notes, (e->note_count + 1) * sizeof(*e->notes));
	e->notes[e->note_count++] = note;
}

/* The state is on disk before the step is sent. */
static void note_step(void *arg, const struct step *step, uint64_t token)
{
	struct engine *e = arg;

	state_step_begins(&e->state, step->kind, step->name, step->action, clock_mono());
	state_begin(&e->state, step->kind, step->name, step->action->name, (int64_t)token,
	    clock_wall());
	e->state.persistent_changes++;
	engine_save(e);
	keep_note(e, (struct note){ token, e->state.persistent_changes });
	if (e->writer && !e->unsaved)
		return;
	ev_timer_set(&e->note_timer, 0, 0);
	ev_timer_start(e->loop, &e->note_timer);
}

void inbox_notes_written(struct engine *e, uint64_t change, const char *error)
{
	struct note *notes = e->notes;
	size_t count = e->note_count;

	/* An answer may make the executor note more: those are not among these. */
	e->notes = NULL;
	e->note_count = 0;
	for (size_t i = 0; i < count; i++)
		if (notes[i].change <= change)
			executor_noted(e->executor, notes[i].token, error);
		else
			keep_note(e, notes[i]);
	free(notes);
}

struct executor *inbox_executor(struct engine *e)
{
	static const struct executor_hooks hooks = { .send = send_step,
		.render = cycle_render,
		.note = note_step,
		.cancel = cancel_step,
		.ended = on_step_ended,
		.busy = set_busy };
	struct executor *x = executor_new(&hooks, e, (uint64_t)clock_random() << 32);

	for (size_t i = 0; i < source_count; i++)
		executor_limit(x, sources[i], adapters[i]->limit);
	return x;
}
