/* SPDX-License-Identifier: MIT */
/* state: the table of objects, and how failures, pauses and approvals change them. */
#include "lib/state/state.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/retry.h"
#include "lib/base/sorted.h"
#include "lib/doc/json.h"
#include "lib/model/action.h"
#include "lib/state/rounds.h"

struct key {
	size_t row;
	const char *name;
};

static int by_key(const void *element, const void *key)
{
	const struct object_state *state = *(struct object_state *const *)element;
	const struct key *k = key;
	size_t own = kind_index(state->kind);

	if (own != k->row)
		return own < k->row ? -1 : 1;
	return strcmp(state->name, k->name);
}

/* Where the object stands, or would. */
static size_t position(
    const struct state *m, const struct kind *kind, const char *name, bool *found)
{
	struct key key = { kind_index(kind), name };

	return sorted_position(
	    m->items, m->count, sizeof(*m->items), &key, by_key, found);
}

const struct object_state *state_find_near(
    const struct state *m, const struct kind *kind, const char *name, size_t *near)
{
	struct key key = { kind_index(kind), name };
	bool found;
	size_t i = sorted_near(
	    m->items, m->count, sizeof(*m->items), &key, by_key, &found, near);

	return found ? m->items[i] : NULL;
}

const struct object_state *state_find(
    const struct state *m, const struct kind *kind, const char *name)
{
	return state_find_near(m, kind, name, NULL);
}

struct object_state *state_get(struct state *m, const struct kind *kind, const char *name)
{
	bool found;
	size_t i = position(m, kind, name, &found);

	if (found)
		return m->items[i];
	if (m->count == m->room) {
		m->room = m->room ? m->room * 2 : 16;
		m->items = must_realloc(m->items, m->room * sizeof(*m->items));
	}
	memmove(m->items + i + 1, m->items + i, (m->count - i) * sizeof(*m->items));
	m->items[i] = object_state_new(kind, name);
	m->count++;
	return m->items[i];
}

static void forget_sources(struct state *m)
{
	free(m->begun.items);
	m->begun = (struct hashes){ 0 };
}

void state_done(struct state *m)
{
	for (size_t i = 0; i < m->count; i++)
		object_state_free(m->items[i]);
	free(m->items);
	free(m->pause_reason);
	forget_sources(m);
	json_object_put(m->unknown);
	json_object_put(m->unknown_objects);
	*m = (struct state){ 0 };
}

static void forget_approval(struct state *m, struct object_state *state)
{
	m->persistent_changes += state->approval.parts.count > 0;
	approval_done(&state->approval);
}

static void forget(struct state *m, struct wish *wish)
{
	m->persistent_changes += wish->what != WISH_NONE;
	wish_end(wish);
}

static void forget_wish(struct state *m, struct object_state *state)
{
	forget(m, &state->wish);
	forget(m, &state->restart);
}

/* Kept as a number that is not negative. */
static int64_t hash_written(const struct object *desired)
{
	return (int64_t)(node_hash(desired->record.node) & INT64_MAX);
}

/* It was requested of what was written otherwise. */
static bool is_outdated(const struct wish *wish, const struct object *desired)
{
	return wish->what != WISH_NONE && wish->written != hash_written(desired);
}

void state_desired(struct state *m, const struct kind *kind, const char *name,
    const struct object *desired)
{
	const struct object_state *known = state_find(m, kind, name);

	if (desired && known && is_outdated(&known->wish, desired))
		forget(m, &state_get(m, kind, name)->wish);
	if (desired && known && is_outdated(&known->restart, desired))
		forget(m, &state_get(m, kind, name)->restart);
	if (kind->desired)
		kind->desired(state_get(m, kind, name), desired);
}

/* Steps */

void state_step_sent(struct state *m, const struct kind *kind, const char *name)
{
	struct object_state *state = state_get(m, kind, name);

	if (!state->approval.parts.count || state->approval.used)
		return;
	state->approval.used = true;
	m->persistent_changes++;
}

void state_step_begins(struct state *m, const struct kind *kind, const char *name,
    const struct action *action, struct mono now)
{
	if (!kind->sent)
		return;
	kind->sent(state_get(m, kind, name), action, now);
	m->persistent_changes++;
}

void state_step_done(struct state *m, const struct kind *kind, const char *name,
    const struct action *action, const void *arguments, const struct settings *settings,
    struct mono now)
{
	struct object_state *state = state_get(m, kind, name);

	state->paced |= action->paced;
	if (kind->ended)
		kind->ended(state, action, arguments, false, settings, now, 0);
	m->persistent_changes++;
}

/* A refusal that waiting will not mend is tried again this often. */
#define SLOW_RETRY_MS 30000

void state_step_failed(struct state *m, const struct kind *kind, const char *name,
    const struct action *action, const void *arguments, const char *error, bool slow,
    int64_t retry_after, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct object_state *state = state_get(m, kind, name);
	int64_t wait;

	state->failures++;
	state->slow = slow;
	record_set_text(&state->error, error);
	wait = retry_step((unsigned)state->failures, random);
	if (slow && wait < SLOW_RETRY_MS)
		wait = SLOW_RETRY_MS;
	if (wait < retry_after)
		wait = retry_after;
	state->retry_at = mono_add(now, wait);
	if (kind->ended)
		kind->ended(state, action, arguments, true, settings, now, random);
	m->persistent_changes++;
}

