/* SPDX-License-Identifier: MIT */
/* Tests of lib/plan/memory.c, memory_json.c and memory_update.c: what outlives a plan. */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/plan.h"

#include <check.h>

#define NOW ((struct mono){ 5000000 })
#define WALL 1790000000000

static const struct settings settings = { .vm = { .start_attempts = 3,
					      .minimum_uptime = 60000 } };

/* A plan finds it so. */
static void find(struct state *m, const struct kind *kind, const char *name,
    enum verdict verdict, struct mono now)
{
	state_planned(m,
	    &(struct item){ .kind = kind,
		.name = name,
		.state = state_get(m, kind, name),
		.verdict = verdict },
	    now);
}

static struct step update(enum side side, enum update_command command)
{
	return (struct step){ .op = STEP_NETWORK_UPDATE,
		.kind = &reservation_kind,
		.name = "a",
		.side = side,
		.command = command,
		.section = UPDATE_HOST };
}

START_TEST(memos_are_found_by_kind_and_name)
{
	struct state m = { 0 };
	const char *const names[] = { "c", "a", "b" };

	for (int i = 0; i < 3; i++) {
		state_get(&m, &vm_kind, names[i])->failures = (unsigned)i + 1;
		state_get(&m, &network_kind, names[i])->failures = (unsigned)i + 11;
	}
	ck_assert_uint_eq(m.count, 6);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(
		    state_find(&m, &vm_kind, names[i])->failures, (unsigned)i + 1);
		ck_assert_uint_eq(
		    state_find(&m, &network_kind, names[i])->failures, (unsigned)i + 11);
	}
	ck_assert_ptr_null(state_find(&m, &vm_kind, "d"));
	ck_assert_ptr_null(state_find(&m, &pool_kind, "a"));
	state_done(&m);
}
END_TEST

START_TEST(failures_wait_longer_and_slow_ones_longest)
{
	struct state m = { 0 };
	struct step step = { .op = STEP_KUBE_APPLY, .kind = &pool_kind, .name = "p" };
	int64_t last = 0;

	for (unsigned n = 1; n <= 12; n++) {
		const struct object_state *state;
		int64_t wait;

		state_step_failed(&m, &step, "refused", false, &settings, NOW, 0);
		state = state_find(&m, &pool_kind, "p");
		wait = state->retry_at.ms - NOW.ms;
		ck_assert_uint_eq(state->failures, n);
		ck_assert_str_eq(state->error, "refused");
		ck_assert(n == 1 ? wait == 1000 : wait >= last);
		ck_assert(wait <= 30000);
		last = wait;
	}
	ck_assert_int_eq(last, 30000);
	find(&m, &pool_kind, "p", VERDICT_CONVERGED, NOW);
	ck_assert_uint_eq(state_find(&m, &pool_kind, "p")->failures, 0);
	ck_assert_ptr_null(state_find(&m, &pool_kind, "p")->error);
	state_step_failed(&m, &step, "no such API", true, &settings, NOW, 0);
	ck_assert_int_eq(state_find(&m, &pool_kind, "p")->retry_at.ms - NOW.ms, 45000);
	state_done(&m);
}
END_TEST

static const struct object_state *round_of(
    struct state *m, enum step_op op, struct mono now)
{
	struct step step = { .op = op, .kind = &vm_kind, .name = "a" };

	state_step_done(m, &step, &settings, now);
	state_round_ended(m, &vm_kind, "a", now, 0);
	return state_find(m, &vm_kind, "a");
}

START_TEST(a_failure_is_over_when_nothing_is_left_to_do)
{
	struct state m = { 0 };
	struct step step = { .op = STEP_DOMAIN_AUTOSTART, .kind = &vm_kind, .name = "a" };
	struct object_state *state = state_get(&m, &vm_kind, "a");

	state_step_failed(&m, &step, "refused", false, &settings, NOW, 0);
	find(&m, &vm_kind, "a", VERDICT_FAILING, NOW);
	find(&m, &vm_kind, "a", VERDICT_UNKNOWN, NOW);
	state->busy = true;
	find(&m, &vm_kind, "a", VERDICT_PENDING, NOW);
	ck_assert_uint_eq(state->failures, 1);
	state->busy = false;
	find(&m, &vm_kind, "a", VERDICT_BLOCKED, NOW); /* differs, needs a restart */
	ck_assert_uint_eq(state->failures, 0);
	ck_assert_ptr_null(state->error);
	state_done(&m);
}
END_TEST

START_TEST(a_consent_ends_when_another_is_asked_for)
{
	struct state m = { 0 };
	struct item item = { .kind = &reservation_kind,
		.name = "a",
		.state = state_get(&m, &reservation_kind, "a"),
		.verdict = VERDICT_BLOCKED,
		.step_count = 1,
		.consent = "from .11 to .21",
		.fingerprint = "from .11 to .21" };

	state_approve(&m, &reservation_kind, "a", "from .11 to .21");
	state_planned(&m, &item, NOW);
	ck_assert_str_eq(item.state->approved, "from .11 to .21");
	item.consent = NULL; /* while it is done */
	state_planned(&m, &item, NOW);
	ck_assert_ptr_nonnull(item.state->approved);
	item.consent = item.fingerprint = "from .11 to .31";
	state_planned(&m, &item, NOW);
	ck_assert_ptr_null(item.state->approved);
	state_done(&m);
}
END_TEST

