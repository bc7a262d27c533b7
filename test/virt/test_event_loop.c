/* SPDX-License-Identifier: MIT */
/*
 * event_loop: by libvirt's own functions, as libvirt's client calls them: handles and
 * timers from this thread, callbacks on the loop's.
 */
#include <check.h>
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#undef fail /* check has a macro of that name */

#include "daemon/virt/event_loop.h"

#define PATIENCE_MS 5000
#define QUIET_MS 100 /* long enough for what must not happen */

static pthread_t thread;

static struct {
	atomic_int calls, freed;
	atomic_int last; /* events of a handle */
	atomic_bool on_loop;
	int watch, timer;
	int pipe[2];
} t;

static void *run(void *arg)
{
	(void)arg;
	event_loop_run();
}

static void begin(void)
{
	ck_assert_int_eq(event_loop_register(), 0);
	ck_assert_int_eq(pipe(t.pipe), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* Waits until the counter has reached the number. */
static bool reaches(atomic_int *counter, int number)
{
	for (int i = 0; i < PATIENCE_MS && *counter < number; i++)
		pause_ms(1);
	return *counter >= number;
}

/* CPU the loop's thread has taken, in ms. */
static int64_t cpu_ms(void)
{
	clockid_t clock;
	struct timespec used;

	ck_assert_int_eq(pthread_getcpuclockid(thread, &clock), 0);
	ck_assert_int_eq(clock_gettime(clock, &used), 0);
	return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void count(int events)
{
	t.last = events;
	t.on_loop = pthread_equal(pthread_self(), thread);
	t.calls++;
}

static void on_free(void *arg)
{
	(void)arg;
	t.on_loop = pthread_equal(pthread_self(), thread);
	t.freed++;
}

static void on_readable(int watch, int fd, int events, void *arg)
{
	char byte;

	(void)watch;
	(void)arg;
	if (events & VIR_EVENT_HANDLE_READABLE)
		ck_assert_int_eq(read(fd, &byte, 1), 1);
	count(events);
}

static void on_once(int watch, int fd, int events, void *arg)
{
	(void)fd;
	(void)arg;
	virEventRemoveHandle(watch);
	count(events);
}

static void on_timer(int timer, void *arg)
{
	(void)timer;
	(void)arg;
	count(0);
}

static void on_timer_once(int timer, void *arg)
{
	(void)arg;
	virEventUpdateTimeout(timer, -1);
	count(0);
}

static void put_byte(void)
{
	ck_assert_int_eq(write(t.pipe[1], "x", 1), 1);
}

static int add(virEventHandleCallback call, int events)
{
	return virEventAddHandle(t.pipe[0], events, call, NULL, on_free);
}

START_TEST(what_can_be_read_is_reported_on_the_loop)
{
	begin();
	ck_assert_int_gt(add(on_readable, VIR_EVENT_HANDLE_READABLE), 0);
	pause_ms(QUIET_MS);
	ck_assert_int_eq(t.calls, 0);
	put_byte();
	ck_assert(reaches(&t.calls, 1));
	ck_assert(t.on_loop);
	put_byte();
	ck_assert(reaches(&t.calls, 2));
}
END_TEST

/* As the client does before a call and after it. */
START_TEST(a_handle_that_wants_nothing_is_not_called)
{
	int64_t before;
	int watch;

	begin();
	watch = add(on_readable, VIR_EVENT_HANDLE_READABLE);
	virEventUpdateHandle(watch, 0);
	put_byte();
	pause_ms(QUIET_MS);
	ck_assert_int_eq(t.calls, 0);
	virEventUpdateHandle(watch, VIR_EVENT_HANDLE_READABLE);
	ck_assert(reaches(&t.calls, 1));
	virEventUpdateHandle(watch, 0);
	before = cpu_ms();
	close(t.pipe[1]); /* the kernel reports an end to whoever is on its list */
	pause_ms(QUIET_MS);
	ck_assert_int_lt(cpu_ms() - before, QUIET_MS / 4);
	ck_assert_int_eq(t.calls, 1);
}
END_TEST

START_TEST(an_end_is_reported_as_such)
{
	begin();
	add(on_once, VIR_EVENT_HANDLE_READABLE);
	close(t.pipe[1]);
	ck_assert(reaches(&t.calls, 1));
	ck_assert_int_eq(t.last, VIR_EVENT_HANDLE_HANGUP);
}
END_TEST

START_TEST(what_was_removed_is_freed_on_the_loop_and_not_called)
{
	int watch;

	begin();
	watch = add(on_readable, VIR_EVENT_HANDLE_READABLE);
	ck_assert_int_eq(virEventRemoveHandle(watch), 0);
	ck_assert_int_eq(virEventRemoveHandle(watch), -1);
	put_byte();
	ck_assert(reaches(&t.freed, 1));
	ck_assert(t.on_loop);
	ck_assert_int_eq(t.calls, 0);
}
END_TEST

START_TEST(a_callback_may_remove_its_own)
{
	begin();
	add(on_once, VIR_EVENT_HANDLE_READABLE);
	put_byte();
	ck_assert(reaches(&t.freed, 1));
	ck_assert_int_eq(t.calls, 1);
	put_byte();
	pause_ms(QUIET_MS);
	ck_assert_int_eq(t.calls, 1);
}
END_TEST

START_TEST(one_descriptor_may_have_two_handles)
{
	begin();
	ck_assert_int_gt(add(on_readable, VIR_EVENT_HANDLE_READABLE), 0);
	ck_assert_int_gt(add(on_readable, VIR_EVENT_HANDLE_READABLE), 0);
	put_byte();
	put_byte();
	ck_assert(reaches(&t.calls, 2));
}
END_TEST

START_TEST(a_descriptor_that_is_closed_is_refused)
{
	begin();
	close(t.pipe[0]);
	ck_assert_int_eq(add(on_readable, VIR_EVENT_HANDLE_READABLE), -1);
	ck_assert_int_eq(t.freed, 0); /* it was never ours */
}
END_TEST

START_TEST(a_timer_repeats_until_it_is_off)
{
	begin();
	t.timer = virEventAddTimeout(5, on_timer, NULL, on_free);
	ck_assert_int_gt(t.timer, 0);
	ck_assert(reaches(&t.calls, 3));
	ck_assert(t.on_loop);
	virEventUpdateTimeout(t.timer, -1);
	pause_ms(QUIET_MS);
	t.calls = 0;
	pause_ms(QUIET_MS);
	ck_assert_int_eq(t.calls, 0);
	ck_assert_int_eq(virEventRemoveTimeout(t.timer), 0);
	ck_assert_int_eq(virEventRemoveTimeout(t.timer), -1);
	ck_assert(reaches(&t.freed, 1));
}
END_TEST

/* Events of libvirt are delivered by such a timer; the loop may sleep for long then. */
START_TEST(a_timer_set_to_now_wakes_the_loop)
{
	begin();
	t.timer = virEventAddTimeout(-1, on_timer_once, NULL, on_free);
	for (int i = 1; i <= 100; i++) {
		virEventUpdateTimeout(t.timer, 0);
		ck_assert(reaches(&t.calls, i));
	}
	pause_ms(QUIET_MS);
	ck_assert_int_eq(t.calls, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("event_loop");
	TCase *tests = tcase_create("event_loop");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, what_can_be_read_is_reported_on_the_loop);
	tcase_add_test(tests, a_handle_that_wants_nothing_is_not_called);
	tcase_add_test(tests, an_end_is_reported_as_such);
	tcase_add_test(tests, what_was_removed_is_freed_on_the_loop_and_not_called);
	tcase_add_test(tests, a_callback_may_remove_its_own);
	tcase_add_test(tests, one_descriptor_may_have_two_handles);
	tcase_add_test(tests, a_descriptor_that_is_closed_is_refused);
	tcase_add_test(tests, a_timer_repeats_until_it_is_off);
	tcase_add_test(tests, a_timer_set_to_now_wakes_the_loop);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
