/* SPDX-License-Identifier: MIT */
/*
 * observer: reading the objects of one noun, on the main loop: single reads, each
 * object's queued at most once, and rounds over everything there is (a resync).
 */
#ifndef DAEMON_VIRT_OBSERVER_H
#define DAEMON_VIRT_OBSERVER_H

#include "daemon/virt/connection.h"
#include "daemon/virt/noun.h"

struct observer;

/* What was found; borrowed for the call. See struct virt_callbacks. */
struct observer_callbacks {
	void (*observed)(
	    void *arg, const struct kind *kind, const struct reading *reading);
	void (*gone)(void *arg, const struct kind *kind, const char *name);
	void (*unreadable)(
	    void *arg, const struct kind *kind, const char *name, const char *why);
	void (*listed)(
	    void *arg, const struct kind *kind, const char *const *names, size_t count);
};

/* The callbacks are copied. */
struct observer *observer_new(struct ev_loop *loop, struct calls *calls,
    const struct noun *noun, const struct observer_callbacks *callbacks, void *arg);
void observer_free(struct observer *o); /* NULL allowed; its calls are dropped by calls */

/* Reads through this connection from now on. */
void observer_use(struct observer *o, struct connection *connection);
/* The connection was lost: forgets what was requested. */
void observer_lost(struct observer *o);

/* All do nothing while the connection is not up: coming up reads everything anyway. */
void observer_read(struct observer *o, const char *name, enum priority priority);
/* An event said that the object has stopped: the part of it that decides whether it is
 * started again is read before anything that is not urgent, the whole a moment later. */
void observer_read_stop(struct observer *o, const char *name);
/* The whole in bulk, after a moment in which several such wishes become one. */
void observer_read_later(struct observer *o, const char *name);
void observer_read_all(struct observer *o);

#endif
