/* SPDX-License-Identifier: MIT */
/* Unit tests of text and units: checks on hostile text, names, sizes, times, words. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

START_TEST(texts_grow)
{
	autotext struct text t = { 0 };

	ck_assert_str_eq(text_get(&t), "");
	text_add(&t, "%s", "");
	ck_assert_str_eq(text_get(&t), "");
	for (int i = 0; i < 10000; i++)
		text_add(&t, "%d,", i % 10);
	ck_assert_uint_eq(t.length, 20000);
	ck_assert_uint_eq(strlen(t.data), 20000);
	text_add_n(&t, "a\0b", 3);
	ck_assert_mem_eq(t.data + 20000, "a\0b\0", 4);
	text_add_n(&t, NULL, 0);
	text_done(&t);
	ck_assert_ptr_null(t.data);
	ck_assert_uint_eq(t.length, 0);
}
END_TEST

static const struct utf8_row {
	const char *what, *bytes;
	size_t length;
	long invalid, control, control_in_lines;
} utf8_rows[] = {
	{ "empty", "", 0, -1, -1, -1 },
	{ "ASCII", "abc ~", 5, -1, -1, -1 },
	{ "two, three and four bytes", "\xc3\xa9\xe3\x81\x82\xf0\x9f\x98\x80", 9, -1, -1,
	    -1 },
	{ "the last character", "\xf4\x8f\xbf\xbf", 4, -1, -1, -1 },
	{ "past the last", "\xf4\x90\x80\x80", 4, 0, -1, -1 },
	{ "overlong slash", "a\xc0\xaf", 3, 1, -1, -1 },
	{ "overlong NUL", "\xc0\x80", 2, 0, -1, -1 },
	{ "overlong in three", "\xe0\x80\xaf", 3, 0, -1, -1 },
	{ "overlong in four", "\xf0\x80\x80\xaf", 4, 0, -1, -1 },
	{ "surrogate", "ab\xed\xa0\x80", 5, 2, -1, -1 },
	{ "last before the surrogates", "\xed\x9f\xbf", 3, -1, -1, -1 },
	{ "continuation alone", "a\x80", 2, 1, -1, -1 },
	{ "cut after one", "a\xe3", 2, 1, -1, -1 },
	{ "cut after two", "a\xe3\x81", 3, 1, -1, -1 },
	{ "bad second byte", "\xc3(", 2, 0, -1, -1 },
	{ "bad last byte", "\xf0\x9f\x98(", 4, 0, -1, -1 },
	{ "0xff", "\xff", 1, 0, -1, -1 },
	{ "0xf5", "\xf5\x80\x80\x80", 4, 0, -1, -1 },
	{ "NUL inside", "a\0b", 3, -1, 1, 1 },
	{ "newline", "ab\n", 3, -1, 2, -1 },
	{ "tab", "\tab", 3, -1, 0, -1 },
	{ "carriage return", "a\r\n", 3, -1, 1, 1 },
	{ "escape", "a\x1b[0m", 5, -1, 1, 1 },
	{ "DEL", "\x7f", 1, -1, 0, 0 },
	{ "C1", "ab\xc2\x9b", 4, -1, 2, 2 },
	{ "first after C1", "\xc2\xa0", 2, -1, -1, -1 },
	{ "right-to-left override", "x\xe2\x80\xae", 4, -1, 1, 1 },
	{ "first strong isolate", "x\xe2\x81\xa8", 4, -1, 1, 1 },
	{ "left-to-right mark", "\xe2\x80\x8e", 3, -1, 0, 0 },
	{ "Arabic letter mark", "\xd8\x9c", 2, -1, 0, 0 },
	{ "line separator", "\xe2\x80\xa8", 3, -1, 0, 0 },
	{ "byte order mark", "a\xef\xbb\xbf", 4, -1, 1, 1 },
	{ "a dash nearby is fine", "\xe2\x80\x94", 3, -1, -1, -1 },
	{ "control after a bad byte", "\xff\x01", 2, 0, 1, 1 },
};

START_TEST(untrusted_text)
{
	const struct utf8_row *row = &utf8_rows[_i];

	ck_assert_msg(text_invalid_utf8(row->bytes, row->length) == row->invalid,
	    "%s: %ld", row->what, text_invalid_utf8(row->bytes, row->length));
	ck_assert_msg(text_control(row->bytes, row->length, false) == row->control,
	    "%s: control", row->what);
	ck_assert_msg(
	    text_control(row->bytes, row->length, true) == row->control_in_lines,
	    "%s: control in lines", row->what);
}
END_TEST

START_TEST(every_character_is_read)
{
	char bytes[4];
	uint32_t read;

	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
		uint32_t rest = code;

		for (size_t i = size; i-- > 1; rest >>= 6)
			bytes[i] = (char)(0x80 | (rest & 0x3f));
		bytes[0] = (char)(size == 1 ? rest : (0xf00u >> size & 0xff) | rest);
		if (code >= 0xd800 && code <= 0xdfff) {
			ck_assert_uint_eq(text_character(bytes, size, &read), 0);
			continue;
		}
		if (text_character(bytes, size, &read) != size || read != code)
			ck_abort_msg("U+%04X", code);
		if (size > 1 && text_character(bytes, size - 1, &read) != 0)
			ck_abort_msg("U+%04X, cut", code);
	}
}
END_TEST

static const struct clean_row {
	const char *what, *untrusted;
	size_t limit;
	const char *clean;
} clean_rows[] = {
	{ "nothing to do", "worker-1", 100, "worker-1" },
	{ "a forged log line", "a\nMESSAGE=b", 100, "a MESSAGE=b" },
	{ "an escape", "\x1b[2J", 100, "?[2J" },
	{ "bad bytes", "a\xff\xfe", 100, "a??" },
	{ "a mark of three bytes",
	    "a\xe2\x80\xae"
	    "b",
	    100, "a?b" },
	{ "cut", "abcdef", 3, "abc" },
	{ "cut to nothing", "abcdef", 0, "" },
	{ "cut before a character", "ab\xe3\x81\x82", 4, "ab" },
	{ "cut after a character",
	    "ab\xe3\x81\x82"
	    "c",
	    5, "ab\xe3\x81\x82" },
	{ "just fits", "ab\xe3\x81\x82", 5, "ab\xe3\x81\x82" },
	{ "only continuations", "\x80\x80\x80\x80", 2, "" },
};

START_TEST(text_is_cleaned)
{
	const struct clean_row *row = &clean_rows[_i];
	struct arena a = { 0 };
	const char *clean = text_clean(&a, row->untrusted, row->limit);

	ck_assert_msg(strcmp(clean, row->clean) == 0, "%s: %s", row->what, clean);
	arena_done(&a);
}
END_TEST

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define SIXTY_THREE SIXTY "abc"

static const struct name_row {
	const char *what, *name;
	bool label, subdomain, libvirt;
} name_rows[] = {
	{ "plain", "worker-1", true, true, true },
	{ "digits", "1", true, true, true },
	{ "longest label", SIXTY_THREE, true, true, true },
	{ "too long", SIXTY_THREE "d", false, false, false },
	{ "dots", "harbor.qroksera.com", false, true, true },
	{ "longest subdomain", SIXTY_THREE "." SIXTY_THREE "." SIXTY_THREE "." SIXTY "a",
	    false, true, false },
	{ "subdomain too long",
	    SIXTY_THREE "." SIXTY_THREE "." SIXTY_THREE "." SIXTY "ab", false, false,
	    false },
	{ "upper case", "Worker", false, false, true },
	{ "underscore", "worker_1", false, false, true },
	{ "plus and at", "a+b@c", false, false, true },
	{ "dash first", "-a", false, false, false },
	{ "dash last", "a-", false, false, true },
	{ "dash last in a label", "a-.b", false, false, true },
	{ "dot first", ".a", false, false, false },
	{ "dot last", "a.", false, false, true },
	{ "two dots", "a..b", false, false, true },
	{ "empty", "", false, false, false },
	{ "only dots", "..", false, false, false },
	{ "a path", "a/b", false, false, false },
	{ "a blank", "a b", false, false, false },
	{ "a newline, as dnsmasq's files would take it", "a\nb", false, false, false },
	{ "a newline at the end", "a\n", false, false, false },
	{ "markup", "a<b", false, false, false },
	{ "no ASCII", "\xc3\xa9", false, false, false },
};

START_TEST(names)
{
	const struct name_row *row = &name_rows[_i];

	ck_assert_msg(name_is_label(row->name) == row->label, "%s: label", row->what);
	ck_assert_msg(
	    name_is_subdomain(row->name) == row->subdomain, "%s: subdomain", row->what);
	ck_assert_msg(
	    name_is_libvirt(row->name) == row->libvirt, "%s: libvirt", row->what);
}
END_TEST

static const struct {
	const char *name;
	bool device;
} devices[] = {
	{ "br0", true },
	{ "vm_br.20", true },
	{ "br,lan@1#~=", true },
	{ "-br", true },
	{ ".br", true },
	{ "br\xc3\xbc", true },
	{ "", false },
	{ ".", false },
	{ "..", false },
	{ "br 0", false },
	{ "br\t", false },
	{ "br/0", false },
	{ "br:0", false },
	{ "br%d", false },
};

START_TEST(a_name_of_an_interface)
{
	ck_assert_msg(name_is_device(devices[_i].name) == devices[_i].device, "\"%s\"",
	    devices[_i].name);
}
END_TEST

static const struct label_row {
	const char *what, *text;
	size_t size;
	const char *label; /* "": nothing is left */
} label_rows[] = {
	{ "one already", "worker-1", 64, "worker-1" },
	{ "capitals", "K8s_Master", 64, "k8s-master" },
	{ "several in a row", "a . b", 64, "a-b" },
	{ "at both ends", "_web_", 64, "web" },
	{ "no ASCII", "\xc3\xa9t\xc3\xa9", 64, "t" },
	{ "nothing", "***", 64, "" },
	{ "too long", "abcdef", 4, "abc" },
	{ "cut behind a dash", "abc-def", 5, "abc" },
};

