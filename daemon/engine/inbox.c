/* SPDX-License-Identifier: MIT */
/* inbox: observations, sources' states, and the ends of steps. */
#include "daemon/engine/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/engine/cycle.h"
#include "daemon/host/clock.h"
#include "daemon/journal/journal.h"
#include "lib/base/cleanup.h"
#include "lib/state/rounds.h"

/* What was observed */

static const char *external_name(const struct kind *kind, const struct object *desired)
{
	return kind->external_name ? kind->external_name(desired) : desired->name;
}

/* `object` NULL: nobody wrote it. */
static void remember_as(
    struct engine *e, const struct object *object, const struct observed *observed)
{
	if (object)
		e->state.persistent_changes += object->kind->observed(
		    state_get(&e->state, object->kind, object->name), observed, object,
		    &e->config->settings, clock_mono(), clock_random());
}

static void remember(struct engine *e, const struct kind *kind, const char *name,
    const struct observed *observed)
{
	const struct set *desired = config_get(e->config, kind);

	if (!kind->observed)
		return;
	if (!kind->external_name) {
		remember_as(e, set_find(desired, name), observed);
		return;
	}
	for (size_t i = 0; i < desired->count; i++)
		if (strcmp(kind->external_name(desired->items[i]), name) == 0)
			remember_as(e, desired->items[i], observed);
}

void inbox_remember(struct engine *e, const struct observed *observed)
{
	remember(e, observed->kind, observed->name, observed);
}

/* What else changes with the object, and no event says so, is read a moment later. */
static void read_affected(struct engine *e, const struct kind *kind,
    const struct observed *before, const struct observed *now)
{
	struct arena a = { 0 };
	struct affected affected = { .arena = &a };

	if (!kind->affects || !e->observed.kinds[kind_index(kind)].known)
		return;
	kind->affects(before, now, &affected);
	for (size_t i = 0; i < affected.count; i++) {
		size_t source = source_index(affected.items[i].kind->source);

		if (e->sources[source] && adapters[source]->read)
			adapters[source]->read(e->sources[source], affected.items[i].kind,
			    affected.items[i].name, true);
	}
	arena_done(&a);
}

/* Plan anew; what is watched of other kinds may follow from this one. */
static void schedule(struct engine *e, const struct kind *kind)
{
	e->watches_due |= kind->places;
	engine_schedule(e);
}

static void was_read(struct engine *e, const struct kind *kind, const char *name)
{
	if (e->executor)
		executor_observed(e->executor, kind, name);
	schedule(e, kind);
}

static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	struct engine *e = arg;

	read_affected(e, kind, observations_find(&e->observed, kind, name), NULL);
	observations_remove(&e->observed, kind, name);
	remember(e, kind, name, NULL);
	was_read(e, kind, name);
}

static void on_unreadable(
    void *arg, const struct kind *kind, const char *name, const char *why)
{
	struct engine *e = arg;
	struct observed *observed = observed_new(kind, name);

	observed->presence = UNKNOWN;
	observed->why = arena_copy(&observed->arena, why);
	observations_put(&e->observed, observed);
	was_read(e, kind, name);
}

/* Brings what is observed up to date; where that needs more, the whole reading that
 * follows says it. */
static void on_facts(
    struct engine *e, const struct kind *kind, const struct reading *reading)
{
	const struct observed_set *set = observations_set(&e->observed, kind);
	struct error error = { "" };
	struct observed before, *observed;
	size_t at;

	if (!kind->refresh || !observed_set_index(set, reading->name, &at) ||
	    set->items[at]->presence != PRESENT)
		return;
	observed = set->items[at];
	before = *observed;
	if (kind->refresh(observed, reading, &error) < 0)
		return;
	read_affected(e, kind, &before, observed);
	remember(e, kind, reading->name, observed);
	was_read(e, kind, reading->name);
}

static void on_observed(void *arg, const struct kind *kind, const struct reading *reading)
{
	struct engine *e = arg;
	const struct observed *before;
	struct observed *observed;
	struct error error = { "" };
	int result;

	if (reading->facts_only) {
		on_facts(e, kind, reading);
		return;
	}
	observed = observed_new(kind, reading->name);
	result = kind->decode(observed, reading, &error);
	if (result > 0) {
		observed_free(observed);
		on_gone(arg, kind, reading->name);
		return;
	}
	if (result < 0) {
		observed_free(observed);
		on_unreadable(arg, kind, reading->name, error.text);
		return;
	}
	observed->presence = PRESENT;
	before = observations_find(&e->observed, kind, observed->name);
	if (kind->follow && before)
		kind->follow(observed, before);
	read_affected(e, kind, before, observed);
	observations_put(&e->observed, observed);
	remember(e, kind, reading->name, observed);
	was_read(e, kind, reading->name);
}

struct name_list {
	const char *const *names;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_listed(const char *name, void *arg)
{
	const struct name_list *list = arg;

	return bsearch(&name, list->names, list->count, sizeof(char *), by_name);
}

/* What is not there any more, or was undone while nobody read it. */
static void remember_absent(
    struct engine *e, const struct kind *kind, const char *prefix, struct name_list *list)
{
	const struct set *desired = config_get(e->config, kind);

