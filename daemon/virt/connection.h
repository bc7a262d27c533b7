/* SPDX-License-Identifier: MIT */
/*
 * connection: one connection to libvirt as the main loop knows it: opening, up, or
 * waiting for the next try. Hides opening, closing and the back-off.
 */
#ifndef DAEMON_VIRT_CONNECTION_H
#define DAEMON_VIRT_CONNECTION_H

#include <ev.h>

#include "daemon/virt/calls.h"
#include "daemon/virt/link.h"

enum connection_phase {
	CONNECTION_OFF,	    /* not used */
	CONNECTION_OPENING, /* also a repeated try: see connection_detail() */
	CONNECTION_UP,
	CONNECTION_WAITING, /* for the next try */
};

struct connection;

struct connection_callbacks {
	void (*up)(void *arg, struct connection *c);
	/* It was up and is no more. */
	void (*lost)(void *arg, struct connection *c, const char *why);
	/* Phase or detail are others now; comes after up and lost. */
	void (*changed)(void *arg);
};

struct connection *connection_new(struct ev_loop *loop, struct calls *calls,
    const struct connection_callbacks *callbacks, void *arg);
/* Leaves the link, which call threads may still use, to the caller. */
struct link *connection_free(struct connection *c);

/* Connects to `uri`, at once and from a clean slate; leaves what there was. `topics`: the
 * events it is to bring (TOPIC_BITs). */
void connection_open(struct connection *c, const char *uri, unsigned topics);
void connection_close(struct connection *c);

/* Does not wait any longer, if it is waiting for the next try. */
void connection_try_now(struct connection *c);

/* The opening `key` turned out to be broken; one that is not the present is ignored. */
void connection_broken(struct connection *c, uint64_t key, const char *why);

enum connection_phase connection_phase(const struct connection *c);
/* What is wrong: "qemu:///system: ...; next try in 4s"; NULL when nothing is known to be.
 */
const char *connection_detail(const struct connection *c);
const char *connection_uri(const struct connection *c); /* "" when off */
unsigned long connection_version(const struct connection *c);

/* A key for an opening: unique in the process, greater than those before. On the main loop. */
uint64_t connection_next_key(void);

/* For calls: the link, and the key it must still have; 0 when not up. */
struct link *connection_link(const struct connection *c);
uint64_t connection_key(const struct connection *c);

#endif
