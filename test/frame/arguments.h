/* SPDX-License-Identifier: MIT */
/*
 * arguments: those of this test's actions, which stand in steps and in calls alike.
 * For lib/kind/actions.c, which is built again with them.
 */
#ifndef TEST_FRAME_ARGUMENTS_H
#define TEST_FRAME_ARGUMENTS_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

struct planner;
struct step;

struct note_write {
	const char *path;
};

void note_write_keep(struct arena *a, void *arguments);
/* The text, as it is written now. */
const char *note_render(struct planner *p, const struct step *step, struct error *e);

struct rollout_run {
	const char *revision;
};

void rollout_run_keep(struct arena *a, void *arguments);

#endif
