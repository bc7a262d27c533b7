/* SPDX-License-Identifier: MIT */
/* endings: tests of daemon/engine/executor.c: what fails, cannot be noted, is lost, or is
 * no longer to be done. */
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "test/engine/suites.h"
#include "test/engine/yard.h"

static const struct row observing[] = {
	STEP(0, "a", edit, "n", "network", .until = UNTIL_OBSERVED),
	STEP(0, "a", apply, "p", "pool"),
	STEP(1, "b", edit, "n", "other"),
};

/* Two objects exchange what they have in one network. */
static const struct row swap[] = {
	STEP(0, "l", edit, "n", "-l", .removes = true),
	STEP(0, "l", edit, "n", "+l", .restores = 1),
	STEP(1, "m", edit, "n", "-m", .removes = true),
	STEP(1, "m", edit, "n", "+m", .restores = 1),
};

/* Failures */

static const struct row moving[] = {
	STEP(0, "a", edit, "n", "take", .removes = true),
	STEP(0, "a", apply, "p", "send"),
	STEP(0, "a", edit, "n", "give", .restores = 1),
	STEP(0, "a", apply, "p", "tidy"),
};

START_TEST(a_failure_drops_the_rest_but_not_what_restores)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, moving, ROWS(moving));
	yard_done(&y, "take");
	yard_fails(&y, "send");
	yard_check(&y, "take send give ", 1);
	ck_assert_uint_eq(executor_length(y.executor), 1);
	yard_done(&y, "give");
	yard_check(&y, "take send give ", 0);
	ck_assert_str_eq(text_get(&y.ended), "take send!refused give ");
	ck_assert_int_eq(y.busy_count, 1);
	executor_observed(y.executor, &pool_kind, "p");
	ck_assert_int_eq(y.busy_count, 1);
	executor_observed(y.executor, &network_kind, "n");
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

START_TEST(what_was_not_taken_is_not_put_back)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, moving, ROWS(moving));
	yard_fails(&y, "take");
	yard_check(&y, "take ", 0);
	ck_assert_uint_eq(executor_length(y.executor), 0);
	yard_end(&y);
}
END_TEST

/* The answer was lost, or dnsmasq could not be started with what has changed: the entry may be
 * gone, and the machine is not left without it. */
START_TEST(what_may_have_been_taken_is_put_back)
{
	struct outcome doubtful = { .error = "failed" };
	struct outcome in_vain = { .error = "exists", .refused = true };
	struct yard y;

	yard_begin(&y);
	yard_take(&y, swap, ROWS(swap));
	executor_abandon(y.executor, NULL, NULL); /* -l is under way */
	yard_outcome(&y, "-l", &doubtful);
	yard_check(&y, "-l +l ", 1);
	yard_outcome(&y, "+l", _i ? &in_vain : &doubtful);
	ck_assert_str_eq(text_get(&y.ended), _i ? "-l!failed " : "-l!failed +l!failed ");
	ck_assert_uint_eq(executor_length(y.executor), 0);
	executor_observed(y.executor, &network_kind, "n");
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

START_TEST(a_failure_is_its_programs_own)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, swap, ROWS(swap));
	yard_fails(&y, "-l");
	yard_done(&y, "-m");
	yard_done(&y, "+m");
	yard_check(&y, "-l -m +m ", 0);
	executor_observed(y.executor, &network_kind, "n");
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

/* It ends as it would have at its source, and what follows is another source's. */
START_TEST(a_document_that_cannot_be_made_is_a_failure)
{
	struct yard y;

	yard_begin(&y);
	y.render_error = "pool/p is no longer written";
	yard_take(&y, moving, ROWS(moving));
	yard_done(&y, "take");
	ck_assert_str_eq(text_get(&y.ended), "take send!pool/p is no longer written ");
	yard_check(&y, "take give ", 1);
	yard_done(&y, "give");
	executor_observed(y.executor, &network_kind, "n");
	ck_assert_msg(!y.busy_count, "nothing of the pool is to be observed");
	yard_end(&y);
}
END_TEST

