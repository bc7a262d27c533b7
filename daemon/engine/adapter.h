/* SPDX-License-Identifier: MIT */
/*
 * adapter: what the engine asks of a source, and the inbox through which the source
 * answers. A row of lib/kind/sources.def has one adapter, NAME_adapter, in a folder of
 * daemon/ of its own; a missing one does not compile. Nothing else in daemon/ knows a
 * source by name.
 *
 * All functions are called on the main loop and none of them blocks; all answers come on
 * the main loop, and none from within a call of the engine's unless it says so.
 */
#ifndef DAEMON_ENGINE_ADAPTER_H
#define DAEMON_ENGINE_ADAPTER_H

#include <ev.h>

#include "daemon/engine/executor.h"
#include "lib/model/probe.h"
#include "lib/model/watch.h"
#include "lib/plan/plan.h"

/* Texts and readings are borrowed for the call. */
struct inbox {
	/* The source's state, or the reason for it, has changed. */
	void (*state)(void *arg, const struct source *source);
	/* One object was read. */
	void (*observed)(
	    void *arg, const struct kind *kind, const struct reading *reading);
	void (*gone)(void *arg, const struct kind *kind, const char *name);
	/* It could not be read, for another reason than not being there. */
	void (*unreadable)(
	    void *arg, const struct kind *kind, const char *name, const char *why);
	/* Whether no more of the kind is taken in, for memory's sake. */
	bool (*full)(void *arg, const struct kind *kind);
	/* All of a watch (or, with prefix "", of the kind) was read: whatever is not
	 * named is gone. */
	void (*listed)(void *arg, const struct kind *kind, const char *prefix,
	    const char *const *names, size_t count);
	/* Nothing of it is known any more. */
	void (*lost)(
	    void *arg, const struct kind *kind, const char *prefix, const char *why);
	/* The same, though the source is there: it may not be read, or does not exist. */
	void (*refused)(
	    void *arg, const struct kind *kind, const char *prefix, const char *why);
	/* A watch has begun: nothing is known of it yet; it has ended: forget it. Both
	 * also from within adapter's watch(). */
	void (*begun)(void *arg, const struct kind *kind, const char *prefix);
	void (*ended)(void *arg, const struct kind *kind, const char *prefix);
	/* Something happened to the object, for the history; whatever has to be read
	 * because of it is the source's own affair. */
	void (*event)(void *arg, const struct source *source, const struct kind *kind,
	    const char *name, const char *text);
	/* A call has ended; one that takes long says how far it is; one that should have
	 * been answered has not been (`text` says it, NULL: it has now). */
	void (*done)(void *arg, uint64_t token, const struct outcome *outcome);
	void (*progress)(void *arg, uint64_t token, const char *text);
	/* A probe was answered, or could not be (status 0). */
	void (*answered)(void *arg, const struct answer *answer);
	void *arg;
};

struct source_report {	     /* holds until the next call of state() */
	const char *state;   /* "connected", "connecting", "unresponsive", "down",
				"unauthorized", "off" */
	int64_t since;	     /* ms since 1970 */
	const char *detail;  /* never NULL: where, or why, and the next try */
	const char *version; /* or NULL */
	bool up;	     /* what was observed may be trusted, kind by kind */
	bool off;	     /* switched off */
};

struct adapter_start {
	struct ev_loop *loop;
	const struct config *config;
	const char *config_dir;
	const struct inbox *inbox; /* outlives the source */
};

struct adapter {
	const struct source *source;
	unsigned limit; /* calls at a time */
	void *(*start)(const struct adapter_start *start);
	void (*stop)(void *self);
	/* A new configuration is in force. */
	void (*configure)(void *self, const struct config *config);
	/* The watches that are needed from now on; NULL: it has none. */
	void (*watch)(void *self, const struct watch_set *needed);
	/* Reads one object (`later`: once nothing urgent is left to do), or all. NULL:
	 * it says by itself what changes. */
	void (*read)(void *self, const struct kind *kind, const char *name, bool later);
	void (*read_all)(void *self);
	/* Where it is down: tries now instead of waiting. */
	void (*retry_now)(void *self);
	void (*state)(void *self, struct source_report *out);
	/* Whether it reports every change by itself: then a resync may be rare. */
	bool (*hears_all)(void *self);
	void (*run)(void *self, const struct call *call);
	/* Asks what a probe says, unless that is under way; the answer comes through the
	 * inbox. NULL: it answers none. */
	void (*ask)(void *self, const struct probe *probe);
	/* A plan was made, and says this of the host's shutdown. NULL: it is none of it. */
	void (*shutdown)(void *self, enum shutdown shutdown);
	/* Ends a call that takes long, as soon as can be; NULL: it has none. */
	void (*cancel)(void *self, uint64_t token);
};

/* By source_index(). */
extern const struct adapter *const adapters[];

#endif