/* Saved while the clock was nine hours ahead: nothing waits for nine hours. */
START_TEST(a_wrong_clock_makes_nobody_wait)
{
	struct state m = { 0 }, again = { 0 };
	struct vm_record *vm = &state_get(&m, &vm_kind, "a")->vm;
	autojson struct json_object *o = NULL;
	struct error e = { "" };

	*vm = (struct vm_record){ .seen = true,
		.start_at = mono_add(NOW, 40000),
		.running_since = NOW,
		.stop_first = NOW,
		.stop_sent = NOW };
	o = state_save(&m, NOW, WALL + 9 * 3600000);
	ck_assert_int_eq(state_load(&again, o, NOW, WALL, &e), 0);
	vm = &state_get(&again, &vm_kind, "a")->vm;
	ck_assert_int_le(vm->start_at.ms, NOW.ms + 300000);
	ck_assert_int_eq(vm->running_since.ms, NOW.ms);
	ck_assert_int_eq(vm->stop_first.ms, NOW.ms);
	ck_assert_int_eq(vm->stop_sent.ms, NOW.ms);
	state_done(&m);
	state_done(&again);
}
END_TEST

START_TEST(rounds_in_vain_wait_longer_and_longer)
{
	static const int64_t waits[] = { 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30 };
	struct state m = { 0 };
	struct mono now = NOW;
	const struct object_state *state = NULL;

	for (size_t i = 0; i < 12; i++) {
		state = round_of(&m, STEP_DOMAIN_AUTOSTART, now);
		ck_assert_int_eq(state->failures > 0, i >= 5);
		if (i >= 5)
			ck_assert_int_eq(state->retry_at.ms - now.ms, waits[i] * 1000);
		now = mono_add(now, waits[i] * 1000);
	}
	ck_assert_ptr_nonnull(state->error);
	find(&m, &vm_kind, "a", VERDICT_CONVERGED, now);
	ck_assert_uint_eq(state->failures, 0);
	ck_assert_uint_eq(round_of(&m, STEP_DOMAIN_AUTOSTART, now)->failures, 0);
	state_done(&m);
}
END_TEST

START_TEST(rounds_far_apart_are_not_in_vain)
{
	struct state m = { 0 };
	struct mono now = NOW;

	for (int i = 0; i < 20; i++, now = mono_add(now, 120000))
		ck_assert_uint_eq(round_of(&m, STEP_DOMAIN_AUTOSTART, now)->failures, 0);
	state_done(&m);
}
END_TEST

START_TEST(what_a_kind_paces_is_not_in_vain)
{
	struct state m = { 0 };

	for (int i = 0; i < 36; i++)
		ck_assert_uint_eq(
		    round_of(&m, STEP_DOMAIN_SHUTDOWN, mono_add(NOW, 5000 * i))->failures,
		    0);
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
		state = round_of(&m, STEP_DOMAIN_AUTOSTART, now);
		ck_assert_msg(!state->failures, "round %d", i);
		find(&m, &vm_kind, "a", VERDICT_CONVERGED, now);
	}
	state = round_of(&m, STEP_DOMAIN_AUTOSTART, now);
	find(&m, &vm_kind, "a", VERDICT_CONVERGED, now);
	ck_assert_msg(
	    state->failures, "it does not count that it was right for a moment");
	ck_assert_int_eq(state->retry_at.ms - now.ms, 10000);
	find(&m, &vm_kind, "a", VERDICT_CONVERGED, mono_add(now, 10000));
	ck_assert_msg(!state->failures, "it stayed right for long enough");
	state_done(&m);
}
END_TEST

START_TEST(a_failed_update_is_suspect_until_an_addition_succeeds)
{
	struct state m = { 0 };
	struct step live_add = update(SIDE_LIVE, UPDATE_ADD);
	struct step live_delete = update(SIDE_LIVE, UPDATE_DELETE);
	struct step stored_add = update(SIDE_CONFIG, UPDATE_ADD);
	const struct reservation_record *lease;

	state_step_failed(&m, &live_add, "iptables", false, &settings, NOW, 0);
	lease = &state_find(&m, &reservation_kind, "a")->reservation;
	ck_assert(lease->suspect_live && !lease->suspect_config && !lease->owned);
	state_step_done(&m, &live_delete, &settings, NOW);
	ck_assert(lease->suspect_live);
	state_step_done(&m, &stored_add, &settings, NOW);
	ck_assert(lease->suspect_live && lease->owned);
	state_step_done(&m, &live_add, &settings, NOW);
	ck_assert(!lease->suspect_live);
	state_done(&m);
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
	ck_assert(!m.paused && m.persistent_changes > changes);
	ck_assert(state_find(&m, &vm_kind, "a")->paused);
	state_resume(&m, &vm_kind, "a");
	ck_assert(!state_find(&m, &vm_kind, "a")->paused);
	state_done(&m);
}
END_TEST

