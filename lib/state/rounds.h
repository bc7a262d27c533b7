/* SPDX-License-Identifier: MIT */
/*
 * rounds: a round is the steps of an object that were sent together, until they have ended
 * and it was observed again. Doing what changes nothing, or what somebody undoes at once,
 * must not go on at full speed: after some futile rounds in a row, or very many of any
 * sort, the object is failing and waits as after a failure. Rounds of steps that their
 * kind paces itself, and rounds of a procedure whose phase moves, are neither.
 */
#ifndef LIB_STATE_ROUNDS_H
#define LIB_STATE_ROUNDS_H

#include "lib/state/state.h"

void state_round_ended(struct state *m, const struct kind *kind, const char *name,
    struct mono now, uint32_t random);

/* There were so many of late that being as it should be for a moment says nothing. */
bool rounds_too_many(const struct object_state *state, struct mono now);

/*
 * The plan has found the object's procedure in this phase (copied). One that was not in it
 * before has moved: it is in the phase since now, with no token and no futile rounds.
 */
void state_procedure(struct state *m, const struct kind *kind, const char *name,
    const char *phase, struct mono now);
/* What the phase is about to make or send will be found by this. */
void state_procedure_token(
    struct state *m, const struct kind *kind, const char *name, int64_t token);
/* It is at its end; nothing where none goes on. */
void state_procedure_end(struct state *m, const struct kind *kind, const char *name);

/*
 * An action that must not be done twice is about to be sent: on disk first (see
 * daemon/host). Its target was observed after that: what it came to is known.
 */
void state_begin(struct state *m, const struct kind *kind, const char *name,
    const char *action, int64_t token, int64_t wall);
void state_begun_observed(struct state *m, const struct kind *kind, const char *name);

#endif
