/* SPDX-License-Identifier: MIT */
/* Unit tests of json: what json-c would let by, reading by path, and writing. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define T(bytes) bytes, sizeof(bytes) - 1

static const struct parse_row {
	const char *what, *text;
	size_t length;
	const char *printed; /* NULL: refused */
	const char *says;    /* refused: the error up to here */
} parse_rows[] = {
	{ "an object", T("{\"a\": [1, true, null, \"x\"]}"),
	    "{\"a\":[1,true,null,\"x\"]}", NULL },
	{ "blanks around", T(" \r\n\t[] \n"), "[]", NULL },
	{ "a number", T("12"), "12", NULL },
	{ "a number with an exponent", T("-1.5e3"), "-1.5e3", NULL },
	{ "a text", T("\"x\""), "\"x\"", NULL },
	{ "a word", T("true"), "true", NULL },
	{ "an escape", T("\"\\u3042\\n\""), "\"\xe3\x81\x82\\n\"", NULL },
	{ "raw UTF-8", T("\"\xe3\x81\x82\""), "\"\xe3\x81\x82\"", NULL },
	{ "two, three and four bytes",
	    T("[\"\xc2\xba\",\"\xe3\x81\x82\",\"a\xf0\x9f\x98\x80"
	      "b\"]"),
	    "[\"\xc2\xba\",\"\xe3\x81\x82\",\"a\xf0\x9f\x98\x80"
	    "b\"]",
	    NULL },
	{ "a mistake behind them", T("{\"\xf0\x9f\x98\x80\": \"\xe3\x81\x82\" 1}"), NULL,
	    "JSON, line 1 column 11: " },
	{ "the largest number", T("[18446744073709551615]"), "[18446744073709551615]",
	    NULL },
	{ "a larger one", T("[18446744073709551616]"), NULL,
	    "JSON, line 1 column 2: a number that 64 bits do not hold" },
	{ "of more digits", T("[1, 100000000000000000000]"), NULL,
	    "JSON, line 1 column 5: a number that 64 bits do not hold" },
	{ "the least number", T("[-9223372036854775808]"), "[-9223372036854775808]",
	    NULL },
	{ "a lesser one", T("[-9223372036854775809]"), NULL,
	    "JSON, line 1 column 3: a number that 64 bits do not hold" },
	{ "digits in a text", T("\"99999999999999999999\""), "\"99999999999999999999\"",
	    NULL },
	{ "many digits of a fraction", T("[0.12500000000000000000000]"),
	    "[0.12500000000000000000000]", NULL },
	{ "many digits before an exponent", T("[100000000000000000000e0]"),
	    "[100000000000000000000e0]", NULL },
	{ "slashes are not escaped", T("\"a/b\""), "\"a/b\"", NULL },
	{ "braces in a text", T("\"}{][\\\"'/\""), "\"}{][\\\"'/\"", NULL },
	{ "of duplicate keys the last", T("{\"a\":1,\"a\":2}"), "{\"a\":2}", NULL },
	{ "three deep", T("[[[]]]"), "[[[]]]", NULL },
	{ "four deep", T("[[[[]]]]"), NULL, "JSON, line 1 column 4: " },
	{ "null", T("null"), NULL, "JSON: null where a value is due" },
	{ "empty", T(""), NULL, "JSON, line 1 column 1: the text ends too early" },
	{ "blanks only", T(" \n"), NULL,
	    "JSON, line 2 column 1: the text ends too early" },
	{ "cut in an object", T("{\"a\": 1"), NULL,
	    "JSON, line 1 column 8: the text ends too early" },
	{ "cut in a text", T("[\"abc"), NULL,
	    "JSON, line 1 column 6: the text ends too early" },
	{ "cut in an escape", T("[\"abc\\"), NULL,
	    "JSON, line 1 column 7: the text ends" },
	{ "cut in a word", T("tru"), NULL, "JSON, line 1 column 4: " },
	{ "trailing text", T("{}\n{}"), NULL, "JSON, line 2 column 1: " },
	{ "trailing comma", T("[1,]"), NULL, "JSON, line 1 column 4: " },
	{ "trailing NUL", T("{}\0"), NULL, "JSON, line 1 column 3: a character" },
	{ "NUL in a text", T("[\"a\0b\"]"), NULL,
	    "JSON, line 1 column 4: no UTF-8, or a control" },
	{ "newline in a text", T("[\"a\nb\"]"), NULL,
	    "JSON, line 1 column 4: no UTF-8, or a control" },
	{ "newline after a backslash", T("[\"a\\\nb\"]"), NULL,
	    "JSON, line 1 column 5: no UTF-8, or a control" },
	{ "escape in a text", T("\"\x1b[2J\""), NULL,
	    "JSON, line 1 column 2: no UTF-8, or a control" },
	{ "single quotes", T("{'a': 1}"), NULL, "JSON, line 1 column 2: a character" },
	{ "NaN", T("[NaN]"), NULL, "JSON, line 1 column 2: a character" },
	{ "nan", T("[nan]"), NULL, "JSON, line 1 column " },
	{ "Infinity", T("[Infinity]"), NULL, "JSON, line 1 column 2: a character" },
	{ "-Infinity", T("[-Infinity]"), NULL, "JSON, line 1 column 3: a character" },
	{ "a word in capitals", T("[TRUE]"), NULL, "JSON, line 1 column 2: a character" },
	{ "a comment", T("/* x */ {}"), NULL, "JSON, line 1 column 1: a character" },
	{ "leading zero", T("[01]"), NULL, "JSON, line 1 column " },
	{ "plus", T("[+1]"), NULL, "JSON, line 1 column 2: " },
	{ "hexadecimal", T("[0x10]"), NULL, "JSON, line 1 column 3: a character" },
	{ "bare key", T("{a: 1}"), NULL, "JSON, line 1 column 2: " },
	{ "not UTF-8", T("[\"\xff\"]"), NULL, "JSON, line 1 column 3: " },
	{ "overlong", T("[\"\xc0\xaf\"]"), NULL, "JSON, line 1 column " },
	{ "a surrogate", T("[\"\xed\xa0\x80\"]"), NULL, "JSON, line 1 column 3: " },
	{ "cut at the end", T("\"\xe3\x81"), NULL, "JSON, line 1 column 2: " },
	{ "cut character", T("[\"\xe3\x81\"]"), NULL, "JSON, line 1 column " },
	{ "byte order mark", T("\xef\xbb\xbf{}"), NULL,
	    "JSON, line 1 column 1: a character" },
	{ "HTML", T("<html>"), NULL, "JSON, line 1 column 1: a character" },
	{ "a column counts characters",
	    T("{\"\xe3\x81\x82\": \"\xe3\x81\x82\",\n \"\xe3\x81\x82\" 'x'}"), NULL,
	    "JSON, line 2 column 6: a character" },
};

