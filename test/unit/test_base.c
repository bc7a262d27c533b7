/* SPDX-License-Identifier: MIT */
/* Unit tests of error, arena and retry. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/base/error.h"
#include "lib/base/mono.h"
#include "lib/base/retry.h"
#include "lib/base/sorted.h"
#include "lib/base/text.h"

#include <check.h>
#undef fail /* check has a macro of that name */

START_TEST(error_says_what)
{
	struct error e = { "" };

	ck_assert_int_eq(fail(&e, "no such %s", "network"), -1);
	ck_assert_str_eq(e.text, "no such network");
	ck_assert_int_eq(fail_in(&e, "vm/%s", "w1"), -1);
	ck_assert_str_eq(e.text, "vm/w1: no such network");
	ck_assert_int_eq(fail(NULL, "unheard"), -1);
	ck_assert_int_eq(fail_in(NULL, "unheard"), -1);
}
END_TEST

START_TEST(error_is_one_clean_line)
{
	struct error e = { "" };

	fail(&e, "a%sb", "\n\x1b[31m\tc\xff \xe2\x80\xae");
	ck_assert_str_eq(e.text, "a ?[31m c? ?b");
	fail_in(&e, "x\n%s", "\x01");
	ck_assert_str_eq(e.text, "x ?: a ?[31m c? ?b");
}
END_TEST

START_TEST(error_is_cut_not_overrun)
{
	char long_text[2000];
	struct error e = { "" };

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	fail(&e, "%s", long_text);
	ck_assert_uint_eq(strlen(e.text), sizeof(e.text) - 1);
	fail_in(&e, "%s", long_text);
	ck_assert_uint_eq(strlen(e.text), sizeof(e.text) - 1);
	/* A character of three bytes that does not fit whole must not leave half of
	 * itself. */
	fail(&e, "%.*s%s", (int)sizeof(e.text) - 3, long_text, "\xe3\x81\x82");
	ck_assert_int_eq(text_invalid_utf8(e.text, strlen(e.text)), -1);
}
END_TEST

START_TEST(arena_hands_out_zeroed_aligned_memory)
{
	static const size_t sizes[] = { 0, 1, 7, 16, 17, 2047, 2048, 2049, 100000, 3 };
	struct arena a = { 0 };

	for (size_t round = 0; round < 20; round++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			unsigned char *p = arena_alloc(&a, sizes[i]);

			ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				ck_assert_uint_eq(p[k], 0);
			if (sizes[i])
				memset(p, 0xaa, sizes[i]);
		}
	ck_assert_uint_ge(a.bytes, 20 * 106000);
	arena_done(&a);
	ck_assert_ptr_null(a.blocks);
	ck_assert_uint_eq(a.bytes, 0);
}
END_TEST

