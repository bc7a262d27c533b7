/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_record: causes of stops, and the timeline of starts with a made clock.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/plan/plan.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)

static const struct settings settings = { .vm = {
					      .minimum_uptime = 5 * MINUTE,
					      .start_attempts = 6,
					      .stop_timeout = 3 * MINUTE,
					      .stop_resend = 20 * SECOND,
					  } };

/* One VM in the hands of a test: what is remembered, and the time. */
struct bench {
	struct object_state *state;
	struct vm_record *vm; /* its own */
	struct vm want;
	struct mono now;
	int id;	      /* the next domain id */
	bool adopted; /* the domain carries no mark */
};

static void set_up(struct bench *b)
{
	*b = (struct bench){ .now = { 1000 * MINUTE }, .id = 1 };
	b->state = object_state_new(&vm_kind, "w");
	b->vm = b->state->own;
	b->want.state = VM_RUNNING;
	vm_record_desired(b->state, &b->want.object);
}

static void after(struct bench *b, int64_t ms)
{
	b->now = mono_add(b->now, ms);
}

static bool observe(struct bench *b, int id, int state, int reason)
{
	struct vm side = { .facts = { .id = id, .state = state, .reason = reason },
		.marked = !b->adopted };
	struct observed observed = { .presence = PRESENT };

	if (id >= 0)
		observed.live = &side.object;
	else
		observed.config = &side.object;
	return vm_record_observed(
	    b->state, &observed, &b->want.object, &settings, b->now, 0);
}

static bool observe_running(struct bench *b)
{
	return observe(b, b->id++, 1, 1);
}

static bool observe_again(struct bench *b)
{
	return observe(b, (int)b->vm->domain_id, 1, 1);
}

static void end_step(struct bench *b, const struct action *action, bool failed)
{
	vm_record_ended(b->state, action, NULL, failed, &settings, b->now, 0);
}

static int64_t wait_of(const struct bench *b)
{
	return b->vm->start_at.ms - b->now.ms;
}

/* libvirt's state and reason once it has stopped, and what was asked of it before. */
static const struct {
	const char *what;
	int state, reason;
	bool asked;
	int64_t ago; /* s since it was asked */
	enum stop_cause cause;
} causes[] = {
	{ "the guest shut down", 5, 1, false, 0, STOP_GUEST },
	{ "virsh destroy", 5, 2, false, 0, STOP_DESTROYED },
	{ "QEMU killed", 5, 3, false, 0, STOP_CRASH },
	{ "migrated away", 5, 4, false, 0, STOP_DESTROYED },
	{ "saved", 5, 5, false, 0, STOP_SAVED },
	{ "failed to start", 5, 6, false, 0, STOP_START_FAILED },
	{ "reverted to a snapshot", 5, 7, false, 0, STOP_DESTROYED },
	{ "libvirtd could not take it over", 5, 8, false, 0, STOP_CRASH },
	{ "libvirtd restarted", 5, 0, false, 0, STOP_UNKNOWN },
	{ "a reason of a newer libvirt", 5, 99, false, 0, STOP_UNKNOWN },
	{ "crashed", 6, 0, false, 0, STOP_CRASH },
	{ "panicked", 6, 1, false, 0, STOP_CRASH },
	{ "no state", 0, 0, false, 0, STOP_UNKNOWN },
	{ "shut down as we asked", 5, 1, true, 20, STOP_OURS },
	{ "destroyed as we asked", 5, 2, true, 1, STOP_OURS },
	{ "libvirtd restarted after we asked", 5, 0, true, 20, STOP_OURS },
	{ "crashed though we asked", 5, 3, true, 20, STOP_CRASH },
	{ "shut down long after we asked", 5, 1, true, 181, STOP_GUEST },
};

START_TEST(causes_are_told_apart)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	after(&b, 60 * MINUTE);
	if (causes[_i].asked) {
		end_step(&b, &domain_shutdown_action, false);
		after(&b, causes[_i].ago * SECOND);
	}
	ck_assert(observe(&b, -1, causes[_i].state, causes[_i].reason));
	ck_assert_msg(
	    b.vm->cause == causes[_i].cause, "%s: %d", causes[_i].what, b.vm->cause);
	ck_assert_msg(
	    b.vm->stop_first.ms == 0 && b.vm->stop_sent.ms == 0, "%s", causes[_i].what);
	ck_assert_msg(wait_of(&b) == 0, "%s: waits", causes[_i].what);
	ck_assert_msg(!observe(&b, -1, causes[_i].state, causes[_i].reason),
	    "%s: the same observation is news", causes[_i].what);
	ck_assert_msg(b.vm->cause == causes[_i].cause, "%s: later %d", causes[_i].what,
	    b.vm->cause);
	object_state_free(b.state);
}
END_TEST