void state_progress(
    struct state *m, const struct kind *kind, const char *name, const char *text)
{
	const struct object_state *known = state_find(m, kind, name);

	if (text || (known && known->progress))
		record_set_text(&state_get(m, kind, name)->progress, text);
}

/* Plans */

static void forget_failures(struct state *m, struct object_state *state, struct mono now)
{
	if (rounds_too_many(state, now))
		return;
	m->persistent_changes += state->error != NULL;
	object_state_recover(state);
}

void state_planned(struct state *m, const struct kind *kind, const char *name,
    const struct planned *planned, struct mono now)
{
	const struct object_state *known = state_find(m, kind, name);
	struct object_state *state;

	if (!known || !object_state_remembers(known))
		return;
	state = state_get(m, kind, name);
	if (planned->converged) {
		state->futile = 0;
		forget_failures(m, state, now);
		forget_approval(m, state);
		return;
	}
	if (planned->idle)
		forget_failures(m, state, now);
	if (planned->asks && state->approval.parts.count) {
		approval_done(&state->approval);
		m->persistent_changes++;
	}
}

/* What users ask for */

static void clear(struct object_state *state)
{
	record_clear(&object_state_fields, state);
	if (state->own)
		record_clear(state->kind->state_fields, state->own);
}

void state_clear(struct state *m, const struct kind *kind, const char *name)
{
	if (kind) {
		struct object_state *state = state_get(m, kind, name);

		clear(state);
		if (kind->requested)
			kind->requested(state);
	} else {
		for (size_t i = 0; i < m->count; i++)
			clear(m->items[i]);
	}
	m->persistent_changes++;
}

void state_pause(struct state *m, const struct kind *kind, const char *name,
    const char *reason, struct mono until)
{
	struct object_state *state = kind ? state_get(m, kind, name) : NULL;

	*(state ? &state->paused : &m->paused) = true;
	*(state ? &state->pause_until : &m->pause_until) = until;
	record_set_text(state ? &state->pause_reason : &m->pause_reason, reason);
	m->persistent_changes++;
}

void state_observing(struct state *m)
{
	m->persistent_changes += !m->observing;
	m->observing = true;
}

void state_begun(struct state *m, bool lost)
{
	forget_sources(m);
	m->fresh = m->observing = false;
	m->lost = lost;
	m->persistent_changes++;
}

static uint64_t hash_source(const struct source *source)
{
	return hash_bytes(HASH_START, source->name, strlen(source->name));
}

bool state_source_has_begun(const struct state *m, const struct source *source)
{
	return !m->fresh || hashes_have(&m->begun, hash_source(source));
}

void state_source_begun(struct state *m, const struct source *source)
{
	if (state_source_has_begun(m, source))
		return;
	hashes_add(&m->begun, hash_source(source));
	m->persistent_changes++;
}

static void end_pause(struct state *m, const struct kind *kind, const char *name)
{
	state_pause(m, kind, name, NULL, (struct mono){ 0 });
	*(kind ? &state_get(m, kind, name)->paused : &m->paused) = false;
}

void state_resume(struct state *m, const struct kind *kind, const char *name)
{
	end_pause(m, kind, name);
	if (kind)
		forget_wish(m, state_get(m, kind, name));
	else
		state_begun(m, false);
}

static void keep_wish(struct wish *wish, const struct object *desired, enum wish_for what,
    const char *by, struct mono now)
{
	wish->what = what;
	wish->at = now;
	wish->written = hash_written(desired);
	record_set_text(&wish->by, by);
}

void state_wish(struct state *m, const struct kind *kind, const char *name,
    const struct object *desired, enum wish_for what, const char *by, struct mono now)
{
	struct object_state *state = state_get(m, kind, name);
	bool up = what == WISH_START, as_written = kind->written_up(desired) == up;

	m->persistent_changes++;
	if (what == WISH_RESTART) {
		forget_approval(m, state); /* what was approved was another one */
		keep_wish(&state->restart, desired, what, by, now);
		return;
	}
	forget_wish(m, state);
	if (!as_written)
		keep_wish(&state->wish, desired, what, by, now);
	state_desired(m, kind, name, desired);
	if (as_written && up && kind->requested)
		kind->requested(state);
}

void state_approve(struct state *m, const struct kind *kind, const char *name,
    const uint64_t *parts, size_t count, struct mono now, int64_t lasts, uint32_t uid)
{
	approval_add(&state_get(m, kind, name)->approval, parts, count, now, lasts, uid);
	m->persistent_changes++;
}

void state_left(struct state *m, const struct kind *kind, const char *name)
{
	struct object_state *state = state_get(m, kind, name);

	forget_approval(m, state);
	forget_wish(m, state);
}

void state_tick(struct state *m, struct mono now)
{
	if (m->paused && mono_reached(m->pause_until, now))
		end_pause(m, NULL, NULL);
	for (size_t i = 0; i < m->count; i++) {
		struct object_state *state = m->items[i];

		if (state->paused && mono_reached(state->pause_until, now))
			end_pause(m, state->kind, state->name);
		if (approval_is_expired(&state->approval, now)) {
			approval_done(&state->approval);
			m->persistent_changes++;
		}
	}
}
