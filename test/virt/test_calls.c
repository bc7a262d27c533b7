/* SPDX-License-Identifier: MIT */
/* The call threads alone, with calls that wait for a gate instead of libvirt. */
#include <check.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/virt/calls.h"
#include "lib/base/arena.h"

struct task {
	struct virt_call call;
	char name;
	sem_t *gate; /* NULL: does not wait */
};

static struct {
	struct ev_loop *loop;
	struct calls *calls;
	char ran[64];  /* in the order they began; read when the threads are idle */
	char done[64]; /* by the loop */
	atomic_uint run_count, dropped;
	atomic_uint by_second; /* calls that the second thread has run */
	const char *overdue;
	unsigned slow, ended, answered;
	sem_t gate, entered;
	ev_timer tick;
} t;

static void run(struct virt_call *call)
{
	struct task *task = (struct task *)call;

	t.ran[t.run_count++] = task->name;
	t.by_second += call->thread;
	if (task->gate) {
		sem_post(&t.entered);
		sem_wait(task->gate);
	}
	call->answered = true;
}

static void done(struct virt_call *call)
{
	t.done[strlen(t.done)] = ((struct task *)call)->name;
	free(call);
}

static void drop(struct virt_call *call)
{
	t.dropped++;
	free(call);
}

static void on_slow(void *arg, const struct virt_call *call, int64_t ms)
{
	(void)arg;
	(void)call;
	ck_assert_int_ge(ms, 1000);
	t.slow++;
}

static void on_overdue(void *arg, const struct virt_call *call, int64_t ms)
{
	(void)arg;
	ck_assert_int_ge(ms, call->patience);
	t.overdue = call->what;
}

static void on_ended(
    void *arg, const struct virt_call *call, const void *peer, int64_t at)
{
	(void)arg;
	(void)call;
	ck_assert_ptr_eq(peer, &t);
	t.ended++;
	t.answered += at > 0;
}

static const struct calls_callbacks callbacks = { on_slow, on_overdue, on_ended };

static void on_tick(struct ev_loop *loop, ev_timer *tick, int events)
{
	(void)loop;
	(void)tick;
	(void)events;
}

static void set_up(unsigned threads)
{
	memset(&t, 0, sizeof(t));
	sem_init(&t.gate, 0, 0);
	sem_init(&t.entered, 0, 0);
	t.loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&t.tick, on_tick, 0.01, 0.01);
	ev_timer_start(t.loop, &t.tick);
	t.calls = calls_new(t.loop, threads, "test-call", &callbacks, NULL);
}

static void set_up_one(void)
{
	set_up(1);
}

static void set_up_two(void)
{
	set_up(2);
}

static void tear_down(void)
{
	ev_timer_stop(t.loop, &t.tick);
	ev_loop_destroy(t.loop);
}

static struct task *task_new(char name, const char *document, sem_t *gate)
{
	struct task *task = must_alloc(sizeof(*task));

	task->name = name;
	task->gate = gate;
	task->call = (struct virt_call){ .run = run,
		.done = done,
		.drop = drop,
		.what = "wait at the gate",
		.patience = 500,
		.kind = &t,
		.name = document,
		.peer = &t };
	return task;
}

static struct virt_call *post_on(
    char name, const char *document, sem_t *gate, enum priority priority)
{
	struct task *task = task_new(name, document, gate);

	calls_post(t.calls, &task->call, priority);
	return &task->call;
}

static struct virt_call *post(char name, sem_t *gate, enum priority priority)
{
	return post_on(name, NULL, gate, priority);
}

/* Keeps a thread busy until the gate is opened. */
static void occupy(void)
{
	post('-', &t.gate, PRIORITY_URGENT);
	sem_wait(&t.entered);
}

static void run_until_done(size_t count)
{
	while (strlen(t.done) < count)
		ev_run(t.loop, EVRUN_ONCE);
}

static void end(void)
{
	ck_assert(calls_free(t.calls, &task_new('.', NULL, NULL)->call, 5000));
}

START_TEST(urgent_overtakes_bulk)
{
	occupy();
	post('a', NULL, PRIORITY_BULK);
	post('b', NULL, PRIORITY_BULK);
	post('C', NULL, PRIORITY_URGENT);
	post('D', NULL, PRIORITY_URGENT);
	sem_post(&t.gate);
	run_until_done(5);
	ck_assert_str_eq(t.done, "-CDab");
	ck_assert_str_eq(t.ran, "-CDab");
	end();
}
END_TEST

