/* SPDX-License-Identifier: MIT */
/* Unit tests of probe: what is asked, and which answers count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/model/probe.h"

#include <check.h>

#define AT ((struct mono){ 5000 }) /* when answers come */
#define NOW ((struct mono){ 6000 })

static const struct probe asked[] = {
	{ &vm_kind, "b", "get /b", 2, 0 },
	{ &vm_kind, "a", "get /a", 1, 0 },
	{ &pool_kind, "a", "get /p", 3, 0 },
};

static bool put(struct probe_store *s, const struct kind *kind, const char *name,
    uint64_t hash, int status)
{
	autojson struct json_object *json = json_object_new_int(status);

	return probe_store_put(
	    s, &(struct answer){ kind, name, hash, status, json, "", AT });
}

static int status_of(
    const struct probe_store *s, const struct kind *kind, const char *name, uint64_t hash)
{
	const struct answer *answer = probe_store_find(s, kind, name, hash);

	if (!answer)
		return -1;
	ck_assert_ptr_eq(answer->kind, kind);
	ck_assert_str_eq(answer->name, name);
	ck_assert_int_eq(json_object_get_int(answer->json), answer->status);
	return answer->status;
}

START_TEST(answers_are_kept_for_what_is_asked)
{
	struct probe_store *s = probe_store_new();

	ck_assert(!put(s, &vm_kind, "a", 1, 200)); /* nothing is asked yet */
	probe_store_ask(s, asked, 3);
	ck_assert_int_eq(status_of(s, &vm_kind, "a", 1), -1);
	ck_assert(put(s, &vm_kind, "a", 1, 200));
	ck_assert(put(s, &vm_kind, "b", 2, 404));
	ck_assert(!put(s, &vm_kind, "c", 2, 200));
	ck_assert_int_eq(status_of(s, &vm_kind, "a", 1), 200);
	ck_assert_int_eq(status_of(s, &vm_kind, "b", 2), 404);
	ck_assert_int_eq(status_of(s, &pool_kind, "a", 3), -1);
	ck_assert(put(s, &vm_kind, "a", 1, 422)); /* a newer one */
	ck_assert_int_eq(status_of(s, &vm_kind, "a", 1), 422);
	probe_store_free(s);
}
END_TEST

START_TEST(another_hash_is_another_question)
{
	struct probe_store *s = probe_store_new();
	struct probe changed[3] = { asked[0], asked[1], asked[2] };

	probe_store_ask(s, asked, 3);
	ck_assert(!put(s, &vm_kind, "a", 9, 200));
	ck_assert(put(s, &vm_kind, "a", 1, 200));
	ck_assert(put(s, &vm_kind, "b", 2, 200));
	ck_assert_int_eq(status_of(s, &vm_kind, "a", 9), -1);
	changed[1].hash = 9;
	probe_store_ask(s, changed, 3);
	ck_assert_int_eq(status_of(s, &vm_kind, "a", 1), -1);
	ck_assert_int_eq(status_of(s, &vm_kind, "a", 9), -1);
	ck_assert_int_eq(status_of(s, &vm_kind, "b", 2), 200); /* asked as before */
	ck_assert(!put(s, &vm_kind, "a", 1, 200)); /* the answer to the old one comes */
	ck_assert(put(s, &vm_kind, "a", 9, 404));
	ck_assert_int_eq(status_of(s, &vm_kind, "a", 9), 404);
	probe_store_free(s);
}
END_TEST

START_TEST(what_is_not_asked_any_more_is_forgotten)
{
	struct probe_store *s = probe_store_new();

	probe_store_ask(s, asked, 3);
	ck_assert(put(s, &vm_kind, "a", 1, 200));
	ck_assert(put(s, &vm_kind, "b", 2, 200));
	probe_store_ask(s, asked, 1); /* b only */
	ck_assert_int_eq(status_of(s, &vm_kind, "b", 2), 200);
	ck_assert(!put(s, &vm_kind, "a", 1, 200));
	probe_store_ask(s, asked, 3);
	ck_assert_int_eq(status_of(s, &vm_kind, "a", 1), -1);
	probe_store_ask(s, NULL, 0);
	ck_assert_int_eq(status_of(s, &vm_kind, "b", 2), -1);
	probe_store_free(s);
}
END_TEST

