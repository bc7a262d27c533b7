/* SPDX-License-Identifier: MIT */
/*
 * link: one connection to libvirt, as the call threads see it. Hides the handles, their
 * lock and their reference counts.
 *
 * libvirt calls its connections thread-safe, but the client of 9.0 (Debian 12) crashes
 * in virNetClient (g_main_loop_quit) where two threads are in calls on one connection
 * that keepalive closes.
 * So towards another process every call thread has a handle of its own, opened when it is
 * first used; the first one brings the events. A driver inside our own process, which has
 * none of this and may have a world for each connection, is shared. A handle that is
 * closed while a call is under way on it, because it is broken, is left to that call.
 *
 * Made and freed anywhere; everything else on call threads, any number at once.
 */
#ifndef DAEMON_VIRT_LINK_H
#define DAEMON_VIRT_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/virt/events.h"
#include "daemon/virt/fault.h"

#define LINK_THREADS 4

struct link;

struct link_target {
	const char *uri;
	uint64_t key;	 /* of this opening; a later one has a greater one */
	unsigned topics; /* TOPIC_BITs of the events it reports; 0: none */
};

struct link *link_new(void);
/* Nobody uses it any more. Closes what is open, so on a call thread if anything is. */
void link_free(struct link *link);

/*
 * Connects, asks for keepalive and events, and takes the place of what was open before.
 * Fails if it was closed or a later opening begun meanwhile. `version`: libvirt's at the
 * other side, 9000000 for 9.0.0.
 */
int link_open(struct link *link, const struct link_target *target, unsigned long *version,
    struct fault *fault);

/* Closes the opening of that key; one that has not ended yet closes itself. */
void link_close(struct link *link, uint64_t key);

/* Closes what other threads than the first have open and did not use for `ms`: every
 * connection costs libvirtd and us a message every few seconds. */
void link_trim(struct link *link, int64_t ms);

/* A handle that is lent to one call. */
struct use {
	virConnectPtr conn; /* NULL: none */
	struct link *link;
	struct handle *handle;
};

/* Lends the handle of thread `thread` (0 .. LINK_THREADS - 1) in the opening of that key;
 * -1 where that is not what is open, or the thread's own cannot be opened. */
int link_take(struct link *link, uint64_t key, unsigned thread, struct use *use,
    struct fault *fault);
void link_give(struct use *use);

#define autouse __attribute__((cleanup(link_give)))

#endif