START_TEST(a_token_that_is_not_under_way_is_ignored)
{
	struct ended_step step;
	struct yard y;
	uint64_t token;

	yard_begin(&y);
	yard_take(&y, swap, ROWS(swap));
	token = yard_token(&y, "-l");
	ck_assert_msg(token > FIRST_TOKEN, "tokens count up from the first");
	ck_assert(executor_find(y.executor, token, &step));
	ck_assert_str_eq(step.name, "l");
	ck_assert_str_eq(step.text, "-l");
	ck_assert(step.kind == &vm_kind && step.action == &edit);
	executor_ended(y.executor, token + 1, &(struct outcome){ 0 });
	executor_noted(y.executor, token, "no note was asked for");
	yard_check(&y, "-l ", 1);
	yard_done(&y, "-l");
	ck_assert(!executor_find(y.executor, token, &step));
	executor_ended(y.executor, token, &(struct outcome){ .error = "late" });
	yard_check(&y, "-l -m ", 1);
	ck_assert_str_eq(text_get(&y.ended), "-l ");
	yard_end(&y);
}
END_TEST

/* Notes */

static const struct row noted[] = {
	STEP(0, "a", destroy, "d", "destroy"),
	STEP(0, "a", define, "d", "define"),
};

START_TEST(what_must_not_be_repeated_is_noted_first)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, noted, ROWS(noted));
	yard_check(&y, "", 1);
	executor_ended(y.executor, yard_token(&y, "destroy"), &(struct outcome){ 0 });
	yard_check(&y, "", 1);
	yard_noted(&y, "destroy", NULL);
	yard_check(&y, "destroy ", 1);
	yard_done(&y, "destroy");
	yard_check(&y, "destroy define ", 1);
	yard_end(&y);
}
END_TEST

static const struct row of_a_procedure[] = {
	STEP(0, "a", define, "d", "define", .phase = "drain"),
};

START_TEST(what_is_of_a_procedure_is_noted_first)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, of_a_procedure, ROWS(of_a_procedure));
	yard_check(&y, "", 1);
	yard_noted(&y, "define", NULL);
	yard_check(&y, "define ", 1);
	yard_end(&y);
}
END_TEST

START_TEST(what_cannot_be_noted_is_not_sent)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, noted, ROWS(noted));
	yard_noted(&y, "destroy", "No space left on device");
	yard_check(&y, "", 0);
	ck_assert_str_eq(text_get(&y.ended), "destroy!No space left on device ");
	ck_assert_int_eq(y.busy_count, 0);
	ck_assert_uint_eq(executor_length(y.executor), 0);
	yard_end(&y);
}
END_TEST

static const struct row lasting[] = {
	STEP(0, "a", halt, "d", "halt"),
};

/* It is no worse than before where the note is lost with a crash. */
START_TEST(what_outlasts_its_call_is_noted_where_it_can_be)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, lasting, ROWS(lasting));
	yard_check(&y, "", 1);
	yard_noted(&y, "halt", _i ? "No space left on device" : NULL);
	yard_check(&y, "halt ", 1);
	yard_done(&y, "halt");
	ck_assert_str_eq(text_get(&y.ended), "halt ");
	yard_end(&y);
}
END_TEST

/* Losing what was known */

static const struct row pools[] = {
	STEP(0, "a", apply, "x/p", "a-p"),
	STEP(0, "a", edit, "n", "a-n"),
	STEP(1, "b", apply, "y/p", "b-p"),
	STEP(2, "c", edit, "m", "c-m"),
	STEP(2, "c", apply, "x/q", "c-q"),
	STEP(3, "d", define, "x/d", "d-d"),
};

START_TEST(a_lost_prefix_drops_what_waits_for_it)
{
	struct yard y;

	yard_begin(&y);
	executor_limit(y.executor, &libvirt_source, 9);
	yard_take(&y, pools, ROWS(pools));
	yard_check(&y, "c-m d-d a-p ", 3);
	executor_drop(y.executor, &pool_kind, "x/");
	ck_assert_msg(executor_length(y.executor) == 5, "c-q is dropped");
	yard_done(&y, "a-p");
	yard_done(&y, "c-m");
	yard_check(&y, "c-m d-d a-p a-n b-p ", 3);
	executor_drop(y.executor, &pool_kind, "");
	yard_done(&y, "b-p"); /* goes on, and ends as any other */
	ck_assert_int_eq(y.busy_count, 4);
	executor_observed(y.executor, &pool_kind, "y/p");
	ck_assert_int_eq(y.busy_count, 3);
	yard_end(&y);
}
END_TEST

