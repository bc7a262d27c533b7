/* SPDX-License-Identifier: MIT */
/* cycle: one plan after the other, what is reported of it, and what comes of it. */
#ifndef DAEMON_ENGINE_CYCLE_H
#define DAEMON_ENGINE_CYCLE_H

#include "daemon/engine/core.h"

/* Plans, reports, hands the steps to the executor, and says that the view has changed.
 * From a timer only. */
void cycle_plan(struct engine *e);

/* What a plan is made of, as it is now. */
void cycle_input(struct engine *e, struct plan_input *input);

/* The state is written a moment later, where it differs from what is on disk; at once
 * where a procedure has moved or somebody has requested something. */
void cycle_save_soon(struct engine *e);

/* Steps' hooks of the executor that do not concern sources' answers. */
const char *cycle_render(
    void *arg, struct arena *a, const struct step *step, struct error *error);

#endif
