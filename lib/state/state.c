/* SPDX-License-Identifier: MIT */
/* memory: the table of memos and how failures, pauses and consents change them. */
#include "lib/state/state.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/retry.h"
#include "lib/plan/plan.h"

static const char *const verdict_words[] = {
	[VERDICT_CONVERGED] = "converged",
	[VERDICT_PENDING] = "pending",
	[VERDICT_FAILING] = "failing",
	[VERDICT_BLOCKED] = "blocked",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_PAUSED] = "paused",
};

const char *verdict_text(enum verdict verdict)
{
	return verdict_words[verdict];
}

int verdict_parse(const char *text)
{
	for (size_t i = 0; i < sizeof(verdict_words) / sizeof(verdict_words[0]); i++)
		if (strcmp(verdict_words[i], text) == 0)
			return (int)i;
	return -1;
}

static int compare(const struct object_state *state, size_t row, const char *name)
{
	size_t own = kind_index(state->kind);

	if (own != row)
		return own < row ? -1 : 1;
	return strcmp(state->name, name);
}

/* Where the state stands, or where it would. */
static bool locate(
    const struct state *m, const struct kind *kind, const char *name, size_t *index)
{
	size_t low = 0, high = m->count, row = kind_index(kind);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(m->items[middle], row, name);

		if (order == 0) {
			*index = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*index = low;
	return false;
}

const struct object_state *state_find(
    const struct state *m, const struct kind *kind, const char *name)
{
	size_t i;

	return locate(m, kind, name, &i) ? m->items[i] : NULL;
}

struct object_state *state_get(struct state *m, const struct kind *kind, const char *name)
{
	struct object_state *state;
	size_t i;

	if (locate(m, kind, name, &i))
		return m->items[i];
	if (m->count == m->room) {
		m->room = m->room ? m->room * 2 : 16;
		m->items =
		    must_realloc(m->items, m->room * sizeof(struct object_state *));
	}
	memmove(m->items + i + 1, m->items + i,
	    (m->count - i) * sizeof(struct object_state *));
	state = must_alloc(sizeof(*state));
	state->kind = kind;
	state->name = must_copy(name);
	state->vm.domain_id = -1;
	state->vm.wanted = -1;
	m->items[i] = state;
	m->count++;
	return state;
}

void state_done(struct state *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct object_state *state = m->items[i];

		free(state->name);
		free(state->error);
		free(state->reason);
		free(state->pause_reason);
		free(state->approved);
		free(state);
	}
	free(m->items);
	free(m->pause_reason);
	*m = (struct state){ 0 };
}

static void replace(char **text, const char *with)
{
	char *copy = must_copy(with);

	free(*text);
	*text = copy;
}

/* Requests that may come to nothing; their kind knows how often to repeat them. */
static bool is_paced(enum step_op op)
{
	return op == STEP_DOMAIN_START || op == STEP_DOMAIN_SHUTDOWN ||
	       op == STEP_DOMAIN_DESTROY || op == STEP_DOMAIN_RESUME ||
	       op == STEP_DOMAIN_WAKEUP;
}

void state_step_done(struct state *m, const struct step *step,
    const struct settings *settings, struct mono now)
{
	struct object_state *state = state_get(m, step->kind, step->name);

	state->paced |= is_paced(step->op);
	if (step->kind->ended)
		step->kind->ended(state, step, false, settings, now, 0);
	m->persistent_changes++;
}

/* A refusal that waiting will not mend is tried again this often. */
#define SLOW_RETRY_MS 45000

void state_step_failed(struct state *m, const struct step *step, const char *error,
    bool slow, const struct settings *settings, struct mono now, uint32_t random)
{
	struct object_state *state = state_get(m, step->kind, step->name);
	int64_t wait;

	state->failures++;
	state->slow = slow;
	replace(&state->error, error);
	wait = retry_step(state->failures, random);
	if (slow && wait < SLOW_RETRY_MS)
		wait = SLOW_RETRY_MS;
	state->retry_at = mono_add(now, wait);
	if (step->kind->ended)
		step->kind->ended(state, step, true, settings, now, random);
	m->persistent_changes++;
}

#define IN_VAIN 5		  /* rounds */
#define ROUND_MS 10000		  /* one in so long may go on for ever, */
#define BURST_MS (500 * ROUND_MS) /* and so many beside that */

static bool is_hot(const struct object_state *state, struct mono now)
{
	return state->warm.ms - now.ms > BURST_MS;
}

