/* SPDX-License-Identifier: MIT */
/*
 * answer: answers as the API server words them. A Status is built as a JSON object;
 * functions that can refuse a request return one, owned by the caller, and NULL when all
 * is well.
 */
#ifndef TEST_FAKE_ANSWER_H
#define TEST_FAKE_ANSWER_H

#include <json-c/json.h>

#include "test/fake/conn.h"
#include "test/fake/resource.h"

/* A failure Status; reason may be NULL. */
struct json_object *status_new(int code, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds details: the object meant; all causes (taken over); one cause (any part may be
 * NULL). */
struct json_object *status_about(
    struct json_object *st, const struct resource *res, const char *name);
struct json_object *status_causes(struct json_object *st, struct json_object *causes);
struct json_object *status_cause(
    struct json_object *st, const char *reason, const char *message, const char *field);

/* Ready-made ones: 404, 409 and 422 for an object; 422 for a parameter; 400; 410. */
struct json_object *status_not_found(const struct resource *res, const char *name);
struct json_object *status_conflict(
    const struct resource *res, const char *name, const char *why);
struct json_object *status_invalid(const struct resource *res, const char *name,
    const char *cause, const char *field, const char *message);
struct json_object *status_bad_option(
    const char *options, const char *cause, const char *field, const char *message);
struct json_object *status_bad_request(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
struct json_object *status_expired(const char *message);

/* Sends a Status with its own code, and puts it. Adds Retry-After where details say so.
 */
void answer_status(struct conn *c, const struct request *req, struct json_object *st);

/* Sends an object; borrowed. `headers` as for conn_answer(). */
void answer_object(struct conn *c, const struct request *req, int code,
    const char *headers, struct json_object *obj);

/* Sends JSON text, which is made pretty where the client is a person with curl. */
void answer_json(struct conn *c, const struct request *req, int code, const char *headers,
    const char *text, size_t n);

/* Sends plain text; 404 as the server's router words it. */
void answer_text(struct conn *c, int code, const char *text);
void answer_no_such_path(struct conn *c);

#endif
