/* SPDX-License-Identifier: MIT */
/*
 * executor_parts: documents with their queues, objects with their programs: what
 * executor.c moves about. Found by kind and name in tables of their own.
 */
#ifndef DAEMON_ENGINE_EXECUTOR_PARTS_H
#define DAEMON_ENGINE_EXECUTOR_PARTS_H

#include <sys/queue.h>

#include "lib/plan/plan.h"

struct keyed { /* the head of what stands in a table */
	struct keyed *next;
	const struct kind *kind;
	char *name;
};

struct table { /* zeroed is empty */
	struct keyed **buckets;
	size_t room, count;
};

/* NULL: none. */
void *table_find(const struct table *t, const struct kind *kind, const char *name);
/* Puts it in; the table owns kind and name from then on. `size` of the whole, zeroed. */
void *table_add(struct table *t, const struct kind *kind, const char *name, size_t size);
void table_remove(struct table *t, void *item);
/* All that stand in it now, in the arena. */
void **table_all(const struct table *t, struct arena *a);
void table_done(struct table *t); /* frees the table, not what stands in it */

/* DOUBTFUL: it failed, and may be done all the same; REFUSED: it is not. */
enum progress { TO_COME, NOTING, SENT, DONE, DOUBTFUL, REFUSED, DROPPED };

struct entry {			 /* a step on its way */
	TAILQ_ENTRY(entry) link; /* in its document's queue, or among those sent */
	struct step step;	 /* its texts and arguments are in the run's arena */
	struct run *run;
	struct document *document;
	size_t restores; /* 1 + the place in the run of what it puts back; 0: none */
	uint64_t token;
	enum progress progress;
	bool noted;   /* on disk before it is sent, */
	bool must_be; /* or else it is not */
	bool queued;  /* it stands in its document's queue */
	bool dropped; /* while it was being noted: it is not sent */
	bool held;    /* its document is lost: not before that is observed */
	bool again;   /* it was held: it may be done, or no more to be done */
};

TAILQ_HEAD(entries, entry);

struct document {
	struct keyed key;
	struct entries queue;
	struct entry *sent; /* noted, or under way */
	struct waiters {    /* objects that wait until it is observed */
		struct work **items;
		size_t count;
	} waiters;
	size_t users; /* entries of programs that are not over */
	size_t held;  /* of these, entries that are held */
	bool ready;   /* stands among those of ready_source that may be sent */
	size_t ready_source;
	TAILQ_ENTRY(document) ready_link;
};

TAILQ_HEAD(documents, document);

struct run {		  /* a program under way */
	struct run *next; /* of the object */
	struct work *work;
	struct arena arena;
	struct entry *entries;
	size_t count;
	size_t at;		       /* the step that is next, or under way */
	size_t queued;		       /* steps before this one were queued */
	const struct document *awaits; /* until this is observed; NULL: nothing */
};

struct work { /* an object with programs, or whose documents were not observed yet */
	struct keyed key;
	struct run *runs;
	size_t awaited;		     /* documents that must be observed */
	const struct document *last; /* the last of these that was added, or NULL */
};

/* A copy of the program, nothing of it queued; `work` gets it. */
struct run *run_new(struct work *work, const struct program *program);
void run_free(struct run *run);

/* The object waits until the document is observed; once, however often it is called. */
void document_await(struct document *d, struct work *work);
/* It was: each waiting object counts one less. */
void document_observed(struct document *d,
    void (*each)(void *arg, struct document *d, struct work *work), void *arg);

#endif
