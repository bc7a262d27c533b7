/* SPDX-License-Identifier: MIT */
/* rounds: counts those that lead nowhere, and notes how far a procedure is. */
#include "lib/state/rounds.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/retry.h"

#define FUTILE 5		  /* rounds */
#define ROUND_MS 10000		  /* one in so long may go on for ever, */
#define BURST_MS (500 * ROUND_MS) /* and so many beside that */

bool rounds_too_many(const struct object_state *state, struct mono now)
{
	return state->busy_until.ms - now.ms > BURST_MS;
}

static void wait_after_round(
    struct object_state *state, const char *error, struct mono until)
{
	state->failures++;
	state->slow = false;
	record_set_text(&state->error, error);
	state->retry_at = until;
}

static void stood_still(struct object_state *state, struct mono now, uint32_t random)
{
	struct procedure *p = &state->procedure;
	char *error;

	if (++p->futile <= FUTILE)
		return;
	error = must_printf(
	    "what was done succeeded, again and again, but \"%s\" comes to no end",
	    p->phase);
	wait_after_round(state, error,
	    mono_add(now, retry_step((unsigned)(p->futile - FUTILE), random)));
	free(error);
}

static void was_futile(struct object_state *state, struct mono now, uint32_t random)
{
	if (mono_reached(mono_add(state->futile_at, RETRY_CONNECTION_FORGET_MS), now))
		state->futile = 0;
	state->futile_at = now;
	if (++state->futile > FUTILE)
		wait_after_round(state,
		    "what was done succeeded, again and again, but it is still not as written",
		    mono_add(
			now, retry_step((unsigned)(state->futile - FUTILE), random)));
}

void state_round_ended(struct state *m, const struct kind *kind, const char *name,
    struct mono now, uint32_t random)
{
	struct object_state *state = state_get(m, kind, name);
	bool in_procedure = state->procedure.phase;
	bool counts = !state->paced && !state->procedure.moved;

	state->paced = state->procedure.moved = false;
	if (!counts)
		return;
	state->busy_until =
	    mono_add(state->busy_until.ms > now.ms ? state->busy_until : now, ROUND_MS);
	if (in_procedure)
		stood_still(state, now, random);
	else
		was_futile(state, now, random);
	if (rounds_too_many(state, now))
		wait_after_round(state,
		    "it was put right hundreds of times in a row; something undoes it",
		    (struct mono){ state->busy_until.ms - BURST_MS });
}

void state_procedure(struct state *m, const struct kind *kind, const char *name,
    const char *phase, struct mono now)
{
	struct procedure *p = &state_get(m, kind, name)->procedure;

	if (p->phase && strcmp(p->phase, phase) == 0)
		return;
	record_set_text(&p->phase, phase);
	p->since = now;
	p->token = 0;
	p->futile = 0;
	p->moved = true;
	m->persistent_changes++;
}

void state_procedure_token(
    struct state *m, const struct kind *kind, const char *name, int64_t token)
{
	state_get(m, kind, name)->procedure.token = token;
	m->persistent_changes++;
}

void state_procedure_end(struct state *m, const struct kind *kind, const char *name)
{
	const struct object_state *known = state_find(m, kind, name);
	struct procedure *p;

	if (!known || !known->procedure.phase)
		return;
	p = &state_get(m, kind, name)->procedure;
	free(p->phase);
	*p = (struct procedure){ .moved = true };
	m->persistent_changes++;
}

void state_begin(struct state *m, const struct kind *kind, const char *name,
    const char *action, int64_t token, int64_t wall)
{
	struct begun *begun = &state_get(m, kind, name)->begun;

	record_set_text(&begun->action, action);
	begun->token = token;
	begun->wall = wall;
	m->persistent_changes++;
}

void state_begun_observed(struct state *m, const struct kind *kind, const char *name)
{
	const struct object_state *known = state_find(m, kind, name);
	struct begun *begun;

	if (!known || !known->begun.action)
		return;
	begun = &state_get(m, kind, name)->begun;
	free(begun->action);
	*begun = (struct begun){ 0 };
	m->persistent_changes++;
}
