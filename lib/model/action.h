/* SPDX-License-Identifier: MIT */
/*
 * action: what sort of thing a step does. A row of lib/kind/actions.def says its name,
 * the source that does it, its flags and how its document is made; the source's adapter
 * has one function a row, and a missing one does not compile.
 */
#ifndef LIB_MODEL_ACTION_H
#define LIB_MODEL_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/model/source.h"

struct kind;
struct planner;
struct step;

struct action {
	const char *name; /* "domain-start" */
	const struct source *source;
	/* Of what the document is that it edits; NULL: of the item's own kind. */
	const struct kind *target;
	bool paced; /* the kind repeats it at a pace of its own: not futile */
	bool once;  /* repeating it may harm: noted on disk before it is sent */
	/* A request that may be heeded long after the call has ended: noted on disk before
	 * it is sent, and not planned while the disk takes no notes. */
	bool lasts;
	bool slow; /* takes minutes: reports progress, can be cancelled */
	/*
	 * The document to send, made from the latest observation when the step is sent
	 * or shown, in the planner's arena (whose plan may be NULL); NULL with the reason
	 * when it cannot be made. A row without it sends none.
	 */
	const char *(*render)(
	    struct planner *p, const struct step *step, struct error *e);
	/* Of the action's own arguments: their size, and how to copy into the arena what
	 * they point to (NULL: they point to nothing). */
	size_t size;
	void (*keep)(struct arena *a, void *arguments);
};

/* A step as it is handed to its source: everything is borrowed for the call. */
struct call {
	const struct action *action;
	const struct kind *kind; /* of the document, */
	const char *target;	 /* and its external name */
	const char *text;	 /* what it does, for people */
	const char *document;	 /* as rendered, or NULL */
	const void *arguments;	 /* of the action, or NULL */
	uint64_t token;		 /* unique over restarts */
};

/* A copy of everything a call borrows, in the arena. */
struct call call_copy(struct arena *a, const struct call *call);

/* All of them, in row order, and one by name (NULL: none). */
extern const struct action *const actions[];
extern const size_t action_count;
const struct action *action_find(const char *name);

#endif
