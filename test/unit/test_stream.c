/* SPDX-License-Identifier: MIT */
/* Unit tests of stream: events do not depend on how the bytes were cut; caps; versions.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/wire/stream.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

struct received {
	struct text log; /* "ADDED a;MODIFIED b;" */
	size_t events;
	size_t stop_after; /* 0: never */
};

static bool on_event(enum watch_event type, struct json_object *object, void *arg)
{
	static const char *const names[] = { "ADDED", "MODIFIED", "DELETED", "BOOKMARK",
		"ERROR", "OTHER" };
	struct received *h = arg;
	const char *name = json_string_at(object, "metadata.name");

	text_add(&h->log, "%s %s;", names[type], name ? name : "-");
	return ++h->events != h->stop_after;
}

/* Feeds in pieces of `size` bytes; 0: of random sizes. Returns the last result. */
static int feed(
    const char *bytes, size_t length, size_t size, struct received *h, struct error *e)
{
	struct stream *s = stream_new();
	size_t piece;
	int result = 0;

	for (size_t at = 0; at < length && result == 0; at += piece) {
		/* A copy of its own, so that reading past its end is noticed. */
		char *copy;

		piece = size ? size : 1 + (size_t)(rand() % 40);
		if (piece > length - at)
			piece = length - at;
		copy = must_alloc(piece);
		memcpy(copy, bytes + at, piece);
		result = stream_feed(s, copy, piece, on_event, h, e);
		free(copy);
	}
	stream_free(s);
	return result;
}

static const char watch[] =
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"},\"x\":\"}{][\\\"\"}}\n"
    "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"\xc3\xa4\xe6\xbc\xa2"
    "\xf0\x9f\x98\x80\"},\"l\":[1,[2,{\"y\":\"\\\\\"}]]}}"
    "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"c\"}}}\r\n\n \t"
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}\n"
    "{\"object\":{\"code\":410},\"type\":\"ERROR\"}\n"
    "{\"type\":\"RENAMED\",\"object\":{\"metadata\":{\"name\":\"z\"}}}\n";
static const char watch_events[] =
    "ADDED a;MODIFIED \xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80;DELETED c;BOOKMARK -;ERROR -;"
    "OTHER z;";

START_TEST(cut_anywhere)
{
	/* Sizes 1..20 and whole, then 200 random cuttings. */
	size_t size = _i < 20 ? (size_t)_i + 1 : _i == 20 ? sizeof(watch) : 0;
	struct received h = { 0 };
	struct error e;

	srand((unsigned)_i);
	ck_assert_int_eq(feed(watch, sizeof(watch) - 1, size, &h, &e), 0);
	ck_assert_str_eq(text_get(&h.log), watch_events);
	text_done(&h.log);
}
END_TEST

static const struct {
	const char *what, *bytes, *says;
} broken_rows[] = {
	{ "garbage between events", "{\"type\":\"ADDED\",\"object\":{}}x", "0x78" },
	{ "a list", "[1]", "0x5b" },
	{ "HTML", "<html>", "0x3c" },
	{ "NUL between events", "", "0x00" },
	{ "line break in a string", "{\"type\":\"AD\nDED\"}", "control character" },
	{ "cut off behind a value",
	    "{\"type\":\"ADDED\",\"object\":{\"a\":1\n{\"type\":\"ADDED\",\"object\":{}}",
	    "within another" },
	{ "cut off before a value",
	    "{\"type\":\"ADDED\",\"object\":\n{\"type\":\"ADDED\",\"object\":{}}\n{",
	    "within another" },
	{ "cut off inside a string", "{\"type\":\"ADD\n{\"type\":\"ADDED\"",
	    "control character" },
	{ "brackets that do not match", "{\"type\":\"ADDED\",\"object\":{]}", "no JSON" },
	{ "no object", "{\"type\":\"ADDED\"}", "no type or no object" },
	{ "no type", "{\"object\":{}}", "no type or no object" },
	{ "the object is a text", "{\"type\":\"ADDED\",\"object\":\"x\"}",
	    "no type or no object" },
	{ "not UTF-8", "{\"type\":\"ADDED\",\"object\":{\"a\":\"\xc3\x28\"}}",
	    "no JSON" },
	{ "single quotes", "{'type':'ADDED','object':{}}", "no JSON" },
	{ "NaN", "{\"type\":\"ADDED\",\"object\":{\"a\":NaN}}", "no JSON" },
};

