/* SPDX-License-Identifier: MIT */
/* Tests of lib/state/rounds.c: what goes on for ever, and what only takes long. */
#include "lib/model/action.h"
#include "lib/state/rounds.h"

#include <stdio.h>

#include "lib/kind/kinds.h"

#include <check.h>

#define NOW ((struct mono){ 5000000 })
#define WALL 1790000000000

static const struct planned converged = { .converged = true };

static const struct object_state *round_of(struct state *m, bool paced, struct mono now)
{
	const struct action action = { .name = "a", .paced = paced };

	state_step_done(m, &pool_kind, "a", &action, NULL, NULL, now);
	state_round_ended(m, &pool_kind, "a", now, 0);
	return state_find(m, &pool_kind, "a");
}

START_TEST(futile_rounds_wait_longer_and_longer)
{
	static const int64_t waits[] = { 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 24, 24 };
	struct state m = { 0 };
	struct mono now = NOW;
	const struct object_state *state = NULL;

	for (size_t i = 0; i < 12; i++) {
		state = round_of(&m, false, now);
		ck_assert_int_eq(state->failures > 0, i >= 5);
		if (i >= 5)
			ck_assert_int_eq(state->retry_at.ms - now.ms, waits[i] * 1000);
		now = mono_add(now, waits[i] * 1000);
	}
	ck_assert_ptr_nonnull(state->error);
	state_planned(&m, &pool_kind, "a", &converged, now);
	ck_assert_int_eq(state->failures, 0);
	ck_assert_int_eq(round_of(&m, false, now)->failures, 0);
	state_done(&m);
}
END_TEST

START_TEST(rounds_far_apart_are_not_futile)
{
	struct state m = { 0 };
	struct mono now = NOW;

	for (int i = 0; i < 20; i++, now = mono_add(now, 120000))
		ck_assert_int_eq(round_of(&m, false, now)->failures, 0);
	state_done(&m);
}
END_TEST

START_TEST(what_a_kind_paces_is_not_futile)
{
	struct state m = { 0 };

	for (int i = 0; i < 3000; i++)
		ck_assert_int_eq(
		    round_of(&m, true, mono_add(NOW, 5000 * i))->failures, 0);
	state_done(&m);
}
END_TEST

/* Somebody else undoes what we do, as fast as we do it. */
START_TEST(a_tug_of_war_slows_down)
{
	struct state m = { 0 };
	struct mono now = NOW;
	const struct object_state *state = NULL;

	for (int i = 0; i < 500; i++) {
		state = round_of(&m, false, now);
		ck_assert_msg(!state->failures, "round %d", i);
		state_planned(&m, &pool_kind, "a", &converged, now);
	}
	state = round_of(&m, false, now);
	state_planned(&m, &pool_kind, "a", &converged, now);
	ck_assert_msg(
	    state->failures, "it does not count that it was right for a moment");
	ck_assert_int_eq(state->retry_at.ms - now.ms, 10000);
	state_planned(&m, &pool_kind, "a", &converged, mono_add(now, 10000));
	ck_assert_msg(!state->failures, "it stayed right for long enough");
	state_done(&m);
}
END_TEST

START_TEST(a_procedure_of_any_length_does_not_fail)
{
	struct state m = { 0 };
	char phase[32];

	for (int i = 0; i < 2000; i++) {
		snprintf(phase, sizeof(phase), "phase %d", i);
		state_procedure(&m, &pool_kind, "a", phase, NOW);
		ck_assert_msg(!round_of(&m, false, NOW)->failures, "round %d", i);
	}
	state_procedure_end(&m, &pool_kind, "a");
	ck_assert_msg(!round_of(&m, false, NOW)->futile, "its last round counts neither");
	ck_assert_int_eq(round_of(&m, false, NOW)->futile, 1);
	state_done(&m);
}
END_TEST

START_TEST(a_procedure_that_stands_still_fails)
{
	struct state m = { 0 };
	const struct object_state *state = NULL;

	state_procedure(&m, &pool_kind, "a", "drain", NOW);
	for (int i = 0; i < 6; i++) {
		state_procedure(&m, &pool_kind, "a", "drain", mono_add(NOW, i));
		ck_assert_int_eq(round_of(&m, false, NOW)->failures, 0);
	}
	state = round_of(&m, false, NOW);
	ck_assert_int_eq(state->failures, 1);
	ck_assert_int_eq(state->retry_at.ms - NOW.ms, 1000);
	ck_assert_ptr_nonnull(strstr(state->error, "drain"));
	ck_assert_int_eq(state->procedure.since.ms, NOW.ms);
	state_procedure(&m, &pool_kind, "a", "shut down", mono_add(NOW, 9));
	ck_assert_int_eq(state->procedure.futile, 0);
	ck_assert_int_eq(state->procedure.since.ms, NOW.ms + 9);
	state_done(&m);
}
END_TEST

START_TEST(a_phase_that_moves_forgets_its_token)
{
	struct state m = { 0 };
	const struct procedure *p = &state_get(&m, &pool_kind, "a")->procedure;
	uint64_t changes;

	state_procedure(&m, &pool_kind, "a", "upload", NOW);
	state_procedure_token(&m, &pool_kind, "a", 42);
	changes = m.persistent_changes;
	state_procedure(&m, &pool_kind, "a", "upload", mono_add(NOW, 5));
	ck_assert_int_eq(p->token, 42);
	ck_assert_msg(m.persistent_changes == changes, "the same phase is no change");
	state_procedure(&m, &pool_kind, "a", "define", mono_add(NOW, 5));
	ck_assert_int_eq(p->token, 0);
	ck_assert_uint_gt(m.persistent_changes, changes);
	state_procedure_end(&m, &pool_kind, "a");
	ck_assert_ptr_null(p->phase);
	changes = m.persistent_changes;
	state_procedure_end(&m, &pool_kind, "a");
	state_procedure_end(&m, &pool_kind, "b");
	ck_assert_uint_eq(m.persistent_changes, changes);
	state_done(&m);
}
END_TEST

START_TEST(what_was_begun_is_noted_until_it_was_observed)
{
	struct state m = { 0 };
	const struct begun *begun = &state_get(&m, &pool_kind, "a")->begun;
	uint64_t changes = m.persistent_changes;

	state_begin(&m, &pool_kind, "a", "domain-reset", 42, WALL);
	ck_assert_str_eq(begun->action, "domain-reset");
	ck_assert(begun->token == 42 && begun->wall == WALL);
	ck_assert_uint_gt(m.persistent_changes, changes);
	round_of(&m, false, NOW);
	ck_assert_msg(begun->action, "that its call returned says nothing");
	changes = m.persistent_changes;
	state_begun_observed(&m, &pool_kind, "a");
	ck_assert(!begun->action && !begun->token);
	ck_assert_uint_gt(m.persistent_changes, changes);
	changes = m.persistent_changes;
	state_begun_observed(&m, &pool_kind, "a");
	ck_assert_uint_eq(m.persistent_changes, changes);
	state_done(&m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rounds");
	TCase *tests = tcase_create("rounds");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, futile_rounds_wait_longer_and_longer);
	tcase_add_test(tests, rounds_far_apart_are_not_futile);
	tcase_add_test(tests, what_a_kind_paces_is_not_futile);
	tcase_add_test(tests, a_tug_of_war_slows_down);
	tcase_add_test(tests, a_procedure_of_any_length_does_not_fail);
	tcase_add_test(tests, a_procedure_that_stands_still_fails);
	tcase_add_test(tests, a_phase_that_moves_forgets_its_token);
	tcase_add_test(tests, what_was_begun_is_noted_until_it_was_observed);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