/* The connection went, and comes back to a libvirt that has no such domain. */
START_TEST(a_lost_kind_leaves_nobody_busy)
{
	static const struct row rows[] = {
		STEP(0, "a", define, "a", "define-a"),
		STEP(1, "b", define, "b", "define-b"),
		STEP(2, "a2", define, "a", "start-a"),
	};
	struct yard y;

	yard_begin(&y);
	yard_take(&y, rows, ROWS(rows));
	yard_done(&y, "define-a");
	executor_drop(y.executor, &network_kind, "");
	ck_assert_uint_eq(executor_length(y.executor), 2);
	executor_drop(y.executor, &vm_kind, "");
	ck_assert_uint_eq(executor_length(y.executor), 1);
	ck_assert_int_eq(y.busy_count, 1);
	yard_outcome(&y, "define-b",
	    &(struct outcome){ .error = "gone", .lost = true, .observed = true });
	ck_assert_int_eq(y.busy_count, 0);
	yard_check(&y, "define-a define-b ", 0);
	yard_end(&y);
}
END_TEST

START_TEST(what_waits_for_a_lost_document_goes_on)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, observing, 2);
	yard_done(&y, "network");
	executor_drop(y.executor, &network_kind, "");
	yard_check(&y, "network pool ", 1);
	yard_end(&y);
}
END_TEST

static const struct row restart[] = {
	STEP(0, "a", edit, "n", "stop", .removes = true),
	STEP(0, "a", edit, "n", "start", .restores = 1),
	STEP(0, "a", edit, "n", "more"),
	STEP(1, "b", edit, "n", "other"),
};

static bool is_listed(const char *name, void *arg)
{
	return strcmp(name, arg) == 0;
}

static const struct outcome lost = {
	.error = "gone", .lost = true, .refused = true, .observed = true, .waits = true
};

/* The connection is lost before the call that puts it back, or with it, known late or at
 * once; what is paused meanwhile, or decided otherwise, is not left without what was taken. */
START_TEST(what_was_taken_is_put_back_when_the_source_is_there_again)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, restart, ROWS(restart));
	if (_i == 0)
		executor_drop(y.executor, &network_kind, "");
	yard_done(&y, "stop");
	if (_i == 1)
		executor_drop(y.executor, &network_kind, "");
	if (_i > 0)
		yard_outcome(&y, "start", &lost);
	if (_i == 2)
		executor_drop(y.executor, &network_kind, "");
	executor_abandon(y.executor, NULL, NULL);
	ck_assert_uint_eq(executor_length(y.executor), 1);
	yard_check(&y, _i ? "stop start " : "stop ", 0);
	executor_listed(y.executor, &network_kind, "", is_listed, "n");
	yard_check(&y, _i ? "stop start " : "stop ", 0);
	executor_observed(y.executor, &network_kind, "n");
	yard_check(&y, _i ? "stop start start " : "stop start ", 1);
	yard_done(&y, "start");
	ck_assert_uint_eq(executor_length(y.executor), 0);
	executor_observed(y.executor, &network_kind, "n");
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

/* Somebody has done it meanwhile, or what it was taken from is gone, too. */
START_TEST(what_need_not_be_put_back_any_more_is_no_failure)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, restart, ROWS(restart));
	yard_done(&y, "stop");
	yard_outcome(&y, "start", &lost);
	executor_drop(y.executor, &network_kind, "");
	if (_i == 0) {
		executor_observed(y.executor, &network_kind, "n");
		yard_fails(&y, "start");
		executor_observed(y.executor, &network_kind, "n");
		ck_assert_str_eq(text_get(&y.ended), "stop start!gone ");
	} else {
		executor_listed(y.executor, &network_kind, "", is_listed, "others");
		yard_check(&y, "stop start ", 0);
	}
	ck_assert_uint_eq(executor_length(y.executor), 0);
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

/* Of another source nothing is lost: what it gave up is put back. */
START_TEST(a_lost_document_does_not_keep_another_from_being_restored)
{
	static const struct row rows[] = {
		STEP(0, "b", apply, "p", "before"),
		STEP(1, "a", edit, "n", "take", .removes = true),
		STEP(1, "a", apply, "p", "send"),
		STEP(1, "a", edit, "n", "give", .restores = 1),
		STEP(1, "a", edit, "n", "more"),
	};
	struct yard y;

	yard_begin(&y);
	yard_take(&y, rows, ROWS(rows));
	yard_done(&y, "take");
	executor_drop(y.executor, &pool_kind, "");
	yard_check(&y, "take before give ", 2);
	yard_done(&y, "give");
	yard_check(&y, "take before give ", 1);
	yard_end(&y);
}
END_TEST

/* What was decided no longer holds */

