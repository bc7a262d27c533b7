/* SPDX-License-Identifier: MIT */
/*
 * server: the control socket, run in a child process with a reconcile of the test behind
 * it: its generation counts what was requested, and what that was, and by whom, comes
 * back in its errors. And clients to treat it well and badly.
 */
#ifndef TEST_CONTROL_SERVER_H
#define TEST_CONTROL_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "lib/view/interface.h"
#include "lib/wire/varlink.h"
#include "test/control/suites.h"

#define SOON_MS 2000

extern char directory[];	   /* of the socket */
extern struct sockaddr_un address; /* the socket's */
extern pid_t server;

/* Fixture: starts the server; stops it and asserts that it ended well. */
void server_setup(void);
void server_teardown(void);

struct client {
	int fd;
	struct varlink_reader reader;
};

#define CALL(method, rest) "{\"method\":\"" INTERFACE_NAME "." method "\"" rest "}"

#define NOBODY ((uid_t)65534)

struct client dial(void);
/* As another user: only root can. */
struct client dial_as(uid_t uid);
void hang_up(struct client *c);
void say_bytes(struct client *c, const char *bytes, size_t length);
/* With its NUL. */
void say_text(struct client *c, const char *text);
/* The next message within `ms`, a new reference; NULL: none, or the end (*ended). */
struct json_object *receive(struct client *c, int ms, bool *ended);
/* The same, and there must be one soon. */
struct json_object *answer(struct client *c, const char *what);
void expect_closed(struct client *c, int ms, const char *what);
/* The server answers somebody else at once. */
void expect_alive(const char *what);
int64_t now_ms(void);

#endif
