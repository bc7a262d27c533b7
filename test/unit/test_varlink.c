/* SPDX-License-Identifier: MIT */
/* Unit tests of varlink framing and of the control interface's table. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/wire/varlink.h"

#include <check.h>

#define MAX ((size_t)64)

/* Bytes with the NUL that ends them, and without. */
#define WHOLE(text) text, sizeof(text)
#define PART(text) text, sizeof(text) - 1
#define LONG_TEXT "0123456789012345678901234567890123456789012345678901234567890"

static const struct {
	const char *what;
	const char *bytes;
	size_t length;
	const char *messages[3]; /* as they come out; "!" is one that is refused */
	bool refused;		 /* by the feeding itself */
} streams[] = {
	{ "nothing", PART(""), { NULL }, false },
	{ "half a message", PART("{\"a\":"), { NULL }, false },
	{ "one message", WHOLE("{\"a\":1}"), { "{\"a\":1}" }, false },
	{ "two and a half", PART("{\"a\":1}\0{\"b\":2}\0{\"c\""),
	    { "{\"a\":1}", "{\"b\":2}" }, false },
	{ "an empty message", WHOLE(""), { "!" }, false },
	{ "a list", WHOLE("[1]"), { "!" }, false },
	{ "no JSON", WHOLE("GET / HTTP/1.1\r\n"), { "!" }, false },
	{ "text after the object", WHOLE("{} {}"), { "!" }, false },
	{ "no UTF-8", WHOLE("{\"a\":\"\xff\"}"), { "!" }, false },
	{ "as deep as allowed", WHOLE("{\"a\":[[[]]]}"), { "{\"a\":[[[]]]}" }, false },
	{ "deeper", WHOLE("{\"a\":[[[[]]]]}"), { "!" }, false },
	{ "a good one after a bad one", WHOLE("nonsense\0{\"b\":2}"),
	    { "!", "{\"b\":2}" }, false },
	{ "too long without an end", PART("{\"a\":\"" LONG_TEXT), { NULL }, true },
	{ "too long with an end", WHOLE("{\"a\":\"" LONG_TEXT "\"}"), { NULL }, true },
	{ "too long after a good one", WHOLE("{}\0{\"a\":\"" LONG_TEXT "\"}"), { NULL },
	    true },
};

/* Feeds in pieces of `piece` bytes and compares what comes out. */
static void feed(size_t row, size_t piece)
{
	struct varlink_reader r = { 0 };
	size_t got = 0, n;
	int result = 0;
	bool broken;

	for (size_t at = 0; at < streams[row].length && result == 0; at += n) {
		n = streams[row].length - at < piece ? streams[row].length - at : piece;
		result = varlink_feed(&r, streams[row].bytes + at, n, MAX, NULL);
	}
	ck_assert_msg((result < 0) == streams[row].refused, "%s: by %zu: %d",
	    streams[row].what, piece, result);
	for (; !streams[row].refused && got < 3; got++) {
		autojson struct json_object *o = varlink_next(&r, 4, &broken, NULL);
		const char *want = streams[row].messages[got];

		if (!o && !broken)
			break;
		ck_assert_msg(want != NULL, "%s: too many messages", streams[row].what);
		ck_assert_msg(broken == (strcmp(want, "!") == 0), "%s: message %zu",
		    streams[row].what, got);
		if (!broken)
			ck_assert_str_eq(json_text(o), want);
	}
	ck_assert_msg(streams[row].refused || got == 3 || !streams[row].messages[got],
	    "%s: by %zu: only %zu messages", streams[row].what, piece, got);
	varlink_reader_done(&r);
}

START_TEST(messages_come_out_whole)
{
	for (size_t piece = 1; piece < 80; piece++)
		feed((size_t)_i, piece);
}
END_TEST

START_TEST(taken_messages_leave_no_trace)
{
	struct varlink_reader r = { 0 };
	bool broken;

	for (int i = 0; i < 10000; i++) {
		ck_assert_int_eq(varlink_feed(&r, "{\"n\":1}\0{", 9, MAX, NULL), 0);
		json_object_put(varlink_next(&r, 4, &broken, NULL));
		ck_assert(!broken);
		ck_assert_int_eq(varlink_feed(&r, "\"m\":2}", 7, MAX, NULL), 0);
		json_object_put(varlink_next(&r, 4, &broken, NULL));
		ck_assert(!broken && r.pending == 0);
	}
	ck_assert_uint_lt(r.bytes.room, 1024);
	varlink_reader_done(&r);
}
END_TEST

