/* SPDX-License-Identifier: MIT */
/*
 * watch: reports when something in the configuration directories changed. Watches
 * directories (inotify), never files, so that editors' renames and swapped links are
 * noticed; waits for 100 ms of quiet before it calls back; takes up a directory that
 * appears later. A file is reported when it was closed or moved into place, never while
 * somebody writes it; what was removed, two seconds later. Main loop only.
 */
#ifndef DAEMON_HOST_WATCH_H
#define DAEMON_HOST_WATCH_H

#include <ev.h>

#include "lib/base/error.h"

struct watch;

struct watch_hooks {
	void (*changed)(void *arg);
	/* The file has been open for writing for 10 s, and nothing is reported until it is
	 * closed: once each time. */
	void (*held)(void *arg, const char *name);
};

/* Watches *.yaml and *.yml in DIR and DIR/desired.d, and every file in DIR/cloud-init. Where the kernel gives no watch, the
 * error is set, and it is tried again every 10 s; once it does, it counts as a change. */
struct watch *watch_new(struct ev_loop *loop, const char *directory,
    const struct watch_hooks *hooks, void *arg, struct error *e);
void watch_free(struct watch *watch); /* NULL allowed */

/* Watches this file as well, in place of the one named before. Also from a hook. */
void watch_file(struct watch *watch, const char *path);

/* The name of a file that has been being written for less than a minute; NULL: none. Of
 * several one. Until the loop turns. */
const char *watch_writing(struct watch *watch);

#endif