START_TEST(a_label_is_made_of_a_text)
{
	const struct label_row *row = &label_rows[_i];
	char label[64];

	ck_assert_msg(name_to_label(row->text, label, row->size) == strlen(row->label) &&
			  strcmp(label, row->label) == 0,
	    "%s: \"%s\"", row->what, label);
	ck_assert_msg(!*label || name_is_label(label), "%s: is none", row->what);
}
END_TEST

struct number_row {
	const char *what, *text;
	int64_t value;	   /* -1: refused */
	const char *words; /* refused: in the error; else how it is printed */
};

static const struct number_row size_rows[] = {
	{ "GiB", "8GiB", INT64_C(8) << 30, "8GiB" },
	{ "MiB", "512MiB", 512 << 20, "512MiB" },
	{ "printed in the larger unit", "2048MiB", INT64_C(2) << 30, "2GiB" },
	{ "kept in the smaller unit", "1536MiB", 1536 << 20, "1536MiB" },
	{ "bytes", "4096", 4096, "4KiB" },
	{ "odd bytes", "1000B", 1000, "1000B" },
	{ "decimal", "1GB", 1000000000, "1000000000B" },
	{ "decimal that divides", "1024KB", 1024000, "1000KiB" },
	{ "TiB", "3TiB", INT64_C(3) << 40, "3TiB" },
	{ "nothing", "0", 0, "0B" },
	{ "largest", "8388607TiB", INT64_C(8388607) << 40, "8388607TiB" },
	{ "too large", "8388608TiB", -1, "too large" },
	{ "too many digits", "99999999999999999999", -1, "too large" },
	{ "fraction", "1.5GiB", -1, "1536MiB" },
	{ "comma", "1,5GiB", -1, "fraction" },
	{ "one letter", "8G", -1, "write \"8GiB\" (1024) or \"8GB\" (1000)" },
	{ "as Kubernetes has it", "8Gi", -1, "write \"8GiB\" (1024) or \"8GB\"" },
	{ "lower case", "8gb", -1, "write \"8GB\"" },
	{ "blank", "8 GiB", -1, "write \"8GiB\"" },
	{ "blank and a word", "8 gigs", -1, "write it as in \"8GiB\"" },
	{ "negative", "-1GiB", -1, "no size" },
	{ "plus", "+1GiB", -1, "no size" },
	{ "no number", "GiB", -1, "no size" },
	{ "hexadecimal", "0x10", -1, "no size" },
	{ "exponent", "1e9", -1, "no size" },
	{ "empty", "", -1, "no size" },
	{ "a word", "lots", -1, "no size" },
	{ "something after", "8GiB!", -1, "no size" },
};

