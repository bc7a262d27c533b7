/* SPDX-License-Identifier: MIT */
/* Tests of lib/state/state.c: failures, pauses and approvals of objects. */
#include "lib/state/state.h"

#include "lib/kind/actions.h"
#include "lib/kind/kinds.h"
#include "lib/kind/network/reservation_record.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/plan/plan.h"

#include <check.h>

#define NOW ((struct mono){ 5000000 })
#define WALL 1790000000000
#define DAY ((int64_t)24 * 3600 * 1000)

static const struct settings settings = { .vm = { .start_attempts = 3,
					      .minimum_uptime = 60000 } };
static const struct planned converged = { .converged = true };
static const uint64_t parts[] = { 7, 11, 3 };

static void fail_once(
    struct state *m, const struct kind *kind, const char *error, bool slow)
{
	const struct action action = { .name = "a" };

	state_step_failed(m, kind, "p", &action, NULL, error, slow, 0, &settings, NOW, 0);
}

static bool is_approved(const struct state *m, size_t count)
{
	return approval_covers(&state_find(m, &vm_kind, "a")->approval, parts, count);
}

static void approve(struct state *m)
{
	state_approve(m, &vm_kind, "a", parts, 2, NOW, DAY, 1000);
}

START_TEST(objects_are_found_by_kind_and_name)
{
	struct state m = { 0 };
	const char *const names[] = { "c", "a", "b" };

	for (int i = 0; i < 3; i++) {
		state_get(&m, &vm_kind, names[i])->failures = i + 1;
		state_get(&m, &network_kind, names[i])->failures = i + 11;
	}
	ck_assert_uint_eq(m.count, 6);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(state_find(&m, &vm_kind, names[i])->failures, i + 1);
		ck_assert_int_eq(
		    state_find(&m, &network_kind, names[i])->failures, i + 11);
	}
	ck_assert_ptr_null(state_find(&m, &vm_kind, "d"));
	ck_assert_ptr_null(state_find(&m, &pool_kind, "a"));
	state_done(&m);
}
END_TEST

START_TEST(a_new_object_has_the_initial_values_of_its_kind)
{
	struct arena a = { 0 };
	struct state m = { 0 };
	const struct vm_record *vm = vm_record_of(state_get(&m, &vm_kind, "a"));

	ck_assert_int_eq(vm->domain_id, -1);
	ck_assert_int_eq(vm->desired, -1);
	vm = vm_record_of(object_state_blank(&a, &vm_kind));
	ck_assert_int_eq(vm->domain_id, -1);
	ck_assert_int_eq(vm->desired, -1);
	ck_assert_ptr_null(object_state_blank(&a, &hypervisor_kind)->own);
	arena_done(&a);
	state_done(&m);
}
END_TEST

START_TEST(failures_wait_longer_and_slow_ones_longest)
{
	struct state m = { 0 };
	int64_t last = 0;

	for (unsigned n = 1; n <= 12; n++) {
		const struct object_state *state;
		int64_t wait;

		fail_once(&m, &pool_kind, "refused", false);
		state = state_find(&m, &pool_kind, "p");
		wait = state->retry_at.ms - NOW.ms;
		ck_assert_int_eq(state->failures, n);
		ck_assert_str_eq(state->error, "refused");
		ck_assert(n == 1 ? wait == 1000 : wait >= last);
		ck_assert(wait <= 30000);
		last = wait;
	}
	ck_assert_int_eq(last, 24000);
	state_planned(&m, &pool_kind, "p", &converged, NOW);
	ck_assert_int_eq(state_find(&m, &pool_kind, "p")->failures, 0);
	ck_assert_ptr_null(state_find(&m, &pool_kind, "p")->error);
	fail_once(&m, &pool_kind, "no such API", true);
	ck_assert_int_eq(state_find(&m, &pool_kind, "p")->retry_at.ms - NOW.ms, 30000);
	state_done(&m);
}
END_TEST

START_TEST(a_failure_is_over_when_nothing_is_left_to_do)
{
	struct state m = { 0 };
	const struct object_state *state = state_get(&m, &pool_kind, "p");

	fail_once(&m, &pool_kind, "refused", false);
	state_planned(&m, &pool_kind, "p", &(struct planned){ 0 }, NOW);
	ck_assert_int_eq(state->failures, 1);
	state_planned(&m, &pool_kind, "p", &(struct planned){ .idle = true }, NOW);
	ck_assert_int_eq(state->failures, 0);
	ck_assert_ptr_null(state->error);
	state_done(&m);
}
END_TEST

