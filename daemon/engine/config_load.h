/* SPDX-License-Identifier: MIT */
/*
 * config_load: the configuration from its directory, and the last good one from the state
 * directory for the day the directory holds a broken one while the daemon starts.
 */
#ifndef DAEMON_ENGINE_CONFIG_LOAD_H
#define DAEMON_ENGINE_CONFIG_LOAD_H

#include "daemon/host/state_writer.h"
#include "lib/model/config.h"

/* NULL with every error, each with its source line and caret, in `errors`. A good one is
 * handed to the writer, where there is one. */
struct config *config_load_directory(
    const char *directory, struct state_writer *writer, struct text *errors);

/* The last good one of this directory; NULL when there is none, it is another directory's,
 * or it does not load any more. */
struct config *config_load_last_good(
    const char *directory, const struct state_writer *writer, struct text *errors);

/* One without desired state, to observe and wait with: the settings of the directory where
 * they are good; nothing is pruned. */
struct config *config_load_none(const char *directory);

#endif
