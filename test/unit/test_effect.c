/* SPDX-License-Identifier: MIT */
/* Tests of lib/plan/effect.c: texts, what needs approval, and which parts are the same. */
#include <stdlib.h>

#include "lib/kind/kinds.h"
#include "lib/plan/effect.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const struct {
	struct effect effect;
	const char *text;
} texts[] = {
	{ { EFFECT_MOVES_ADDRESS, &vm_kind, "w", "10.0.0.1", "10.0.0.2", true, false },
	    "moves the address of vm/w from 10.0.0.1 to 10.0.0.2" },
	{ { EFFECT_MOVES_ADDRESS, &service_kind, "x/y", "10.0.0.1", NULL, true, false },
	    "takes the address 10.0.0.1 of service/x/y" },
	{ { EFFECT_INTERRUPTS, &vm_kind, "w", NULL, NULL, true, false },
	    "interrupts vm/w" },
	{ { EFFECT_CUTS_OFF, &vm_kind, "w", NULL, NULL, true, false },
	    "cuts off vm/w from its network" },
	{ { EFFECT_REMOVES, &pool_kind, "p", NULL, NULL, false, false },
	    "removes pool/p" },
	{ { EFFECT_EXPOSES, &network_kind, "n", "10.0.0.5-10.0.0.9", NULL, true, false },
	    "exposes 10.0.0.5-10.0.0.9 of network/n, which two parties could then hold" },
	{ { EFFECT_UNANNOUNCES, &service_kind, "x/y", "10.0.0.1", NULL, true, false },
	    "no longer announces 10.0.0.1 of service/x/y" },
	{ { EFFECT_MAY_NOT_BOOT, &vm_kind, "w", "firmware bios", "firmware uefi", true,
	      false },
	    "vm/w may not boot with firmware uefi instead of firmware bios" },
};

START_TEST(an_effect_says_what_happens_to_whom)
{
	struct arena a = { 0 };

	ck_assert_str_eq(effect_text(&a, &texts[_i].effect), texts[_i].text);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *what;
	bool in_use, as_written, needed;
} approvals[] = {
	{ "idle", false, false, false },
	{ "in use", true, false, true },
	{ "in use, and it is what is written", true, true, false },
	{ "idle, and as written", false, true, false },
};

START_TEST(what_is_in_use_needs_approval)
{
	struct effect effect = { .what = EFFECT_INTERRUPTS,
		.kind = &vm_kind,
		.name = "w",
		.in_use = approvals[_i].in_use,
		.as_written = approvals[_i].as_written };

	ck_assert_msg(effect_needs_approval(&effect) == approvals[_i].needed, "%s",
	    approvals[_i].what);
}
END_TEST

/* Each differs from the first in one thing that an approval stands for. */
static const struct effect others[] = {
	{ EFFECT_MOVES_ADDRESS, &vm_kind, "w", "10.0.0.1", "10.0.0.2", true, false },
	{ EFFECT_EXPOSES, &vm_kind, "w", "10.0.0.1", "10.0.0.2", true, false },
	{ EFFECT_MOVES_ADDRESS, &pool_kind, "w", "10.0.0.1", "10.0.0.2", true, false },
	{ EFFECT_MOVES_ADDRESS, &vm_kind, "v", "10.0.0.1", "10.0.0.2", true, false },
	{ EFFECT_MOVES_ADDRESS, &vm_kind, "w", "10.0.0.3", "10.0.0.2", true, false },
	{ EFFECT_MOVES_ADDRESS, &vm_kind, "w", "10.0.0.1", "10.0.0.3", true, false },
	{ EFFECT_MOVES_ADDRESS, &vm_kind, "w", "10.0.0.1", NULL, true, false },
	{ EFFECT_MOVES_ADDRESS, &vm_kind, "w", "10.0.0.110.0.0.2", NULL, true, false },
	{ EFFECT_MOVES_ADDRESS, &vm_kind, "w10.0.0.1", NULL, "10.0.0.2", true, false },
};

START_TEST(different_effects_are_different_parts)
{
	for (int i = 0; i < ROWS(others); i++)
		for (int k = 0; k < i; k++)
			ck_assert_msg(effect_hash(&others[i]) != effect_hash(&others[k]),
			    "%d and %d", i, k);
}
END_TEST

/* A machine may stop while its change waits: it is still the same change. */
START_TEST(being_in_use_is_no_part_of_it)
{
	struct effect effect = others[0];

	effect.in_use = false;
	effect.as_written = true;
	ck_assert_uint_eq(effect_hash(&effect), effect_hash(&others[0]));
}
END_TEST

START_TEST(a_change_is_a_field_and_its_value)
{
	ck_assert_uint_eq(change_hash("ip", "10.0.0.1"), change_hash("ip", "10.0.0.1"));
	ck_assert_uint_ne(change_hash("ip", "10.0.0.1"), change_hash("ip", "10.0.0.2"));
	ck_assert_uint_ne(change_hash("ip", "10.0.0.1"), change_hash("mac", "10.0.0.1"));
	ck_assert_uint_ne(change_hash("a", "bc"), change_hash("ab", "c"));
	ck_assert_msg(change_hash("ip", NULL) == change_hash("ip", ""),
	    "a field that is to be empty");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("effect");
	TCase *tests = tcase_create("effect");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, an_effect_says_what_happens_to_whom, 0, ROWS(texts));
	tcase_add_loop_test(tests, what_is_in_use_needs_approval, 0, ROWS(approvals));
	tcase_add_test(tests, different_effects_are_different_parts);
	tcase_add_test(tests, being_in_use_is_no_part_of_it);
	tcase_add_test(tests, a_change_is_a_field_and_its_value);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
