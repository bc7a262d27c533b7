/* SPDX-License-Identifier: MIT */
/*
 * object_state: what is known of one object beside what is desired and observed: failures
 * and the next try, a pause, a person's wish, an approval, the procedure that goes on, and the record that
 * its kind describes (`state_fields` of lib/model/kind.h). The tables say of each member
 * whether it is kept on disk, forgotten by `reconcile`, and shown.
 */
#ifndef LIB_STATE_OBJECT_STATE_H
#define LIB_STATE_OBJECT_STATE_H

#include "lib/model/kind.h"
#include "lib/state/approval.h"
#include "lib/state/record.h"

enum verdict {
	VERDICT_CONVERGED,
	VERDICT_PENDING,
	VERDICT_FAILING,
	VERDICT_BLOCKED,
	VERDICT_UNKNOWN,
	VERDICT_PAUSED,
};

const char *verdict_text(enum verdict verdict);
int verdict_parse(const char *text); /* -1 on an unknown word */

/* An action that must not be done twice, noted before it was sent and until its target
 * was observed afterwards. */
struct begun {
	struct record record;
	char *action;  /* NULL: none */
	int64_t token; /* of the call, unique over restarts */
	int64_t wall;  /* when, ms since 1970 */
};

/* A change that takes many plans (lib/state/rounds.h). */
struct procedure {
	struct record record;
	char *phase; /* NULL: none goes on */
	struct mono since;
	int64_t token;	/* what the phase has made or sent is found by it; 0: nothing */
	int64_t futile; /* rounds of this phase in a row after which it stood still */
	bool moved;	/* since the last round ended */
};

/* What a person requested, as `homek8sctl stop` does: instead of what is written, or, to
 * restart it, beside that. */
enum wish_for { WISH_NONE, WISH_START, WISH_STOP, WISH_RESTART };

struct wish {
	struct record record;
	enum wish_for what;
	char *by; /* a user's name, or "uid 1000" */
	struct mono at;
	int64_t written; /* hash of what was written of the object then */
};

/* There is none any more. */
void wish_end(struct wish *wish);

struct object_state {
	struct record record;
	const struct kind *kind;
	char *name;
	/* Failures of its steps. */
	int64_t failures;
	struct mono retry_at; /* meaningful while failures > 0 */
	char *error;	      /* last one, until it converges */
	bool slow;	/* the error is one that waiting will not mend: retry slowly */
	bool busy;	/* steps under way, or done and not yet observed */
	char *progress; /* of the step under way: how far it is, or that it is overdue */
	/* Rounds of steps (lib/state/rounds.h). */
	int64_t futile;		/* in a row, it not being as it should be after any */
	struct mono futile_at;	/* the last of them */
	struct mono busy_until; /* far ahead of now: too many rounds of late */
	bool paced;		/* the round's steps are those a kind paces itself */
	/* The verdict as it was reported last. */
	bool reported;
	enum verdict verdict;
	char *reason;
	int64_t since; /* ms since 1970 */
	/* Nothing is done. */
	bool paused;
	char *pause_reason;
	struct mono pause_until; /* MONO_NEVER: until resumed */
	struct wish wish;
	struct wish restart; /* WISH_RESTART or none: until it was done */
	struct approval approval;
	struct begun begun;
	struct procedure procedure;
	/* The kind's record; NULL where it has none. What it points to may change where
	 * the rest may not: the kind's accessor keeps it const. */
	void *own;
	/* Members of a newer version, as they were loaded; NULL: none. */
	struct json_object *unknown;
};

extern const struct fields object_state_fields;

/* With initial values; freed with object_state_free(). */
struct object_state *object_state_new(const struct kind *kind, const char *name);
void object_state_free(struct object_state *state);
/* The same in the arena, for objects of which nothing is known. Must not be changed. */
const struct object_state *object_state_blank(struct arena *a, const struct kind *kind);

/* Whether it holds something that a later plan may make void: failures, rounds that came
 * to nothing, an approval. */
bool object_state_remembers(const struct object_state *state);

/* Its failures are over. */
void object_state_recover(struct object_state *state);

/* What people are shown of it, the kind's record under "record". New reference. */
struct json_object *object_state_show(
    const struct object_state *state, const struct clocks *c);

#endif