/* A pause must not leave a machine without the reservation that was taken from it. */
START_TEST(what_was_taken_away_is_put_back)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, swap, ROWS(swap));
	executor_abandon(y.executor, NULL, NULL); /* -l is under way */
	ck_assert_int_eq(y.busy_count, 1);
	yard_done(&y, "-l");
	yard_done(&y, "+l");
	yard_check(&y, "-l +l ", 0);
	ck_assert_int_eq(y.busy_count, 1);
	executor_observed(y.executor, &network_kind, "n");
	ck_assert_int_eq(y.busy_count, 0);
	yard_end(&y);
}
END_TEST

START_TEST(what_could_not_be_taken_away_is_left)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, swap, ROWS(swap));
	executor_abandon(y.executor, NULL, NULL);
	yard_fails(&y, "-l");
	yard_check(&y, "-l ", 0);
	ck_assert_uint_eq(executor_length(y.executor), 0);
	yard_end(&y);
}
END_TEST

static const struct row defining[] = {
	STEP(0, "a", define, "a", "define-a"),
	STEP(0, "a", define, "a", "start-a"),
	STEP(1, "b", define, "b", "define-b"),
	STEP(1, "b", define, "b", "start-b"),
};

START_TEST(an_object_can_be_abandoned_alone)
{
	struct yard y;

	yard_begin(&y);
	executor_limit(y.executor, &libvirt_source, 2);
	yard_take(&y, defining, ROWS(defining));
	executor_abandon(y.executor, &vm_kind, "a");
	executor_abandon(y.executor, &vm_kind, "nobody");
	executor_abandon(y.executor, &network_kind, "b");
	yard_done(&y, "define-a");
	yard_done(&y, "define-b");
	yard_check(&y, "define-a define-b start-b ", 1);
	yard_end(&y);
}
END_TEST

/* a is defined and not started, since the only call there may be is b's. */
static void define_one_of_two(struct yard *y)
{
	yard_begin(y);
	executor_limit(y->executor, &libvirt_source, 2);
	yard_take(y, defining, ROWS(defining));
	executor_limit(y->executor, &libvirt_source, 1);
	yard_done(y, "define-a");
}

/* What was begun is ended before something else is begun. */
START_TEST(a_program_that_has_begun_goes_first)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, defining, ROWS(defining));
	yard_done(&y, "define-a");
	yard_check(&y, "define-a start-a ", 1);
	yard_done(&y, "start-a");
	yard_check(&y, "define-a start-a define-b ", 1);
	yard_end(&y);
}
END_TEST

/* Planned again before it was read, it would be defined twice. */
START_TEST(what_was_done_and_abandoned_waits_to_be_read)
{
	struct yard y;

	define_one_of_two(&y);
	executor_abandon(y.executor, NULL, NULL);
	ck_assert_uint_eq(executor_length(y.executor), 1);
	executor_observed(y.executor, &vm_kind, "a");
	ck_assert_str_eq(text_get(&y.busy), "+a +b -a ");
	yard_done(&y, "define-b");
	executor_observed(y.executor, &vm_kind, "b");
	ck_assert_int_eq(y.busy_count, 0);
	yard_check(&y, "define-a define-b ", 0);
	yard_end(&y);
}
END_TEST

START_TEST(what_was_read_and_abandoned_is_free)
{
	struct yard y;

	define_one_of_two(&y);
	executor_observed(y.executor, &vm_kind, "a");
	ck_assert_int_eq(y.busy_count, 2);
	executor_abandon(y.executor, NULL, NULL);
	ck_assert_str_eq(text_get(&y.busy), "+a +b -a ");
	yard_end(&y);
}
END_TEST

/* It was not sent yet, and is not once its note is there. */
START_TEST(what_is_being_noted_can_be_abandoned)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, noted, ROWS(noted));
	executor_abandon(y.executor, &vm_kind, "a");
	ck_assert_int_eq(y.busy_count, 1);
	yard_noted(&y, "destroy", NULL);
	yard_check(&y, "", 0);
	ck_assert_str_eq(text_get(&y.ended), "");
	ck_assert_int_eq(y.busy_count, 0);
	ck_assert_uint_eq(executor_length(y.executor), 0);
	yard_take(&y, defining, ROWS(defining));
	yard_check(&y, "define-a ", 1);
	yard_end(&y);
}
END_TEST

