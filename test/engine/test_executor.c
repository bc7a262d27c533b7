/* SPDX-License-Identifier: MIT */
/* Tests of daemon/engine/executor.c: what is sent when, and who is busy. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "test/engine/suites.h"
#include "test/engine/yard.h"

/* Order within a document */

/* Two objects exchange what they have in one network. */
static const struct row swap[] = {
	STEP(0, "l", edit, "n", "-l", .removes = true),
	STEP(0, "l", edit, "n", "+l", .restores = 1),
	STEP(1, "m", edit, "n", "-m", .removes = true),
	STEP(1, "m", edit, "n", "+m", .restores = 1),
};

START_TEST(removals_of_all_go_before_additions)
{
	struct yard y;

	yard_begin(&y);
	executor_limit(y.executor, &libvirt_source, 9);
	yard_take(&y, swap, ROWS(swap));
	ck_assert_uint_eq(executor_length(y.executor), 4);
	yard_check(&y, "-l ", 1);
	yard_done(&y, "-l");
	yard_check(&y, "-l -m ", 1);
	yard_done(&y, "-m");
	yard_check(&y, "-l -m +l ", 1);
	yard_done(&y, "+l");
	yard_done(&y, "+m");
	yard_check(&y, "-l -m +l +m ", 0);
	ck_assert_uint_eq(executor_length(y.executor), 0);
	ck_assert_str_eq(text_get(&y.ended), "-l -m +l +m ");
	ck_assert_str_eq(text_get(&y.busy), "+l +m ");
	executor_observed(y.executor, &network_kind, "n");
	ck_assert_str_eq(text_get(&y.busy), "+l +m -l -m ");
	yard_end(&y);
}
END_TEST

/* Each takes what the one before gives up; the last gives up nothing. */
static const struct row chain[] = {
	STEP(0, "a", edit, "n", "-a", .removes = true),
	STEP(0, "a", edit, "n", "+a", .restores = 1),
	STEP(1, "b", edit, "n", "-b", .removes = true),
	STEP(1, "b", edit, "n", "+b", .restores = 1),
	STEP(2, "c", edit, "n", "+c"),
};

START_TEST(a_chain_goes_through)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, chain, ROWS(chain));
	for (const char *text = "-a -b +a +b +c "; *text; text += 3)
		yard_done(&y, (char[]){ text[0], text[1], '\0' });
	yard_check(&y, "-a -b +a +b +c ", 0);
	yard_end(&y);
}
END_TEST

/* What is planned later stands behind what is there. */
START_TEST(a_later_plan_stands_behind)
{
	static const struct row first[] = { STEP(0, "a", edit, "n", "a1"),
		STEP(0, "a", edit, "n", "a2") };
	static const struct row second[] = { STEP(
	    0, "b", edit, "n", "b1", .removes = true) };
	struct yard y;

	yard_begin(&y);
	yard_take(&y, first, ROWS(first));
	yard_take(&y, second, ROWS(second));
	yard_done(&y, "a1");
	yard_done(&y, "a2");
	yard_check(&y, "a1 a2 b1 ", 1);
	yard_end(&y);
}
END_TEST

/* Programs over several documents and sources */

static const struct row across[] = {
	STEP(0, "a", edit, "n", "network"),
	STEP(0, "a", apply, "p", "pool"),
	STEP(0, "a", define, "d", "domain"),
};

START_TEST(a_step_waits_for_the_one_before)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, across, ROWS(across));
	yard_check(&y, "network ", 1);
	ck_assert_uint_eq(y.rendered, 0);
	yard_done(&y, "network");
	yard_check(&y, "network pool ", 1);
	ck_assert_uint_eq(y.rendered, 1);
	yard_done(&y, "pool");
	yard_check(&y, "network pool domain ", 1);
	yard_done(&y, "domain");
	ck_assert_uint_eq(executor_length(y.executor), 0);
	yard_end(&y);
}
END_TEST

static const struct row observing[] = {
	STEP(0, "a", edit, "n", "network", .until = UNTIL_OBSERVED),
	STEP(0, "a", apply, "p", "pool"),
	STEP(1, "b", edit, "n", "other"),
};

START_TEST(a_step_waits_for_the_document_to_be_observed)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, observing, ROWS(observing));
	executor_observed(y.executor, &network_kind, "n"); /* it was read too early */
	yard_done(&y, "network");
	yard_check(&y, "network other ", 1);
	yard_done(&y, "other");
	executor_observed(y.executor, &network_kind, "m");
	executor_observed(y.executor, &vm_kind, "n");
	yard_check(&y, "network other ", 0);
	ck_assert_int_eq(y.busy_count, 2);
	executor_observed(y.executor, &network_kind, "n");
	yard_check(&y, "network other pool ", 1);
	ck_assert_msg(y.busy_count == 1, "nothing of b is left");
	yard_end(&y);
}
END_TEST