START_TEST(a_lost_reason_does_not_overwrite_a_known_one)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	after(&b, 10 * MINUTE);
	observe(&b, -1, 5, 1);
	observe(&b, -1, 5, 0);
	ck_assert_int_eq(b.vm->cause, STOP_GUEST);
	object_state_free(b.state);
}
END_TEST

START_TEST(a_domain_first_seen_stopped_has_libvirts_reason)
{
	struct bench b;

	set_up(&b);
	observe(&b, -1, 5, 2);
	ck_assert_int_eq(b.vm->cause, STOP_DESTROYED);
	ck_assert(!b.vm->has_run);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	object_state_free(b.state);
}
END_TEST

/* Crashes right after every start: at once, then after 10 s, then after 24 s for ever. */
START_TEST(quick_stops_back_off)
{
	static const int64_t waits[] = { 0, 10, 24, 24, 24, 24 };
	struct bench b;

	set_up(&b);
	for (size_t i = 0; i < 6; i++) {
		observe_running(&b);
		after(&b, 30 * SECOND);
		observe(&b, -1, 5, 3);
		ck_assert_int_eq(b.vm->quick_stops, (int64_t)i + 1);
		ck_assert_msg(wait_of(&b) == waits[i] * SECOND, "stop %zu: %lld", i + 1,
		    (long long)wait_of(&b));
		after(&b, waits[i] * SECOND + SECOND);
		ck_assert(!observe(&b, -1, 5, 3));
	}
	object_state_free(b.state);
}
END_TEST

/* What others do with a VM of theirs is no failure that is counted against it; a start that
 * was requested is tried until it lasts. */
START_TEST(quick_stops_of_an_adopted_vm_are_its_own_business)
{
	struct bench b;

	set_up(&b);
	b.adopted = true;
	observe_running(&b);
	observe(&b, -1, 5, 3);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	vm_record_requested(b.state);
	end_step(&b, &domain_start_action, true);
	ck_assert_int_eq(b.vm->quick_stops, 1);
	end_step(&b, &domain_start_action, false);
	observe(&b, -1, 5, 3);
	ck_assert_int_eq(b.vm->quick_stops, 2);
	b.want.power_written = true;
	observe_running(&b);
	observe(&b, -1, 5, 3);
	ck_assert_int_eq(b.vm->quick_stops, 3);
	object_state_free(b.state);
}
END_TEST

START_TEST(a_request_to_stop_is_known_until_it_has_no_effect)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	vm_record_sent(b.state, &domain_start_action, b.now);
	ck_assert_int_eq(b.vm->stop_requested.ms, 0);
	vm_record_sent(b.state, &domain_shutdown_action, b.now);
	ck_assert_msg(b.vm->stop_requested.ms == b.now.ms, "the call is under way");
	after(&b, 1000);
	end_step(&b, &domain_shutdown_action, true);
	ck_assert_int_eq(b.vm->stop_requested.ms, b.now.ms);
	record_clear(&vm_record_fields, b.vm);
	ck_assert_int_eq(b.vm->stop_requested.ms, b.now.ms);
	observe(&b, (int)b.vm->domain_id, 1, 1);
	ck_assert_msg(b.vm->stop_requested.ms, "it may still go down");
	after(&b, settings.vm.stop_timeout);
	observe(&b, (int)b.vm->domain_id, 1, 1);
	ck_assert_int_eq(b.vm->stop_requested.ms, 0);
	end_step(&b, &domain_shutdown_action, false);
	observe(&b, -1, 5, 1);
	ck_assert_int_eq(b.vm->stop_requested.ms, 0);
	object_state_free(b.state);
}
END_TEST

START_TEST(a_key_that_is_left_out_ends_what_it_began)
{
	struct bench b;

	set_up(&b);
	b.want.power_written = true;
	vm_record_desired(b.state, &b.want.object);
	b.vm->quick_stops = 3;
	b.vm->start_requested = true;
	vm_record_desired(b.state, &b.want.object);
	ck_assert_int_eq(b.vm->quick_stops, 3);
	b.want.power_written = false;
	vm_record_desired(b.state, &b.want.object);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	ck_assert(!b.vm->start_requested);
	object_state_free(b.state);
}
END_TEST

