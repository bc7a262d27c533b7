/* SPDX-License-Identifier: MIT */
/*
 * watch: reports when something in the configuration directories changed. Watches
 * directories (inotify), never files, so that editors' renames and swapped links are
 * noticed; waits for 100 ms of quiet before it calls back; takes up a directory that
 * appears later.
 */
#ifndef DAEMON_HOST_WATCH_H
#define DAEMON_HOST_WATCH_H

#include <ev.h>

#include "lib/base/error.h"

struct watch;

/* Watches DIR, DIR/desired.d and the directory of `extra` (a file; NULL none). */
struct watch *watch_new(struct ev_loop *loop, const char *directory, const char *extra,
    void (*changed)(void *arg), void *arg, struct error *e);
void watch_free(struct watch *watch);

#endif
