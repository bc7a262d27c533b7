/* SPDX-License-Identifier: MIT */
/*
 * stream: finds where one JSON object of a watch ends and the next begins, by counting
 * brackets outside of strings, and hands each whole text to the strict parser. So nothing
 * depends on how the network cut the bytes, every byte is read once, and an event
 * that came in one piece is parsed where it lies, without a copy.
 */
#include "lib/wire/stream.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/json.h"

#define MAX_DEPTH 64

struct stream {
	struct json_tokener *tokener;
	struct text held; /* the beginning of an event whose end has not come yet */
	int depth;	  /* of brackets; 0: between events */
	bool in_string, escaped;
	bool after_value; /* only a comma, a colon or a bracket may follow */
	bool broken;
};

struct stream *stream_new(void)
{
	struct stream *s = must_alloc(sizeof(*s));

	s->tokener = json_tokener_strict(MAX_DEPTH);
	return s;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	json_tokener_free(s->tokener);
	text_done(&s->held);
	free(s);
}

static int scan_in_string(struct stream *s, unsigned char c, struct error *e)
{
	if (c < 0x20)
		return fail(e, "control character %u inside a string of the watch", c);
	if (s->escaped)
		s->escaped = false;
	else if (c == '\\')
		s->escaped = true;
	else if (c == '"')
		s->in_string = false;
	s->after_value = !s->in_string;
	return 0;
}

/*
 * An event that was cut off would swallow all that come after it, were it not known that
 * the next one begins where no value can.
 */
static int scan_opening(struct stream *s, unsigned char c, struct error *e)
{
	if (s->after_value)
		return fail(e, "an event of the watch begins within another");
	s->in_string = c == '"';
	s->depth += c != '"';
	if (s->depth > MAX_DEPTH)
		return fail(
		    e, "an event of the watch is nested deeper than %d", MAX_DEPTH);
	return 0;
}

/* Reads one byte of an event. Returns 1 when the event ends with it. */
static int scan(struct stream *s, unsigned char c, struct error *e)
{
	if (s->in_string)
		return scan_in_string(s, c, e);
	switch (c) {
	case '"':
	case '{':
	case '[':
		return scan_opening(s, c, e);
	case '}':
	case ']':
		s->depth--;
		s->after_value = true;
		break;
	case ',':
	case ':':
		s->after_value = false;
		break;
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		break;
	default: /* of a number or a word */
		s->after_value = true;
		break;
	}
	return s->depth == 0;
}

static enum watch_event event_type(const char *type)
{
	static const struct {
		const char *name;
		enum watch_event type;
	} rows[] = {
		{ "ADDED", EVENT_ADDED },
		{ "MODIFIED", EVENT_MODIFIED },
		{ "DELETED", EVENT_DELETED },
		{ "BOOKMARK", EVENT_BOOKMARK },
		{ "ERROR", EVENT_ERROR },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, type) == 0)
			return rows[i].type;
	return EVENT_OTHER;
}

struct sink { /* the caller's callback */
	bool (*on_event)(enum watch_event type, struct json_object *object, void *arg);
	void *arg;
};

/* One whole event. Returns 1 to go on, 0 to stop, -1 when it is none. */
static int hand_on(struct stream *s, const char *text, size_t length,
    const struct sink *sink, struct error *e)
{
	autojson struct json_object *event =
	    json_parse_foreign(s->tokener, text, length, e);
	struct json_object *object;
	const char *type;

	if (!event)
		return fail_in(e, "an event of the watch is no JSON");
	type = json_string_at(event, "type");
	object = json_at(event, "object");
	if (!type || !object || !json_object_is_type(object, json_type_object))
		return fail(e, "an event of the watch has no type or no object");
	return sink->on_event(event_type(type), object, sink->arg);
}

/* The event's last bytes have come: [bytes, bytes + length) after what is held. */
static int finish_event(struct stream *s, const char *bytes, size_t length,
    const struct sink *sink, struct error *e)
{
	int result;

	if (s->held.length == 0)
		return hand_on(s, bytes, length, sink, e);
	text_add_n(&s->held, bytes, length);
	result = hand_on(s, s->held.data, s->held.length, sink, e);
	text_done(&s->held);
	return result;
}

/* Between events: blanks, or the brace that opens the next one. */
static int scan_between(struct stream *s, char c, struct error *e)
{
	if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		return 0;
	if (c != '{')
		return fail(e, "byte 0x%02x where an event of the watch should begin",
		    (unsigned char)c);
	s->depth = 1;
	s->after_value = false;
	return 0;
}

static int feed(struct stream *s, const char *bytes, size_t length,
    const struct sink *sink, struct error *e)
{
	size_t start = 0;
	int ended;

	for (size_t i = 0; i < length; i++) {
		if (s->depth == 0) {
			if (scan_between(s, bytes[i], e))
				return -1;
			start = i;
			continue;
		}
		ended = scan(s, (unsigned char)bytes[i], e);
		if (ended < 0)
			return -1;
		if (s->held.length + (i - start) >= STREAM_MAX_EVENT)
			return fail(e, "an event of the watch is larger than %zu bytes",
			    STREAM_MAX_EVENT);
		if (!ended)
			continue;
		ended = finish_event(s, bytes + start, i + 1 - start, sink, e);
		if (ended <= 0)
			return ended;
	}
	if (s->depth > 0)
		text_add_n(&s->held, bytes + start, length - start);
	return 0;
}

int stream_feed(struct stream *s, const char *bytes, size_t length,
    bool (*on_event)(enum watch_event type, struct json_object *object, void *arg),
    void *arg, struct error *e)
{
	const struct sink sink = { on_event, arg };

	if (s->broken)
		return fail(e, "the watch is broken already");
	if (feed(s, bytes, length, &sink, e) == 0)
		return 0;
	s->broken = true;
	return -1;
}

/* Digits without leading zeros, or NULL when the text is no number. */
static const char *digits(const char *text)
{
	size_t length = strspn(text, "0123456789");

	if (length == 0 || text[length] != '\0')
		return NULL;
	while (text[0] == '0' && text[1] != '\0')
		text++;
	return text;
}

int resource_version_compare(const char *a, const char *b)
{
	const char *x = digits(a), *y = digits(b);
	size_t length_x, length_y;

	if (!x || !y)
		return strcmp(a, b) != 0;
	length_x = strlen(x);
	length_y = strlen(y);
	if (length_x != length_y)
		return length_x < length_y ? -1 : 1;
	return strcmp(x, y);
}
