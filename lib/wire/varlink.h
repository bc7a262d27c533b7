/* SPDX-License-Identifier: MIT */
/*
 * varlink: the wire format of varlink.org over a stream: one JSON object per message,
 * ended by a NUL byte. Hides finding messages in a byte stream under caps, and building
 * the three shapes of message. No sockets here.
 */
#ifndef LIB_WIRE_VARLINK_H
#define LIB_WIRE_VARLINK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

#define VARLINK_MAX_MESSAGE ((size_t)1024 * 1024)
#define VARLINK_MAX_DEPTH 16

struct varlink_reader { /* zeroed is empty */
	struct text bytes;
	size_t start;	/* of the first message not yet taken */
	size_t tail;	/* of the message that is not whole yet */
	size_t pending; /* whole messages between the two */
};

/* Adds bytes. -1 once a message, whole or not, grows past `max` bytes. */
int varlink_feed(struct varlink_reader *r, const char *bytes, size_t length, size_t max,
    struct error *e);
/* The next whole message (a JSON object, new reference), NULL when there is none yet; on
 * a message that is no object sets *broken and the error. */
struct json_object *varlink_next(
    struct varlink_reader *r, int depth, bool *broken, struct error *e);
void varlink_reader_done(struct varlink_reader *r);

struct varlink_call {
	const char *method;
	struct json_object *parameters; /* borrowed; never NULL (missing or null is {}) */
	bool more, oneway;
};
/* Checks the shape of a request; texts are borrowed from `message`. */
int varlink_call_parse(
    struct json_object *message, struct varlink_call *out, struct error *e);

/* Appends one message, NUL included. `parameters` NULL: {}; it stays the caller's. */
void varlink_put_call(
    struct text *out, const char *method, struct json_object *parameters, bool more);

/* The same for replies and errors (by full name), in parts: what is appended between the
 * two calls is the JSON text of the parameters. */
void varlink_open_reply(struct text *out, bool continues);
void varlink_open_error(struct text *out, const char *error);
void varlink_close(struct text *out);

#endif