START_TEST(an_approval_is_for_what_was_shown)
{
	struct state m = { 0 };

	approve(&m);
	ck_assert(is_approved(&m, 2));
	ck_assert_msg(is_approved(&m, 1), "what is left of it goes on");
	ck_assert_msg(!is_approved(&m, 3), "more was not shown");
	ck_assert_msg(!is_approved(&m, 0), "nothing needs no approval");
	state_planned(
	    &m, &vm_kind, "a", &(struct planned){ 0 }, NOW); /* while it is done */
	ck_assert(is_approved(&m, 2));
	state_planned(&m, &vm_kind, "a", &(struct planned){ .asks = true }, NOW);
	ck_assert(!is_approved(&m, 1));
	state_done(&m);
}
END_TEST

START_TEST(an_approval_ends_with_what_it_was_for)
{
	struct vm vm = { .state = VM_STOPPED };
	struct state m = { 0 };

	approve(&m);
	state_planned(&m, &vm_kind, "a", &converged, NOW);
	ck_assert(!is_approved(&m, 1));
	state_desired(&m, &vm_kind, "a", &vm.object);
	approve(&m);
	state_desired(&m, &vm_kind, "a", &vm.object);
	ck_assert_msg(is_approved(&m, 2), "the configuration was read again");
	state_desired(&m, &vm_kind, "a", NULL);
	ck_assert_msg(!is_approved(&m, 1), "a VM that is desired otherwise asks anew");
	state_done(&m);
}
END_TEST

START_TEST(an_approval_outlives_a_reload_of_a_kind_without_a_record)
{
	struct state m = { 0 };

	state_approve(&m, &service_kind, "p", parts, 1, NOW, DAY, 0);
	state_desired(&m, &service_kind, "p", NULL);
	ck_assert_uint_eq(state_find(&m, &service_kind, "p")->approval.parts.count, 1);
	state_desired(&m, &service_kind, "q", NULL);
	ck_assert_msg(m.count == 1, "what nothing is known of needs no state");
	state_done(&m);
}
END_TEST

/* What is done with it after `sent`, and how old it is then. */
static const struct {
	const char *what;
	bool sent;
	int64_t age;
	bool holds;
} ages[] = {
	{ "a minute before it expires", false, DAY - 60000, true },
	{ "after a day", false, DAY, false },
	{ "in use, days later", true, 9 * DAY, true },
};

START_TEST(an_unused_approval_expires)
{
	struct state m = { 0 };
	uint64_t changes;

	approve(&m);
	if (ages[_i].sent)
		state_step_sent(&m, &vm_kind, "a");
	changes = m.persistent_changes;
	state_tick(&m, mono_add(NOW, ages[_i].age));
	ck_assert_msg(is_approved(&m, 2) == ages[_i].holds, "%s", ages[_i].what);
	ck_assert_msg(
	    (m.persistent_changes == changes) == ages[_i].holds, "%s", ages[_i].what);
	state_done(&m);
}
END_TEST

START_TEST(a_change_has_one_name_whatever_the_order_of_its_parts)
{
	static const uint64_t shuffled[] = { 3, 7, 11, 7 }, other[] = { 3, 7, 12 };
	struct arena a = { 0 };
	const char *hash = approval_hash(&a, "vm", "a", parts, 3);

	ck_assert_uint_eq(strlen(hash), 32);
	ck_assert_uint_eq(strspn(hash, "0123456789abcdef"), 32);
	ck_assert_str_eq(approval_hash(&a, "vm", "a", shuffled, 4), hash);
	ck_assert_str_ne(approval_hash(&a, "vm", "a", other, 3), hash);
	ck_assert_str_ne(approval_hash(&a, "vm", "a", parts, 2), hash);
	ck_assert_str_ne(approval_hash(&a, "vm", "b", parts, 3), hash);
	ck_assert_str_ne(approval_hash(&a, "node", "a", parts, 3), hash);
	ck_assert_uint_ne(approval_part("memory=4GiB"), approval_part("memory=8GiB"));
	arena_done(&a);
}
END_TEST

