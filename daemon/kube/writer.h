/* SPDX-License-Identifier: MIT */
/*
 * writer: writes on their way: several at once, but never two on one object, and those on
 * one object in the order in which they came. What a write needs is copied; its outcome
 * is reported from the loop, never from within a call made here.
 */
#ifndef DAEMON_KUBE_WRITER_H
#define DAEMON_KUBE_WRITER_H

#include "daemon/kube/reflectors.h"
#include "daemon/kube/request.h"

struct writer;

/* `all` gets what was written; host's step_done() is called after that. */
struct writer *writer_new(struct kube_host *host, struct reflectors *all);
void writer_free(struct writer *w); /* without calling back */

/*
 * `about` names the object in errors: "pool default-pool". `down`: it fails as not sent,
 * for this reason; NULL: host->http is there.
 */
void writer_write(struct writer *w, const struct kube_write *write, const char *about,
    uint64_t ticket, const char *down);
/* The connections are about to be closed: whatever is under way has an unknown outcome,
 * and what still waits was not sent. */
void writer_abandon(struct writer *w);

#endif