START_TEST(a_start_under_way_that_is_left_out_is_not_tried_again)
{
	struct bench b;

	set_up(&b);
	b.want.power_written = true;
	vm_record_desired(b.state, &b.want.object);
	b.state->busy = true;
	b.want.power_written = false;
	vm_record_desired(b.state, &b.want.object);
	end_step(&b, &domain_start_action, true);
	ck_assert_int_eq(b.vm->cause, STOP_START_FAILED);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	end_step(&b, &domain_start_action, true);
	ck_assert_int_eq(b.vm->quick_stops, 1);
	object_state_free(b.state);
}
END_TEST

START_TEST(what_is_given_is_unsettled_while_it_is_written_otherwise)
{
	struct bench b;

	set_up(&b);
	b.state->busy = true;
	vm_record_desired(b.state, &b.want.object);
	ck_assert(!b.vm->unsettled);
	b.want.domain = (char[]){ "other" };
	vm_record_desired(b.state, &b.want.object);
	ck_assert(b.vm->unsettled);
	vm_record_desired(b.state, &b.want.object);
	ck_assert(b.vm->unsettled);
	vm_record_desired(b.state, NULL);
	ck_assert(b.vm->unsettled);
	b.state->busy = false;
	vm_record_desired(b.state, &b.want.object);
	ck_assert(!b.vm->unsettled);
	object_state_free(b.state);
}
END_TEST

/* Points in time of before the host's start are below zero. */
START_TEST(a_save_by_hand_is_told_from_one_by_a_restart_of_the_host)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	observe(&b, -1, 5, 5);
	ck_assert_int_eq(b.vm->cause, STOP_SAVED);
	ck_assert_int_eq(b.vm->saved_at.ms, b.now.ms);
	observe_running(&b);
	ck_assert_int_eq(b.vm->saved_at.ms, 0);
	b.vm->running_since.ms = -1000;
	observe(&b, -1, 5, 5);
	ck_assert_int_eq(b.vm->cause, STOP_SAVED);
	ck_assert_int_eq(b.vm->saved_at.ms, 0);
	object_state_free(b.state);
}
END_TEST

START_TEST(waits_are_spread_but_never_past_half_a_minute)
{
	struct bench b;

	set_up(&b);
	for (uint32_t random = 0; random < 2000; random += 333) {
		b.vm->quick_stops = 5;
		vm_record_ended(
		    b.state, &domain_start_action, NULL, true, &settings, b.now, random);
		ck_assert(wait_of(&b) >= 24 * SECOND && wait_of(&b) <= 30 * SECOND);
		b.vm->quick_stops = 0;
		vm_record_ended(
		    b.state, &domain_start_action, NULL, true, &settings, b.now, random);
		ck_assert(wait_of(&b) >= 10 * SECOND && wait_of(&b) <= 13 * SECOND);
	}
	object_state_free(b.state);
}
END_TEST

START_TEST(a_long_run_forgets_quick_stops)
{
	struct bench b;

	set_up(&b);
	for (int i = 0; i < 3; i++) {
		observe_running(&b);
		after(&b, SECOND);
		observe(&b, -1, 5, 3);
	}
	ck_assert_int_eq(b.vm->quick_stops, 3);
	observe_running(&b);
	after(&b, 5 * MINUTE - 1);
	observe_again(&b);
	ck_assert_int_eq(b.vm->quick_stops, 3);
	after(&b, 1);
	ck_assert(observe_again(&b));
	ck_assert_int_eq(b.vm->quick_stops, 0);

	/* Also when nothing was observed between that moment and the stop. */
	b.vm->quick_stops = 3;
	after(&b, SECOND);
	observe(&b, -1, 5, 3);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	ck_assert_int_eq(wait_of(&b), 0);
	object_state_free(b.state);
}
END_TEST

/* Stops that somebody has decided, or counted elsewhere, cost no attempt. */
static const struct {
	const char *what;
	int reason;
	unsigned counted;
} attempts[] = {
	{ "a crash counts", 3, 1 },
	{ "a guest's power-off counts", 1, 1 },
	{ "virsh destroy counts", 2, 1 },
	{ "a save does not", 5, 0 },
	{ "a failed start is counted where the step failed", 6, 0 },
};

