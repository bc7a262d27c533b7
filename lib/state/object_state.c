/* SPDX-License-Identifier: MIT */
/* object_state: the table of what every kind has, and the life of one record. */
#include "lib/state/object_state.h"

#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"

static const char *const verdict_words[] = {
	[VERDICT_CONVERGED] = "converged",
	[VERDICT_PENDING] = "pending",
	[VERDICT_FAILING] = "failing",
	[VERDICT_BLOCKED] = "blocked",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_PAUSED] = "paused",
	NULL,
};

const char *verdict_text(enum verdict verdict)
{
	return verdict_words[verdict];
}

int verdict_parse(const char *text)
{
	for (int i = 0; verdict_words[i]; i++)
		if (strcmp(verdict_words[i], text) == 0)
			return i;
	return -1;
}

static const struct field begun_rows[] = {
	record_row(
	    struct begun, "action", FIELD_STRING, action, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct begun, "token", FIELD_INT, token, FIELD_KEPT),
	record_row(struct begun, "at", FIELD_TIME, wall, FIELD_KEPT | FIELD_SHOWN),
	{ 0 },
};

static const struct fields begun_fields = { begun_rows, sizeof(struct begun) };

static const struct field procedure_rows[] = {
	record_row(
	    struct procedure, "phase", FIELD_STRING, phase, FIELD_KEPT | FIELD_SHOWN),
	record_row(
	    struct procedure, "since", FIELD_MONO, since, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct procedure, "token", FIELD_INT, token, FIELD_KEPT),
	record_row(struct procedure, "futile", FIELD_INT, futile,
	    FIELD_KEPT | FIELD_SHOWN | FIELD_CLEARED),
	record_row(struct procedure, "moved", FIELD_BOOL, moved, 0),
	{ 0 },
};

static const struct fields procedure_fields = { procedure_rows,
	sizeof(struct procedure) };

static const char *const wish_words[] = {
	[WISH_NONE] = "none",
	[WISH_START] = "start",
	[WISH_STOP] = "stop",
	[WISH_RESTART] = "restart",
	NULL,
};

static const struct field wish_rows[] = {
	record_row(struct wish, "what", FIELD_WORD, what, FIELD_KEPT | FIELD_SHOWN,
	    .words = wish_words),
	record_row(struct wish, "by", FIELD_STRING, by, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct wish, "at", FIELD_MONO, at, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct wish, "written", FIELD_INT, written, FIELD_KEPT),
	{ 0 },
};

static const struct fields wish_fields = { wish_rows, sizeof(struct wish) };

void wish_end(struct wish *wish)
{
	record_done(&wish_fields, wish);
	record_init(&wish_fields, wish);
}

static const struct field rows[] = {
	record_row(struct object_state, "failures", FIELD_INT, failures,
	    FIELD_CLEARED | FIELD_SHOWN),
	record_row(struct object_state, "retry_at", FIELD_MONO, retry_at,
	    FIELD_CLEARED | FIELD_SHOWN),
	record_row(struct object_state, "error", FIELD_STRING, error,
	    FIELD_KEPT | FIELD_CLEARED | FIELD_SHOWN),
	record_row(struct object_state, "slow", FIELD_BOOL, slow, FIELD_CLEARED),
	record_row(struct object_state, "busy", FIELD_BOOL, busy, FIELD_SHOWN),
	record_row(struct object_state, "futile", FIELD_INT, futile,
	    FIELD_CLEARED | FIELD_SHOWN),
	record_row(struct object_state, "futile_at", FIELD_MONO, futile_at, 0),
	record_row(
	    struct object_state, "busy_until", FIELD_MONO, busy_until, FIELD_CLEARED),
	record_row(struct object_state, "paced", FIELD_BOOL, paced, 0),
	record_row(struct object_state, "reported", FIELD_BOOL, reported, 0),
	record_row(struct object_state, "verdict", FIELD_WORD, verdict, 0,
	    .words = verdict_words),
	record_row(struct object_state, "reason", FIELD_STRING, reason, 0),
	record_row(struct object_state, "since", FIELD_TIME, since, 0),
	record_row(
	    struct object_state, "paused", FIELD_BOOL, paused, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct object_state, "pause_reason", FIELD_STRING, pause_reason,
	    FIELD_KEPT | FIELD_SHOWN),
	record_row(struct object_state, "pause_until", FIELD_MONO, pause_until,
	    FIELD_KEPT | FIELD_SHOWN, .maximum = INT64_MAX),
	record_row(struct object_state, "wish", FIELD_GROUP, wish,
	    FIELD_KEPT | FIELD_SHOWN, .group = &wish_fields),
	record_row(struct object_state, "restart", FIELD_GROUP, restart,
	    FIELD_KEPT | FIELD_SHOWN, .group = &wish_fields),
	record_row(struct object_state, "approval", FIELD_GROUP, approval,
	    FIELD_KEPT | FIELD_SHOWN, .group = &approval_fields),
	record_row(struct object_state, "progress", FIELD_STRING, progress, FIELD_SHOWN),
	record_row(struct object_state, "begun", FIELD_GROUP, begun,
	    FIELD_KEPT | FIELD_SHOWN, .group = &begun_fields),
	record_row(struct object_state, "procedure", FIELD_GROUP, procedure,
	    FIELD_KEPT | FIELD_SHOWN, .group = &procedure_fields),
	{ 0 },
};

const struct fields object_state_fields = { rows, sizeof(struct object_state) };

struct object_state *object_state_new(const struct kind *kind, const char *name)
{
	struct object_state *state = must_alloc(sizeof(*state));

	state->kind = kind;
	state->name = must_copy(name);
	record_init(&object_state_fields, state);
	if (kind->state_fields) {
		state->own = must_alloc(kind->state_fields->size);
		record_init(kind->state_fields, state->own);
	}
	return state;
}

void object_state_free(struct object_state *state)
{
	record_done(&object_state_fields, state);
	if (state->own)
		record_done(state->kind->state_fields, state->own);
	json_object_put(state->unknown);
	free(state->own);
	free(state->name);
	free(state);
}

const struct object_state *object_state_blank(struct arena *a, const struct kind *kind)
{
	struct object_state *state = arena_alloc(a, sizeof(*state));

	state->kind = kind;
	record_init(&object_state_fields, state);
	if (kind->state_fields) {
		state->own = arena_alloc(a, kind->state_fields->size);
		record_init(kind->state_fields, state->own);
	}
	return state;
}

bool object_state_remembers(const struct object_state *state)
{
	return state->failures || state->error || state->futile ||
	       state->approval.parts.count;
}

void object_state_recover(struct object_state *state)
{
	state->failures = 0;
	state->slow = false;
	record_set_text(&state->error, NULL);
}

struct json_object *object_state_show(
    const struct object_state *state, const struct clocks *c)
{
	struct json_object *o = record_show(&object_state_fields, state, c);

	struct json_object *own =
	    state->own ? record_show(state->kind->state_fields, state->own, c) : NULL;

	if (own && json_object_object_length(own))
		json_put(o, "record", own);
	else
		json_object_put(own);
	return o;
}