START_TEST(broken)
{
	size_t length = strlen(broken_rows[_i].bytes);
	struct error e = { "" };
	struct received h = { 0 };

	/* In one piece and byte by byte. */
	for (size_t size = 1; size <= 4096; size += 4095) {
		ck_assert_msg(
		    feed(broken_rows[_i].bytes, length ? length : 1, size, &h, &e) == -1,
		    "%s: accepted", broken_rows[_i].what);
		ck_assert_msg(strstr(e.text, broken_rows[_i].says), "%s: %s",
		    broken_rows[_i].what, e.text);
	}
	text_done(&h.log);
}
END_TEST

START_TEST(stays_broken)
{
	struct stream *s = stream_new();
	struct received h = { 0 };
	struct error e;

	ck_assert_int_eq(stream_feed(s, "x", 1, on_event, &h, &e), -1);
	ck_assert_int_eq(stream_feed(s, watch, sizeof(watch) - 1, on_event, &h, &e), -1);
	ck_assert_uint_eq(h.events, 0);
	stream_free(s);
}
END_TEST

START_TEST(deep)
{
	struct text text = { 0 };
	struct received h = { 0 };
	struct error e;

	text_add(&text, "{\"type\":\"ADDED\",\"object\":{\"a\":");
	for (int i = 0; i < 100000; i++)
		text_add(&text, "[");
	ck_assert_int_eq(feed(text.data, text.length, text.length, &h, &e), -1);
	ck_assert_msg(strstr(e.text, "nested deeper"), "%s", e.text);
	text_done(&text);
	text_done(&h.log);
}
END_TEST

/* An event of `size` bytes. */
static void make_event(struct text *text, size_t size)
{
	static const char begin[] = "{\"type\":\"ADDED\",\"object\":{\"a\":\"";
	static const char end[] = "\"}}";

	text_add(text, "%s", begin);
	while (text->length < size - (sizeof(end) - 1))
		text_add_n(text, "xxxxxxxxxxxxxxxx",
		    size - (sizeof(end) - 1) - text->length < 16
			? size - (sizeof(end) - 1) - text->length
			: 16);
	text_add(text, "%s", end);
}

START_TEST(large)
{
	struct text text = { 0 };
	struct received h = { 0 };
	struct error e;

	make_event(&text, STREAM_MAX_EVENT);
	ck_assert_uint_eq(text.length, STREAM_MAX_EVENT);
	ck_assert_int_eq(feed(text.data, text.length, 65536, &h, &e), 0);
	ck_assert_uint_eq(h.events, 1);
	text_done(&text);
	make_event(&text, STREAM_MAX_EVENT + 1);
	ck_assert_int_eq(feed(text.data, text.length, 65536, &h, &e), -1);
	ck_assert_msg(strstr(e.text, "larger than"), "%s", e.text);
	ck_assert_int_eq(feed(text.data, text.length, text.length, &h, &e), -1);
	text_done(&text);
	text_done(&h.log);
}
END_TEST

START_TEST(stops)
{
	struct received h = { .stop_after = 2 };
	struct error e;

	ck_assert_int_eq(feed(watch, sizeof(watch) - 1, sizeof(watch), &h, &e), 0);
	ck_assert_uint_eq(h.events, 2);
	text_done(&h.log);
}
END_TEST

static const struct {
	const char *what, *a, *b;
	int sign;
} version_rows[] = {
	{ "equal", "100", "100", 0 },
	{ "older", "99", "100", -1 },
	{ "newer", "100", "99", 1 },
	{ "by value, not by text", "9", "10", -1 },
	{ "leading zeros", "007", "7", 0 },
	{ "zero", "0", "00", 0 },
	{ "128 bits", "340282366920938463463374607431768211455",
	    "340282366920938463463374607431768211456", -1 },
	{ "not a number, equal", "abc", "abc", 0 },
	{ "not a number, different", "abc", "abd", 1 },
	{ "not a number, the other way round", "abd", "abc", 1 },
	{ "one is none", "12", "x", 1 },
	{ "empty", "", "5", 1 },
};

START_TEST(versions)
{
	int sign = resource_version_compare(version_rows[_i].a, version_rows[_i].b);

	ck_assert_msg((sign > 0) - (sign < 0) == version_rows[_i].sign, "%s: %d",
	    version_rows[_i].what, sign);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tc = tcase_create("stream");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, cut_anywhere, 0, 221);
	tcase_add_loop_test(tc, broken, 0, ROWS(broken_rows));
	tcase_add_test(tc, stays_broken);
	tcase_add_test(tc, deep);
	tcase_add_test(tc, large);
	tcase_add_test(tc, stops);
	tcase_add_loop_test(tc, versions, 0, ROWS(version_rows));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
