/* SPDX-License-Identifier: MIT */
/* Unit tests of report and node: collecting, order, and what is shown to the letter. */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/report.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define NINETY                                                                           \
	"012345678901234567890123456789012345678901234567890123456789012345678901234567" \
	"8901"                                                                           \
	"23456789"

static const struct print_row {
	const char *what, *text; /* the source */
	unsigned line, column;
	const char *fix, *printed;
} print_rows[] = {
	{ "line, caret and fix", "a: 1\nmemry: 8GiB\n", 2, 1, "write memory",
	    "home.yaml:2:1: error[unknown-key]: no such key\n"
	    "  memry: 8GiB\n"
	    "  ^\n"
	    "  fix: write memory\n" },
	{ "no fix", "a: 1", 1, 4, NULL,
	    "home.yaml:1:4: error[unknown-key]: no such key\n"
	    "  a: 1\n"
	    "     ^\n" },
	{ "tabs are kept", "a:\t\tb\tc\n", 1, 6, NULL,
	    "home.yaml:1:6: error[unknown-key]: no such key\n"
	    "  a:\t\tb\tc\n"
	    "    \t\t ^\n" },
	{ "wide characters take two columns", "\xe5\x90\x8d\xe5\x89\x8d: \xc3\xa9 x\n", 1,
	    7, NULL,
	    "home.yaml:1:7: error[unknown-key]: no such key\n"
	    "  \xe5\x90\x8d\xe5\x89\x8d: \xc3\xa9 x\n"
	    "          ^\n" },
	{ "combining marks take none", "e\xcc\x81: x\n", 1, 5, NULL,
	    "home.yaml:1:5: error[unknown-key]: no such key\n"
	    "  e\xcc\x81: x\n"
	    "     ^\n" },
	{ "CRLF", "a: 1\r\nb: 2\r\n", 1, 1, NULL,
	    "home.yaml:1:1: error[unknown-key]: no such key\n"
	    "  a: 1\n"
	    "  ^\n" },
	{ "byte order mark",
	    "\xef\xbb\xbf"
	    "a: 1\n",
	    1, 1, NULL,
	    "home.yaml:1:1: error[unknown-key]: no such key\n"
	    "  a: 1\n"
	    "  ^\n" },
	{ "control characters and bad bytes do not reach the terminal",
	    "a\x1b[2J\xff\xe2\x80\xae: x\n", 1, 7, NULL,
	    "home.yaml:1:7: error[unknown-key]: no such key\n"
	    "  a?[2J??: x\n"
	    "        ^\n" },
	{ "past the end of the line", "ab\n", 1, 5, NULL,
	    "home.yaml:1:5: error[unknown-key]: no such key\n"
	    "  ab\n"
	    "      ^\n" },
	{ "an empty line is not shown", "a: 1\n\nb: 2\n", 2, 1, NULL,
	    "home.yaml:2:1: error[unknown-key]: no such key\n" },
	{ "past the end of the file", "a: 1\n", 3, 1, NULL,
	    "home.yaml:3:1: error[unknown-key]: no such key\n" },
	{ "the file as a whole", "a: 1\n", 0, 0, "do so",
	    "home.yaml: error[unknown-key]: no such key\n"
	    "  fix: do so\n" },
	{ "a long line, near its start", NINETY "abcdefghijklmnop", 1, 3, NULL,
	    "home.yaml:1:3: error[unknown-key]: no such key\n"
	    "  " NINETY "abcdefghij...\n"
	    "    ^\n" },
	{ "a long line, far in", NINETY "ABCDEFGHIJ", 1, 91, NULL,
	    "home.yaml:1:91: error[unknown-key]: no such key\n"
	    "  "
	    "...012345678901234567890123456789012345678901234567890123456789ABCDEFGHIJ\n"
	    "                                                                 ^\n" },
};

START_TEST(findings_are_printed)
{
	const struct print_row *row = &print_rows[_i];
	struct source_text source = { "home.yaml", row->text, strlen(row->text), NULL };
	struct place place = { &source, row->line, row->column };
	autotext struct text out = { 0 };
	struct arena a = { 0 };
	struct report report = { .arena = &a };
	struct finding *f =
	    report_add(&report, SEVERITY_ERROR, "unknown-key", &place, "no such key");

	if (row->fix)
		report_fix(&report, f, "%s", row->fix);
	finding_print(f, &out);
	ck_assert_msg(strcmp(text_get(&out), row->printed) == 0, "%s:\n%s", row->what,
	    text_get(&out));
	arena_done(&a);
}
END_TEST

