/* SPDX-License-Identifier: MIT */
/* Unit tests of observed: the store of what was observed, and what is known of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"

#include <check.h>

static struct observed *vm_observed(const char *name, int64_t vcpus)
{
	struct observed *observed = observed_new(&vm_kind, name);
	struct vm *vm = observed_object(observed);

	vm->vcpus = vcpus;
	observed->live = &vm->object;
	observed->presence = PRESENT;
	return observed;
}

static int64_t vcpus_of(const struct observations *o, const char *name)
{
	const struct observed *observed = observations_find(o, &vm_kind, name);

	return observed ? ((const struct vm *)observed->live)->vcpus : -1;
}

START_TEST(seen_objects_know_their_kind)
{
	struct observed *observed = vm_observed("w", 2);

	ck_assert_ptr_eq(observed->live->kind, &vm_kind);
	ck_assert_str_eq(observed->live->name, "w");
	ck_assert_ptr_eq(observed->live->record.node, NULL);
	observed_free(observed);
	observed_free(NULL);
}
END_TEST

START_TEST(put_find_replace_remove)
{
	struct observations o = { 0 };
	struct observed_set *k = observations_set(&o, &vm_kind);

	observations_put(&o, vm_observed("b", 2));
	observations_put(&o, vm_observed("c", 3));
	observations_put(&o, vm_observed("a", 1));
	ck_assert_uint_eq(k->count, 3);
	ck_assert_str_eq(k->items[0]->name, "a");
	ck_assert_str_eq(k->items[2]->name, "c");
	ck_assert_int_eq(vcpus_of(&o, "b"), 2);
	observations_put(&o, vm_observed("b", 8)); /* frees the one before */
	ck_assert_uint_eq(k->count, 3);
	ck_assert_int_eq(vcpus_of(&o, "b"), 8);
	observations_remove(&o, &vm_kind, "a");
	ck_assert_int_eq(vcpus_of(&o, "a"), -1);
	ck_assert_int_eq(vcpus_of(&o, "c"), 3);
	observations_remove(&o, &vm_kind, "nobody");
	ck_assert_uint_eq(k->count, 2);
	/* Another kind has names of its own. */
	ck_assert(!observations_find(&o, &network_kind, "b"));
	observations_done(&o);
	ck_assert_uint_eq(k->count, 0);
}
END_TEST

START_TEST(many_are_put)
{
	struct observations o = { 0 };
	char name[16];

	for (unsigned i = 0; i < 1009; i++) {
		snprintf(name, sizeof(name), "%04u", i * 7 % 1009);
		observations_put(&o, vm_observed(name, i * 7 % 1009));
	}
	for (unsigned i = 0; i < 1009; i++) {
		snprintf(name, sizeof(name), "%04u", i);
		ck_assert_int_eq(vcpus_of(&o, name), i);
	}
	observations_done(&o);
}
END_TEST

START_TEST(unknown_is_not_absent)
{
	struct observations o = { 0 };
	struct observed_set *k = observations_set(&o, &vm_kind);

	ck_assert(!k->known); /* at first nothing is */
	observations_put(&o, vm_observed("a", 1));
	ck_assert(!k->known); /* one object is not the whole list */
	observations_set_known(&o, &vm_kind, "");
	ck_assert(k->known && !k->why);
	observations_set_unknown(&o, &vm_kind, "", "libvirtd went away");
	ck_assert(!k->known);
	ck_assert_str_eq(k->why, "libvirtd went away");
	ck_assert_int_eq(vcpus_of(&o, "a"), 1); /* still there to be shown */
	observations_set_unknown(&o, &vm_kind, "", k->why + 9); /* part of the old text */
	ck_assert_str_eq(k->why, "went away");
	observations_set_known(&o, &vm_kind, "");
	ck_assert(k->known && !k->why);
	observations_done(&o);
}
END_TEST

static bool is_not(const char *name, void *arg)
{
	return strcmp(name, arg) != 0;
}

START_TEST(keep_forgets_the_others)
{
	struct observations o = { 0 };
	struct observed_set *k = observations_set(&o, &vm_kind);
	char gone[] = "b";

	observations_put(&o, vm_observed("a", 1));
	observations_put(&o, vm_observed("b", 2));
	observations_put(&o, vm_observed("c", 3));
	observations_keep(&o, &vm_kind, "", is_not, gone);
	ck_assert_uint_eq(k->count, 2);
	ck_assert_str_eq(k->items[0]->name, "a");
	ck_assert_str_eq(k->items[1]->name, "c");
	observations_done(&o);
}
END_TEST

static const char *names_of(struct arena *a, const struct observed_set *k)
{
	const char *text = "";

	for (size_t i = 0; i < k->count; i++)
		text = arena_printf(a, "%s%s ", text, k->items[i]->name);
	return text;
}

static void put_all(struct observations *o, const char *const *names)
{
	for (; *names; names++)
		observations_put(o, vm_observed(*names, 1));
}