START_TEST(texts_are_parsed)
{
	const struct parse_row *row = &parse_rows[_i];
	struct error e = { "" };
	/* Not NUL-terminated, so that reading past the end is observed. */
	autofree char *copy = malloc(row->length ? row->length : 1);
	autojson struct json_object *o = NULL;

	memcpy(copy, row->text, row->length);
	o = json_parse(copy, row->length, 3, &e);
	if (row->printed) {
		ck_assert_msg(o, "%s: %s", row->what, e.text);
		ck_assert_msg(strcmp(json_text(o), row->printed) == 0, "%s: %s",
		    row->what, json_text(o));
	} else {
		ck_assert_msg(!o, "%s: accepted", row->what);
		ck_assert_msg(strncmp(e.text, row->says, strlen(row->says)) == 0,
		    "%s: %s", row->what, e.text);
	}
}
END_TEST

START_TEST(numbers_past_63_bits_are_none)
{
	autojson struct json_object *o = json_parse(
	    T("{\"huge\":9223372036854775808,\"fits\":9223372036854775807}"), 2, NULL);

	ck_assert_int_eq(json_int_at(o, "huge", -1), -1);
	ck_assert_int_eq(json_int_at(o, "fits", -1), INT64_MAX);
}
END_TEST

START_TEST(sizes_are_capped)
{
	size_t length = 200000;
	autofree char *deep = malloc(length);
	struct error e = { "" };

	memset(deep, '[', length);
	ck_assert_ptr_null(json_parse(deep, length, 64, &e));
	ck_assert_str_ne(e.text, "");
	ck_assert_ptr_null(json_parse(deep, JSON_MAX_BYTES + 1, 64, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "more than"));
	ck_assert_ptr_null(json_parse("x", 1, 64, NULL));
}
END_TEST

