/* SPDX-License-Identifier: MIT */
/*
 * memory: what the daemon remembers of each object between two plans: failures and the
 * next try, pauses, consent, what a VM was seen doing last. Part of it is kept on disk;
 * losing it is safe: nothing is then destroyed or moved, at worst a consent is asked for
 * again.
 *
 * The plan only reads it. It changes through the functions below, each fed with what
 * happened and the time.
 */
#ifndef LIB_STATE_STATE_H
#define LIB_STATE_STATE_H

#include <json-c/json.h>

#include "lib/base/mono.h"
#include "lib/model/kind.h"

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

/* Why a VM that should run was found stopped. */
enum stop_cause {
	STOP_NONE,
	STOP_CRASH,	/* QEMU died or the guest panicked */
	STOP_GUEST,	/* the guest powered itself off, or was asked to */
	STOP_DESTROYED, /* somebody's `virsh destroy` */
	STOP_SAVED,	/* managed save, or saved to a file */
	STOP_START_FAILED,
	STOP_UNKNOWN, /* libvirtd was restarted or the host was: the reason is lost */
	STOP_OURS,    /* we asked for it */
};

struct vm_record {
	bool seen;	   /* observed at least once, with the facts below */
	bool seen_running; /* has run since it became desired that it runs */
	int domain_id;	   /* last seen; -1 stopped */
	int wanted;	   /* enum vm_state last desired; -1 none */
	enum stop_cause cause;
	struct mono running_since; /* of this domain id, as far as we saw */
	unsigned
	    quick_stops; /* stops before minimum up-time, and failed starts, in a row */
	struct mono start_at;		   /* not before */
	bool gave_up;			   /* sticky: until reconcile */
	bool start_wanted;		   /* a user asked for one start (manual power) */
	struct mono stop_first, stop_sent; /* shutdown requests; 0 = none */
};

struct reservation_record {
	bool has_ip;
	struct ip ip; /* last address seen converged */
	bool owned;   /* entry was added by us */
	bool suspect_live,
	    suspect_config; /* an update failed: what is read back may be a lie */
};

struct object_state {
	const struct kind *kind;
	char *name;
	/* Failures of its steps. */
	unsigned failures;
	struct mono retry_at; /* meaningful while failures > 0 */
	char *error;	      /* last one, until it converges */
	bool slow; /* the error is one that waiting will not mend: retry slowly */
	bool busy; /* steps under way, or done and not yet looked at */
	/* Rounds of steps that were done, and how they are kept from going on for ever.
	 */
	unsigned in_vain;	/* in a row, it not being as it should be after any */
	struct mono in_vain_at; /* the last of them */
	struct mono warm;	/* far ahead of now: too many of late */
	bool paced;		/* the round's steps are those a kind paces itself */
	/* The verdict as it was told last. */
	bool told;
	enum verdict verdict;
	char *reason;
	int64_t since; /* ms since 1970 */
	/* Hands off. */
	bool paused;
	char *pause_reason;
	struct mono pause_until; /* MONO_NEVER: until resumed */
	/* Consent to one exact change. */
	char *approved; /* the change's fingerprint */
	bool braked;	/* held by the brake: needs a consent of its own */
	struct vm_record vm;
	struct reservation_record reservation;
};

struct state {
	struct object_state **items; /* sorted by kind row, then name */
	size_t count, room;
	bool paused; /* everything */
	char *pause_reason;
	struct mono pause_until;
	uint64_t
	    persistent_changes; /* grows when something that is kept on disk changes */
};

/* Find; `state_get` makes one where there is none. The pointer holds until state_done.
 */
const struct object_state *state_find(
    const struct state *m, const struct kind *kind, const char *name);
struct object_state *state_get(
    struct state *m, const struct kind *kind, const char *name);
void state_done(struct state *m);

/*
 * A step of the object has succeeded, or failed with `error` (`slow`: by its nature, a
 * refusal or a missing API). Failures of a domain's start count as quick stops.
 */
struct step;
void state_step_done(struct state *m, const struct step *step,
    const struct settings *settings, struct mono now);
void state_step_failed(struct state *m, const struct step *step, const char *error,
    bool slow, const struct settings *settings, struct mono now, uint32_t random);

/*
 * The object's steps have ended and it was looked at. Doing what changes nothing, or what
 * somebody undoes at once, must not go on at full speed: after some rounds in vain, or
 * very many of any sort, it is failing and waits as after a failure.
 */
void state_round_ended(struct state *m, const struct kind *kind, const char *name,
    struct mono now, uint32_t random);

/*
 * What a plan says of the object: that the brake holds it, and that others were done
 * since does not let it go; that it is as it should be, and failures, used consents and
 * the brake are forgotten; that nothing is left to do, and the last failure is over; that
 * another consent is asked for, and the one that was given is void.
 */
struct item;
void state_planned(struct state *m, const struct item *item, struct mono now);

/* `reconcile`: forgets back-off and giving up, and lets a manual VM start once. */
void state_clear(struct state *m, const struct kind *kind, const char *name);

void state_pause(struct state *m, const struct kind *kind, const char *name,
    const char *reason, struct mono until);
void state_resume(struct state *m, const struct kind *kind, const char *name);
/* Pauses that have ended are dropped. Both take kind NULL for everything. */
void state_tick(struct state *m, struct mono now);
void state_approve(
    struct state *m, const struct kind *kind, const char *name, const char *fingerprint);

/*
 * To and from the state file. Points in time are stored as wall time through the given
 * pair of now; a boot in between is survived. Unknown kinds and members are skipped.
 */
struct json_object *state_save(const struct state *m, struct mono now, int64_t wall);
int state_load(struct state *m, struct json_object *o, struct mono now, int64_t wall,
    struct error *e);

#endif