START_TEST(attempts_are_counted)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	after(&b, SECOND);
	observe(&b, -1, 5, attempts[_i].reason);
	ck_assert_msg(b.vm->quick_stops == attempts[_i].counted, "%s: %lld",
	    attempts[_i].what, (long long)b.vm->quick_stops);
	object_state_free(b.state);
}
END_TEST

START_TEST(our_own_stops_are_no_attempts)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	b.want.state = VM_STOPPED;
	vm_record_desired(b.state, &b.want.object);
	end_step(&b, &domain_shutdown_action, false);
	after(&b, SECOND);
	observe(&b, -1, 5, 1);
	ck_assert_int_eq(b.vm->cause, STOP_OURS);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	/* libvirt's "shutdown" afterwards is still our own doing. */
	observe(&b, -1, 5, 1);
	ck_assert_int_eq(b.vm->cause, STOP_OURS);
	object_state_free(b.state);
}
END_TEST

START_TEST(failed_starts_back_off)
{
	static const int64_t waits[] = { 10, 24, 24, 24, 24, 24 };
	struct bench b;

	set_up(&b);
	observe(&b, -1, 5, 0);
	for (size_t i = 0; i < 6; i++) {
		end_step(&b, &domain_start_action, true);
		ck_assert_msg(wait_of(&b) == waits[i] * SECOND, "failure %zu: %lld",
		    i + 1, (long long)wait_of(&b));
		ck_assert_int_eq(b.state->retry_at.ms, b.vm->start_at.ms);
		observe(&b, -1, 5, 6);
		ck_assert_int_eq(b.vm->cause, STOP_START_FAILED);
		after(&b, waits[i] * SECOND);
	}
	object_state_free(b.state);
}
END_TEST

/* Gone before it was ever observed running: it must not be started again and again at once.
 */
START_TEST(a_start_that_does_not_last_is_a_quick_stop)
{
	static const int64_t waits[] = { 0, 10, 24, 24, 24, 24 };
	struct bench b;

	set_up(&b);
	observe(&b, -1, 5, 1);
	for (size_t i = 0; i < 6; i++) {
		end_step(&b, &domain_start_action, false);
		observe(&b, -1, 5, 3);
		ck_assert_int_eq(b.vm->quick_stops, (int64_t)i + 1);
		ck_assert_int_eq(b.vm->cause, STOP_CRASH);
		ck_assert_msg(wait_of(&b) == waits[i] * SECOND, "stop %zu: %lld", i + 1,
		    (long long)wait_of(&b));
		after(&b, waits[i] * SECOND);
	}
	object_state_free(b.state);
}
END_TEST

START_TEST(a_start_that_works_ends_the_failure)
{
	struct bench b;

	set_up(&b);
	observe(&b, -1, 5, 0);
	b.state->failures = 1;
	b.state->error = strdup("no such volume");
	end_step(&b, &domain_start_action, true);
	after(&b, 10 * SECOND);
	observe_running(&b);
	ck_assert_int_eq(b.state->failures, 0);
	ck_assert_ptr_null(b.state->error);
	ck_assert_int_eq(b.vm->cause, STOP_NONE);
	ck_assert(b.vm->has_run);
	ck_assert_int_eq(b.vm->start_at.ms, 0);
	object_state_free(b.state);
}
END_TEST

START_TEST(failures_of_other_steps_stay)
{
	struct bench b;

	set_up(&b);
	observe(&b, -1, 5, 0);
	b.state->failures = 2;
	end_step(&b, &domain_autostart_action, true);
	observe_running(&b);
	ck_assert_int_eq(b.state->failures, 2);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	object_state_free(b.state);
}
END_TEST

START_TEST(unknown_is_not_absent)
{
	struct observed observed = { .presence = UNKNOWN, .why = "libvirtd is gone" };
	struct bench b;

	set_up(&b);
	observe_running(&b);
	ck_assert(
	    !vm_record_observed(b.state, &observed, &b.want.object, &settings, b.now, 0));
	ck_assert_int_eq(b.vm->domain_id, 1);
	ck_assert(b.vm->has_run);
	object_state_free(b.state);
}
END_TEST

