/* SPDX-License-Identifier: MIT */
/* Unit tests of watch: copies, equality, the set of those that are needed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"

#include <check.h>

static const struct watch deployments = { .path = "/apis/apps/v1/deployments",
	.selector = "metadata.name=x",
	.prefix = "apps/Deployment/",
	.namespaced = true,
	.missing = "no apps" };

START_TEST(a_copy_is_the_same)
{
	struct arena a = { 0 };
	char path[] = "/apis/apps/v1/deployments", selector[] = "metadata.name=x";
	struct watch changing = deployments, copy;

	changing.path = path;
	changing.selector = selector;
	copy = watch_copy(&a, &changing);
	memset(path, 'x', sizeof(path) - 1);
	memset(selector, 'x', sizeof(selector) - 1);
	ck_assert(watch_same(&copy, &deployments));
	arena_done(&a);
}
END_TEST

START_TEST(each_member_makes_another)
{
	struct watch others[] = { deployments, deployments, deployments, deployments,
		deployments, deployments };

	others[0].path = "/apis/apps/v1/daemonsets";
	others[1].selector = "metadata.name=y";
	others[2].selector = NULL;
	others[3].prefix = "";
	others[4].namespaced = false;
	others[5].missing = NULL;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		ck_assert_msg(!watch_same(&others[i], &deployments), "%zu", i);
		ck_assert_msg(watch_same(&others[i], &others[i]), "%zu", i);
	}
}
END_TEST

static const struct kind made = { .name = "made" }, other = { .name = "other" };

START_TEST(a_set_has_no_duplicates)
{
	static const char *const prefixes[] = { "m/", "a/", "z/", "", "m/", "a/" };
	struct arena a = { 0 };
	struct watch_set set = { 0 };
	struct watch watch = deployments;

	for (size_t i = 0; i < 6; i++) {
		watch.prefix = prefixes[i];
		ck_assert_int_eq(watch_set_add(&a, &set, &made, &watch), i < 4);
		ck_assert_int_eq(watch_set_add(&a, &set, &other, &watch), i < 4);
	}
	ck_assert_uint_eq(set.count, 8);
	for (size_t i = 0; i < 8; i++)
		ck_assert_ptr_eq(set.items[i].kind, i < 4 ? &made : &other);
	for (size_t i = 0; i < 6; i++)
		ck_assert_str_eq(
		    watch_set_find(&set, &made, prefixes[i])->prefix, prefixes[i]);
	ck_assert_ptr_null(watch_set_find(&set, &made, "b/"));
	arena_done(&a);
}
END_TEST

START_TEST(all_kinds_always_watch_theirs)
{
	struct arena a = { 0 };
	struct watch_set set = { 0 };

	for (size_t k = 0; k < kind_count; k++)
		watch_set_add_kind(&a, &set, kinds[k], &(struct set){ 0 });
	for (size_t k = 0; k < kind_count; k++) {
		for (size_t i = 0; i < kinds[k]->watch_count; i++)
			ck_assert_str_eq(
			    watch_set_find(&set, kinds[k], kinds[k]->watches[i].prefix)
				->path,
			    kinds[k]->watches[i].path);
	}
	ck_assert_str_eq(watch_set_find(&set, &node_kind, "")->path, "/api/v1/nodes");
	arena_done(&a);
}
END_TEST

/* An object called "none" calls for no watch, any other for one of its name. */
static bool watch_of(const struct object *desired, struct arena *a, struct watch *out)
{
	if (strcmp(desired->name, "none") == 0)
		return false;
	*out = (struct watch){ .path = "/api/v1/x",
		.prefix = arena_printf(a, "%s/", desired->name),
		.missing = arena_printf(a, "no %s here", desired->name) };
	return true;
}

START_TEST(what_is_written_calls_for_more)
{
	static const char *const names[] = { "none", "a", "b" };
	struct arena a = { 0 };
	struct kind pool = pool_kind;
	struct watch_set set = { 0 };
	struct set desired = { 0 };

	pool.watch_of = watch_of;
	for (size_t i = 0; i < 3; i++) {
		struct object *object = arena_alloc(&a, sizeof(*object));

		object->name = names[i];
		set_add(&a, &desired, object);
	}
	watch_set_add_kind(&a, &set, &pool, &desired);
	ck_assert_uint_eq(set.count, 3);
	ck_assert_ptr_nonnull(watch_set_find(&set, &pool, ""));
	ck_assert_str_eq(watch_set_find(&set, &pool, "a/")->missing, "no a here");
	ck_assert_ptr_nonnull(watch_set_find(&set, &pool, "b/"));
	ck_assert(!watch_is_missing(&pool, NULL, "no a here"));
	ck_assert(watch_is_missing(&pool, set_find(&desired, "a"), "no a here"));
	ck_assert(!watch_is_missing(&pool, set_find(&desired, "b"), "no a here"));
	ck_assert(!watch_is_missing(&pool, set_find(&desired, "none"), "no a here"));
	ck_assert(watch_is_missing(&pool, NULL, pool.watches[0].missing));
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *test = tcase_create("watch");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(test, a_copy_is_the_same);
	tcase_add_test(test, each_member_makes_another);
	tcase_add_test(test, a_set_has_no_duplicates);
	tcase_add_test(test, all_kinds_always_watch_theirs);
	tcase_add_test(test, what_is_written_calls_for_more);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
