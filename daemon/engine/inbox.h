/* SPDX-License-Identifier: MIT */
/*
 * inbox: what the sources say goes into the observations and the state, what has ended
 * goes to the executor, and every word of it asks for a plan.
 */
#ifndef DAEMON_ENGINE_INBOX_H
#define DAEMON_ENGINE_INBOX_H

#include "daemon/engine/core.h"

/* The functions sources call, for this engine (daemon/engine/adapter.h). */
struct inbox inbox_of(struct engine *e);

/* A call has ended, or goes on: as struct inbox says of its done() and progress(). */
void inbox_done(void *arg, uint64_t token, const struct outcome *outcome);
void inbox_progress(void *arg, uint64_t token, const char *text);

/* The executor's hooks, for this engine; first_token is unique over restarts. */
struct executor *inbox_executor(struct engine *e);

/* What was observed of an object concerns another desired one from now on. */
void inbox_remember(struct engine *e, const struct observed *observed);

/* Reports the state of every source. */
void inbox_states(struct engine *e);

/* Notes of changes up to this one are on disk, or are not for the reason given: they are
 * answered. Never from within the executor. */
void inbox_notes_written(struct engine *e, uint64_t change, const char *error);

#endif