START_TEST(renewed_answers_stay_until_there_are_others)
{
	struct probe_store *s = probe_store_new();
	const struct probe another = { asked[0].kind, asked[0].name, "get /b", 99, 0 };

	ck_assert(probe_store_due(s, &asked[0], NOW));
	probe_store_ask(s, asked, 3);
	ck_assert(probe_store_due(s, &asked[0], NOW));
	ck_assert(put(s, asked[0].kind, asked[0].name, asked[0].hash, 0));
	ck_assert(probe_store_due(s, &asked[0], NOW));
	ck_assert(put(s, asked[0].kind, asked[0].name, asked[0].hash, 422));
	ck_assert(!probe_store_due(s, &asked[0], NOW));
	ck_assert(probe_store_due(s, &another, NOW));
	probe_store_renew(s, &kubernetes_source); /* a VM is libvirt's */
	ck_assert(!probe_store_due(s, &asked[0], NOW));
	probe_store_renew(s, &libvirt_source);
	ck_assert(probe_store_due(s, &asked[0], NOW));
	ck_assert_int_eq(status_of(s, asked[0].kind, asked[0].name, asked[0].hash), 422);
	ck_assert(put(s, asked[0].kind, asked[0].name, asked[0].hash, 200));
	ck_assert(!probe_store_due(s, &asked[0], NOW));
	probe_store_free(s);
}
END_TEST

START_TEST(some_are_asked_anew_after_a_time)
{
	struct probe often = { &vm_kind, "a", "get /a", 1, 1000 };
	struct probe_store *s = probe_store_new();

	probe_store_ask(s, &often, 1);
	ck_assert(probe_store_due(s, &often, NOW));
	ck_assert(put(s, &vm_kind, "a", 1, 200));
	ck_assert(!probe_store_due(s, &often, (struct mono){ NOW.ms - 1 }));
	ck_assert(probe_store_due(s, &often, NOW));
	ck_assert(probe_store_find(s, &vm_kind, "a", 1));
	probe_store_free(s);
}
END_TEST

START_TEST(texts_and_values_are_the_stores_own)
{
	struct probe_store *s = probe_store_new();
	struct json_object *json = json_object_new_string("said");
	char error[] = "no route", name[] = "a";
	const struct probe probe = { &vm_kind, name, "get /", 7, 0 };
	const struct answer *found;

	probe_store_ask(s, &probe, 1);
	probe_store_put(s, &(struct answer){ &vm_kind, "a", 7, 0, json, error, AT });
	json_object_put(json);
	memset(error, 'x', sizeof(error) - 1);
	name[0] = 'x';
	found = probe_store_find(s, &vm_kind, "a", 7);
	ck_assert_ptr_nonnull(found);
	ck_assert_int_eq(found->status, 0);
	ck_assert_str_eq(found->error, "no route");
	ck_assert_str_eq(json_object_get_string(found->json), "said");
	probe_store_free(s);
}
END_TEST

START_TEST(many)
{
	struct probe_store *s = probe_store_new();
	static struct probe probes[1009];
	static char names[1009][8];

	for (unsigned i = 0; i < 1009; i++) {
		snprintf(names[i], sizeof(names[i]), "%u", i * 7 % 1009);
		probes[i] = (struct probe){ &vm_kind, names[i], "get /", i, 0 };
	}
	probe_store_ask(s, probes, 1009);
	for (unsigned i = 0; i < 1009; i++)
		ck_assert(put(s, &vm_kind, names[i], i, (int)i));
	probe_store_ask(s, probes, 500);
	for (unsigned i = 0; i < 1009; i++)
		ck_assert_int_eq(
		    status_of(s, &vm_kind, names[i], i), i < 500 ? (int)i : -1);
	probe_store_free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe");
	TCase *test = tcase_create("probe");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(test, answers_are_kept_for_what_is_asked);
	tcase_add_test(test, another_hash_is_another_question);
	tcase_add_test(test, what_is_not_asked_any_more_is_forgotten);
	tcase_add_test(test, renewed_answers_stay_until_there_are_others);
	tcase_add_test(test, some_are_asked_anew_after_a_time);
	tcase_add_test(test, texts_and_values_are_the_stores_own);
	tcase_add_test(test, many);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
