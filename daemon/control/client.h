/* SPDX-License-Identifier: MIT */
/*
 * client: one connection to the control socket, and what the parts of control share.
 * socket.c accepts and counts, client.c moves bytes, methods.c answers. A client handles
 * one call at a time; the next one is looked at only when the answer to the last has
 * left, so that a client that does not read costs one answer and no more.
 */
#ifndef DAEMON_CONTROL_CLIENT_H
#define DAEMON_CONTROL_CLIENT_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/control/control.h"
#include "lib/wire/varlink.h"

#define CLIENTS_MAX 128
#define CLIENTS_MAX_PER_UID 32
#define CLIENT_MAX_QUEUE ((size_t)4 * 1024 * 1024)
/* Of all clients together, read and not yet handled plus not yet sent. */
#define CLIENTS_MAX_BYTES ((size_t)48 * 1024 * 1024)
#define CLIENT_MAX_PIPELINE 16
#define CLIENT_TURN_MESSAGES 64
#define CLIENT_TURN_SECONDS 0.001
#define CLIENT_FIRST_SECONDS 10.0
#define CLIENT_STALL_SECONDS 60.0

enum stream_of {
	STREAM_NONE,
	STREAM_STATUS,
	STREAM_LIST,
	STREAM_EVENTS,
};

struct kind;

struct peer { /* as the kernel says, at the time of connect */
	uid_t uid;
	pid_t pid;
	bool may_change;
};

struct client {
	struct client *next, **link; /* in control's list; *link is this client */
	struct control *control;
	int fd;
	struct peer peer;
	struct ev_io readable, writable;
	struct ev_timer first; /* until the first whole request */
	struct ev_timer stall; /* until the queue moves */
	struct ev_timer turn;  /* the rest of a long pipeline, after everybody else */
	struct varlink_reader reader;
	struct text out;
	size_t sent;		 /* bytes of `out` that are gone */
	enum stream_of stream;	 /* the call in flight, if it streams */
	const struct kind *kind; /* STREAM_LIST: of what; NULL: everything */
	bool stale;		 /* the stream has news it has not been told */
	uint64_t after;		 /* STREAM_EVENTS: last seq told */
	bool eof;		 /* nothing more will come */
	bool closing;		 /* close when the queue is empty */
};

struct control {
	struct ev_loop *loop;
	struct reconcile *reconcile;
	int fd;
	char *path; /* to be removed at the end; NULL: systemd's */
	gid_t group;
	bool has_group;
	struct ev_io acceptable;
	struct ev_timer pause;	/* no accepting meanwhile */
	struct ev_timer settle; /* changes that come meanwhile are told together */
	ev_tstamp told;		/* when the streams last were */
	struct client *clients;
	size_t client_count;
};

/* peer.c: who is at the other end. -1: the kernel does not say. */
int peer_read(const struct control *control, int fd, struct peer *out);
/* "uid 1000 (alice) pid 123", malloc'd. */
char *peer_text(const struct peer *peer);

/* listener.c: systemd's socket, or one bound to `path`. */
int listener_open(struct control *control, const char *path, struct error *e);
void listener_close(struct control *control);

/* client.c */
void client_new(struct control *control, int fd, const struct peer *peer);
void client_free(struct client *client);
/* The stream has news: sent now, or, where it is slow, when its queue is empty. `reply`:
 * the status ready to send, shared by all streams; NULL: to be made. */
void client_tell(struct client *client, const struct text *reply);

/* Answers. Parameters stay the caller's; NULL is {}. */
void client_reply(struct client *client, struct json_object *parameters, bool continues);
void client_error(
    struct client *client, const char *error, struct json_object *parameters);
/* An error with one member of text. */
void client_error_text(
    struct client *client, const char *error, const char *key, const char *text);

/* methods.c */
void methods_call(struct client *client, const struct varlink_call *call);
/* Is there a handler for every method of the interface, and no other? */
int methods_check(struct error *e);
/* The status, and the answer of any stream now. New references. */
struct json_object *methods_status(struct control *control);
struct json_object *methods_stream(struct client *client);

#endif