static void wait_after_round(
    struct object_state *state, const char *error, struct mono until)
{
	state->failures++;
	state->slow = false;
	replace(&state->error, error);
	state->retry_at = until;
}

void state_round_ended(struct state *m, const struct kind *kind, const char *name,
    struct mono now, uint32_t random)
{
	struct object_state *state = state_get(m, kind, name);

	if (mono_reached(mono_add(state->in_vain_at, RETRY_CONNECTION_FORGET_MS), now))
		state->in_vain = 0;
	state->in_vain_at = now;
	state->warm = mono_add(state->warm.ms > now.ms ? state->warm : now, ROUND_MS);
	if (!state->paced)
		state->in_vain++;
	state->paced = false;
	if (is_hot(state, now))
		wait_after_round(state,
		    "it was put right hundreds of times in a row; something undoes it",
		    (struct mono){ state->warm.ms - BURST_MS });
	else if (state->in_vain > IN_VAIN)
		wait_after_round(state,
		    "what was done succeeded, again and again, but it is still not as written",
		    mono_add(now, retry_step(state->in_vain - IN_VAIN, random)));
}

static void forget_failures(struct object_state *state, struct mono now)
{
	if (is_hot(state, now))
		return;
	state->failures = 0;
	state->slow = false;
	replace(&state->error, NULL);
}

static void forget_consent(struct state *m, struct object_state *state)
{
	m->persistent_changes += state->approved || state->braked;
	replace(&state->approved, NULL);
	state->braked = false;
}

/* Of one that waits for a user or for something else, while nothing of its own is due. */
static bool is_idle(const struct item *item)
{
	return !item->step_count && !item->state->busy &&
	       (item->verdict == VERDICT_BLOCKED || item->verdict == VERDICT_PENDING);
}

void state_planned(struct state *m, const struct item *item, struct mono now)
{
	const struct object_state *known = item->state;
	struct object_state *state;

	if (!item->braked && !known->failures && !known->in_vain && !known->approved &&
	    !known->braked)
		return;
	state = state_get(m, item->kind, item->name);
	if (item->verdict == VERDICT_CONVERGED) {
		state->in_vain = 0;
		forget_failures(state, now);
		forget_consent(m, state);
		return;
	}
	if (is_idle(item))
		forget_failures(state, now);
	if (state->approved && item->consent &&
	    strcmp(state->approved, item->fingerprint) != 0) {
		replace(&state->approved, NULL);
		m->persistent_changes++;
	}
	m->persistent_changes += item->braked && !state->braked;
	state->braked |= item->braked;
}

static void clear(struct object_state *state)
{
	state->failures = 0;
	state->slow = false;
	replace(&state->error, NULL);
	state->in_vain = 0;
	state->warm = (struct mono){ 0 };
	state->vm.quick_stops = 0;
	state->vm.gave_up = false;
	state->vm.start_at = (struct mono){ 0 };
	state->vm.stop_first = state->vm.stop_sent = (struct mono){ 0 };
}

void state_clear(struct state *m, const struct kind *kind, const char *name)
{
	if (kind) {
		struct object_state *state = state_get(m, kind, name);

		clear(state);
		/* Asking for this very VM is asking for it to run; a general reconcile is
		 * not. */
		state->vm.start_wanted = true;
	} else {
		for (size_t i = 0; i < m->count; i++)
			clear(m->items[i]);
	}
	m->persistent_changes++;
}

void state_pause(struct state *m, const struct kind *kind, const char *name,
    const char *reason, struct mono until)
{
	if (kind) {
		struct object_state *state = state_get(m, kind, name);

		state->paused = true;
		state->pause_until = until;
		replace(&state->pause_reason, reason);
	} else {
		m->paused = true;
		m->pause_until = until;
		replace(&m->pause_reason, reason);
	}
	m->persistent_changes++;
}

void state_resume(struct state *m, const struct kind *kind, const char *name)
{
	if (kind)
		state_get(m, kind, name)->paused = false;
	else
		m->paused = false;
	m->persistent_changes++;
}

void state_tick(struct state *m, struct mono now)
{
	if (m->paused && mono_reached(m->pause_until, now)) {
		m->paused = false;
		m->persistent_changes++;
	}
	for (size_t i = 0; i < m->count; i++) {
		struct object_state *state = m->items[i];

		if (state->paused && mono_reached(state->pause_until, now)) {
			state->paused = false;
			m->persistent_changes++;
		}
	}
}

void state_approve(
    struct state *m, const struct kind *kind, const char *name, const char *fingerprint)
{
	replace(&state_get(m, kind, name)->approved, fingerprint);
	m->persistent_changes++;
}