START_TEST(a_waiting_call_can_be_hurried)
{
	struct virt_call *a, *b;

	occupy();
	a = post('a', NULL, PRIORITY_BULK);
	b = post('b', NULL, PRIORITY_BULK);
	ck_assert(calls_hurry(t.calls, b, PRIORITY_URGENT));
	ck_assert(calls_hurry(t.calls, b, PRIORITY_BULK)); /* not sent back */
	ck_assert(calls_hurry(t.calls, a, PRIORITY_BULK));
	sem_post(&t.gate);
	run_until_done(3);
	ck_assert_str_eq(t.done, "-ba");
	end();
}
END_TEST

START_TEST(a_running_call_is_not_waiting)
{
	struct virt_call *call = post('a', &t.gate, PRIORITY_BULK);

	sem_wait(&t.entered);
	ck_assert(!calls_hurry(t.calls, call, PRIORITY_URGENT));
	sem_post(&t.gate);
	run_until_done(1);
	end();
}
END_TEST

START_TEST(a_long_call_is_overdue_once_and_slow_every_second)
{
	occupy();
	while (!t.overdue)
		ev_run(t.loop, EVRUN_ONCE);
	ck_assert_str_eq(t.overdue, "wait at the gate");
	t.overdue = NULL;
	t.slow = 0;
	while (t.slow < 2)
		ev_run(t.loop, EVRUN_ONCE);
	ck_assert_ptr_null(t.overdue);
	ck_assert_uint_eq(t.ended, 0);
	sem_post(&t.gate);
	run_until_done(1);
	ck_assert_uint_eq(t.ended, 1);
	ck_assert_uint_eq(t.answered, 1);
	end();
}
END_TEST

/* Two documents at once, one never. */
START_TEST(calls_on_different_documents_run_at_once)
{
	post_on('a', "a", &t.gate, PRIORITY_BULK);
	post_on('b', "b", &t.gate, PRIORITY_BULK);
	sem_wait(&t.entered);
	sem_wait(&t.entered); /* both are at the gate */
	sem_post(&t.gate);
	sem_post(&t.gate);
	run_until_done(2);
	end();
}
END_TEST

START_TEST(calls_on_one_document_run_one_after_the_other)
{
	post_on('1', "a", &t.gate, PRIORITY_URGENT);
	sem_wait(&t.entered);
	post_on('2', "a", NULL, PRIORITY_URGENT);
	post_on('3', "a", NULL, PRIORITY_BULK);
	post_on('x', "b", NULL, PRIORITY_BULK); /* overtakes both */
	run_until_done(1);
	ck_assert_str_eq(t.done, "x");
	ck_assert_str_eq(t.ran, "1x");
	sem_post(&t.gate);
	run_until_done(4);
	ck_assert_str_eq(t.ran, "1x23");
	end();
}
END_TEST