START_TEST(an_outcome_that_was_observed_needs_no_wait)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, observing, 2);
	yard_outcome(&y, "network", &(struct outcome){ .observed = true });
	yard_check(&y, "network pool ", 1);
	yard_outcome(&y, "pool", &(struct outcome){ .observed = true });
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

/* On one document the rest of its queue waits too: it may have been made for what comes. */
START_TEST(what_is_to_be_observed_holds_its_own_next_step)
{
	static const struct row rows[] = {
		STEP(0, "a", edit, "n", "first", .until = UNTIL_OBSERVED),
		STEP(0, "a", edit, "n", "second"),
	};
	struct yard y;

	yard_begin(&y);
	yard_take(&y, rows, ROWS(rows));
	yard_done(&y, "first");
	yard_check(&y, "first ", 0);
	executor_observed(y.executor, &network_kind, "n");
	yard_check(&y, "first second ", 1);
	yard_end(&y);
}
END_TEST

/* Two programs each want, second, what the other edits first. */
START_TEST(programs_that_cross_do_not_block_each_other)
{
	static const struct row rows[] = {
		STEP(0, "a", edit, "n", "a-n"),
		STEP(0, "a", edit, "m", "a-m"),
		STEP(1, "b", edit, "m", "b-m"),
		STEP(1, "b", edit, "n", "b-n"),
	};
	struct yard y;

	yard_begin(&y);
	executor_limit(y.executor, &libvirt_source, 2);
	yard_take(&y, rows, ROWS(rows));
	yard_check(&y, "a-n b-m ", 2);
	yard_done(&y, "a-n");
	yard_check(&y, "a-n b-m ", 1);
	yard_done(&y, "b-m");
	yard_done(&y, "a-m");
	yard_done(&y, "b-n");
	ck_assert_uint_eq(executor_length(y.executor), 0);
	yard_end(&y);
}
END_TEST

/* How much at a time */

static const struct row many[] = {
	STEP(0, "a", define, "a", "a1"),
	STEP(0, "a", define, "a", "a2"),
	STEP(1, "b", define, "b", "b1"),
	STEP(2, "c", define, "c", "c1"),
	STEP(3, "d", apply, "d", "d1"),
};

START_TEST(a_source_takes_so_many_calls)
{
	struct yard y;

	yard_begin(&y);
	executor_limit(y.executor, &libvirt_source, 2);
	yard_take(&y, many, ROWS(many));
	yard_check(&y, "a1 b1 d1 ", 3);
	yard_done(&y, "b1");
	yard_check(&y, "a1 b1 d1 c1 ", 3);
	yard_done(&y, "d1");
	yard_check(&y, "a1 b1 d1 c1 ", 2);
	yard_done(&y, "a1");
	yard_check(&y, "a1 b1 d1 c1 a2 ", 2);
	yard_end(&y);
}
END_TEST

START_TEST(a_document_takes_one_call)
{
	struct yard y;

	yard_begin(&y);
	executor_limit(y.executor, &libvirt_source, 9);
	yard_take(&y, many, ROWS(many));
	yard_check(&y, "a1 b1 c1 d1 ", 4);
	yard_done(&y, "b1");
	yard_check(&y, "a1 b1 c1 d1 ", 3);
	yard_done(&y, "a1");
	yard_check(&y, "a1 b1 c1 d1 a2 ", 3);
	yard_end(&y);
}
END_TEST

START_TEST(one_call_where_nothing_was_said)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, many, ROWS(many));
	yard_check(&y, "a1 d1 ", 2);
	yard_end(&y);
}
END_TEST

/* Being busy */

static const struct row defining[] = {
	STEP(0, "a", define, "a", "define-a"),
	STEP(0, "a", define, "a", "start-a"),
};

START_TEST(an_object_is_busy_until_all_it_touched_was_observed)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, across, ROWS(across));
	yard_done(&y, "network");
	yard_done(&y, "pool");
	executor_observed(y.executor, &pool_kind, "p");
	yard_done(&y, "domain");
	ck_assert_int_eq(y.busy_count, 1);
	executor_observed(y.executor, &vm_kind, "d");
	ck_assert_int_eq(y.busy_count, 1);
	executor_observed(y.executor, &network_kind, "n");
	ck_assert_str_eq(text_get(&y.busy), "+a -a ");
	yard_end(&y);
}
END_TEST

