/* SPDX-License-Identifier: MIT */
/* Tests of lib/plan/procedure.c: words and facts of a phase, and its deadline. */
#include <check.h>
#include <string.h>
#undef fail /* check has a macro of that name */

#include "lib/kind/kinds.h"
#include "lib/plan/procedure.h"
#include "lib/state/rounds.h"

#define NOW ((struct mono){ 1000000 })

static const struct {
	const char *what, *phase, *key;
	bool drains; /* it is the phase "drain" */
	const char *value;
} rows[] = {
	{ "no phase", NULL, "node", false, NULL },
	{ "a word alone", "drain", "node", true, NULL },
	{ "a word that only begins so", "drained node=a", "node", false, "a" },
	{ "the first fact", "drain node=a id=12", "node", true, "a" },
	{ "the last fact", "drain node=a id=12", "id", true, "12" },
	{ "a key that only ends so", "drain node=a", "de", true, NULL },
	{ "a value that is empty", "drain node= id=1", "node", true, "" },
	{ "a value that holds the key", "drain by=node=b node=a", "node", true, "a" },
};

START_TEST(a_phase_is_a_word_and_facts)
{
	struct arena a = { 0 };
	const char *value = procedure_fact(&a, rows[_i].phase, rows[_i].key);

	ck_assert_msg(procedure_is(rows[_i].phase, "drain") == rows[_i].drains, "%s",
	    rows[_i].what);
	ck_assert_msg(value && rows[_i].value ? strcmp(value, rows[_i].value) == 0
					      : value == rows[_i].value,
	    "%s: %s", rows[_i].what, value ? value : "none");
	arena_done(&a);
}
END_TEST

START_TEST(a_phase_is_late_when_its_time_is_over)
{
	struct state state = { 0 };
	struct plan plan = { .next = MONO_NEVER };
	struct plan_input input = { .state = &state, .now = NOW };
	struct planner p = { .plan = &plan, .arena = &plan.arena, .input = &input };
	struct item item = { .kind = &vm_kind, .name = "w" };

	state_procedure(&state, &vm_kind, "w", "drain", (struct mono){ NOW.ms - 400 });
	item.state = state_find(&state, &vm_kind, "w");
	ck_assert_str_eq(procedure_phase(&item), "drain");
	ck_assert(procedure_is_late(&p, &item, 400));
	ck_assert_int_eq(plan.next.ms, INT64_MAX);
	ck_assert(!procedure_is_late(&p, &item, 401));
	ck_assert_int_eq(plan.next.ms, NOW.ms + 1);
	state_done(&state);
	arena_done(&plan.arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("procedure");
	TCase *tests = tcase_create("procedure");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tests, a_phase_is_a_word_and_facts, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tests, a_phase_is_late_when_its_time_is_over);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