static const struct number_row duration_rows[] = {
	{ "seconds", "90s", 90000, "1m30s" },
	{ "minutes", "5m", 300000, "5m" },
	{ "hours", "2h", 7200000, "2h" },
	{ "days", "1d", 86400000, "1d" },
	{ "milliseconds", "250ms", 250, "250ms" },
	{ "two units", "1h30m", 5400000, "1h30m" },
	{ "all units", "1d2h3m4s5ms", 93784005, "1d2h" },
	{ "minutes and milliseconds", "1m5ms", 60005, "1m" },
	{ "nothing", "0s", 0, "0s" },
	{ "no unit", "90", -1, "no duration" },
	{ "bare zero", "0", -1, "no duration" },
	{ "wrong order", "30m1h", -1, "no duration" },
	{ "twice the same", "1h1h", -1, "no duration" },
	{ "unknown unit", "3w", -1, "no duration" },
	{ "negative", "-5s", -1, "no duration" },
	{ "fraction", "1.5h", -1, "no duration" },
	{ "blank", "5 m", -1, "no duration" },
	{ "unit alone", "m", -1, "no duration" },
	{ "empty", "", -1, "no duration" },
	{ "too long", "106751991168d", -1, "too long" },
	{ "sum too long", "106751991167d24h", -1, "too long" },
	{ "too many digits", "99999999999999999999s", -1, "too long" },
};

