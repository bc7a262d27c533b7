/* SPDX-License-Identifier: MIT */
/* Unit tests of lib/base/window.c: what may be written, and when a window is open. */
#include "lib/base/window.h"

#include <check.h>
#include <string.h>
#undef fail /* check has a macro of that name */

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define MINUTE ((int64_t)60 * 1000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define SUNDAY (3 * DAY) /* 1970-01-04 */

static const struct {
	const char *text, *shown; /* NULL: it is refused */
} texts[] = {
	{ "Sun 02:00-05:00", "Sun 02:00-05:00" },
	{ "daily 23:30-00:30", "daily 23:30-00:30" },
	{ "Mon-Fri 01:00-02:30", "Mon,Tue,Wed,Thu,Fri 01:00-02:30" },
	{ "Fri-Mon 01:00-24:00", "Sun,Mon,Fri,Sat 01:00-24:00" },
	{ "Sat,Sun 00:00-00:01", "Sun,Sat 00:00-00:01" },
	{ "Mon,Wed-Thu 10:00-11:00", "Mon,Wed,Thu 10:00-11:00" },
	{ "", NULL },
	{ "02:00-05:00", NULL },
	{ "Sun", NULL },
	{ "sun 02:00-05:00", NULL },
	{ "Sun 2:00-5:00", NULL },
	{ "Sun 02:00-02:00", NULL },
	{ "Sun 24:00-02:00", NULL },
	{ "Sun 02:60-05:00", NULL },
	{ "Sun 02:00-25:00", NULL },
	{ "Sun 02:00-24:01", NULL },
	{ "Sun 02:00-05:00 ", NULL },
	{ "Sun, 02:00-05:00", NULL },
	{ "Sun- 02:00-05:00", NULL },
	{ "Someday 02:00-05:00", NULL },
};

START_TEST(what_may_be_written)
{
	struct arena a = { 0 };
	struct error e = { "" };
	struct window w = { 0 };
	int result = window_parse(texts[_i].text, &w, &e);

	ck_assert_msg(result == (texts[_i].shown ? 0 : -1), "%s", texts[_i].text);
	if (texts[_i].shown)
		ck_assert_str_eq(window_text(&a, &w), texts[_i].shown);
	else
		ck_assert_msg(strstr(e.text, "Sun 02:00-05:00"), "%s", e.text);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *what, *text;
	int64_t at;
	bool open;
	int64_t next, end;
} times[] = {
	{ "a day before", "Sun 02:00-05:00", SUNDAY - 22 * HOUR, false, DAY,
	    DAY + 3 * HOUR },
	{ "a moment before", "Sun 02:00-05:00", SUNDAY + 2 * HOUR - 1, false, 1,
	    3 * HOUR + 1 },
	{ "it opens", "Sun 02:00-05:00", SUNDAY + 2 * HOUR, true, 3 * HOUR, 3 * HOUR },
	{ "its last moment", "Sun 02:00-05:00", SUNDAY + 5 * HOUR - 1, true, 1, 1 },
	{ "it is shut", "Sun 02:00-05:00", SUNDAY + 5 * HOUR, false, 7 * DAY - 3 * HOUR,
	    7 * DAY },
	{ "past midnight", "Sun 23:00-01:00", SUNDAY + DAY + HOUR / 2, true, HOUR / 2,
	    HOUR / 2 },
	{ "the day after, at that hour", "Sun 23:00-01:00", SUNDAY + DAY + 23 * HOUR,
	    false, 6 * DAY, 6 * DAY + 2 * HOUR },
	{ "to the end of the day", "Sun 23:00-24:00", SUNDAY + DAY - 1, true, 1, 1 },
	{ "every day", "daily 02:00-03:00", SUNDAY + 3 * HOUR, false, 23 * HOUR, DAY },
	{ "before 1970", "Wed 02:00-03:00", -DAY + 2 * HOUR + 1, true, HOUR - 1,
	    HOUR - 1 },
};

START_TEST(when_it_is_open)
{
	struct window w;

	ck_assert_int_eq(window_parse(times[_i].text, &w, NULL), 0);
	ck_assert_msg(
	    window_is_open(&w, times[_i].at) == times[_i].open, "%s", times[_i].what);
	ck_assert_msg(window_next(&w, times[_i].at) == times[_i].next, "%s: %lld",
	    times[_i].what, (long long)window_next(&w, times[_i].at));
	ck_assert_msg(window_end(&w, times[_i].at) == times[_i].end, "%s: ends in %lld",
	    times[_i].what, (long long)window_end(&w, times[_i].at));
}
END_TEST

START_TEST(none_is_always_open)
{
	struct window none = { 0 };

	ck_assert(window_is_open(&none, SUNDAY));
	ck_assert_int_eq(window_next(&none, SUNDAY), INT64_MAX);
	ck_assert_int_eq(window_end(&none, SUNDAY), INT64_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("window");
	TCase *tests = tcase_create("window");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, what_may_be_written, 0, ROWS(texts));
	tcase_add_loop_test(tests, when_it_is_open, 0, ROWS(times));
	tcase_add_test(tests, none_is_always_open);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
