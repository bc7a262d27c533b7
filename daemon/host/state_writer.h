/* SPDX-License-Identifier: MIT */
/*
 * state_writer: one thread that writes the files of the state directory, so that no fsync
 * blocks the loop. Of several contents of a file the latest is written; the file itself
 * is at any instant the old one or a new one, whole (daemon/host/state_dir.h).
 *
 * What cannot be written (a full disk, one that became read-only or fails) is kept and
 * tried again every `retry_ms`; meanwhile all goes on from memory. Main loop only; the
 * hooks run on it, never from within a call.
 */
#ifndef DAEMON_HOST_STATE_WRITER_H
#define DAEMON_HOST_STATE_WRITER_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/host/state_dir.h"

#define STATE_WRITER_RETRY_MS 30000

struct state_writer_hooks {
	/* A file was tried: it is on disk up to `change` (error NULL), or it is not, for
	 * the reason given, a whole sentence. NULL: of no interest. */
	void (*ended)(void *arg, const char *name, uint64_t change, const char *error);
	/* Writing has begun to fail, or works again (NULL): once each. */
	void (*trouble)(void *arg, const char *error);
};

struct state_writer;

/* `dir` is borrowed, and used by the thread until state_writer_free() has returned true. */
struct state_writer *state_writer_new(struct ev_loop *loop, struct state_dir *dir,
    int64_t retry_ms, const struct state_writer_hooks *hooks, void *arg);
/*
 * Writes what is not on disk yet, with one more try of what has failed, for up to `ms`.
 * No hook is called any more. False: it took longer; the thread is left behind with what
 * it writes, and `dir` must not be closed. NULL allowed.
 */
bool state_writer_free(struct state_writer *w, int64_t ms);

struct state_dir *state_writer_dir(const struct state_writer *w);

/*
 * The file is to hold this document, printed now; `change` counts its contents, upwards.
 * Written at once; while writing fails, with the next try.
 */
void state_writer_put(struct state_writer *w, const char *name,
    struct json_object *document, uint64_t change);
/* The last change that is on disk, and the last that is to be; 0: none of this process. */
uint64_t state_writer_written(const struct state_writer *w, const char *name);
uint64_t state_writer_given(const struct state_writer *w, const char *name);
/* Why writing fails now; NULL: it does not, as far as is known. Until the loop turns. */
const char *state_writer_error(const struct state_writer *w);

#endif