START_TEST(a_failed_update_is_suspect_until_an_addition_succeeds)
{
	const struct network_update live_add = { .command = UPDATE_ADD };
	const struct network_update live_delete = { .command = UPDATE_DELETE };
	const struct network_update stored_add = { .side = SIDE_CONFIG };
	struct object_state *state = object_state_new(&reservation_kind, "default/a");
	const struct reservation_record *record = reservation_record_of(state);
	const struct update_record *update = &record->update;

	reservation_record_ended(
	    state, &network_update_action, &live_add, true, &settings, NOW, 0);
	ck_assert(update->suspect_live && !update->suspect_config && !record->owned_live);
	reservation_record_ended(
	    state, &network_update_action, &live_delete, false, &settings, NOW, 0);
	ck_assert(update->suspect_live);
	reservation_record_ended(
	    state, &network_update_action, &stored_add, false, &settings, NOW, 0);
	ck_assert(update->suspect_live && record->owned_config && !record->owned_live);
	reservation_record_ended(
	    state, &network_update_action, &live_add, false, &settings, NOW, 0);
	ck_assert(!update->suspect_live);
	object_state_free(state);
}
END_TEST

/* Nor does that make an entry ours that was not. */
START_TEST(a_rewritten_entry_is_not_suspect)
{
	const struct network_update live_add = { .command = UPDATE_ADD };
	const struct network_update rewrite = { .command = UPDATE_MODIFY };
	struct object_state *state = object_state_new(&reservation_kind, "default/a");
	const struct reservation_record *record = reservation_record_of(state);
	const struct update_record *update = &record->update;

	reservation_record_ended(
	    state, &network_update_action, &live_add, true, &settings, NOW, 0);
	reservation_record_ended(
	    state, &network_update_action, &rewrite, true, &settings, NOW, 0);
	ck_assert(update->suspect_live);
	reservation_record_ended(
	    state, &network_update_action, &rewrite, false, &settings, NOW, 0);
	ck_assert(!update->suspect_live && !record->owned_live);
	object_state_free(state);
}
END_TEST

START_TEST(pauses_end_by_themselves)
{
	struct state m = { 0 };
	uint64_t changes;

	state_pause(&m, NULL, NULL, "moving house", mono_add(NOW, 1000));
	state_pause(&m, &vm_kind, "a", NULL, MONO_NEVER);
	state_tick(&m, mono_add(NOW, 999));
	ck_assert(m.paused);
	ck_assert_str_eq(m.pause_reason, "moving house");
	changes = m.persistent_changes;
	state_tick(&m, mono_add(NOW, 1000));
	ck_assert(!m.paused && !m.pause_reason && m.persistent_changes > changes);
	ck_assert(state_find(&m, &vm_kind, "a")->paused);
	state_resume(&m, &vm_kind, "a");
	ck_assert(!state_find(&m, &vm_kind, "a")->paused);
	state_done(&m);
}
END_TEST

START_TEST(reconcile_forgets_failures_but_not_what_was_observed)
{
	struct state m = { 0 };
	struct object_state *state = state_get(&m, &vm_kind, "a");
	struct vm_record *vm = state->own;

	state->failures = 4;
	record_set_text(&state->error, "refused");
	record_set_text(&state->procedure.phase, "drain");
	state->procedure.futile = 3;
	state->paused = true;
	vm->quick_stops = 6;
	vm->domain_id = 9;
	state_clear(&m, NULL, NULL);
	ck_assert(!state->failures && !state->error && !state->procedure.futile);
	ck_assert(!vm->quick_stops);
	ck_assert_msg(state->paused && state->procedure.phase && vm->domain_id == 9,
	    "these are no failures");
	ck_assert_msg(!vm->start_requested, "a general reconcile starts nothing");
	state_clear(&m, &vm_kind, "a");
	ck_assert_msg(vm->start_requested, "asking for this one does");
	state_done(&m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tests = tcase_create("state");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, objects_are_found_by_kind_and_name);
	tcase_add_test(tests, a_new_object_has_the_initial_values_of_its_kind);
	tcase_add_test(tests, failures_wait_longer_and_slow_ones_longest);
	tcase_add_test(tests, a_failure_is_over_when_nothing_is_left_to_do);
	tcase_add_test(tests, an_approval_is_for_what_was_shown);
	tcase_add_test(tests, an_approval_ends_with_what_it_was_for);
	tcase_add_test(tests, an_approval_outlives_a_reload_of_a_kind_without_a_record);
	tcase_add_loop_test(
	    tests, an_unused_approval_expires, 0, (int)(sizeof(ages) / sizeof(ages[0])));
	tcase_add_test(tests, a_change_has_one_name_whatever_the_order_of_its_parts);
	tcase_add_test(tests, a_failed_update_is_suspect_until_an_addition_succeeds);
	tcase_add_test(tests, a_rewritten_entry_is_not_suspect);
	tcase_add_test(tests, pauses_end_by_themselves);
	tcase_add_test(tests, reconcile_forgets_failures_but_not_what_was_observed);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
