/* SPDX-License-Identifier: MIT */
/*
 * journal: what the daemon says. Every message goes to the systemd journal with its
 * fields (MESSAGE_ID and HOMEK8S_KIND, _NAME, _KEY, _ACTION and _RESULT), or to
 * stderr where that is no journal stream, and into a ring of the last 512 for `homek8sctl
 * events`. Transitions only: repeating itself is the caller's bug. Never blocks: what
 * does not fit is dropped and counted. Text from outside is cleaned of control
 * characters.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_H
#define DAEMON_JOURNAL_JOURNAL_H

#include <stdint.h>

#include "lib/view/shapes.h"

/* Message ids stand in journal.c and, explained, in units/homek8s.catalog. */
enum message {
	MESSAGE_STARTED,
	MESSAGE_STOPPING,
	MESSAGE_CONFIG_LOADED,
	MESSAGE_CONFIG_REFUSED,
	MESSAGE_SOURCE, /* libvirt or Kubernetes came up or went down */
	MESSAGE_EVENT,	/* an event of libvirt */
	MESSAGE_STEP,	/* a step was done */
	MESSAGE_STEP_FAILED,
	MESSAGE_VERDICT, /* an object's verdict changed */
	MESSAGE_CONTROL, /* somebody used the socket to change something */
	MESSAGE_STATE,	 /* the state file could not be kept, or again */
};

enum level {
	LEVEL_ERROR = 3,
	LEVEL_WARNING = 4,
	LEVEL_NOTICE = 5,
	LEVEL_INFO = 6,
	LEVEL_DEBUG = 7
};

struct subject { /* what it is about; members may be NULL */
	const char *kind, *name, *action, *result;
	const char *short_name; /* how `name` is shown; NULL: as it is */
};

void journal_open(void);
void journal_say(enum level level, enum message message, const struct subject *subject,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * The ring, oldest first, as a list of struct event_view; only those with seq > `after`.
 * Texts are the ring's and hold until the next journal_say(). Numbers start where the
 * clock stands, so that they go on growing over a restart.
 */
struct list journal_events(struct arena *a, uint64_t after);
uint64_t journal_last(void);
/* Called after each new event; one listener (the control socket). */
void journal_listen(void (*changed)(void *arg), void *arg);

#endif