/* Two bytes each, and 800 once they are objects. */
START_TEST(what_a_stranger_sends_is_weighed)
{
	enum { OBJECTS = 60000 };
	struct json_tokener *tokener = json_tokener_strict(8);
	autotext struct text text = { 0 };
	struct json_object *o;
	struct error e = { "" };

	text_add(&text, "[");
	for (int i = 0; i < OBJECTS; i++)
		text_add(&text, i ? ",{}" : "{}");
	text_add(&text, "]");
	ck_assert_ptr_null(json_parse_foreign(tokener, text.data, text.length, &e));
	ck_assert_str_eq(e.text, JSON_TOO_HEAVY);
	o = json_parse_with(tokener, text.data, text.length, &e);
	ck_assert_uint_eq(json_count(o), OBJECTS);
	json_object_put(o);
	/* What looks like values within a text weighs nothing. */
	text_done(&text);
	text_add(&text, "[\"");
	for (int i = 0; i < OBJECTS; i++)
		text_add(&text, "{},[]:");
	text_add(&text, "\"]");
	o = json_parse_foreign(tokener, text.data, text.length, &e);
	ck_assert_msg(o != NULL, "%s", e.text);
	json_object_put(o);
	json_tokener_free(tokener);
}
END_TEST

static const char sample[] =
    "{\"metadata\": {\"name\": \"w1\", \"labels\": {\"a\": \"b\"}, \"nul\": "
    "\"a\\u0000b\"},"
    " \"n\": 42, \"least\": -9223372036854775807, \"most\": 9223372036854775807,"
    " \"over\": 9223372036854775808, \"real\": 1.5, \"yes\": true, \"none\": null,"
    " \"list\": [\"x\", {\"y\": 1}], \"empty\": []}";

static struct json_object *parse_sample(void)
{
	struct json_object *o = json_parse(sample, sizeof(sample) - 1, 8, NULL);

	ck_assert_ptr_nonnull(o);
	return o;
}

START_TEST(members_by_path)
{
	autojson struct json_object *o = parse_sample();
	char path[300] = "";

	ck_assert_str_eq(json_string_at(o, "metadata.name"), "w1");
	ck_assert_str_eq(json_string_at(o, "metadata.labels.a"), "b");
	ck_assert_ptr_eq(json_at(o, ""), o);
	ck_assert_ptr_null(json_at(o, "metadata.nothing"));
	ck_assert_ptr_null(json_at(o, "metadata.name.deeper"));
	ck_assert_ptr_null(json_at(o, "list.0"));
	ck_assert_ptr_null(json_at(o, "none"));
	ck_assert_ptr_null(json_at(o, "none.deeper"));
	ck_assert_ptr_null(json_at(NULL, "a"));
	ck_assert_ptr_null(json_at(o, "."));
	memset(path, 'x', sizeof(path) - 1);
	ck_assert_ptr_null(json_at(o, path));
}
END_TEST