/* While it waits for its note on disk, or for others, it has come to more. */
START_TEST(what_needs_an_approval_by_now_is_not_sent)
{
	static const struct row rows[] = {
		STEP(0, "a", destroy, "d1", "destroy-a"),
		STEP(1, "b", edit, "n", "edit-b"),
		STEP(2, "c", edit, "n", "edit-c"),
	};
	struct yard y;

	yard_begin(&y);
	executor_limit(y.executor, &libvirt_source, 9);
	yard_take(&y, rows, ROWS(rows));
	yard_check(&y, "edit-b ", 2);
	yard_refuse(&y, rows, _i ? ROWS(rows) - 1 : ROWS(rows));
	yard_noted(&y, "destroy-a", NULL);
	yard_done(&y, "edit-b");
	yard_check(&y, _i ? "edit-b edit-c " : "edit-b ", (size_t)_i);
	yard_end(&y);
}
END_TEST

/* What puts back what was taken, and whatever else follows, was decided with it. */
START_TEST(what_was_begun_is_ended_though_it_needs_an_approval_by_now)
{
	struct yard y;

	yard_begin(&y);
	yard_take(&y, moving, ROWS(moving));
	yard_refuse(&y, moving, ROWS(moving));
	yard_done(&y, "take");
	yard_done(&y, "send");
	yard_done(&y, "give");
	yard_done(&y, "tidy");
	yard_check(&y, "take send give tidy ", 0);
	yard_end(&y);
}
END_TEST

START_TEST(only_what_takes_long_is_cancelled)
{
	static const struct row rows[] = {
		STEP(0, "a", copy, "d1", "copy-a"),
		STEP(1, "a", define, "d2", "define-a"),
		STEP(2, "b", copy, "d3", "copy-b"),
		STEP(3, "a", copy, "d1", "waits"),
	};
	struct yard y;

	yard_begin(&y);
	executor_limit(y.executor, &libvirt_source, 9);
	yard_take(&y, rows, ROWS(rows));
	yard_check(&y, "copy-a define-a copy-b ", 3);
	executor_cancel(y.executor, &vm_kind, "a");
	ck_assert_str_eq(text_get(&y.cancelled), "copy-a ");
	executor_cancel(y.executor, &pool_kind, "b");
	executor_cancel(y.executor, &vm_kind, "c");
	ck_assert_str_eq(text_get(&y.cancelled), "copy-a ");
	yard_end(&y);
}
END_TEST

Suite *endings_suite(void)
{
	Suite *suite = suite_create("endings");
	TCase *tests = tcase_create("endings");

	tcase_add_test(tests, a_failure_drops_the_rest_but_not_what_restores);
	tcase_add_test(tests, what_was_not_taken_is_not_put_back);
	tcase_add_loop_test(tests, what_may_have_been_taken_is_put_back, 0, 2);
	tcase_add_test(tests, a_failure_is_its_programs_own);
	tcase_add_test(tests, a_document_that_cannot_be_made_is_a_failure);
	tcase_add_test(tests, a_token_that_is_not_under_way_is_ignored);
	tcase_add_test(tests, what_must_not_be_repeated_is_noted_first);
	tcase_add_test(tests, what_is_of_a_procedure_is_noted_first);
	tcase_add_test(tests, what_cannot_be_noted_is_not_sent);
	tcase_add_loop_test(tests, what_outlasts_its_call_is_noted_where_it_can_be, 0, 2);
	tcase_add_test(tests, a_lost_prefix_drops_what_waits_for_it);
	tcase_add_test(tests, a_lost_kind_leaves_nobody_busy);
	tcase_add_test(tests, what_waits_for_a_lost_document_goes_on);
	tcase_add_test(tests, a_lost_document_does_not_keep_another_from_being_restored);
	tcase_add_loop_test(
	    tests, what_was_taken_is_put_back_when_the_source_is_there_again, 0, 3);
	tcase_add_loop_test(
	    tests, what_need_not_be_put_back_any_more_is_no_failure, 0, 2);
	tcase_add_test(tests, what_was_taken_away_is_put_back);
	tcase_add_test(tests, what_could_not_be_taken_away_is_left);
	tcase_add_test(tests, an_object_can_be_abandoned_alone);
	tcase_add_test(tests, a_program_that_has_begun_goes_first);
	tcase_add_test(tests, what_was_done_and_abandoned_waits_to_be_read);
	tcase_add_test(tests, what_was_read_and_abandoned_is_free);
	tcase_add_test(tests, what_is_being_noted_can_be_abandoned);
	tcase_add_test(tests, only_what_takes_long_is_cancelled);
	tcase_add_loop_test(tests, what_needs_an_approval_by_now_is_not_sent, 0, 2);
	tcase_add_test(tests, what_was_begun_is_ended_though_it_needs_an_approval_by_now);
	suite_add_tcase(suite, tests);
	return suite;
}
