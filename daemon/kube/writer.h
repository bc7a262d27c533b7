/* SPDX-License-Identifier: MIT */
/*
 * writer: server-side apply and delete. What a step needs is copied; its outcome is told
 * from the loop, never from within writer_step().
 */
#ifndef DAEMON_KUBE_WRITER_H
#define DAEMON_KUBE_WRITER_H

#include "daemon/kube/http.h"
#include "daemon/kube/tuning.h"
#include "lib/wire/api_path.h"

struct writer_callbacks {
	/* The server's answer to a write that succeeded; before step_done. */
	void (*wrote)(void *arg, const struct api_path *path, struct json_object *object);
	void (*removed)(void *arg, const struct api_path *path, const char *uid);
	void (*refused)(void *arg, const struct api_path *path); /* 401 */
	void (*step_done)(
	    void *arg, uint64_t ticket, const char *error, bool slow, bool lost);
};

struct writer;

/* `timeout` in ms, per write. */
struct writer *writer_new(struct ev_loop *loop, int64_t timeout,
    const struct writer_callbacks *callbacks, void *arg);
void writer_free(struct writer *w); /* without calling back */

/* `http` NULL: fails with `why`, as not sent. */
void writer_step(struct writer *w, struct http *http, const struct step *step,
    uint64_t ticket, const char *why);

/* The connections are about to be closed: whatever is under way has an unknown outcome.
 */
void writer_abandon(struct writer *w);

#endif
