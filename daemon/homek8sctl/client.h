/* SPDX-License-Identifier: MIT */
/*
 * client: the daemon's control socket, blocking, with a deadline for every answer. Hides
 * the socket, framing, and how a failure becomes a sentence and an exit status.
 */
#ifndef DAEMON_HOMEK8SCTL_CLIENT_H
#define DAEMON_HOMEK8SCTL_CLIENT_H

#include "daemon/homek8sctl/ctl.h"
#include "lib/base/error.h"

struct client;

enum exit_answer {
	ANSWER_REPLY,
	ANSWER_ERROR,	/* the daemon said error */
	ANSWER_TIMEOUT, /* nothing came in time */
	ANSWER_CLOSED,	/* the connection ended, or is not to be used any more */
};

struct reply {
	struct json_object *parameters; /* of the reply or the error */
	char *error;			/* ANSWER_ERROR: its full name */
	bool continues;
};

/* NULL when the daemon cannot be reached; *status then says why (unreachable, denied). */
struct client *client_open(const char *path, enum status *status, struct error *e);
void client_close(struct client *client); /* NULL allowed */

/* Sends one call. -1: the connection is gone. Parameters stay the caller's; NULL is {}.
 */
int client_send(struct client *client, const char *method, struct json_object *parameters,
    bool more, struct error *e);

/* Waits up to `ms` (-1: for ever) for the next answer. `out` is to be given to
 * reply_done() whatever comes. */
enum exit_answer client_receive(
    struct client *client, int64_t ms, struct reply *out, struct error *e);
void reply_done(struct reply *reply);

/* ask.c */

/* The error as a sentence on stderr, and the exit status it means. */
enum status reply_complain(const struct reply *reply);

/* One call and its one answer, on a connection of its own. On STATUS_YES *out is a new
 * reference; anything else has been said on stderr already. */
enum status client_ask(struct ctl *ctl, const char *method,
    struct json_object *parameters, struct json_object **out);

/* The same, where the error of that full name is one of the answers: then STATUS_NO, *out
 * is its parameters, and nothing was said. */
enum status client_ask_or(struct ctl *ctl, const char *method,
    struct json_object *parameters, const char *error, struct json_object **out);

/* Shows every answer of a streaming call; connects again when the daemon goes away. On a
 * terminal `tick` (or NULL) is called when nothing has come for a second. Ends only by an
 * error of the daemon's. */
enum status client_follow(struct ctl *ctl, const char *method,
    struct json_object *(*parameters)(void *arg),
    void (*show)(struct ctl *ctl, struct json_object *reply, void *arg),
    void (*tick)(struct ctl *ctl, void *arg), void *arg);

#endif