static void judge(const struct number_row *row, int result, int64_t value,
    const char *printed, const struct error *e)
{
	if (row->value < 0) {
		ck_assert_msg(result == -1, "%s: accepted", row->what);
		ck_assert_msg(strstr(e->text, row->words), "%s: %s", row->what, e->text);
		return;
	}
	ck_assert_msg(result == 0, "%s: %s", row->what, e->text);
	ck_assert_msg(value == row->value, "%s: %lld", row->what, (long long)value);
	ck_assert_msg(strcmp(printed, row->words) == 0, "%s: %s", row->what, printed);
}

START_TEST(sizes)
{
	struct error e = { "" };
	struct arena a = { 0 };
	int64_t value = 0;
	int result = size_parse(size_rows[_i].text, &value, &e);

	judge(&size_rows[_i], result, value, size_text(&a, value), &e);
	arena_done(&a);
}
END_TEST

START_TEST(sizes_survive_printing)
{
	static const int64_t odd[] = { 1, 1023, 1024, 1025, (INT64_C(1) << 40) + 1,
		INT64_MAX, INT64_MAX - 1023 };

	for (int i = 0; i < ROWS(odd); i++) {
		struct arena a = { 0 };
		int64_t again;

		ck_assert_int_eq(size_parse(size_text(&a, odd[i]), &again, NULL), 0);
		ck_assert_int_eq(again, odd[i]);
		arena_done(&a);
	}
}
END_TEST

START_TEST(durations)
{
	struct error e = { "" };
	struct arena a = { 0 };
	int64_t value = 0;
	int result = duration_parse(duration_rows[_i].text, &value, &e);

	judge(&duration_rows[_i], result, value, duration_text(&a, value), &e);
	arena_done(&a);
}
END_TEST

static const struct {
	int64_t ms;
	const char *text;
} spans[] = {
	{ -5, "0s" },
	{ 999, "999ms" },
	{ 1000, "1s" },
	{ 43999, "43s" },
	{ 192000, "3m12s" },
	{ 7500000, "2h5m" },
	{ 7203000, "2h" },
	{ 273600000, "3d4h" },
	{ INT64_MAX, "106751991167d7h" },
};

START_TEST(durations_for_people)
{
	struct arena a = { 0 };

	ck_assert_str_eq(duration_text(&a, spans[_i].ms), spans[_i].text);
	arena_done(&a);
}
END_TEST

