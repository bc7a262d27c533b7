/* SPDX-License-Identifier: MIT */
/*
 * survey: looking at the objects of one kind, on the main loop: single looks, each
 * object's queued at most once, and rounds over everything there is. Says through
 * virt_callbacks what was found.
 */
#ifndef DAEMON_VIRT_SURVEY_H
#define DAEMON_VIRT_SURVEY_H

#include "daemon/virt/connection.h"
#include "daemon/virt/virt.h"

struct survey;

struct survey_owner {
	const struct virt_callbacks *callbacks; /* seen, gone, unreadable, listed */
	void *callbacks_arg;
	void (*listed)(void *arg, const struct kind *kind); /* after callbacks->listed */
	void *arg;
};

struct survey *survey_new(struct ev_loop *loop, struct call_thread *thread,
    const struct kind *kind, const struct survey_owner *owner);
void survey_free(struct survey *s); /* after the thread has dropped its jobs */

/* Looks through this connection from now on. */
void survey_use(struct survey *s, struct connection *connection);
/* The connection was lost: forgets what was asked for. */
void survey_lost(struct survey *s);

/* All do nothing while the connection is not up: coming up lists everything anyway. */
void survey_look(struct survey *s, const char *name, enum lane lane);
/* The same in the bulk lane, after a moment in which several such wishes become one. */
void survey_look_later(struct survey *s, const char *name);
void survey_list(struct survey *s);

#endif
