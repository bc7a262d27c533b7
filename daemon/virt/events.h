/* SPDX-License-Identifier: MIT */
/*
 * events: libvirt's event loop on a thread of its own, and what it reports, as values on
 * the main loop. libvirt's loop is one per process and for ever, and so is this module;
 * one listener at a time.
 */
#ifndef DAEMON_VIRT_EVENTS_H
#define DAEMON_VIRT_EVENTS_H

#include <ev.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/virt/fault.h"

enum topic { /* what an event is about */
	TOPIC_NONE,
	TOPIC_DOMAIN,
	TOPIC_NETWORK,
	TOPIC_STORAGE,
};

#define TOPIC_BIT(topic) (1u << (topic))

struct event {		  /* borrowed for the call */
	uint64_t key;	  /* of the connection it came from */
	enum topic topic; /* none: the connection was closed */
	const char *name; /* of the object; closed: NULL */
	const char
	    *what;    /* "stopped (crashed)"; closed: why; NULL: none of the history's */
	bool stopped; /* the object has stopped, for whatever reason */
};

struct event_callbacks {
	void (*event)(void *arg, const struct event *event);
	/* So many came at once that some were dropped: anything may have changed. */
	void (*overflow)(void *arg);
};

/* Main loop: prepares libvirt and starts the event thread, the first time; from then on
 * events come in on `loop`. */
void events_listen(
    struct ev_loop *loop, const struct event_callbacks *callbacks, void *arg);
void events_unlisten(void);

/* What a connection is to report. */
#define EVENTS_DOMAIN 8
#define EVENTS_STORAGE 2

struct attachment {		   /* ATTACHMENT_NONE before */
	int domain[EVENTS_DOMAIN]; /* callback ids, -1: none */
	int network;
	int storage[EVENTS_STORAGE];
	bool closing; /* a close callback is set */
};

extern const struct attachment ATTACHMENT_NONE;

/* Call thread: asks an open connection for the events of these topics (TOPIC_BITs) and for
 * its closing. What the driver has no events for is left out. */
int events_attach(virConnectPtr conn, uint64_t key, unsigned topics,
    struct attachment *out, struct fault *fault);
void events_detach(virConnectPtr conn, const struct attachment *attachment);

#endif
