/* SPDX-License-Identifier: MIT */
/*
 * reconcile: the heart. Holds the desired home, the observed one and the memory; hears
 * every bell, plans, hands steps to the back ends one lane each, and knows the status.
 * Everything runs on the main loop. See reconcile.c for how a bell becomes an action.
 */
#ifndef DAEMON_RECONCILE_H
#define DAEMON_RECONCILE_H

#include <ev.h>

#include "daemon/host/state_dir.h"
#include "lib/view/view.h"

struct reconcile;

struct reconcile_options {
	const char *config_dir;
	struct state_dir *state_dir; /* NULL: nothing is kept on disk */
	void (*changed)(void *arg);  /* status may look different now */
	void *arg;
};

/*
 * Loads the configuration (falling back to the last good one) and starts the back ends.
 * NULL with every error's text in `e_text` when there is no configuration to work with.
 */
struct reconcile *reconcile_new(
    struct ev_loop *loop, const struct reconcile_options *options, struct text *errors);
/* What is kept is written before, as far as the disk lets it. False: it hangs, and the
 * state directory must not be closed. */
bool reconcile_free(struct reconcile *r);

/* Reads the configuration again. 0, or -1 with all errors in `errors`; then nothing
 * changed. */
int reconcile_reload(struct reconcile *r, struct text *errors);

/* Something has happened since the last plan; the next is made within 20 ms. Meanwhile
 * nothing but `load` and the sources of a view may be read: the rest may be gone. */
bool reconcile_pending(const struct reconcile *r);
/* The state of everything as of the last plan, for lib/view; holds until control returns
 * to the loop. */
void reconcile_view(const struct reconcile *r, struct view *out);

/* What users ask for. Kind NULL: everything. `who` goes to the journal. -1: no such
 * object, or nothing of it waits for approval. */
int reconcile_now(struct reconcile *r, const struct kind *kind, const char *name,
    const char *who, struct error *e);
int reconcile_pause(struct reconcile *r, const struct kind *kind, const char *name,
    const char *reason, int64_t ms, const char *who, struct error *e); /* ms 0: no end */
int reconcile_resume(struct reconcile *r, const struct kind *kind, const char *name,
    const char *who, struct error *e);
int reconcile_approve(struct reconcile *r, const struct kind *kind, const char *name,
    uint32_t uid, const char *who, struct error *e);

#endif