START_TEST(reconcile_forgets_giving_up)
{
	struct state m = { 0 };
	struct object_state *state = state_get(&m, &vm_kind, "a");

	state->failures = 4;
	state->vm.gave_up = true;
	state->vm.quick_stops = 6;
	state_clear(&m, NULL, NULL);
	ck_assert(!state->failures && !state->vm.gave_up && !state->vm.quick_stops);
	ck_assert_msg(!state->vm.start_wanted, "a general reconcile starts nothing");
	state_clear(&m, &vm_kind, "a");
	ck_assert_msg(state->vm.start_wanted, "asking for this one does");
	state_done(&m);
}
END_TEST

/* What is kept must come back the same, through another boot's clock. */
START_TEST(what_is_kept_survives_a_boot)
{
	struct state m = { 0 }, again = { 0 };
	struct object_state *state = state_get(&m, &vm_kind, "a"), *lease;
	struct mono boot = { 70000 };
	autojson struct json_object *first, *second;
	struct error e = { "" };

	state->vm = (struct vm_record){ .seen = true,
		.seen_running = true,
		.domain_id = 7,
		.wanted = VM_RUNNING,
		.cause = STOP_GUEST,
		.quick_stops = 2,
		.running_since = { NOW.ms - 5000 },
		.start_at = { NOW.ms + 40000 } };
	lease = state_get(&m, &reservation_kind, "a");
	ck_assert_int_eq(ip_parse("192.168.122.11", &lease->reservation.ip, NULL), 0);
	lease->reservation.has_ip = lease->reservation.owned =
	    lease->reservation.suspect_config = true;
	state_approve(&m, &reservation_kind, "a", "moves the running machine a");
	state_pause(&m, NULL, NULL, "why", mono_add(NOW, 60000));
	first = state_save(&m, NOW, WALL);
	ck_assert_int_eq(state_load(&again, first, boot, WALL + 10000, &e), 0);
	state = state_get(&again, &vm_kind, "a");
	ck_assert_int_eq(state->vm.domain_id, 7);
	ck_assert_int_eq(state->vm.cause, STOP_GUEST);
	ck_assert_int_eq(state->vm.start_at.ms, boot.ms + 30000);
	ck_assert_int_eq(state->vm.running_since.ms, boot.ms - 15000);
	ck_assert_int_eq(again.pause_until.ms, boot.ms + 50000);
	ck_assert_str_eq(again.pause_reason, "why");
	second = state_save(&again, boot, WALL + 10000);
	ck_assert_str_eq(json_text(first), json_text(second));
	state_done(&m);
	state_done(&again);
}
END_TEST

static const struct {
	const char *what, *text;
	int result;
} strange[] = {
	{ "another format", "{\"format\": 2, \"objects\": []}", -1 },
	{ "no format", "{}", -1 },
	{ "unknown kinds are skipped",
	    "{\"format\": 1, \"objects\": [{\"kind\": \"moon\", \"name\": \"x\"}]}", 0 },
	{ "members of other types are skipped",
	    "{\"format\": 1, \"objects\": [{\"kind\": \"vm\", \"name\": 5}, 7, null, "
	    "{\"kind\": \"vm\", \"name\": \"a\", \"vm\": {\"cause\": 99, \"domain_id\": "
	    "\"x\"}}]}",
	    0 },
};

START_TEST(strange_state_is_refused_or_skipped)
{
	struct state m = { 0 };
	struct error e = { "" };
	autojson struct json_object *o =
	    json_parse(strange[_i].text, strlen(strange[_i].text), 16, &e);

	ck_assert_ptr_nonnull(o);
	ck_assert_msg(state_load(&m, o, NOW, WALL, &e) == strange[_i].result, "%s: %s",
	    strange[_i].what, e.text);
	for (size_t i = 0; i < m.count; i++)
		ck_assert_int_eq(m.items[i]->vm.cause, STOP_NONE);
	state_done(&m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tests = tcase_create("memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, memos_are_found_by_kind_and_name);
	tcase_add_test(tests, failures_wait_longer_and_slow_ones_longest);
	tcase_add_test(tests, a_failure_is_over_when_nothing_is_left_to_do);
	tcase_add_test(tests, a_consent_ends_when_another_is_asked_for);
	tcase_add_test(tests, a_wrong_clock_makes_nobody_wait);
	tcase_add_test(tests, rounds_in_vain_wait_longer_and_longer);
	tcase_add_test(tests, rounds_far_apart_are_not_in_vain);
	tcase_add_test(tests, what_a_kind_paces_is_not_in_vain);
	tcase_add_test(tests, a_tug_of_war_slows_down);
	tcase_add_test(tests, a_failed_update_is_suspect_until_an_addition_succeeds);
	tcase_add_test(tests, pauses_end_by_themselves);
	tcase_add_test(tests, reconcile_forgets_giving_up);
	tcase_add_test(tests, what_is_kept_survives_a_boot);
	tcase_add_loop_test(tests, strange_state_is_refused_or_skipped, 0,
	    (int)(sizeof(strange) / sizeof(strange[0])));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