START_TEST(places_are_written)
{
	struct source_text source = { "desired.d/home.yaml", "a: 1\n", 5, NULL };
	struct place nowhere = { 0 }, file = { &source, 0, 0 },
		     here = { &source, 31, 21 };
	struct arena a = { 0 };
	struct report report = { .arena = &a };
	struct finding *f;

	ck_assert_ptr_null(place_text(&a, NULL));
	ck_assert_ptr_null(place_text(&a, &nowhere));
	ck_assert_str_eq(place_text(&a, &file), "desired.d/home.yaml");
	ck_assert_str_eq(place_text(&a, &here), "desired.d/home.yaml:31:21");
	f = report_add(
	    &report, SEVERITY_WARNING, "pool-in-dhcp-range", &here, "pool %d", 1);
	ck_assert_str_eq(finding_line(&a, f),
	    "desired.d/home.yaml:31:21: warning[pool-in-dhcp-range]: pool 1");
	f = report_add(&report, SEVERITY_INFO, "note", NULL, "nowhere");
	ck_assert_str_eq(finding_line(&a, f), "info[note]: nowhere");
	arena_done(&a);
}
END_TEST

START_TEST(identical_findings_are_one)
{
	struct source_text source = { "home.yaml", "a: 1\n", 5, NULL };
	struct place here = { &source, 1, 1 }, there = { &source, 1, 2 };
	struct arena a = { 0 };
	struct report report = { .arena = &a };

	for (int i = 0; i < 3; i++) {
		report_add(&report, SEVERITY_ERROR, "x", &here, "text");
		report_add(&report, SEVERITY_ERROR, "y", &here, "text");
		report_add(&report, SEVERITY_ERROR, "x", &there, "text");
		report_add(&report, SEVERITY_ERROR, "x", &here, "other text");
		report_add(&report, SEVERITY_WARNING, "z", NULL, "text");
	}
	ck_assert_uint_eq(report.count, 5);
	ck_assert_uint_eq(report.errors, 4);
	arena_done(&a);
}
END_TEST

START_TEST(errors_have_a_cap)
{
	struct arena a = { 0 };
	struct report report = { .arena = &a };

	for (int i = 0; i < 10000; i++) {
		struct finding *f =
		    report_add(&report, SEVERITY_ERROR, "x", NULL, "error %d", i);

		ck_assert_ptr_nonnull(f);
		ck_assert_str_eq(f->id, "x");
		report_fix(&report, f, "fix %d", i);
		f->objects[0] = "vm/a";
	}
	report_add(&report, SEVERITY_WARNING, "w", NULL, "a warning still gets in");
	ck_assert_uint_eq(report.errors, 50);
	ck_assert_uint_eq(report.not_shown, 9950);
	ck_assert_uint_eq(report.count, 51);
	ck_assert_str_eq(report.findings[49].text, "error 49");
	ck_assert_str_eq(report.findings[49].fix, "fix 49");
	ck_assert_uint_lt(a.bytes, 100000);
	arena_done(&a);
}
END_TEST

