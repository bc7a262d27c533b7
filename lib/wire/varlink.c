/* SPDX-License-Identifier: MIT */
/* varlink: messages out of a stream of bytes, and the three shapes of message. */
#include "lib/wire/varlink.h"

#include <string.h>

#include "lib/doc/json.h"

/* An empty buffer larger than this is given back. */
#define KEEP ((size_t)64 * 1024)

/* Drops what was taken, so that the buffer does not grow with the connection's age. */
static void compact(struct varlink_reader *r)
{
	if (r->start == 0)
		return;
	memmove(r->bytes.data, r->bytes.data + r->start, r->bytes.length - r->start);
	r->bytes.length -= r->start;
	r->tail -= r->start;
	r->start = 0;
}

int varlink_feed(struct varlink_reader *r, const char *bytes, size_t length, size_t max,
    struct error *e)
{
	const char *nul;
	size_t scan, end;

	if (length == 0)
		return 0;
	compact(r);
	scan = r->bytes.length;
	text_add_n(&r->bytes, bytes, length);
	while ((nul = memchr(r->bytes.data + scan, '\0', r->bytes.length - scan))) {
		end = (size_t)(nul - r->bytes.data);
		if (end - r->tail > max)
			break;
		r->tail = scan = end + 1;
		r->pending++;
	}
	if (nul || r->bytes.length - r->tail > max)
		return fail(e, "a message is longer than %zu bytes", max);
	return 0;
}

void varlink_reader_done(struct varlink_reader *r)
{
	text_done(&r->bytes);
	*r = (struct varlink_reader){ 0 };
}

struct json_object *varlink_next(
    struct varlink_reader *r, int depth, bool *broken, struct error *e)
{
	struct json_object *message;
	const char *text;
	size_t length;

	*broken = false;
	if (r->pending == 0)
		return NULL;
	text = r->bytes.data + r->start;
	length = strlen(text);
	r->start += length + 1;
	r->pending--;
	message = json_parse(text, length, depth, e);
	if (r->start == r->bytes.length && r->bytes.room > KEEP)
		varlink_reader_done(r);
	if (message && json_object_is_type(message, json_type_object))
		return message;
	if (message)
		fail(e, "a message must be a JSON object");
	json_object_put(message);
	*broken = true;
	return NULL;
}

/* A member that is missing, null or of the given type; -1 when it is something else. */
static int member(struct json_object *message, const char *name, enum json_type type,
    struct json_object **out, struct error *e)
{
	*out = NULL;
	json_object_object_get_ex(message, name, out);
	if (!*out || json_object_is_type(*out, type))
		return 0;
	return fail(e, "\"%s\" must be of type %s", name, json_type_to_name(type));
}

int varlink_call_parse(
    struct json_object *message, struct varlink_call *out, struct error *e)
{
	struct json_object *method, *parameters, *more, *oneway, *upgrade;

	if (member(message, "method", json_type_string, &method, e) < 0 ||
	    member(message, "parameters", json_type_object, &parameters, e) < 0 ||
	    member(message, "more", json_type_boolean, &more, e) < 0 ||
	    member(message, "oneway", json_type_boolean, &oneway, e) < 0 ||
	    member(message, "upgrade", json_type_boolean, &upgrade, e) < 0)
		return -1;
	if (!method || !strchr(json_object_get_string(method), '.'))
		return fail(
		    e, "\"method\" must be an interface and a method, with a dot");
	if (json_object_get_boolean(upgrade))
		return fail(e, "\"upgrade\" is not supported");
	if (json_object_get_boolean(more) && json_object_get_boolean(oneway))
		return fail(e, "\"more\" and \"oneway\" exclude each other");
	if (!parameters) {
		parameters = json_object_new_object();
		json_put(message, "parameters", parameters);
	}
	out->method = json_object_get_string(method);
	out->parameters = parameters;
	out->more = json_object_get_boolean(more);
	out->oneway = json_object_get_boolean(oneway);
	return 0;
}

void varlink_put_call(
    struct text *out, const char *method, struct json_object *parameters, bool more)
{
	autojson struct json_object *message = json_object_new_object();
	const char *text;

	json_put_string(message, "method", method);
	if (more)
		json_put_bool(message, "more", true);
	json_put(message, "parameters",
	    parameters ? json_object_get(parameters) : json_object_new_object());
	text = json_text(message);
	text_add_n(out, text, strlen(text) + 1);
}

void varlink_open_reply(struct text *out, bool continues)
{
	text_add(out, "{%s\"parameters\":", continues ? "\"continues\":true," : "");
}

void varlink_open_error(struct text *out, const char *error)
{
	text_add(out, "{\"error\":\"%s\",\"parameters\":", error);
}

void varlink_close(struct text *out)
{
	text_add_n(out, "}", 2);
}