START_TEST(an_undefined_domain_is_forgotten_but_not_what_is_wanted)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	observe(&b, -1, 5, 3);
	ck_assert(vm_record_observed(b.state, NULL, &b.want.object, &settings, b.now, 0));
	ck_assert(!b.vm->observed && !b.vm->has_run);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	ck_assert_int_eq(b.vm->desired, VM_RUNNING);
	ck_assert_int_eq(b.vm->domain_id, -1);
	object_state_free(b.state);
}
END_TEST

START_TEST(one_start_is_granted)
{
	struct bench b;

	set_up(&b);
	ck_assert(!b.vm->start_requested);
	end_step(&b, &domain_define_action, false);
	ck_assert(b.vm->start_requested);
	observe(&b, -1, 5, 0);
	ck_assert(b.vm->start_requested);
	observe_running(&b);
	ck_assert(!b.vm->start_requested);

	b.want.state = VM_STOPPED;
	vm_record_desired(b.state, &b.want.object);
	ck_assert(!b.vm->start_requested && !b.vm->has_run);
	b.want.state = VM_RUNNING;
	vm_record_desired(b.state, &b.want.object);
	ck_assert_msg(!b.vm->start_requested, "the key was only left out");
	b.want.state = VM_STOPPED;
	vm_record_desired(b.state, &b.want.object);
	b.want.state = VM_RUNNING;
	b.want.power_written = true;
	vm_record_desired(b.state, &b.want.object);
	ck_assert(b.vm->start_requested);
	object_state_free(b.state);
}
END_TEST

START_TEST(a_new_wish_begins_anew)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	b.vm->quick_stops = 6;
	vm_record_desired(b.state, &b.want.object);
	ck_assert_msg(b.vm->quick_stops == 6, "the same wish is no new one");
	b.want.state = VM_STOPPED;
	approval_add(&b.state->approval, &(uint64_t){ 7 }, 1, (struct mono){ 1 },
	    APPROVAL_EXPIRES_MS, 0);
	vm_record_desired(b.state, &b.want.object);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	ck_assert_msg(!b.state->approval.parts.count, "nobody was asked about this");
	vm_record_desired(b.state, NULL);
	ck_assert_int_eq(b.vm->desired, -1);
	b.want.state = VM_RUNNING;
	vm_record_desired(b.state, &b.want.object);
	ck_assert_msg(b.vm->has_run, "it runs now, and now it should");
	ck_assert_msg(!b.vm->start_requested, "a VM that is written again is adopted");
	object_state_free(b.state);
}
END_TEST

START_TEST(a_deadline_begins_with_the_first_request)
{
	struct bench b;
	struct mono first;

	set_up(&b);
	observe_running(&b);
	b.want.state = VM_STOPPED;
	vm_record_desired(b.state, &b.want.object);
	first = b.now;
	end_step(&b, &domain_shutdown_action, false);
	after(&b, 20 * SECOND);
	end_step(&b, &domain_shutdown_action, false);
	ck_assert_int_eq(b.vm->stop_first.ms, first.ms);
	ck_assert_int_eq(b.vm->stop_sent.ms, b.now.ms);
	observe_again(&b);
	ck_assert_int_eq(b.vm->stop_first.ms, first.ms);

	/* Desired again, and days later not: the old request is no excuse to cut power. */
	b.want.state = VM_RUNNING;
	vm_record_desired(b.state, &b.want.object);
	after(&b, 2000 * MINUTE);
	b.want.state = VM_STOPPED;
	vm_record_desired(b.state, &b.want.object);
	ck_assert_int_eq(b.vm->stop_first.ms, 0);
	object_state_free(b.state);
}
END_TEST

START_TEST(a_new_run_ends_the_request)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	end_step(&b, &domain_shutdown_action, false);
	observe_running(&b);
	ck_assert_int_eq(b.vm->stop_first.ms, 0);
	ck_assert_int_eq(b.vm->running_since.ms, b.now.ms);
	object_state_free(b.state);
}
END_TEST

/* What is to be stopped is not started by a request that was made of it then. */
START_TEST(no_start_is_requested_of_what_is_to_be_stopped)
{
	struct bench b;

	set_up(&b);
	b.want.state = VM_STOPPED;
	vm_record_desired(b.state, &b.want.object);
	vm_record_requested(b.state);
	ck_assert(!b.vm->start_requested);
	end_step(&b, &domain_define_action, false);
	ck_assert(!b.vm->start_requested);
	b.want.state = VM_RUNNING; /* no longer written as stopped: it is adopted */
	vm_record_desired(b.state, &b.want.object);
	ck_assert(!b.vm->start_requested);
	vm_record_requested(b.state);
	ck_assert(b.vm->start_requested);
	b.vm->start_requested = false;
	end_step(&b, &domain_define_action, false);
	ck_assert(b.vm->start_requested);
	object_state_free(b.state);
}
END_TEST

