/* SPDX-License-Identifier: MIT */
/* Unit tests of object: sets, and the store of what was seen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"

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

static struct observed *vm_seen(const char *name, int64_t vcpus)
{
	struct observed *seen = observed_new(&vm_kind, name);
	struct vm *vm = observed_object(seen);

	vm->vcpus = vcpus;
	seen->live = &vm->object;
	seen->presence = PRESENT;
	return seen;
}

static int64_t vcpus_of(const struct observations *o, const char *name)
{
	const struct observed *seen = observations_find(o, &vm_kind, name);

	return seen ? ((const struct vm *)seen->live)->vcpus : -1;
}

START_TEST(seen_objects_know_their_kind)
{
	struct observed *seen = vm_seen("w", 2);

	ck_assert_ptr_eq(seen->live->kind, &vm_kind);
	ck_assert_str_eq(seen->live->name, "w");
	ck_assert_ptr_eq(seen->live->record.node, NULL);
	observed_free(seen);
	observed_free(NULL);
}
END_TEST

START_TEST(put_find_replace_remove)
{
	struct observations o = { 0 };
	struct observed_set *k = observations_set(&o, &vm_kind);
	uint64_t changes;

	observations_put(&o, vm_seen("b", 2));
	observations_put(&o, vm_seen("c", 3));
	observations_put(&o, vm_seen("a", 1));
	ck_assert_uint_eq(k->count, 3);
	ck_assert_str_eq(k->items[0]->name, "a");
	ck_assert_str_eq(k->items[2]->name, "c");
	ck_assert_int_eq(vcpus_of(&o, "b"), 2);
	changes = k->changes;
	observations_put(&o, vm_seen("b", 8)); /* frees the one before */
	ck_assert_uint_eq(k->count, 3);
	ck_assert_int_eq(vcpus_of(&o, "b"), 8);
	ck_assert(k->changes > changes);
	changes = k->changes;
	observations_remove(&o, &vm_kind, "a");
	ck_assert(k->changes > changes);
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
		observations_put(&o, vm_seen(name, i * 7 % 1009));
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
	observations_put(&o, vm_seen("a", 1));
	ck_assert(!k->known); /* one object is not the whole list */
	observations_set_known(&o, &vm_kind);
	ck_assert(k->known && !k->why);
	observations_set_unknown(&o, &vm_kind, "libvirtd went away");
	ck_assert(!k->known);
	ck_assert_str_eq(k->why, "libvirtd went away");
	ck_assert_int_eq(vcpus_of(&o, "a"), 1);		    /* still there to be shown */
	observations_set_unknown(&o, &vm_kind, k->why + 9); /* part of the old text */
	ck_assert_str_eq(k->why, "went away");
	observations_set_known(&o, &vm_kind);
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

	observations_put(&o, vm_seen("a", 1));
	observations_put(&o, vm_seen("b", 2));
	observations_put(&o, vm_seen("c", 3));
	observations_keep(&o, &vm_kind, is_not, gone);
	ck_assert_uint_eq(k->count, 2);
	ck_assert_str_eq(k->items[0]->name, "a");
	ck_assert_str_eq(k->items[1]->name, "c");
	observations_done(&o);
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
	tcase_add_test(test, seen_objects_know_their_kind);
	tcase_add_test(test, put_find_replace_remove);
	tcase_add_test(test, many_are_put);
	tcase_add_test(test, unknown_is_not_absent);
	tcase_add_test(test, keep_forgets_the_others);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
