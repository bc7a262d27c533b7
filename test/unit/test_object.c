/* SPDX-License-Identifier: MIT */
/* Unit tests of object: sets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/model/object.h"

#include <check.h>

static struct object *object(struct arena *a, const char *name)
{
	struct object *o = arena_alloc(a, sizeof(*o));

	o->name = arena_copy(a, name);
	return o;
}

static const char *names_of_set(struct arena *a, const struct set *set)
{
	const char *text = "";

	for (size_t i = 0; i < set->count; i++)
		text = arena_printf(a, "%s%s ", text, set->items[i]->name);
	return text;
}

START_TEST(set_is_sorted)
{
	static const char *const names[] = { "m", "c", "x", "a", "n", "z", "b" };
	struct arena a = { 0 };
	struct set set = { 0 };

	ck_assert(!set_find(&set, "a"));
	for (size_t i = 0; i < 7; i++)
		ck_assert(set_add(&a, &set, object(&a, names[i])));
	ck_assert_str_eq(names_of_set(&a, &set), "a b c m n x z ");
	for (size_t i = 0; i < 7; i++)
		ck_assert_str_eq(set_find(&set, names[i])->name, names[i]);
	ck_assert(!set_find(&set, "aa"));
	ck_assert(!set_find(&set, "zz"));
	arena_done(&a);
}
END_TEST

START_TEST(set_refuses_a_taken_name)
{
	struct arena a = { 0 };
	struct set set = { 0 };
	struct object *first = object(&a, "a"), *second = object(&a, "a");

	ck_assert(set_add(&a, &set, first));
	ck_assert(!set_add(&a, &set, second));
	ck_assert_uint_eq(set.count, 1);
	ck_assert_ptr_eq(set_find(&set, "a"), first);
	arena_done(&a);
}
END_TEST

START_TEST(set_of_many)
{
	struct arena a = { 0 };
	struct set set = { 0 };
	char name[16];

	/* 7 and 1009 share no divisor: every number once, in no order. */
	for (unsigned i = 0; i < 1009; i++) {
		snprintf(name, sizeof(name), "%04u", i * 7 % 1009);
		ck_assert(set_add(&a, &set, object(&a, name)));
	}
	ck_assert_uint_eq(set.count, 1009);
	for (unsigned i = 0; i < 1009; i++) {
		snprintf(name, sizeof(name), "%04u", i);
		ck_assert_str_eq(set.items[i]->name, name);
		ck_assert_ptr_eq(set_find(&set, name), set.items[i]);
	}
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("object");
	TCase *test = tcase_create("object");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(test, set_is_sorted);
	tcase_add_test(test, set_refuses_a_taken_name);
	tcase_add_test(test, set_of_many);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
