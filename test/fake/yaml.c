/* SPDX-License-Identifier: MIT */
/* yaml: libyaml events to JSON values, with the scalar rules of YAML 1.1. */
#include "test/fake/yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "test/fake/buf.h"

#define DEPTH 64

struct reader {
	yaml_parser_t parser;
	const char
	    *reached; /* libyaml counts characters; this is where character `at` begins */
	const char *end;
	size_t at;
	char *why;
};

static bool refuse(struct reader *r, size_t line, const char *what)
{
	if (!r->why)
		r->why = line ? xfmt("yaml: line %zu: %s", line, what)
			      : xfmt("yaml: %s", what);
	return false;
}

static bool next(struct reader *r, yaml_event_t *ev)
{
	size_t line;

	if (yaml_parser_parse(&r->parser, ev))
		return true;
	line = r->parser.problem_mark.line;
	if (line && r->parser.error == YAML_SCANNER_ERROR)
		line++;
	return refuse(r, line, r->parser.problem ? r->parser.problem : "unreadable");
}

static bool one_of(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(s, *words))
			return true;
	return false;
}

static struct json_object *number(const char *s)
{
	char *plain = xstrdup(s), *end, *to = plain;
	const char *digits = s + (*s == '-' || *s == '+');
	struct json_object *v = NULL;
	int base = digits[0] == '0' && digits[1] ? 0 : 10;
	long long n;

	for (const char *p = s; *p; p++)
		if (*p != '_')
			*to++ = *p;
	*to = '\0';
	errno = 0;
	if (base == 0 && digits[1] == 'b') {
		n = strtoll(digits + 2, &end, 2);
		v = *end ? NULL : json_object_new_int64(*s == '-' ? -n : n);
	} else if (*digits >= '0' && *digits <= '9') {
		n = strtoll(plain, &end, base);
		if (!*end && !errno)
			v = json_object_new_int64(n);
	}
	if (!v && (*digits == '.' || (*digits >= '0' && *digits <= '9')) &&
	    !strpbrk(plain, "xXpP")) {
		double d = strtod(plain, &end);

		if (!*end && end != plain)
			v = json_object_new_double_s(d, plain);
	}
	free(plain);
	return v;
}

static struct json_object *plain(const char *s)
{
	static const char *const yes[] = { "y", "Y", "yes", "Yes", "YES", "true", "True",
		"TRUE", "on", "On", "ON", NULL };
	static const char *const no[] = { "n", "N", "no", "No", "NO", "false", "False",
		"FALSE", "off", "Off", "OFF", NULL };
	static const char *const nil[] = { "", "~", "null", "Null", "NULL", NULL };
	struct json_object *v;

	if (one_of(s, nil))
		return NULL;
	if (one_of(s, yes))
		return json_object_new_boolean(1);
	if (one_of(s, no))
		return json_object_new_boolean(0);
	v = number(s);
	return v ? v : json_object_new_string(s);
}

static const char *byte_of(struct reader *r, size_t character)
{
	while (r->at < character && r->reached < r->end) {
		r->reached++;
		while (r->reached < r->end && (*r->reached & 0xc0) == 0x80)
			r->reached++;
		r->at++;
	}
	return r->reached;
}

/* libyaml takes "\/" as YAML 1.2 has it; the API server's reader does not. */
static bool escapes_ok(struct reader *r, const yaml_event_t *ev)
{
	const char *p = byte_of(r, ev->start_mark.index);
	const char *end = byte_of(r, ev->end_mark.index);

	for (; p < end; p++)
		if (*p == '\\' && ++p < end && *p == '/')
			return refuse(r, ev->end_mark.line ? ev->end_mark.line + 1 : 0,
			    "found unknown escape character");
	return true;
}

static bool value(
    struct reader *r, yaml_event_t *ev, int depth, struct json_object **out);