/* The name alone is not the document. */
START_TEST(documents_of_different_kinds_may_have_one_name)
{
	struct task *task = task_new('b', "a", &t.gate);

	post_on('a', "a", &t.gate, PRIORITY_URGENT);
	task->call.kind = &task;
	calls_post(t.calls, &task->call, PRIORITY_URGENT);
	sem_wait(&t.entered);
	sem_wait(&t.entered);
	sem_post(&t.gate);
	sem_post(&t.gate);
	run_until_done(2);
	end();
}
END_TEST

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) +
	       (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

START_TEST(a_patient_call_may_take_its_time)
{
	struct task *task = task_new('p', NULL, &t.gate);
	struct timespec began;

	task->call.patience = 1500;
	calls_post(t.calls, &task->call, PRIORITY_URGENT);
	sem_wait(&t.entered);
	clock_gettime(CLOCK_MONOTONIC, &began);
	while (!t.overdue)
		ev_run(t.loop, EVRUN_ONCE);
	ck_assert(seconds_since(&began) > 1.4);
	sem_post(&t.gate);
	run_until_done(1);
	end();
}
END_TEST

START_TEST(a_quick_call_is_never_overdue)
{
	for (int i = 0; i < 120; i++) { /* longer in all than the patience */
		post('x', NULL, PRIORITY_BULK);
		memset(t.done, 0, sizeof(t.done));
		t.run_count = 0;
		run_until_done(1);
		ev_run(t.loop, EVRUN_ONCE);
	}
	ck_assert_ptr_null(t.overdue);
	ck_assert_uint_eq(t.slow, 0);
	end();
}
END_TEST

/* What the other threads have open is not needed then. A thread may still be on its way
 * back when the next call comes. */
START_TEST(the_first_thread_takes_what_comes_alone)
{
	for (int i = 0; i < 50; i++) {
		post('x', NULL, PRIORITY_URGENT);
		memset(t.done, 0, sizeof(t.done));
		t.run_count = 0;
		run_until_done(1);
		ev_run(t.loop, EVRUN_ONCE);
	}
	ck_assert_uint_lt(t.by_second, 10);
	end();
}
END_TEST

START_TEST(the_end_drops_what_waits_and_runs_the_last)
{
	occupy();
	post('a', NULL, PRIORITY_BULK);
	post('b', NULL, PRIORITY_URGENT);
	sem_post(&t.gate); /* whether '-' ends before or after the wish to end */
	end();
	ck_assert_uint_eq(t.dropped + strlen(t.done), 4);
	ck_assert_ptr_nonnull(strchr(t.ran, '.'));
	ck_assert_int_eq(t.ran[t.run_count - 1], '.');
}
END_TEST

START_TEST(a_stuck_thread_is_left_behind_and_ends_by_itself)
{
	const struct timespec moment = { 0, 1000000 };

	post_on('-', "a", &t.gate, PRIORITY_URGENT);
	sem_wait(&t.entered);
	post_on('a', "a", NULL, PRIORITY_BULK);
	ck_assert(!calls_free(t.calls, &task_new('.', NULL, NULL)->call, 100));
	ck_assert_uint_eq(t.dropped, 1); /* 'a' */
	sem_post(&t.gate);
	while (t.dropped < 3) /* '-' and the last */
		nanosleep(&moment, NULL);
	ck_assert_str_eq(t.ran, "-.");
}
END_TEST

/* Once a second while a call is out, never while none is: measured in turns of a loop that
 * has nothing else. */
START_TEST(an_idle_thread_costs_no_wakeup)
{
	unsigned before;
	ev_timer stop;

	post('a', NULL, PRIORITY_BULK);
	run_until_done(1);
	ev_timer_stop(t.loop, &t.tick);
	before = ev_iteration(t.loop);
	ev_timer_init(&stop, on_tick, 2.5, 0.0);
	ev_timer_start(t.loop, &stop);
	while (ev_is_active(&stop))
		ev_run(t.loop, EVRUN_ONCE);
	ck_assert_uint_le(ev_iteration(t.loop) - before, 2);
	end();
}
END_TEST

static void add_common(TCase *tests)
{
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_running_call_is_not_waiting);
	tcase_add_test(tests, a_long_call_is_overdue_once_and_slow_every_second);
	tcase_add_test(tests, a_patient_call_may_take_its_time);
	tcase_add_test(tests, a_quick_call_is_never_overdue);
	tcase_add_test(tests, a_stuck_thread_is_left_behind_and_ends_by_itself);
	tcase_add_test(tests, an_idle_thread_costs_no_wakeup);
}

int main(void)
{
	Suite *suite = suite_create("calls");
	TCase *one = tcase_create("one thread"), *two = tcase_create("two threads");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(one, set_up_one, tear_down);
	tcase_add_test(one, urgent_overtakes_bulk);
	tcase_add_test(one, a_waiting_call_can_be_hurried);
	tcase_add_test(one, the_end_drops_what_waits_and_runs_the_last);
	add_common(one);
	tcase_add_checked_fixture(two, set_up_two, tear_down);
	tcase_add_test(two, calls_on_different_documents_run_at_once);
	tcase_add_test(two, the_first_thread_takes_what_comes_alone);
	tcase_add_test(two, calls_on_one_document_run_one_after_the_other);
	tcase_add_test(two, documents_of_different_kinds_may_have_one_name);
	add_common(two);
	suite_add_tcase(suite, one);
	suite_add_tcase(suite, two);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
