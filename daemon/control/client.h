/* SPDX-License-Identifier: MIT */
/*
 * client: one connection to the control socket: bytes in, calls out; replies in, bytes
 * out. A client has one call at a time; the next one is read only when the reply to the
 * last has left, so that a client that does not read costs one reply and no more.
 */
#ifndef DAEMON_CONTROL_CLIENT_H
#define DAEMON_CONTROL_CLIENT_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/control/peer.h"
#include "lib/view/shape.h"
#include "lib/wire/varlink.h"

/* The last of them, and of the bytes, are for root and the daemon's own user: whatever
 * others hold, the machine's administrator gets in and is answered. */
#define CLIENTS_MAX 128
#define CLIENTS_RESERVED 32
#define CLIENTS_MAX_PER_UID 32
#define CLIENT_MAX_QUEUE ((size_t)4 * 1024 * 1024)
/* Of all clients together, read and not yet handled plus not yet sent. */
#define CLIENTS_MAX_BYTES ((size_t)48 * 1024 * 1024)
#define CLIENTS_MAX_BYTES_PER_UID ((size_t)16 * 1024 * 1024)
#define CLIENTS_RESERVED_BYTES CLIENTS_MAX_BYTES_PER_UID
#define CLIENT_MAX_PIPELINE 16
#define CLIENT_TURN_MESSAGES 64
#define CLIENT_TURN_SECONDS 0.001
/* Of one turn of the loop, for all clients together but the administrator's own: the rest of
 * the daemon, and the administrator, wait no longer for them. */
#define CLIENTS_TURN_SECONDS 0.005
#define CLIENT_FIRST_SECONDS 10.0
#define CLIENT_STALL_SECONDS 60.0

struct kind;
struct client;

struct client_hooks {
	/* A call: replied to when it returns true; false (only where `may_wait`): it
	 * waits for client_answer(). */
	bool (*call)(
	    struct client *client, const struct varlink_call *call, bool may_wait);
	/* All was sent, and the client streams: queue what is new, if anything. */
	void (*drained)(struct client *client);
};

struct clients { /* all connections */
	struct ev_loop *loop;
	const struct client_hooks *hooks;
	void *arg; /* the hooks' */
	struct client *first;
	size_t count;
	unsigned turn;	 /* ev_iteration() of the turn of the loop, */
	ev_tstamp spent; /* and what was spent in it */
};

struct stream { /* the call in flight, if it streams */
	enum stream_of { STREAM_NONE, STREAM_STATUS, STREAM_LIST, STREAM_EVENTS } of;
	const struct kind *kind; /* STREAM_LIST: of what; NULL: everything */
	uint64_t sent; /* the revision sent last; STREAM_EVENTS: the seq sent last */
	bool stale;    /* there may be something to send */
};

struct client {
	struct client *next, **link; /* in the list; *link is this client */
	struct clients *clients;
	int fd;
	struct peer peer;
	struct ev_io readable, writable;
	struct ev_timer first; /* until the first whole request */
	struct ev_timer stall; /* until the queue moves */
	struct ev_timer turn;  /* to go on after everybody else */
	struct varlink_reader reader;
	struct json_object *waiting; /* the call that waits for client_answer() */
	struct text out;
	size_t sent; /* bytes of `out` that are gone */
	struct stream stream;
	bool eof;     /* nothing more will come */
	bool closing; /* close when the queue is empty */
};

void client_new(struct clients *clients, int fd, const struct peer *peer);
void client_free(struct client *client);

/* Runs the call that waits, if one does. Frees no client: the reply leaves in the next
 * turn of the loop. */
void client_answer(struct client *client);
/* Goes on with the client in the next turn of the loop: what is queued is sent then. */
void client_go_on(struct client *client);
/* True while nothing is queued. */
bool client_is_drained(const struct client *client);

/* Queue one message: a reply, an error by full name, an error that has one text, or
 * whatever was built elsewhere. The record is one of the shape that the error has. */
void client_reply(
    struct client *client, const struct shape *shape, const void *record, bool continues);
void client_error(struct client *client, const char *error, const void *record);
void client_error_text(struct client *client, const char *error, const char *text);
void client_send(struct client *client, const struct text *message);

#endif
