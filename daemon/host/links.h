/* SPDX-License-Identifier: MIT */
/*
 * links: this host's network interfaces, as the kernel reports them (rtnetlink): which of
 * them are ports of a bridge, and that this has changed. libvirt sends no event where a
 * guest's tap is taken off its bridge, nor where libvirtd, started again, puts it back.
 *
 * Hides the protocol. The watcher belongs to the main loop; links_read() is for any
 * thread and waits for nothing but the kernel.
 */
#ifndef DAEMON_HOST_LINKS_H
#define DAEMON_HOST_LINKS_H

#include <ev.h>
#include <stdbool.h>

#include "lib/base/arena.h"

struct links;

/* Calls back when a tap or a bridge has appeared or gone, or was put on a bridge or taken
 * off; at most ten times a second. NULL where the kernel does not allow it. */
struct links *links_new(struct ev_loop *loop, void (*changed)(void *arg), void *arg);
void links_free(struct links *links); /* NULL allowed */

struct bridge_links {
	bool gone;	/* there is no interface of that name */
	unsigned index; /* the kernel's, in the order in which they were made */
	const char *
	    *strays; /* taps of this host that are not on it; none where it is gone, */
	size_t stray_count; /* or no Linux bridge: Open vSwitch's, say */
	/* Taps of this host that were there before it was made; none where it is gone. */
	const char **older;
	size_t older_count;
};

/* What there is of a bridge of this host; texts are in the arena. False: the kernel does
 * not say. */
bool links_read(const char *bridge, struct arena *a, struct bridge_links *out);

#endif
