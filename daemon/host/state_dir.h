/* SPDX-License-Identifier: MIT */
/*
 * state: the state directory: what is remembered over a restart (state.json), the last
 * good configuration (last-good.json), and the lock that keeps a second daemon away.
 * Files are replaced whole: temporary file, fsync, rename, fsync of the directory. A torn
 * or foreign file is set aside as NAME.corrupt and read as absent.
 */
#ifndef DAEMON_HOST_STATE_DIR_H
#define DAEMON_HOST_STATE_DIR_H

#include <json-c/json.h>

#include "lib/base/error.h"

struct state_dir;

/* Opens (and makes) the directory and takes the lock for the process's life. NULL when
 * another process holds it (its pid is in the error) or the directory cannot be used. */
struct state_dir *state_dir_open(const char *directory, struct error *e);
void state_dir_close(struct state_dir *state);

/* The document, a new reference; NULL with no error text when there is none. `warning`
 * says what was set aside. */
struct json_object *state_dir_read(
    struct state_dir *state, const char *name, struct error *warning);
/* `document` is JSON text. May block, and may be called on another thread than the rest
 * of this module, one at a time for each name (daemon/host/state_writer.h). */
int state_dir_write(
    struct state_dir *state, const char *name, const char *document, struct error *e);
/* Moves a file that is of no use out of the way, so that the next write does not lose it;
 * `warning` says so: "FILE: WHY; set aside as ...". */
void state_dir_set_aside(
    struct state_dir *state, const char *name, const char *why, struct error *warning);

#endif