START_TEST(arena_copies)
{
	struct arena a = { 0 };

	ck_assert_ptr_null(arena_copy(&a, NULL));
	ck_assert_str_eq(arena_copy(&a, "text"), "text");
	ck_assert_str_eq(arena_copy_n(&a, "text", 2), "te");
	ck_assert_str_eq(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	arena_done(&a);
}
END_TEST

START_TEST(arena_arrays_grow)
{
	struct arena a = { 0 };
	int *items = NULL;
	size_t count = 0;

	for (int i = 0; i < 1000; i++) {
		int *new = arena_push(&a, &items, &count, sizeof(*new));

		ck_assert_int_eq(*new, 0);
		*new = i;
		/* Something else in between must not be overwritten by growing. */
		memset(arena_alloc(&a, 8), 0xff, 8);
	}
	ck_assert_uint_eq(count, 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(items[i], i);
	arena_done(&a);
}
END_TEST

START_TEST(arena_aborts_on_overflow)
{
	struct arena a = { 0 };

	arena_array(&a, SIZE_MAX / 2, 4);
}
END_TEST

START_TEST(must_functions)
{
	autofree char *copy = must_copy("text"), *printed = must_printf("%d", 42);
	autofree char *zeroed = must_alloc(3);

	ck_assert_str_eq(copy, "text");
	ck_assert_str_eq(printed, "42");
	ck_assert_mem_eq(zeroed, "\0\0\0", 3);
	ck_assert_ptr_null(must_copy(NULL));
	copy = must_realloc(copy, 100);
	ck_assert_str_eq(copy, "text");
}
END_TEST

static const struct retry_row {
	const char *what;
	int64_t (*law)(unsigned failures, uint32_t random);
	unsigned failures;
	int64_t least, most; /* with random 0, and with the largest jitter */
} retry_rows[] = {
	{ "connection, first", retry_connection, 1, 800, 1600 },
	{ "connection, doubled", retry_connection, 3, 3200, 6400 },
	{ "connection, cap", retry_connection, 7, 15000, 30000 },
	{ "connection, for ever", retry_connection, 4000000000u, 15000, 30000 },
	{ "step, first", retry_step, 1, 1000, 1250 },
	{ "step, doubled", retry_step, 5, 16000, 20000 },
	{ "step, cap", retry_step, 6, 24000, 30000 },
	{ "step, for ever", retry_step, 4000000000u, 24000, 30000 },
	{ "start, first", retry_start, 1, 10000, 12500 },
	{ "start, second", retry_start, 2, 24000, 30000 },
	{ "start, for ever", retry_start, 4000000000u, 24000, 30000 },
};

START_TEST(retry_laws)
{
	const struct retry_row *row = &retry_rows[_i];

	ck_assert_msg(row->law(row->failures, 0) == row->least, "%s: least", row->what);
	ck_assert_msg(row->law(row->failures, 1000) == row->most, "%s: most", row->what);
	for (uint32_t random = 0; random < 100000; random += 37) {
		int64_t wait = row->law(row->failures, random * 40009u);

		ck_assert_msg(wait >= row->least && wait <= row->most, "%s: %lld",
		    row->what, (long long)wait);
	}
}
END_TEST

START_TEST(points_in_time)
{
	struct mono t = { 1000 };

	ck_assert_int_eq(mono_add(t, 500).ms, 1500);
	ck_assert_int_eq(mono_add(MONO_NEVER, 500).ms, INT64_MAX);
	ck_assert(mono_reached(t, t));
	ck_assert(!mono_reached(mono_add(t, 1), t));
	ck_assert(!mono_reached(MONO_NEVER, mono_add(t, 1)));
	ck_assert_int_eq(mono_earlier(MONO_NEVER, t).ms, 1000);
}
END_TEST

static int compare_ints(const void *element, const void *key)
{
	int a = *(const int *)element, b = *(const int *)key;

	return a < b ? -1 : a > b;
}

/* Against a walk, for every count and key; elements may be equal. */
START_TEST(a_key_stands_where_a_walk_finds_it)
{
	static const int items[] = { 1, 3, 3, 3, 5, 7, 7, 9 };

	for (size_t count = 0; count <= sizeof(items) / sizeof(items[0]); count++)
		for (int key = 0; key <= 10; key++) {
			size_t want = 0, have;
			bool found;

			while (want < count && items[want] < key)
				want++;
			have = sorted_position(count ? items : NULL, count,
			    sizeof(items[0]), &key, compare_ints, &found);
			ck_assert_msg(
			    have == want, "%d of %zu: at %zu", key, count, have);
			ck_assert_msg(found == (want < count && items[want] == key),
			    "%d of %zu: found %d", key, count, found);
		}
}
END_TEST

int main(void)
{
	const int laws = sizeof(retry_rows) / sizeof(retry_rows[0]);
	Suite *suite = suite_create("base");
	TCase *tests = tcase_create("base");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, error_says_what);
	tcase_add_test(tests, error_is_one_clean_line);
	tcase_add_test(tests, error_is_cut_not_overrun);
	tcase_add_test(tests, arena_hands_out_zeroed_aligned_memory);
	tcase_add_test(tests, arena_copies);
	tcase_add_test(tests, arena_arrays_grow);
	if (srunner_fork_status(runner) == CK_FORK)
		tcase_add_test_raise_signal(tests, arena_aborts_on_overflow, 6);
	tcase_add_test(tests, must_functions);
	tcase_add_loop_test(tests, retry_laws, 0, laws);
	tcase_add_test(tests, points_in_time);
	tcase_add_test(tests, a_key_stands_where_a_walk_finds_it);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
