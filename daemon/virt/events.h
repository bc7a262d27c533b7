/* SPDX-License-Identifier: MIT */
/*
 * events: libvirt's event loop on a thread of its own, and what it tells, as values on
 * the main loop. libvirt's loop is one per process and for ever, and so is this module;
 * one listener at a time.
 */
#ifndef DAEMON_VIRT_EVENTS_H
#define DAEMON_VIRT_EVENTS_H

#include <ev.h>
#include <libvirt/libvirt.h>

#include "daemon/virt/fault.h"
#include "lib/model/kind.h"

struct event {			 /* borrowed during hear() */
	uint64_t key;		 /* of the connection it came from */
	const struct kind *kind; /* NULL: the connection was closed */
	const char *name;	 /* of the object; NULL with kind */
	const char *what;	 /* "stopped (crashed)"; closed: why */
};

struct event_callbacks {
	void (*hear)(void *arg, const struct event *event);
	/* So many came at once that some were dropped: anything may have changed. */
	void (*overflow)(void *arg);
};

/* Main loop: prepares libvirt and starts the event thread, the first time; from then on
 * events come in on `loop`. */
void events_listen(
    struct ev_loop *loop, const struct event_callbacks *callbacks, void *arg);
void events_unlisten(void);

/* What a connection has been asked to tell. */
#define EVENTS_DOMAIN 6

struct attachment {
	int domain[EVENTS_DOMAIN]; /* callback ids, -1: none */
	int network;
	bool closing; /* a close callback is set */
};

/* Call thread: asks an open connection for the events of domains, networks or both, and
 * for its closing. What the driver has no events for is left out. */
int events_attach(virConnectPtr conn, uint64_t key, bool domains, bool networks,
    struct attachment *out, struct fault *fault);
void events_detach(virConnectPtr conn, const struct attachment *attachment);

#endif