static const struct {
	const char *what, *json;
	const char *method; /* NULL: refused */
	const char *parameters;
	bool more, oneway;
} calls[] = {
	{ "no parameters", "{\"method\":\"a.B\"}", "a.B", "{}", false, false },
	{ "null parameters", "{\"method\":\"a.B\",\"parameters\":null}", "a.B", "{}",
	    false, false },
	{ "parameters", "{\"method\":\"a.B\",\"parameters\":{\"x\":1}}", "a.B",
	    "{\"x\":1}", false, false },
	{ "more", "{\"method\":\"a.B\",\"more\":true}", "a.B", "{}", true, false },
	{ "oneway", "{\"method\":\"a.B\",\"oneway\":true}", "a.B", "{}", false, true },
	{ "an unknown member", "{\"method\":\"a.B\",\"later\":1}", "a.B", "{}", false,
	    false },
	{ "no method", "{\"parameters\":{}}", NULL, NULL, false, false },
	{ "method of another type", "{\"method\":3}", NULL, NULL, false, false },
	{ "method without a dot", "{\"method\":\"Foo\"}", NULL, NULL, false, false },
	{ "parameters that are a list", "{\"method\":\"a.B\",\"parameters\":[]}", NULL,
	    NULL, false, false },
	{ "more that is a number", "{\"method\":\"a.B\",\"more\":1}", NULL, NULL, false,
	    false },
	{ "more and oneway", "{\"method\":\"a.B\",\"more\":true,\"oneway\":true}", NULL,
	    NULL, false, false },
	{ "upgrade", "{\"method\":\"a.B\",\"upgrade\":true}", NULL, NULL, false, false },
};

START_TEST(calls_have_a_shape)
{
	struct error e = { "" };
	autojson struct json_object *o =
	    json_parse(calls[_i].json, strlen(calls[_i].json), 8, &e);
	struct varlink_call call = { 0 };
	int result = varlink_call_parse(o, &call, &e);

	ck_assert_msg((result == 0) == (calls[_i].method != NULL), "%s: %s",
	    calls[_i].what, e.text);
	if (!calls[_i].method) {
		ck_assert_msg(*e.text, "%s: no reason", calls[_i].what);
		return;
	}
	ck_assert_str_eq(call.method, calls[_i].method);
	ck_assert_str_eq(json_text(call.parameters), calls[_i].parameters);
	ck_assert_msg(call.more == calls[_i].more && call.oneway == calls[_i].oneway,
	    "%s", calls[_i].what);
}
END_TEST

START_TEST(messages_are_written_as_specified)
{
	autojson struct json_object *p = json_object_new_object();
	autotext struct text out = { 0 };
	static const char want[] =
	    "{\"method\":\"a.B\",\"more\":true,\"parameters\":{\"u\":\"a/b\"}}\0"
	    "{\"method\":\"a.B\",\"parameters\":{}}\0"
	    "{\"parameters\":{\"u\":\"a/b\"}}\0"
	    "{\"continues\":true,\"parameters\":{}}\0"
	    "{\"error\":\"a.E\",\"parameters\":{\"u\":\"a/b\"}}";

	json_put_string(p, "u", "a/b");
	varlink_put_call(&out, "a.B", p, true);
	varlink_put_call(&out, "a.B", NULL, false);
	varlink_open_reply(&out, false);
	text_add(&out, "%s", json_text(p));
	varlink_close(&out);
	varlink_open_reply(&out, true);
	text_add(&out, "{}");
	varlink_close(&out);
	varlink_open_error(&out, "a.E");
	text_add(&out, "%s", json_text(p));
	varlink_close(&out);
	ck_assert_uint_eq(out.length, sizeof(want));
	ck_assert_mem_eq(out.data, want, sizeof(want));
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof(table[0]))

int main(void)
{
	Suite *suite = suite_create("varlink");
	TCase *t = tcase_create("varlink");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(t, messages_come_out_whole, 0, ROWS(streams));
	tcase_add_test(t, taken_messages_leave_no_trace);
	tcase_add_loop_test(t, calls_have_a_shape, 0, ROWS(calls));
	tcase_add_test(t, messages_are_written_as_specified);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