/* It is another machine: what the one before did is no reason to start it. */
START_TEST(another_domain_begins_anew)
{
	struct bench b;

	set_up(&b);
	b.want.domain = "w";
	vm_record_desired(b.state, &b.want.object);
	b.vm->quick_stops = 2;
	b.vm->start_requested = true;
	b.vm->start_at = mono_add(b.now, MINUTE);
	vm_record_desired(b.state, &b.want.object);
	ck_assert(b.vm->quick_stops == 2 && b.vm->start_requested);
	b.want.domain = "copy";
	vm_record_desired(b.state, &b.want.object);
	ck_assert(b.vm->quick_stops == 0 && !b.vm->start_requested);
	ck_assert_int_eq(b.vm->start_at.ms, 0);
	object_state_free(b.state);
}
END_TEST

START_TEST(resumes_are_paced)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	end_step(&b, &domain_resume_action, false);
	ck_assert_int_eq(wait_of(&b), 30 * SECOND);
	observe_again(&b);
	ck_assert_msg(wait_of(&b) == 30 * SECOND, "an observation does not end the wait");
	end_step(&b, &domain_wakeup_action, true);
	ck_assert_int_eq(b.vm->quick_stops, 0);
	object_state_free(b.state);
}
END_TEST

static void observe_disk_error(struct bench *b)
{
	observe(b, (int)b->vm->domain_id, 3, 5);
}

START_TEST(resumptions_in_vain_are_counted)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	observe_disk_error(&b);
	ck_assert_int_eq(b.vm->resumed_in_vain, 0);
	end_step(&b, &domain_resume_action, false);
	observe_disk_error(&b);
	ck_assert_int_eq(b.vm->resumed_in_vain, 1);
	end_step(&b, &domain_resume_action, false);
	observe_again(&b);
	after(&b, settings.vm.minimum_uptime - 1);
	observe_disk_error(&b);
	ck_assert_msg(b.vm->resumed_in_vain == 2, "it has not run for long");
	end_step(&b, &domain_resume_action, false);
	observe_again(&b);
	after(&b, settings.vm.minimum_uptime);
	observe_disk_error(&b);
	ck_assert_msg(b.vm->resumed_in_vain == 0, "that is another one");
	end_step(&b, &domain_resume_action, true);
	ck_assert_msg(b.vm->resumed_in_vain == 0, "it was not resumed");
	object_state_free(b.state);
}
END_TEST

static void send_step(struct bench *b, const struct action *action)
{
	vm_record_sent(b->state, action, b->now);
	end_step(b, action, false);
}

/* What we take down though it is to run is started again; what is to be stopped is not. */
START_TEST(what_was_taken_down_is_known)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	send_step(&b, &domain_shutdown_action);
	ck_assert_int_eq(b.vm->taken_down.ms, b.now.ms);
	observe(&b, -1, 5, 1);
	ck_assert(b.vm->cause == STOP_OURS && b.vm->taken_down.ms == b.now.ms);
	observe_running(&b);
	ck_assert_msg(b.vm->taken_down.ms == 0, "it was started again");
	send_step(&b, &domain_shutdown_action);
	b.want.state = VM_STOPPED;
	vm_record_desired(b.state, &b.want.object);
	ck_assert_msg(b.vm->taken_down.ms == 0, "it is to be stopped");
	send_step(&b, &domain_shutdown_action);
	ck_assert_int_eq(b.vm->taken_down.ms, 0);
	object_state_free(b.state);
}
END_TEST

/* It goes down much later, by somebody else's doing. */
START_TEST(who_does_not_go_down_was_not_taken_down)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	send_step(&b, &domain_shutdown_action);
	after(&b, settings.vm.stop_timeout - 1);
	observe_again(&b);
	ck_assert_msg(b.vm->taken_down.ms, "it may heed the request yet");
	after(&b, 1);
	observe_again(&b);
	ck_assert_int_eq(b.vm->taken_down.ms, 0);
	object_state_free(b.state);
}
END_TEST