	for (size_t i = 0; kind->observed && i < desired->count; i++) {
		const struct object *object = desired->items[i];
		const char *name = external_name(kind, object);

		if (strncmp(name, prefix, strlen(prefix)) == 0 && !is_listed(name, list))
			e->state.persistent_changes += kind->observed(
			    state_get(&e->state, kind, object->name), NULL, object,
			    &e->config->settings, clock_mono(), clock_random());
	}
}

/* What waited for an object that is not there any more waits no longer. */
static void release_vanished(
    struct engine *e, const struct kind *kind, const char *prefix, struct name_list *list)
{
	const struct observed_set *set = observations_set(&e->observed, kind);

	for (size_t i = 0; i < set->count; i++) {
		const char *name = set->items[i]->name;

		if (strncmp(name, prefix, strlen(prefix)) == 0 && !is_listed(name, list))
			executor_observed(e->executor, kind, name);
	}
}

static void on_listed(void *arg, const struct kind *kind, const char *prefix,
    const char *const *names, size_t count)
{
	struct engine *e = arg;
	autofree const char **sorted = must_alloc(count * sizeof(char *));
	struct name_list list = { sorted, count };

	if (count)
		memcpy(sorted, names, count * sizeof(char *));
	qsort(sorted, count, sizeof(char *), by_name);
	release_vanished(e, kind, prefix, &list);
	observations_keep(&e->observed, kind, prefix, is_listed, &list);
	remember_absent(e, kind, prefix, &list);
	observations_set_known(&e->observed, kind, prefix);
	schedule(e, kind);
}

static void on_lost(
    void *arg, const struct kind *kind, const char *prefix, const char *why)
{
	struct engine *e = arg;

	observations_set_unknown(&e->observed, kind, prefix, why);
	if (e->executor)
		executor_drop(e->executor, kind, prefix);
	schedule(e, kind);
}

static void on_refused(
    void *arg, const struct kind *kind, const char *prefix, const char *why)
{
	struct engine *e = arg;

	on_lost(arg, kind, prefix, why);
	observations_set_refused(&e->observed, kind, prefix, why);
}

static void on_begun(void *arg, const struct kind *kind, const char *prefix)
{
	struct engine *e = arg;

	observations_expect(&e->observed, kind, prefix);
	schedule(e, kind);
}

static void on_ended(void *arg, const struct kind *kind, const char *prefix)
{
	struct engine *e = arg;

	observations_drop(&e->observed, kind, prefix);
	schedule(e, kind);
}

static void on_event(void *arg, const struct source *source, const struct kind *kind,
    const char *name, const char *text)
{
	(void)arg;
	journal_say(LEVEL_INFO, MESSAGE_EVENT,
	    &(struct subject){ kind->name, name, NULL, NULL, NULL }, "%s: %s",
	    source->title, text);
}

/* Sources */

/* Whether there is a kind of the source: the state of one without is nobody's concern. */
static bool is_used(const struct source *source)
{
	for (size_t k = 0; k < kind_count; k++)
		if (kinds[k]->source == source)
			return true;
	return false;
}

/* Says so when the state is another than the one last reported. */
static void on_state(void *arg, const struct source *source)
{
	struct engine *e = arg;
	size_t i = source_index(source);
	struct source_report now;
	bool bad;

	if (e->starting || !is_used(source))
		return;
	adapters[i]->state(e->sources[i], &now);
	bad = strcmp(now.state, "connected") != 0 && strcmp(now.state, "off") != 0;
	if (!e->reported[i] || strcmp(e->reported[i], now.state) != 0) {
		if (strcmp(now.state, "connecting") != 0)
			journal_say(bad ? LEVEL_WARNING : LEVEL_NOTICE, MESSAGE_SOURCE,
			    &(struct subject){
				NULL, source->name, NULL, now.state, NULL },
			    "%s is %s%s%s", source->title, now.state,
			    *now.detail ? ": " : "", now.detail);
		e->reported[i] = now.state;
	}
	engine_schedule(e);
}

void inbox_states(struct engine *e)
{
	for (size_t i = 0; i < source_count; i++)
		on_state(e, sources[i]);
}

/* Steps */

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

static void on_done(void *arg, uint64_t token, const struct outcome *outcome)
{
	struct engine *e = arg;

	executor_ended(e->executor, token, outcome);
}

static void on_progress(void *arg, uint64_t token, const char *text)
{
	struct engine *e = arg;
	struct ended_step step;

	if (!executor_find(e->executor, token, &step))
		return;
	state_progress(&e->state, step.kind, step.name, text);
	engine_schedule(e);
}

static void on_answered(void *arg, const struct answer *answer)
{
	struct engine *e = arg;

	if (probe_store_put(e->probes, answer))
		engine_schedule(e);
}

static void send_step(void *arg, const struct call *call)
{
	struct engine *e = arg;
	size_t i = source_index(call->action->source);

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

struct inbox inbox_of(struct engine *e)
{
	return (struct inbox){ .state = on_state,
		.observed = on_observed,
		.gone = on_gone,
		.unreadable = on_unreadable,
		.listed = on_listed,
		.lost = on_lost,
		.refused = on_refused,
		.begun = on_begun,
		.ended = on_ended,
		.event = on_event,
		.done = on_done,
		.progress = on_progress,
		.answered = on_answered,
		.arg = e };
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
