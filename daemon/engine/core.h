/* SPDX-License-Identifier: MIT */
/*
 * core: what the engine's files share. Includes go one way: core.h, then cycle.h (plans
 * and what follows), then inbox.h (what sources say) and requests.c (what users ask),
 * then engine.c, which puts them together.
 */
#ifndef DAEMON_ENGINE_CORE_H
#define DAEMON_ENGINE_CORE_H

#include "daemon/engine/adapter.h"
#include "daemon/engine/engine.h"
#include "daemon/host/state_writer.h"
#include "daemon/host/watch.h"

struct engine {
	struct ev_loop *loop;
	struct engine_options options;
	struct config *config;
	struct config_view load;
	struct text load_errors;
	struct observations observed;
	struct state state;
	struct plan *plan;
	struct mono planned; /* when it was made */
	struct mono began;   /* when the sources were started */
	struct executor *executor;
	struct probe_store *probes;
	struct inbox inbox;
	void *sources[SOURCES_MAX];	   /* by source_index(); NULL: not started yet */
	const char *reported[SOURCES_MAX]; /* the state last reported of each */
	struct watch *watch;
	ev_timer plan_timer; /* the next plan, soon */
	ev_timer wake_timer; /* the time of the plan that the last one wants */
	struct resync {	     /* all of one source is read again */
		struct engine *engine;
		size_t source;
		ev_timer timer;
	} resyncs[SOURCES_MAX];
	ev_timer save_timer;
	struct state_writer *writer; /* NULL: nothing is kept on disk */
	ev_timer note_timer; /* notes that need not or cannot be written are answered */
	struct note {
		uint64_t token;
		uint64_t change; /* of state.persistent_changes: on disk with it */
	} * notes;
	size_t note_count;
	/* When the last plan was made, and how long it took. */
	int64_t planned_us, plan_took_us;
	unsigned idle_plans; /* of this burst, in a row, that found nothing to do */
	uint64_t saved;	     /* state.persistent_changes handed to the writer */
	bool watches_due;    /* what decides on them may have changed */
	bool save_now; /* a procedure has moved, or somebody has requested something */
	char *unsaved; /* why the state cannot be kept on disk; NULL: it can */
	struct mono progress_said; /* the last event about how far a step is */
	bool starting;		   /* sources call back before all of them are known */
};

/* Something changed: plan soon, see the theory at the head of cycle.c. */
void engine_schedule(struct engine *e);

/* Reads everything and asks every question again. */
void engine_resync(struct engine *e);

/* Hands what is to be kept to the writer. */
void engine_save(struct engine *e);

#endif
