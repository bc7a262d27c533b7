/* SPDX-License-Identifier: MIT */
/* listener: the listening socket: systemd's where it passed one, else one bound to a path.
 * In the service's runtime directory it is left to systemd to keep over restarts and to
 * remove; elsewhere its file is removed at the end. */
#ifndef DAEMON_CONTROL_LISTENER_H
#define DAEMON_CONTROL_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/error.h"

struct listener {
	int fd;	     /* -1: none */
	char *path;  /* to be removed at the end; NULL: left to systemd */
	gid_t group; /* homek8s: may open the socket and change things */
	bool has_group;
};

/* Fills `out` in any case; it is to be closed whatever comes. */
int listener_open(struct listener *out, const char *path, struct error *e);
void listener_close(struct listener *listener);

#endif
