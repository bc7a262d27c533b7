/* SPDX-License-Identifier: MIT */
/*
 * loading: the configuration from its directory, and the last good one from the state
 * directory for the day the directory holds a broken one while the daemon starts.
 */
#ifndef DAEMON_LOADING_H
#define DAEMON_LOADING_H

#include "daemon/host/state_writer.h"
#include "lib/model/config.h"

/* NULL with every error, each with its source line and caret, in `errors`. A good one is
 * handed to the writer, where there is one. */
struct config *loading_read(
    const char *directory, struct state_writer *writer, struct text *errors);

/* The last good one; NULL when there is none or it does not load any more. */
struct config *loading_last_good(const struct state_writer *writer, struct text *errors);

#endif
