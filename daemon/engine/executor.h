/* SPDX-License-Identifier: MIT */
/*
 * executor: programs on their way from the plan to the sources.
 *
 * Steps that edit one document (a network, a domain, an object of the API) form one queue
 * in the plan's order, whatever objects they are for, and are sent one at a time. A
 * program's steps run one after the other, also where they edit several documents: the
 * next is sent when the call has returned, or, where it says so, when the document was
 * observed again. When a step fails the rest of its program is dropped, all but what puts
 * back something that was taken, or may have been: a step that failed may be done all the
 * same, unless its source says that it was refused. Where that was so, and what puts it
 * back is refused for it, that is no failure to be reported. Where the document is lost with
 * its source, what puts something back is sent when the document was observed again.
 *
 * An object is busy from the moment its steps are queued until they have ended and every
 * document they touched was read again; meanwhile the plan begins nothing for it.
 *
 * Hides queues, tokens, limits, and what may be sent when. Main loop only; it calls no
 * source itself.
 */
#ifndef DAEMON_ENGINE_EXECUTOR_H
#define DAEMON_ENGINE_EXECUTOR_H

#include "lib/plan/plan.h"

struct executor;

/* How a call has ended. */
struct outcome {
	const char *error;   /* NULL: it has succeeded */
	bool slow;	     /* trying again soon is pointless */
	bool lost;	     /* whether it was done is not known */
	bool refused;	     /* it was certainly not done: nothing is to be put back */
	bool observed;	     /* what it did was observed already, or will be anyway */
	int64_t retry_after; /* ms: the source asks for so long; 0: no such wish */
	bool waits;	     /* the source itself waits before it goes on: no back-off */
};

/* A step that has ended, borrowed for the call. */
struct ended_step {
	const struct kind *kind; /* of the object, */
	const char *name;	 /* and its name */
	const struct action *action;
	const void *arguments;
	const char *text;
};

struct executor_hooks {
	/* Hands a step to its source; the outcome comes through executor_ended(), never
	 * from within. All of it is borrowed. */
	void (*send)(void *arg, const struct call *call);
	/* Its document as of now, into the arena; NULL with the reason. */
	const char *(*render)(
	    void *arg, struct arena *a, const struct step *step, struct error *e);
	/* Notes on disk that the step is about to be sent, where it must not be done
	 * twice, is of a procedure, whose phase must be there, or outlasts its call;
	 * executor_noted() follows, never from within. */
	void (*note)(void *arg, const struct step *step, uint64_t token);
	/* Ends a step that takes long. */
	void (*cancel)(void *arg, const struct source *source, uint64_t token);
	/* A step has ended. Before its object is no longer busy. */
	void (*ended)(
	    void *arg, const struct ended_step *step, const struct outcome *outcome);
	/* The object's busy state has changed. */
	void (*busy)(void *arg, const struct kind *kind, const char *name, bool busy);
};

/* `first_token`: tokens count up from it. */
struct executor *executor_new(
    const struct executor_hooks *hooks, void *arg, uint64_t first_token);
void executor_free(struct executor *x); /* NULL allowed; without calling back */

/* How many calls the source takes at a time; 1 where nothing was said. */
void executor_limit(struct executor *x, const struct source *source, unsigned calls);

/* Drops what was taken from an earlier plan, where nothing of it was sent yet and it needs an
 * approval by now that it lacks. Then queues the steps of every program of the plan that may
 * run, copied, and sends what can be sent. */
void executor_take(struct executor *x, const struct plan *plan);

/* A call has ended; nothing for a token that is not under way. */
void executor_ended(struct executor *x, uint64_t token, const struct outcome *outcome);
/* A note is on disk, or could not be written: `error`; then only a step that merely outlasts
 * its call is sent. */
void executor_noted(struct executor *x, uint64_t token, const char *error);

/* A document was read (its external name): what waited for that goes on. */
void executor_observed(struct executor *x, const struct kind *kind, const char *document);

/* All documents of the kind whose names begin with `prefix` are listed, for the first time
 * after nothing was known of them: what waits for one that is not listed goes on. */
void executor_listed(struct executor *x, const struct kind *kind, const char *prefix,
    bool (*is_listed)(const char *name, void *arg), void *arg);

/*
 * Nothing is known any more of the kind's documents whose names begin with `prefix`:
 * drops what waits to be done to them, and of those programs what a failure drops, and
 * waits for no observation. A call under way goes on and ends as any other. What puts
 * something back waits until the document is observed; it is dropped where that is not
 * listed any more.
 */
void executor_drop(struct executor *x, const struct kind *kind, const char *prefix);

/* What was decided no longer holds (a new configuration, a pause): drops what was not
 * sent, all but what puts back something that was taken or is just being taken. Kind
 * NULL: of every object. */
void executor_abandon(struct executor *x, const struct kind *kind, const char *name);

/* Ends what of the object takes long and is under way. */
void executor_cancel(struct executor *x, const struct kind *kind, const char *name);

/* The object and the text of the step under way; false for a token that is not. */
bool executor_find(const struct executor *x, uint64_t token, struct ended_step *out);

/* Steps queued or under way. */
size_t executor_length(const struct executor *x);

#endif
