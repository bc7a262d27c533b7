/* SPDX-License-Identifier: MIT */
/*
 * state: what is known between two plans beside what is desired and observed, by kind and
 * name of the object. Part of it is kept on disk; losing it is safe: nothing is then
 * destroyed or moved, at worst an approval is needed again.
 *
 * The plan only reads it. It changes through the functions here and in rounds.h, each fed
 * with what happened and the time.
 */
#ifndef LIB_STATE_STATE_H
#define LIB_STATE_STATE_H

#include "lib/state/object_state.h"

struct state {			     /* zeroed: nothing is known */
	struct record record;	     /* everything's own: pauses, how it began */
	struct object_state **items; /* sorted by kind row, then name */
	size_t count, room;
	bool paused; /* everything */
	char *pause_reason;
	struct mono pause_until;
	/* Nothing was kept of an earlier run, and it is not clear yet whether there was one;
	 * there was, and what was kept is lost (lib/plan/first_start.h). */
	bool fresh, lost;
	bool observing; /* fresh, and others' objects were found: until resumed */
	/* Fresh: the sources, hashes of their names, whose objects are kept all the same. */
	struct hashes begun;
	uint64_t persistent_changes; /* grows when something kept on disk changes */
	/* What a newer version has saved, as it was loaded; see state_save(). */
	struct json_object *unknown, *unknown_objects;
};

/* Find; `state_get` makes one where there is none. The pointer holds until state_done. */
const struct object_state *state_find(
    const struct state *m, const struct kind *kind, const char *name);
/* The same with a guess where it stands, as sorted_near() takes it. */
const struct object_state *state_find_near(
    const struct state *m, const struct kind *kind, const char *name, size_t *near);
struct object_state *state_get(
    struct state *m, const struct kind *kind, const char *name);
void state_done(struct state *m);

/*
 * It is desired like this from now on; NULL: it is no longer. A wish ends where what is
 * written is not what it was. What was approved stays so:
 * an approval covers nothing but the change that was shown, a removal as well
 * (state_left()). A procedure goes on to its next safe point all the same.
 */
void state_desired(struct state *m, const struct kind *kind, const char *name,
    const struct object *desired);

/* A step that its approval covers is sent: the approval no longer expires. */
void state_step_sent(struct state *m, const struct kind *kind, const char *name);
/* A step of the object is about to be handed to its source: the kind may note it. */
void state_step_begins(struct state *m, const struct kind *kind, const char *name,
    const struct action *action, struct mono now);
/*
 * A step of the object has succeeded or failed with `error` (`slow`: by its nature, a
 * refusal or a missing API; `retry_after`, ms: its source asks to be left alone for so
 * long). The step is handed on to the kind.
 */
void state_step_done(struct state *m, const struct kind *kind, const char *name,
    const struct action *action, const void *arguments, const struct settings *settings,
    struct mono now);
void state_step_failed(struct state *m, const struct kind *kind, const char *name,
    const struct action *action, const void *arguments, const char *error, bool slow,
    int64_t retry_after, const struct settings *settings, struct mono now,
    uint32_t random);

/* How far the object's step under way is, for people; NULL: nothing to say. */
void state_progress(
    struct state *m, const struct kind *kind, const char *name, const char *text);

/* What a plan says of an object, as far as the state goes. */
struct planned {
	bool converged;
	bool idle; /* waits for somebody or something; nothing of its own is due */
	bool asks; /* for approval of another change than the one that was approved */
};

/*
 * The object was planned. Converged: failures and the approval are over. Idle:
 * the last failure is over. Asks for another approval: the one that was given is void.
 */
void state_planned(struct state *m, const struct kind *kind, const char *name,
    const struct planned *planned, struct mono now);

/* `reconcile`, kind NULL: of everything. Forgets what the tables say; a kind may do more
 * when it is for this very object (`requested` of lib/model/kind.h). */
void state_clear(struct state *m, const struct kind *kind, const char *name);

/* It is a first start on what others made. */
void state_observing(struct state *m);
/* How it began is clear, or what was lost is known to people. */
void state_begun(struct state *m, bool lost);
/* It is clear for this source: what it has is kept from now on, whatever of what the other
 * sources have is not known yet. */
void state_source_begun(struct state *m, const struct source *source);
bool state_source_has_begun(const struct state *m, const struct source *source);

/* Both take kind NULL for everything; MONO_NEVER: until resumed. To resume everything
 * also ends a first start, to resume an object its wish; state_desired() is then due. */
void state_pause(struct state *m, const struct kind *kind, const char *name,
    const char *reason, struct mono until);
void state_resume(struct state *m, const struct kind *kind, const char *name);
/* Approves these parts of a change, for `lasts` ms unless it is used (lib/state/approval.h). */
void state_approve(struct state *m, const struct kind *kind, const char *name,
    const uint64_t *parts, size_t count, struct mono now, int64_t lasts, uint32_t uid);
/*
 * `by`, a user's name, asks that the object, written as `desired`, be up, or down, until it
 * is resumed or written otherwise. Where that is what is written (`written_up` of its
 * kind, which must have it) there is nothing to keep: then an earlier wish ends, and to ask
 * that it be up counts as asking for this very object (`requested`). To ask that it be
 * restarted leaves such a wish as it is; it is over when that was observed to be done
 * (`observed`), when the object is resumed or written otherwise, and with another wish.
 */
void state_wish(struct state *m, const struct kind *kind, const char *name,
    const struct object *desired, enum wish_for what, const char *by, struct mono now);
/* It has left the files: what was approved of it as it was written, or requested, is
 * void. */
void state_left(struct state *m, const struct kind *kind, const char *name);
/* Pauses that have ended and approvals that have expired are dropped. */
void state_tick(struct state *m, struct mono now);

/*
 * To and from the state file; points in time through the given pair of clocks. Loaded in the
 * boot that it was saved in they are what they were, wherever the wall clock was set to
 * meanwhile; in another one what is past lies before the host's start, below zero. What of
 * a document this version does not know (kinds, members, a higher minor version) is saved
 * again as it was loaded. New reference.
 */
struct json_object *state_save(const struct state *m, const struct clocks *c);
/*
 * Into an empty state; the document is not changed. Documents of format 1 are understood:
 * objects are renamed with the help of the configuration (NULL: there is none), and what
 * was approved is not taken over. -1 when another version wrote it that this one cannot
 * read.
 */
int state_load(struct state *m, struct json_object *document, const struct config *config,
    const struct clocks *c, struct error *e);

#endif