START_TEST(each_prefix_is_known_by_itself)
{
	struct observations o = { 0 };
	struct observed_set *k = observations_set(&o, &vm_kind);
	const char *why;

	ck_assert(!observed_known(k, "apps/x", &why) && !why);
	observations_expect(&o, &vm_kind, "apps/");
	observations_set_known(&o, &vm_kind, "batch/");
	ck_assert(!k->known && !k->why); /* one of them is not observed yet */
	ck_assert(!observed_known(k, "apps/x", &why) && !why);
	ck_assert(observed_known(k, "batch/x", &why) && !why);
	ck_assert(!observed_known(k, "other/x", &why)); /* nobody watches it */
	observations_set_unknown(&o, &vm_kind, "apps/", "no such API");
	ck_assert(!observed_known(k, "apps/x", &why));
	ck_assert_str_eq(why, "no such API");
	ck_assert_str_eq(k->why, "no such API");
	observations_expect(&o, &vm_kind, "apps/"); /* changes nothing */
	ck_assert_str_eq(k->why, "no such API");
	observations_set_known(&o, &vm_kind, "apps/");
	observations_expect(&o, &vm_kind, "apps/");
	ck_assert(k->known && !k->why);
	observations_done(&o);
}
END_TEST

static bool none(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	return false;
}

START_TEST(the_longest_prefix_has_the_object)
{
	struct observations o = { 0 };
	struct observed_set *k = observations_set(&o, &vm_kind);
	struct arena a = { 0 };
	const char *why;

	observations_set_known(&o, &vm_kind, "");
	observations_set_unknown(&o, &vm_kind, "apps/", "forbidden");
	put_all(&o, (const char *const[]){ "a", "apps/a", "apps/b", "z", NULL });
	ck_assert(observed_known(k, "a", &why));
	ck_assert(!observed_known(k, "apps/a", &why));
	observations_keep(&o, &vm_kind, "", none, NULL);
	ck_assert_str_eq(names_of(&a, k), "apps/a apps/b ");
	observations_keep(&o, &vm_kind, "apps/", none, NULL);
	ck_assert_uint_eq(k->count, 0);
	arena_done(&a);
	observations_done(&o);
}
END_TEST

START_TEST(drop_forgets_coverage_and_objects)
{
	struct observations o = { 0 };
	struct observed_set *k = observations_set(&o, &vm_kind);
	struct arena a = { 0 };
	const char *why;

	observations_set_known(&o, &vm_kind, "apps/");
	observations_set_unknown(&o, &vm_kind, "batch/", "forbidden");
	observations_set_known(&o, &vm_kind, "core/");
	put_all(&o, (const char *const[]){ "apps/a", "batch/b", "core/c", NULL });
	observations_drop(&o, &vm_kind, "batch/");
	ck_assert_str_eq(names_of(&a, k), "apps/a core/c ");
	ck_assert(k->known && !k->why);
	ck_assert(!observed_known(k, "batch/b", &why) && !why);
	ck_assert(observed_known(k, "core/c", &why));
	observations_drop(&o, &vm_kind, "batch/"); /* there is none */
	observations_drop(&o, &vm_kind, "apps/");
	observations_drop(&o, &vm_kind, "core/");
	ck_assert(!k->known && k->count == 0);
	arena_done(&a);
	observations_done(&o);
}
END_TEST

/* Whatever its objects are named, of a kind no more than so much is kept; the share of each
 * is its own, whatever the others have. */
START_TEST(bounded_in_bytes)
{
	struct observations o = { 0 };
	struct observed_set *services = observations_set(&o, &service_kind);
	struct observed *large = observed_new(&service_kind, "large");
	char name[32];

	arena_alloc(&large->arena, OBSERVED_MAX_BYTES + 1);
	observations_put(&o, large);
	ck_assert(observations_full(&o, &service_kind));
	ck_assert(!observations_full(&o, &pool_kind)); /* it has nothing yet */
	ck_assert(!observations_full(&o, &vm_kind));
	for (int i = 0; observations_set(&o, &pool_kind)->bytes <= OBSERVED_SHARE; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		ck_assert_msg(i < 10000, "names are not counted");
		observations_put(&o, observed_new(&pool_kind, name));
	}
	ck_assert(observations_full(&o, &pool_kind));
	observations_put(&o, observed_new(&service_kind, "large"));
	ck_assert(!observations_full(&o, &service_kind));
	ck_assert(!observations_full(&o, &pool_kind));
	observations_remove(&o, &service_kind, "large");
	ck_assert_uint_eq(services->bytes, 0);
	observations_expect(&o, &pool_kind, "");
	observations_drop(&o, &pool_kind, "");
	ck_assert_uint_eq(observations_set(&o, &pool_kind)->bytes, 0);
	observations_done(&o);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("observed");
	TCase *test = tcase_create("observed");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(test, seen_objects_know_their_kind);
	tcase_add_test(test, put_find_replace_remove);
	tcase_add_test(test, many_are_put);
	tcase_add_test(test, unknown_is_not_absent);
	tcase_add_test(test, keep_forgets_the_others);
	tcase_add_test(test, each_prefix_is_known_by_itself);
	tcase_add_test(test, the_longest_prefix_has_the_object);
	tcase_add_test(test, drop_forgets_coverage_and_objects);
	tcase_add_test(test, bounded_in_bytes);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
