/* SPDX-License-Identifier: MIT */
/* inbox: observations and sources' states; what concerns steps is in inbox_steps.c. */
#include "daemon/engine/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/journal/journal.h"
#include "lib/base/cleanup.h"

/* What was observed */

static const char *external_name(const struct kind *kind, const struct object *desired)
{
	return kind->external_name ? kind->external_name(desired) : desired->name;
}

/* Of no more objects of a kind that nobody has written: a server may have any number. */
#define REMEMBERED_MAX 1024

static bool may_remember(const struct engine *e, const struct kind *kind,
    const char *name, const struct observed *observed)
{
	size_t count = 0;

	if (!kind->remembers_all)
		return false;
	if (!observed || state_find(&e->state, kind, name))
		return state_find(&e->state, kind, name);
	if (kind->remembers && !kind->remembers(observed))
		return false;
	for (size_t i = 0; i < e->state.count; i++)
		count += e->state.items[i]->kind == kind;
	return count < REMEMBERED_MAX + config_get(e->config, kind)->count;
}

static void note(struct engine *e, const struct kind *kind, struct object_state *state,
    const struct object *object, const struct observed *observed)
{
	e->state.persistent_changes += kind->observed(
	    state, observed, object, &e->config->settings, clock_mono(), clock_random());
}

/* `object` NULL: nobody wrote it. */
static void remember_as(struct engine *e, const struct kind *kind, const char *name,
    const struct object *object, const struct observed *observed)
{
	if (object || may_remember(e, kind, name, observed))
		note(e, kind, state_get(&e->state, kind, object ? object->name : name),
		    object, observed);
}

static void remember(struct engine *e, const struct kind *kind, const char *name,
    const struct observed *observed)
{
	const struct set *desired = config_get(e->config, kind);
	bool written = false;

	if (!kind->observed)
		return;
	if (!kind->external_name) {
		remember_as(e, kind, name, set_find(desired, name), observed);
		return;
	}
	for (size_t i = 0; i < desired->count; i++)
		if (strcmp(kind->external_name(desired->items[i]), name) == 0) {
			remember_as(e, kind, name, desired->items[i], observed);
			written = true;
		}
	/* What was requested of one that is not written any more ends as well. */
	if (!written && observed && !set_find(desired, name) &&
	    state_find(&e->state, kind, name))
		note(e, kind, state_get(&e->state, kind, name), NULL, observed);
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

/* Steps that wait until it is observed wait no longer. */
static void release(struct engine *e, const struct kind *kind, const char *name)
{
	if (e->executor)
		executor_observed(e->executor, kind, name);
}

static void was_read(struct engine *e, const struct kind *kind, const char *name)
{
	release(e, kind, name);
	schedule(e, kind);
}

static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	struct engine *e = arg;
	const struct observed *before = observations_find(&e->observed, kind, name);

	if (kind->same && !before) {
		release(e, kind, name);
		return;
	}
	read_affected(e, kind, before, NULL);
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
	if (kind->follow)
		kind->follow(
		    observed, before, state_find(&e->state, kind, observed->name));
	if (kind->same && before && before->presence == PRESENT &&
	    kind->same(before, observed)) {
		observed_free(observed);
		release(e, kind, reading->name);
		return;
	}
	read_affected(e, kind, before, observed);
	observations_put(&e->observed, observed);
	remember(e, kind, reading->name, observed);
	was_read(e, kind, reading->name);
}

static bool on_full(void *arg, const struct kind *kind)
{
	return observations_full(&((struct engine *)arg)->observed, kind);
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

/* The same for what nobody has written, as far as anything is remembered of it. */
static void remember_absent_others(
    struct engine *e, const struct kind *kind, const char *prefix, struct name_list *list)
{
	const struct set *desired = config_get(e->config, kind);

	for (size_t i = 0; i < e->state.count; i++) {
		const struct object_state *state = e->state.items[i];

		if (state->kind == kind && !set_find(desired, state->name) &&
		    strncmp(state->name, prefix, strlen(prefix)) == 0 &&
		    !is_listed(state->name, list))
			remember_as(e, kind, state->name, NULL, NULL);
	}
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
	if (kind->remembers_all)
		remember_absent_others(e, kind, prefix, list);
}

/* What waited for an object that is not there any more waits no longer. */
static void release_vanished(
    struct engine *e, const struct kind *kind, const char *prefix, struct name_list *list)
{
	const struct observed_set *set = observations_set(&e->observed, kind);
	const char *why;

	/* One that was never observed either: the read that was to follow its step was lost
	 * with the connection. Later a list may be older than the step. */
	if (!observed_known(set, prefix, &why)) {
		executor_listed(e->executor, kind, prefix, is_listed, list);
		return;
	}
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

/* Whether objects that are planned depend on the source: the state of others is nobody's
 * concern. */
static bool is_used(const struct source *source)
{
	for (size_t k = 0; k < kind_count; k++)
		if (kinds[k]->source == source && kinds[k]->plan)
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

static void on_answered(void *arg, const struct answer *answer)
{
	struct engine *e = arg;
	struct answer now = *answer;

	now.at = clock_mono();
	if (probe_store_put(e->probes, &now))
		engine_schedule(e);
}

struct inbox inbox_of(struct engine *e)
{
	return (struct inbox){ .state = on_state,
		.observed = on_observed,
		.gone = on_gone,
		.unreadable = on_unreadable,
		.full = on_full,
		.listed = on_listed,
		.lost = on_lost,
		.refused = on_refused,
		.begun = on_begun,
		.ended = on_ended,
		.event = on_event,
		.done = inbox_done,
		.progress = inbox_progress,
		.answered = on_answered,
		.arg = e };
}