static bool scalar(struct reader *r, yaml_event_t *ev, struct json_object **out)
{
	const char *s = (const char *)ev->data.scalar.value;

	if (ev->data.scalar.tag)
		return refuse(r, ev->start_mark.line + 1, "tags are not supported");
	if (ev->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE &&
	    !escapes_ok(r, ev))
		return false;
	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		*out = plain(s);
	else
		*out = json_object_new_string_len(s, (int)ev->data.scalar.length);
	return true;
}

static bool sequence(struct reader *r, int depth, struct json_object **out)
{
	*out = json_object_new_array();
	for (;;) {
		struct json_object *item = NULL;
		yaml_event_t ev;
		bool ok;

		if (!next(r, &ev))
			return false;
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&ev);
			return true;
		}
		ok = value(r, &ev, depth + 1, &item);
		json_object_array_add(*out, item);
		if (!ok)
			return false;
	}
}

/* Reads one key; *key is NULL at the end of the mapping. */
static bool mapping_key(struct reader *r, struct json_object *into, char **key)
{
	yaml_event_t ev;
	bool ok = true;

	*key = NULL;
	if (!next(r, &ev))
		return false;
	if (ev.type == YAML_SCALAR_EVENT) {
		*key = xstrdup((const char *)ev.data.scalar.value);
		if (ev.data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
			ok = escapes_ok(r, &ev);
		if (ok && json_object_object_get_ex(into, *key, NULL)) {
			char *what = xfmt("key \"%s\" already set in map", *key);

			ok = refuse(r, ev.start_mark.line + 1, what);
			free(what);
		}
	} else if (ev.type != YAML_MAPPING_END_EVENT) {
		ok = refuse(r, ev.start_mark.line + 1, "invalid map key");
	}
	yaml_event_delete(&ev);
	return ok;
}

static bool mapping(struct reader *r, int depth, struct json_object **out)
{
	*out = json_object_new_object();
	for (;;) {
		struct json_object *item = NULL;
		yaml_event_t ev;
		char *key;
		bool ok = mapping_key(r, *out, &key);

		if (!ok || !key) {
			free(key);
			return ok;
		}
		ok = next(r, &ev) && value(r, &ev, depth + 1, &item);
		json_object_object_add(*out, key, item);
		free(key);
		if (!ok)
			return false;
	}
}

/* Takes over the event. */
static bool value(struct reader *r, yaml_event_t *ev, int depth, struct json_object **out)
{
	size_t line = ev->start_mark.line + 1;
	bool ok;

	if (depth > DEPTH)
		ok = refuse(r, line, "nested too deep");
	else if (ev->type == YAML_SCALAR_EVENT)
		ok = scalar(r, ev, out);
	else if (ev->type == YAML_SEQUENCE_START_EVENT)
		ok = sequence(r, depth, out);
	else if (ev->type == YAML_MAPPING_START_EVENT)
		ok = mapping(r, depth, out);
	else
		ok = refuse(r, line, "aliases are not supported");
	yaml_event_delete(ev);
	return ok;
}

static bool document(struct reader *r, struct json_object **out)
{
	yaml_event_t ev;
	bool ok;

	for (;;) {
		if (!next(r, &ev))
			return false;
		if (ev.type == YAML_STREAM_END_EVENT)
			return refuse(r, 0, "empty document");
		if (ev.type != YAML_STREAM_START_EVENT &&
		    ev.type != YAML_DOCUMENT_START_EVENT)
			break;
		yaml_event_delete(&ev);
	}
	if (!value(r, &ev, 0, out) || !next(r, &ev))
		return false;
	yaml_event_delete(&ev);
	if (!next(r, &ev))
		return false;
	ok = ev.type == YAML_STREAM_END_EVENT;
	yaml_event_delete(&ev);
	return ok ? true : refuse(r, 0, "expected a single document");
}

struct json_object *yaml_read(const char *text, size_t n, char **why)
{
	struct reader r = { .reached = n ? text : "" };
	struct json_object *out = NULL;

	r.end = r.reached + n;
	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.reached, n);
	if (!document(&r, &out)) {
		json_object_put(out);
		out = NULL;
	}
	yaml_parser_delete(&r.parser);
	*why = r.why;
	return out;
}