static const struct time_row {
	const char *what, *text;
	int64_t ms;	     /* -1: refused */
	const char *printed; /* NULL: as read */
} time_rows[] = {
	{ "a time", "2026-11-23T04:08:06Z", 1795406886000, NULL },
	{ "the start", "1970-01-01T00:00:00Z", 0, NULL },
	{ "a leap day", "2024-02-29T23:59:59Z", 1709251199000, NULL },
	{ "microseconds, as leases have them", "2026-11-23T04:08:06.123456Z",
	    1795406886000, "2026-11-23T04:08:06Z" },
	{ "past 2038", "2038-01-19T03:14:08Z", 2147483648000, NULL },
	{ "no leap day", "2023-02-29T00:00:00Z", -1, NULL },
	{ "month 13", "2023-13-01T00:00:00Z", -1, NULL },
	{ "month 0", "2023-00-01T00:00:00Z", -1, NULL },
	{ "day 0", "2023-01-00T00:00:00Z", -1, NULL },
	{ "hour 24", "2023-01-01T24:00:00Z", -1, NULL },
	{ "second 60", "2023-01-01T00:00:60Z", -1, NULL },
	{ "before the start", "1969-12-31T23:59:59Z", -1, NULL },
	{ "an offset", "2026-11-23T04:08:06+09:00", -1, NULL },
	{ "no zone", "2026-11-23T04:08:06", -1, NULL },
	{ "no digits after the point", "2026-11-23T04:08:06.Z", -1, NULL },
	{ "a date", "2026-11-23", -1, NULL },
	{ "blanks for digits", "2026-11-23T 4:08:06Z", -1, NULL },
	{ "something after", "2026-11-23T04:08:06Z ", -1, NULL },
	{ "empty", "", -1, NULL },
};

START_TEST(times)
{
	const struct time_row *row = &time_rows[_i];
	struct arena a = { 0 };
	int64_t ms = time_parse(row->text);

	ck_assert_msg(ms == row->ms, "%s: %lld", row->what, (long long)ms);
	if (ms >= 0)
		ck_assert_str_eq(
		    time_text(&a, ms + 999), row->printed ? row->printed : row->text);
	arena_done(&a);
}
END_TEST

static const struct word_row {
	const char *what, *word, *nearest;
} word_rows[] = {
	{ "a letter missing", "memry", "memory" },
	{ "a letter too many", "memoryy", "memory" },
	{ "a wrong letter", "mamory", "memory" },
	{ "letters swapped", "vcpsu", "vcpus" },
	{ "camel case", "staticIps", "static_ips" },
	{ "dashes", "static-ips", "static_ips" },
	{ "upper case", "VCPUS", "vcpus" },
	{ "singular", "vcpu", "vcpus" },
	{ "three letters, two of them others", "rim", NULL },
	{ "the nearest of two", "interface", "interfaces" },
	{ "not finished", "stat", "status" },
	{ "short words", "ipp", "ip" },
	{ "far from everything", "colour", NULL },
	{ "one letter", "x", NULL },
	{ "empty", "", NULL },
	{ "absurdly long",
	    "memorymemorymemorymemorymemorymemorymemorymemorymemorymemorymemory", NULL },
};

START_TEST(nearest_words)
{
	static const char *const words[] = { "memory", "vcpus", "static_ips",
		"interfaces", "ip", "role", "start", "status",
		"a-word-that-is-so-long-that-nobody-would-ever-mistype-it-at-all", NULL };
	const struct word_row *row = &word_rows[_i];
	const char *nearest = nearest_word(row->word, words);

	ck_assert_msg(
	    row->nearest ? nearest && strcmp(nearest, row->nearest) == 0 : !nearest,
	    "%s: %s", row->what, nearest ? nearest : "none");
}
END_TEST

START_TEST(no_words_no_nearest)
{
	static const char *const none[] = { NULL };

	ck_assert_ptr_null(nearest_word("memory", none));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tests = tcase_create("text");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, texts_grow);
	tcase_add_loop_test(tests, untrusted_text, 0, ROWS(utf8_rows));
	tcase_add_test(tests, every_character_is_read);
	tcase_add_loop_test(tests, text_is_cleaned, 0, ROWS(clean_rows));
	tcase_add_loop_test(tests, names, 0, ROWS(name_rows));
	tcase_add_loop_test(tests, a_name_of_an_interface, 0, ROWS(devices));
	tcase_add_loop_test(tests, a_label_is_made_of_a_text, 0, ROWS(label_rows));
	tcase_add_loop_test(tests, sizes, 0, ROWS(size_rows));
	tcase_add_test(tests, sizes_survive_printing);
	tcase_add_loop_test(tests, durations, 0, ROWS(duration_rows));
	tcase_add_loop_test(tests, durations_for_people, 0, ROWS(spans));
	tcase_add_loop_test(tests, times, 0, ROWS(time_rows));
	tcase_add_loop_test(tests, nearest_words, 0, ROWS(word_rows));
	tcase_add_test(tests, no_words_no_nearest);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
