/* SPDX-License-Identifier: MIT */
/* answer: Status objects and the sending of JSON and text. */
#include "test/fake/answer.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/tree.h"

static struct json_object *status_say(int code, const char *reason, char *message)
{
	struct json_object *st = json_object_new_object();

	tree_set(st, "kind", "Status");
	tree_set(st, "apiVersion", "v1");
	json_object_object_add(st, "metadata", json_object_new_object());
	tree_set(st, "status", "Failure");
	tree_set(st, "message", message);
	if (reason)
		tree_set(st, "reason", reason);
	tree_set_int(st, "code", code);
	free(message);
	return st;
}

struct json_object *status_new(int code, const char *reason, const char *fmt, ...)
{
	va_list ap;
	char *message;

	va_start(ap, fmt);
	if (vasprintf(&message, fmt, ap) < 0)
		abort();
	va_end(ap);
	return status_say(code, reason, message);
}

struct json_object *status_bad_request(const char *fmt, ...)
{
	va_list ap;
	char *message;

	va_start(ap, fmt);
	if (vasprintf(&message, fmt, ap) < 0)
		abort();
	va_end(ap);
	return status_say(400, "BadRequest", message);
}

/* The details, placed before the code as the server does. */
static struct json_object *details(struct json_object *st)
{
	struct json_object *code = json_object_get(tree_get(st, "code", NULL));
	struct json_object *d = tree_child(st, "details");

	json_object_object_del(st, "code");
	json_object_object_add(st, "code", code);
	return d;
}

struct json_object *status_about(
    struct json_object *st, const struct resource *res, const char *name)
{
	struct json_object *d = details(st);

	if (name && *name)
		tree_set(d, "name", name);
	if (*res->group)
		tree_set(d, "group", res->group);
	tree_set(d, "kind", res->plural);
	return st;
}

struct json_object *status_causes(struct json_object *st, struct json_object *causes)
{
	json_object_object_add(details(st), "causes", causes);
	return st;
}

struct json_object *status_cause(
    struct json_object *st, const char *reason, const char *message, const char *field)
{
	struct json_object *causes = tree_get(st, "details", "causes", NULL);
	struct json_object *cause = json_object_new_object();

	if (!causes) {
		causes = json_object_new_array();
		status_causes(st, causes);
	}
	if (reason)
		tree_set(cause, "reason", reason);
	if (message)
		tree_set(cause, "message", message);
	if (field)
		tree_set(cause, "field", field);
	json_object_array_add(causes, cause);
	return st;
}

struct json_object *status_not_found(const struct resource *res, const char *name)
{
	char *full = resource_full_name(res);
	struct json_object *st =
	    status_new(404, "NotFound", "%s \"%s\" not found", full, name);

	free(full);
	return status_about(st, res, name);
}

struct json_object *status_conflict(
    const struct resource *res, const char *name, const char *why)
{
	char *full = resource_full_name(res);
	struct json_object *st = status_new(409, "Conflict",
	    "Operation cannot be fulfilled on %s \"%s\": %s", full, name, why);

	free(full);
	return status_about(st, res, name);
}

struct json_object *status_invalid(const struct resource *res, const char *name,
    const char *cause, const char *field, const char *message)
{
	struct json_object *st =
	    status_new(422, "Invalid", "%s%s%s \"%s\" is invalid: %s: %s", res->kind,
		*res->group ? "." : "", res->group, name, field, message);

	status_about(st, res, name);
	tree_set(tree_get(st, "details", NULL), "kind", res->kind);
	return status_cause(st, cause, message, field);
}

struct json_object *status_bad_option(
    const char *options, const char *cause, const char *field, const char *message)
{
	struct json_object *st = status_new(422, "Invalid",
	    "%s.meta.k8s.io \"\" is invalid: %s: %s", options, field, message);
	struct json_object *d = details(st);

	tree_set(d, "group", "meta.k8s.io");
	tree_set(d, "kind", options);
	return status_cause(st, cause, message, field);
}

struct json_object *status_expired(const char *message)
{
	return status_new(410, "Expired", "%s", message);
}

/* The server prints for people only: by request, or to what people use. */
static bool wants_pretty(const struct request *req)
{
	const char *agent = http_header(req, "user-agent");

	if (http_param(req, "pretty"))
		return http_flag(req, "pretty");
	return !strncmp(agent, "curl/", 5) || !strncmp(agent, "Wget/", 5) ||
	       !strncmp(agent, "Mozilla/", 8);
}

void answer_object(struct conn *c, const struct request *req, int code,
    const char *headers, struct json_object *obj)
{
	bool stored = tree_get(obj, "metadata", NULL) &&
		      strcmp(tree_str(obj, "kind", NULL), "Status");
	struct buf text = { 0 };

	tree_write(&text, obj, stored, wants_pretty(req));
	conn_answer(c, code, "application/json", headers, buf_data(&text), text.len);
	buf_free(&text);
}

void answer_json(struct conn *c, const struct request *req, int code, const char *headers,
    const char *text, size_t n)
{
	struct json_object *obj;
	const char *why;

	if (wants_pretty(req) && (obj = tree_parse(text, n, &why))) {
		answer_object(c, req, code, headers, obj);
		json_object_put(obj);
		return;
	}
	conn_answer(c, code, "application/json", headers, text, n);
}

void answer_status(struct conn *c, const struct request *req, struct json_object *st)
{
	int code = json_object_get_int(tree_get(st, "code", NULL));
	int wait =
	    json_object_get_int(tree_get(st, "details", "retryAfterSeconds", NULL));
	char *headers = wait ? xfmt("Retry-After: %d\r\n", wait) : NULL;

	answer_object(c, req, code ? code : 200, headers, st);
	free(headers);
	json_object_put(st);
}

void answer_text(struct conn *c, int code, const char *text)
{
	conn_answer(c, code, "text/plain; charset=utf-8",
	    "X-Content-Type-Options: nosniff\r\n", text, strlen(text));
}

void answer_no_such_path(struct conn *c)
{
	answer_text(c, 404, "404 page not found\n");
}