START_TEST(members_with_types)
{
	autojson struct json_object *o = parse_sample();

	ck_assert_ptr_null(json_string_at(o, "n"));
	ck_assert_ptr_null(json_string_at(o, "none"));
	ck_assert_ptr_null(json_string_at(o, "metadata.nul"));
	ck_assert_int_eq(json_int_at(o, "n", -1), 42);
	ck_assert_int_eq(json_int_at(o, "most", -1), INT64_MAX);
	ck_assert_int_eq(json_int_at(o, "least", -1), -INT64_MAX);
	ck_assert_int_eq(json_int_at(o, "over", -1), -1);
	ck_assert_int_eq(json_int_at(o, "real", -1), -1);
	ck_assert_int_eq(json_int_at(o, "metadata.name", -1), -1);
	ck_assert_int_eq(json_int_at(o, "nothing", 7), 7);
	ck_assert(json_bool_at(o, "yes", false));
	ck_assert(json_bool_at(o, "n", true));
	ck_assert(!json_bool_at(o, "nothing", false));
}
END_TEST

START_TEST(lists)
{
	autojson struct json_object *o = parse_sample();
	struct json_object *list = json_at(o, "list");

	ck_assert_uint_eq(json_count(list), 2);
	ck_assert_str_eq(json_string_at(json_item(list, 0), ""), "x");
	ck_assert_int_eq(json_int_at(json_item(list, 1), "y", 0), 1);
	ck_assert_ptr_null(json_item(list, 2));
	ck_assert_uint_eq(json_count(json_at(o, "empty")), 0);
	ck_assert_uint_eq(json_count(o), 0);
	ck_assert_uint_eq(json_count(NULL), 0);
	ck_assert_ptr_null(json_item(NULL, 0));
}
END_TEST

START_TEST(objects_are_built)
{
	autojson struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_put_string(o, "path", "a/b \"c\"\n\xe3\x81\x82");
	json_put_string(o, "none", NULL);
	json_put_int(o, "n", INT64_MIN);
	json_put_bool(o, "yes", true);
	json_push_string(list, "x");
	json_push_string(list, NULL);
	json_push(list, json_object_new_object());
	json_put(o, "list", list);
	ck_assert_str_eq(json_text(o),
	    "{\"path\":\"a/b \\\"c\\\"\\n\xe3\x81\x82\",\"none\":null,\"n\":"
	    "-9223372036854775808,\"yes\":true,\"list\":[\"x\",null,{}]}");
	json_put_string(o, "path", "again");
	ck_assert_str_eq(json_string_at(o, "path"), "again");
}
END_TEST

START_TEST(pretty_text)
{
	autojson struct json_object *o =
	    json_parse(T("{\"a/b\":[1,{}],\"c\":{}}"), 4, NULL);

	/* json-c 0.18 writes what is empty in one line. */
	ck_assert_str_eq(json_pretty(o), json_c_version_num() >> 8 >= 18
					     ? "{\n"
					       "  \"a/b\": [\n"
					       "    1,\n"
					       "    {}\n"
					       "  ],\n"
					       "  \"c\": {}\n"
					       "}"
					     : "{\n"
					       "  \"a/b\": [\n"
					       "    1,\n"
					       "    {\n"
					       "    }\n"
					       "  ],\n"
					       "  \"c\": {\n"
					       "  }\n"
					       "}");
}
END_TEST

START_TEST(every_cut_is_survived)
{
	for (size_t length = 0; length < sizeof(sample) - 1; length++) {
		autofree char *copy = malloc(length ? length : 1);
		struct error e = { "" };

		memcpy(copy, sample, length);
		ck_assert_ptr_null(json_parse(copy, length, 8, &e));
		ck_assert_str_ne(e.text, "");
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, texts_are_parsed, 0, ROWS(parse_rows));
	tcase_add_test(tests, what_a_stranger_sends_is_weighed);
	tcase_add_test(tests, numbers_past_63_bits_are_none);
	tcase_add_test(tests, sizes_are_capped);
	tcase_add_test(tests, members_by_path);
	tcase_add_test(tests, members_with_types);
	tcase_add_test(tests, lists);
	tcase_add_test(tests, objects_are_built);
	tcase_add_test(tests, pretty_text);
	tcase_add_test(tests, every_cut_is_survived);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