START_TEST(starts_are_known)
{
	struct bench b;

	set_up(&b);
	ck_assert_int_eq(b.vm->up_at.ms, 0);
	send_step(&b, &domain_start_action);
	ck_assert_msg(b.vm->boot_turn.ms == 0, "no turn: the host has not been booted");
	observe_running(&b);
	ck_assert_int_eq(b.vm->up_at.ms, b.now.ms);
	after(&b, MINUTE);
	observe_again(&b);
	observe(&b, -1, 5, 3);
	ck_assert_msg(b.vm->up_at.ms == b.now.ms - MINUTE, "when it was started");
	object_state_free(b.state);
}
END_TEST

static const struct {
	const char *what;
	int64_t up_at;
	bool requested;
	const char *phase;
	bool turn;
} boot_starts[] = {
	{ "it ran before the host was booted", .up_at = -1000, .turn = true },
	{ "it has run since", .up_at = 1000 },
	{ "it never ran", .up_at = 0 },
	{ "a user requested it", .up_at = -1000, .requested = true },
	{ "a restart brings it back", .up_at = -1000, .phase = "start id=3" },
};

/* Of all starts after the host's boot only those that take turns count for the next one. */
START_TEST(a_turn_of_boot_is_known)
{
	struct bench b;

	set_up(&b);
	b.vm->up_at.ms = boot_starts[_i].up_at;
	b.vm->start_requested = boot_starts[_i].requested;
	if (boot_starts[_i].phase)
		record_set_text(&b.state->procedure.phase, boot_starts[_i].phase);
	ck_assert_msg(vm_record_awaits_turn(b.state) == boot_starts[_i].turn, "%s",
	    boot_starts[_i].what);
	send_step(&b, &domain_start_action);
	ck_assert_msg(b.vm->boot_turn.ms == (boot_starts[_i].turn ? b.now.ms : 0), "%s",
	    boot_starts[_i].what);
	object_state_free(b.state);
}
END_TEST

/* A guest that did not heed a request while it is to run counts as up again, and a later
 * request has all its time. */
START_TEST(a_request_that_was_not_heeded_is_forgotten)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	send_step(&b, &domain_shutdown_action);
	after(&b, settings.vm.stop_timeout - 1);
	observe_again(&b);
	ck_assert(b.vm->stop_first.ms && b.vm->stop_sent.ms && b.vm->stop_requested.ms);
	after(&b, 1);
	observe_again(&b);
	ck_assert(
	    !b.vm->stop_first.ms && !b.vm->stop_sent.ms && !b.vm->stop_requested.ms);
	object_state_free(b.state);
}
END_TEST

static void want_domain(struct bench *b, char *domain)
{
	b->want.domain = domain;
	vm_record_desired(b->state, &b->want.object);
}

/* Until it ends: another one that begins has another id. */
START_TEST(a_restart_stays_with_the_domain_it_began_with)
{
	struct bench b;

	set_up(&b);
	want_domain(&b, (char[]){ "a" });
	want_domain(&b, (char[]){ "b" });
	ck_assert_ptr_null(b.vm->left);
	record_set_text(&b.state->procedure.phase, "start id=7 node=n");
	want_domain(&b, (char[]){ "c" });
	ck_assert_str_eq(b.vm->left, "b");
	ck_assert_int_eq(b.vm->left_id, 7);
	want_domain(&b, (char[]){ "d" });
	ck_assert_str_eq(b.vm->left, "b");
	record_set_text(&b.state->procedure.phase, "start id=9");
	want_domain(&b, (char[]){ "e" });
	ck_assert_str_eq(b.vm->left, "d");
	ck_assert_int_eq(b.vm->left_id, 9);
	object_state_free(b.state);
}
END_TEST

static void fail_attach(struct bench *b, bool disk, const char *error)
{
	const struct domain_device device = { .live = true, .disk = disk };

	record_set_text(&b->state->error, error);
	b->state->failures = 1;
	vm_record_ended(
	    b->state, &domain_attach_action, &device, true, &settings, b->now, 0);
}

