/* SPDX-License-Identifier: MIT */
/* Unit tests of revisions: what has changed since when, and what went. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/view/revisions.h"

#include <check.h>

struct scene {
	struct revisions *revisions;
	struct revision_row rows[8];
};

/* "a1 b2": objects vm/a and vm/b with these hashes; "P1": pool/P. */
static uint64_t update(struct scene *s, const char *objects, uint64_t rest)
{
	static char names[8][2];
	size_t count = 0;

	for (const char *o = objects; *o; o += o[2] ? 3 : 2, count++) {
		names[count][0] = o[0];
		s->rows[count] = (struct revision_row){
			.kind = o[0] < 'a' ? "pool" : "vm",
			.name = names[count],
			.hash = (uint64_t)o[1],
		};
	}
	return revisions_update(s->revisions, s->rows, count, rest);
}

static void expect_removed(
    const struct scene *s, uint64_t since, const char *kind, const char *want)
{
	struct arena a = { 0 };
	struct list removed = revisions_removed(s->revisions, since, kind, &a);
	const char *const *names = removed.items;
	autotext struct text text = { 0 };

	ck_assert_ptr_nonnull(removed.items);
	for (size_t i = 0; i < removed.count; i++)
		text_add(&text, "%s ", names[i]);
	ck_assert_str_eq(text_get(&text), want);
	arena_done(&a);
}

START_TEST(only_changes_make_revisions)
{
	struct scene s = { .revisions = revisions_new() };

	ck_assert_uint_eq(update(&s, "a1 b1", 0), 1);
	ck_assert_uint_eq(update(&s, "a1 b1", 0), 1);
	ck_assert_uint_eq(update(&s, "a1 b2", 0), 2);
	ck_assert_uint_eq(s.rows[0].at, 1);
	ck_assert_uint_eq(s.rows[1].at, 2);
	ck_assert_uint_eq(update(&s, "a1 b2", 9), 3);
	ck_assert_uint_eq(s.rows[1].at, 2);
	ck_assert_uint_eq(update(&s, "a1 b2", 9), 3);
	revisions_free(s.revisions);
}
END_TEST

START_TEST(an_empty_home_has_a_revision)
{
	struct scene s = { .revisions = revisions_new() };

	ck_assert_uint_eq(update(&s, "", 0), 1);
	ck_assert_uint_eq(update(&s, "a1", 0), 2);
	ck_assert_uint_eq(update(&s, "", 0), 3);
	expect_removed(&s, 1, NULL, "vm/a ");
	revisions_free(s.revisions);
}
END_TEST

START_TEST(rows_come_in_any_order)
{
	struct scene s = { .revisions = revisions_new() };

	update(&s, "c1 a1 P1 b1", 0);
	ck_assert_uint_eq(update(&s, "P1 b1 c1 a1", 0), 1);
	ck_assert_uint_eq(update(&s, "b1 a2 c1", 0), 2);
	ck_assert_uint_eq(s.rows[0].at, 1);
	ck_assert_uint_eq(s.rows[1].at, 2);
	expect_removed(&s, 1, NULL, "pool/P ");
	expect_removed(&s, 1, "pool", "pool/P ");
	expect_removed(&s, 1, "vm", "");
	expect_removed(&s, 2, NULL, "");
	revisions_free(s.revisions);
}
END_TEST

START_TEST(who_comes_back_is_new_and_not_gone)
{
	struct scene s = { .revisions = revisions_new() };

	update(&s, "a1 b1", 0);
	update(&s, "b1", 0);
	expect_removed(&s, 1, NULL, "vm/a ");
	ck_assert_uint_eq(update(&s, "a1 b1", 0), 3);
	ck_assert_uint_eq(s.rows[0].at, 3);
	expect_removed(&s, 1, NULL, "");
	revisions_free(s.revisions);
}
END_TEST

START_TEST(too_many_gone_are_forgotten)
{
	enum { MANY = 5000 };
	struct revisions *r = revisions_new();
	struct revision_row *rows = must_alloc(MANY * sizeof(*rows));
	char(*names)[8] = must_alloc(MANY * sizeof(*names));
	struct arena a = { 0 };

	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%zu", i);
		rows[i] = (struct revision_row){ .kind = "vm", .name = names[i] };
	}
	ck_assert_uint_eq(revisions_update(r, rows, MANY, 0), 1);
	ck_assert_uint_eq(revisions_update(r, rows, MANY - 1, 0), 2);
	ck_assert(revisions_reach(r, 1));
	ck_assert_uint_eq(revisions_update(r, rows, 0, 0), 3);
	ck_assert(!revisions_reach(r, 2));
	ck_assert(revisions_reach(r, 3));
	ck_assert_uint_eq(revisions_removed(r, 3, NULL, &a).count, 0);
	arena_done(&a);
	free(names);
	free(rows);
	revisions_free(r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("revisions");
	TCase *t = tcase_create("revisions");
	SRunner *runner;
	int failed;

	tcase_add_test(t, only_changes_make_revisions);
	tcase_add_test(t, an_empty_home_has_a_revision);
	tcase_add_test(t, rows_come_in_any_order);
	tcase_add_test(t, who_comes_back_is_new_and_not_gone);
	tcase_add_test(t, too_many_gone_are_forgotten);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