START_TEST(findings_are_sorted)
{
	struct source_text first = { "a.yaml", "", 0, NULL },
			   second = { "b.yaml", "", 0, NULL };
	static const char *const want[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9" };
	struct arena a = { 0 };
	struct report report = { .arena = &a };

	report_add(&report, SEVERITY_INFO, "x", &(struct place){ &first, 1, 1 }, "9");
	report_add(&report, SEVERITY_WARNING, "x", &(struct place){ &first, 1, 1 }, "8");
	report_add(&report, SEVERITY_ERROR, "x", NULL, "7");
	report_add(&report, SEVERITY_ERROR, "x", &(struct place){ &second, 1, 1 }, "6");
	report_add(&report, SEVERITY_ERROR, "x", &(struct place){ &first, 10, 1 }, "5");
	report_add(&report, SEVERITY_ERROR, "x", &(struct place){ &first, 2, 9 }, "4");
	report_add(&report, SEVERITY_ERROR, "y", &(struct place){ &first, 2, 1 }, "3");
	report_add(&report, SEVERITY_ERROR, "x", &(struct place){ &first, 2, 1 }, "2");
	report_add(&report, SEVERITY_ERROR, "x", &(struct place){ &first, 2, 1 }, "1");
	report_sort(&report);
	for (int i = 0; i < ROWS(want); i++)
		ck_assert_str_eq(report.findings[i].text, want[i]);
	arena_done(&a);
}
END_TEST

START_TEST(texts_are_one_clean_line)
{
	struct arena a = { 0 };
	struct report report = { .arena = &a };
	struct finding *f = report_add(
	    &report, SEVERITY_ERROR, "x", NULL, "name \"%s\"", "a\nb\x1b[0m\xff");

	report_fix(&report, f, "not %s", "\x07");
	ck_assert_str_eq(f->text, "name \"a b?[0m?\"");
	ck_assert_str_eq(f->fix, "not ?");
	arena_done(&a);
}
END_TEST

START_TEST(words_for_severities)
{
	ck_assert_str_eq(severity_text(SEVERITY_ERROR), "error");
	ck_assert_str_eq(severity_text(SEVERITY_WARNING), "warning");
	ck_assert_str_eq(severity_text(SEVERITY_INFO), "info");
}
END_TEST

START_TEST(nodes_are_looked_up)
{
	struct node key = { .type = NODE_SCALAR, .text = "a" };
	struct node value = { .type = NODE_NULL };
	struct node *keys[] = { &key }, *items[] = { &value };
	struct node map = { .type = NODE_MAP, .count = 1, .items = items, .keys = keys };
	struct node list = { .type = NODE_LIST, .count = 1, .items = items };

	ck_assert_ptr_eq(node_get(&map, "a"), &value);
	ck_assert_ptr_eq(node_key(&map, "a"), &key);
	ck_assert_ptr_null(node_get(&map, "b"));
	ck_assert_ptr_null(node_key(&map, "b"));
	ck_assert_ptr_null(node_get(NULL, "a"));
	ck_assert_ptr_null(node_key(NULL, "a"));
	ck_assert_ptr_null(node_get(&list, "a"));
	ck_assert_ptr_null(node_key(&key, "a"));
	ck_assert_str_eq(node_what(&map), "a map");
	ck_assert_str_eq(node_what(&list), "a list");
	ck_assert_str_eq(node_what(&key), "a text");
	ck_assert_str_eq(node_what(&value), "nothing");
	ck_assert_str_eq(node_what(NULL), "nothing");
}
END_TEST

static const struct line_row {
	const char *what, *text;
	unsigned line;
	const char *want;
} line_rows[] = {
	{ "first", "a\nb\n", 1, "a" },
	{ "second", "a\nb\n", 2, "b" },
	{ "last without an end", "a\nb", 2, "b" },
	{ "past the end", "a\nb\n", 3, "" },
	{ "far past the end", "a\nb\n", 4000000000u, "" },
	{ "line 0", "a\nb\n", 0, "" },
	{ "empty between", "a\n\nb\n", 2, "" },
	{ "CRLF", "a\r\nb\r\n", 2, "b" },
	{ "byte order mark",
	    "\xef\xbb\xbf"
	    "a\n",
	    1, "a" },
	{ "nothing", "", 1, "" },
};

START_TEST(lines_are_found)
{
	const struct line_row *row = &line_rows[_i];
	struct source_text source = { "x", row->text, strlen(row->text), NULL };
	const char *line = NULL;
	size_t length = source_line(&source, row->line, &line);

	ck_assert_msg(length == strlen(row->want) && memcmp(line, row->want, length) == 0,
	    "%s: %.*s", row->what, (int)length, line);
	ck_assert(line >= source.text && line <= source.text + source.length);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tests = tcase_create("report");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, findings_are_printed, 0, ROWS(print_rows));
	tcase_add_test(tests, places_are_written);
	tcase_add_test(tests, identical_findings_are_one);
	tcase_add_test(tests, errors_have_a_cap);
	tcase_add_test(tests, findings_are_sorted);
	tcase_add_test(tests, texts_are_one_clean_line);
	tcase_add_test(tests, words_for_severities);
	tcase_add_test(tests, nodes_are_looked_up);
	tcase_add_loop_test(tests, lines_are_found, 0, ROWS(line_rows));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