START_TEST(attach_failed_as_told)
{
	struct bench b;

	set_up(&b);
	observe_running(&b);
	fail_attach(&b, true, "Failed to get \"write\" lock");
	ck_assert_msg(!b.vm->live_failures && !b.vm->no_slot_id,
	    "a disk that cannot be attached is never stored instead");
	fail_attach(&b, false, "network is not active");
	ck_assert_int_eq(b.vm->live_failures, 1);
	ck_assert_int_eq(b.state->failures, 1);
	fail_attach(&b, true, "internal error: No more available PCI slots (code 1)");
	ck_assert_int_eq(b.vm->no_slot_id, b.vm->domain_id);
	ck_assert_msg(!b.state->failures, "what is done instead does not wait");
	vm_record_converged(b.state, NULL);
	ck_assert_int_eq(b.vm->no_slot_id, 0);
	object_state_free(b.state);
}
END_TEST

START_TEST(counted_before)
{
	const struct domain_resize vcpus = { .vcpus = 2 };
	const struct domain_resize memory = { .memory = 4096, .counted = 1000 };
	struct bench b;

	set_up(&b);
	observe_running(&b);
	vm_record_ended(
	    b.state, &domain_resize_action, &vcpus, false, &settings, b.now, 0);
	ck_assert_int_eq(b.vm->counted_id, 0);
	vm_record_ended(
	    b.state, &domain_resize_action, &memory, true, &settings, b.now, 0);
	ck_assert_int_eq(b.vm->counted_id, 0);
	vm_record_ended(
	    b.state, &domain_resize_action, &memory, false, &settings, b.now, 0);
	ck_assert_int_eq(b.vm->counted_id, b.vm->domain_id);
	ck_assert_int_eq(b.vm->counted_memory, 1000);
	vm_record_converged(b.state, NULL);
	ck_assert_msg(b.vm->counted_id, "it is kept while its Node counts as before");
	object_state_free(b.state);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_record");
	TCase *tests = tcase_create("vm_record");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, causes_are_told_apart, 0, ROWS(causes));
	tcase_add_test(tests, a_lost_reason_does_not_overwrite_a_known_one);
	tcase_add_test(tests, a_domain_first_seen_stopped_has_libvirts_reason);
	tcase_add_test(tests, quick_stops_back_off);
	tcase_add_test(tests, quick_stops_of_an_adopted_vm_are_its_own_business);
	tcase_add_test(tests, a_save_by_hand_is_told_from_one_by_a_restart_of_the_host);
	tcase_add_test(tests, a_key_that_is_left_out_ends_what_it_began);
	tcase_add_test(tests, a_start_under_way_that_is_left_out_is_not_tried_again);
	tcase_add_test(tests, what_is_given_is_unsettled_while_it_is_written_otherwise);
	tcase_add_test(tests, a_request_to_stop_is_known_until_it_has_no_effect);
	tcase_add_test(tests, waits_are_spread_but_never_past_half_a_minute);
	tcase_add_test(tests, a_long_run_forgets_quick_stops);
	tcase_add_loop_test(tests, attempts_are_counted, 0, ROWS(attempts));
	tcase_add_test(tests, our_own_stops_are_no_attempts);
	tcase_add_test(tests, failed_starts_back_off);
	tcase_add_test(tests, a_start_that_does_not_last_is_a_quick_stop);
	tcase_add_test(tests, a_start_that_works_ends_the_failure);
	tcase_add_test(tests, failures_of_other_steps_stay);
	tcase_add_test(tests, unknown_is_not_absent);
	tcase_add_test(tests, an_undefined_domain_is_forgotten_but_not_what_is_wanted);
	tcase_add_test(tests, one_start_is_granted);
	tcase_add_test(tests, a_new_wish_begins_anew);
	tcase_add_test(tests, a_deadline_begins_with_the_first_request);
	tcase_add_test(tests, a_new_run_ends_the_request);
	tcase_add_test(tests, no_start_is_requested_of_what_is_to_be_stopped);
	tcase_add_test(tests, another_domain_begins_anew);
	tcase_add_test(tests, resumes_are_paced);
	tcase_add_test(tests, resumptions_in_vain_are_counted);
	tcase_add_test(tests, what_was_taken_down_is_known);
	tcase_add_test(tests, who_does_not_go_down_was_not_taken_down);
	tcase_add_test(tests, starts_are_known);
	tcase_add_loop_test(tests, a_turn_of_boot_is_known, 0, ROWS(boot_starts));
	tcase_add_test(tests, a_request_that_was_not_heeded_is_forgotten);
	tcase_add_test(tests, a_restart_stays_with_the_domain_it_began_with);
	tcase_add_test(tests, attach_failed_as_told);
	tcase_add_test(tests, counted_before);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
