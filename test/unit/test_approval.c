/* SPDX-License-Identifier: MIT */
/* Tests of lib/state/approval.c: what was allowed covers what is left of it, no more. */
#include <stdlib.h>
#include <string.h>

#include "lib/state/approval.h"

#include <check.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const uint64_t allowed[] = { 7, 3, UINT64_MAX, 5, 3 };

static const struct {
	const char *what;
	uint64_t parts[4];
	size_t count;
	bool covered;
} questions[] = {
	{ "all of it", { 3, 5, 7, UINT64_MAX }, 4, true },
	{ "what is left of it", { 7, UINT64_MAX }, 2, true },
	{ "one part twice", { 7, 7 }, 2, true },
	{ "nothing at all", { 0 }, 0, false },
	{ "another part", { 6 }, 1, false },
	{ "one part more", { 3, 5, 6, 7 }, 4, false },
	{ "zero is a part like any other", { 0 }, 1, false },
};

START_TEST(an_approval_covers_subsets)
{
	struct approval approval = { 0 };

	ck_assert_msg(
	    !approval_covers(&approval, questions[_i].parts, questions[_i].count),
	    "%s: nothing was allowed yet", questions[_i].what);
	approval_add(&approval, allowed, COUNT(allowed), (struct mono){ 17 },
	    APPROVAL_EXPIRES_MS, 1000);
	ck_assert_uint_eq(approval.parts.count, 4);
	ck_assert_msg(approval_covers(&approval, questions[_i].parts,
			  questions[_i].count) == questions[_i].covered,
	    "%s", questions[_i].what);
	approval_done(&approval);
	ck_assert_msg(
	    !approval_covers(&approval, questions[_i].parts, questions[_i].count),
	    "%s: nothing is allowed any more", questions[_i].what);
}
END_TEST

START_TEST(a_second_approval_adds_to_the_first)
{
	static const uint64_t first[] = { 9, 1 }, second[] = { 4, 9 }, both[] = { 1, 4 };
	struct approval approval = { 0 };

	approval_add(&approval, first, COUNT(first), (struct mono){ 17 },
	    APPROVAL_EXPIRES_MS, 1000);
	approval.used = true;
	approval_add(&approval, second, COUNT(second), (struct mono){ 18 },
	    APPROVAL_EXPIRES_MS, 1001);
	ck_assert(approval_covers(&approval, both, COUNT(both)));
	ck_assert_uint_eq(approval.parts.count, 3);
	for (size_t i = 1; i < approval.parts.count; i++)
		ck_assert(approval.parts.items[i - 1] < approval.parts.items[i]);
	ck_assert_int_eq(approval.given_at.ms, 18);
	ck_assert_int_eq(approval.uid, 1001);
	ck_assert_msg(!approval.used, "the time for using it begins anew");
	approval_done(&approval);
}
END_TEST

#define HOUR ((int64_t)3600 * 1000)
#define SUNDAY (3 * 24 * HOUR) /* 1970 began on a Thursday */

static const struct {
	const char *what, *window;
	int64_t given, lasts;
} lives[] = {
	{ "no window: a day", NULL, SUNDAY, 24 * HOUR },
	{ "before it, that day", "Sun 02:00-05:00", SUNDAY, 5 * HOUR },
	{ "while it is open", "Sun 02:00-05:00", SUNDAY + 4 * HOUR, HOUR },
	{ "after it: the whole week, to the end of the next", "Sun 02:00-05:00",
	    SUNDAY + 5 * HOUR, 7 * 24 * HOUR },
};

START_TEST(an_unused_approval_ends_with_the_first_window)
{
	struct approval approval = { 0 };
	struct window window = { 0 };
	struct mono now = { 17 }, end;

	if (lives[_i].window)
		ck_assert_int_eq(window_parse(lives[_i].window, &window, NULL), 0);
	approval_add(&approval, allowed, COUNT(allowed), now,
	    approval_lasts(&window, lives[_i].given), 0);
	end = mono_add(now, lives[_i].lasts);
	ck_assert_msg(!approval_is_expired(&approval, (struct mono){ end.ms - 1 }), "%s",
	    lives[_i].what);
	ck_assert_msg(approval_is_expired(&approval, end), "%s", lives[_i].what);
	approval.used = true;
	ck_assert_msg(!approval_is_expired(&approval, end), "%s: used", lives[_i].what);
	approval_done(&approval);
}
END_TEST

START_TEST(a_change_has_one_name)
{
	static const uint64_t parts[] = { 5, 1, 9 }, turned[] = { 9, 5, 1 },
			      twice[] = { 1, 1, 5, 9, 9 }, fewer[] = { 1, 5 };
	struct arena a = { 0 };
	const char *name = approval_hash(&a, "vm", "w", parts, COUNT(parts));

	ck_assert_uint_eq(strlen(name), 32);
	ck_assert_uint_eq(strspn(name, "0123456789abcdef"), 32);
	ck_assert_str_eq(name, approval_hash(&a, "vm", "w", turned, COUNT(turned)));
	ck_assert_str_eq(name, approval_hash(&a, "vm", "w", twice, COUNT(twice)));
	ck_assert_str_ne(name, approval_hash(&a, "vm", "w", fewer, COUNT(fewer)));
	ck_assert_str_ne(name, approval_hash(&a, "vm", "v", parts, COUNT(parts)));
	ck_assert_str_ne(name, approval_hash(&a, "pool", "w", parts, COUNT(parts)));
	ck_assert_str_ne(
	    approval_hash(&a, "vm", "w", NULL, 0), approval_hash(&a, "v", "mw", NULL, 0));
	ck_assert_msg(parts[0] == 5, "the caller's own parts stay as they are");
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("approval");
	TCase *tests = tcase_create("approval");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, an_approval_covers_subsets, 0, (int)COUNT(questions));
	tcase_add_test(tests, a_second_approval_adds_to_the_first);
	tcase_add_loop_test(
	    tests, an_unused_approval_ends_with_the_first_window, 0, (int)COUNT(lives));
	tcase_add_test(tests, a_change_has_one_name);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
