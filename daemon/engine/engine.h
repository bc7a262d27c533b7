/* SPDX-License-Identifier: MIT */
/*
 * engine: keeps the home as it is written. Holds the desired home, the observed one and
 * the state; whatever happens ends here and asks for a plan; the plan's steps go through
 * the executor to the sources. Everything runs on the main loop. See engine.c for how an
 * event becomes an action.
 */
#ifndef DAEMON_ENGINE_ENGINE_H
#define DAEMON_ENGINE_ENGINE_H

#include <ev.h>
#include <sys/types.h>

#include "daemon/host/state_dir.h"
#include "lib/plan/import.h"
#include "lib/view/view.h"

struct engine;

struct engine_options {
	const char *config_dir;
	struct state_dir *state_dir; /* NULL: nothing is kept on disk */
	bool plans_only; /* everything is observed and planned, nothing is done */
	void (*changed)(void *arg); /* the view is another: after every plan */
	void *arg;
};

/*
 * Loads the configuration (falling back to the last good one) and starts the sources.
 * Where there is none it observes, generation 0, until the first good one is there.
 */
struct engine *engine_new(struct ev_loop *loop, const struct engine_options *options);
/* What is kept is written before, as far as the disk lets it. False: it hangs, and the
 * state directory must not be closed. */
bool engine_free(struct engine *e);

enum reload_result {
	RELOAD_DONE,
	RELOAD_REFUSED, /* `errors` has all that is wrong with it; nothing changed */
	RELOAD_LATER	/* one of its files is being written; `errors` names it */
};

/* Reads the configuration again; where it is the same, the generation stays. */
enum reload_result engine_reload(struct engine *e, struct text *errors);

/*
 * The last plan and all around it, for lib/view/view.h; it changes nothing and plans
 * nothing, and holds until control returns to the loop. While something is pending that
 * the plan does not know yet, engine_pending() is true and nothing but `load` and the
 * sources of a view may be read; the next plan follows within 20 ms, and
 * engine_options.changed() after it.
 */
void engine_view(const struct engine *e, struct view *out);
bool engine_pending(const struct engine *e);

/* What runs now as desired state, from what is observed (lib/plan/import.h). */
void engine_import(struct engine *e, const struct import_only *only, size_t count,
    struct arena *a, struct import_result *out);

/* What users ask for (kind NULL: of everything). `who` goes to the journal. -1: there is
 * no such object, or it cannot be done. Nothing is planned from within. */
int engine_reconcile(struct engine *e, const struct kind *kind, const char *name,
    const char *who, struct error *error);
int engine_pause(struct engine *e, const struct kind *kind, const char *name,
    const char *reason, int64_t ms, const char *who, struct error *error); /* ms 0: no
										   end */
/* That it be up, or down, whatever is written; `by` is kept and shown. */
int engine_wish(struct engine *e, const struct kind *kind, const char *name,
    enum wish_for what, const char *by, const char *who, struct error *error);
int engine_resume(struct engine *e, const struct kind *kind, const char *name,
    const char *who, struct error *error);

/* Approves the change that was shown under `hash`; of another one it says that it has
 * changed meanwhile, with *changed set. */
int engine_approve(struct engine *e, const struct kind *kind, const char *name,
    const char *hash, uid_t uid, const char *who, bool *changed, struct error *error);

#endif