START_TEST(a_document_touched_again_is_read_again)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, defining, ROWS(defining));
	yard_done(&y, "define-a");
	executor_observed(y.executor, &vm_kind, "a");
	yard_done(&y, "start-a");
	ck_assert_int_eq(y.busy_count, 1);
	executor_observed(y.executor, &vm_kind, "a");
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

START_TEST(a_failed_step_is_observed_too)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, defining, ROWS(defining));
	yard_fails(&y, "define-a");
	ck_assert_int_eq(y.busy_count, 1);
	executor_observed(y.executor, &vm_kind, "a");
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

static bool is_b(const char *name, void *arg)
{
	return strcmp(name, arg) == 0;
}

START_TEST(what_is_not_listed_is_waited_for_no_longer)
{
	char b[] = "b", a[] = "a";
	struct yard y;

	yard_begin(&y);
	yard_take(&y, defining, ROWS(defining));
	executor_listed(y.executor, &vm_kind, "", is_b, b);
	yard_fails(&y, "define-a");
	ck_assert_int_eq(y.busy_count, 1);
	executor_listed(y.executor, &vm_kind, "", is_b, a);
	ck_assert_int_eq(y.busy_count, 1);
	executor_listed(y.executor, &vm_kind, "", is_b, b);
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

/* Many */

/* The time it takes for so many objects in one document, each with two steps. */
static double time_of(size_t count)
{
	struct arena a = { 0 };
	struct row *rows = arena_array(&a, 2 * count, sizeof(*rows));
	clock_t began;
	double time;
	struct yard y;

	for (size_t i = 0; i < 2 * count; i++)
		rows[i] = (struct row){ (unsigned)(i / 2),
			arena_printf(&a, "o%zu", i / 2), &edit, "n",
			arena_printf(&a, "s%zu", i), i % 2 == 0, .restores = i % 2 };
	yard_begin(&y);
	began = clock();
	yard_take(&y, rows, 2 * count);
	while (y.flight_count)
		yard_done(&y, y.flights[0].text);
	executor_observed(y.executor, &network_kind, "n");
	time = (double)(clock() - began) / CLOCKS_PER_SEC;
	ck_assert_int_eq(y.busy_count, 0);
	ck_assert_uint_eq(executor_length(y.executor), 0);
	yard_end(&y);
	arena_done(&a);
	return time;
}

/* The shortest of several, for others use this machine too. */
static double shortest_of(size_t count)
{
	double shortest = time_of(count);

	for (int i = 0; i < 3; i++) {
		double again = time_of(count);

		shortest = again < shortest ? again : shortest;
	}
	return shortest;
}

START_TEST(sixteen_times_as_many_take_about_so_much_longer)
{
	double few = shortest_of(1000), many_more = shortest_of(16000);

	ck_assert_msg(
	    many_more < 40 * few + 0.01, "1,000: %f s, 16,000: %f s", few, many_more);
}
END_TEST

static Suite *executor_suite(void)
{
	Suite *suite = suite_create("executor");
	TCase *tests = tcase_create("executor");

	tcase_add_test(tests, removals_of_all_go_before_additions);
	tcase_add_test(tests, a_chain_goes_through);
	tcase_add_test(tests, a_later_plan_stands_behind);
	tcase_add_test(tests, a_step_waits_for_the_one_before);
	tcase_add_test(tests, a_step_waits_for_the_document_to_be_observed);
	tcase_add_test(tests, an_outcome_that_was_observed_needs_no_wait);
	tcase_add_test(tests, what_is_to_be_observed_holds_its_own_next_step);
	tcase_add_test(tests, programs_that_cross_do_not_block_each_other);
	tcase_add_test(tests, a_source_takes_so_many_calls);
	tcase_add_test(tests, a_document_takes_one_call);
	tcase_add_test(tests, one_call_where_nothing_was_said);
	tcase_add_test(tests, an_object_is_busy_until_all_it_touched_was_observed);
	tcase_add_test(tests, a_document_touched_again_is_read_again);
	tcase_add_test(tests, a_failed_step_is_observed_too);
	tcase_add_test(tests, what_is_not_listed_is_waited_for_no_longer);
	tcase_add_test(tests, sixteen_times_as_many_take_about_so_much_longer);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(executor_suite());
	int failed;

	srunner_add_suite(runner, endings_suite());
	srunner_add_suite(runner, interleavings_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
