/* SPDX-License-Identifier: MIT */
/* The call thread alone, with jobs that wait for a gate instead of libvirt. */
#include <check.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/virt/thread.h"
#include "lib/base/arena.h"

struct task {
	struct job job;
	char name;
	sem_t *gate; /* NULL: does not wait */
};

static struct {
	struct ev_loop *loop;
	struct call_thread *thread;
	char ran[64];  /* by the call thread, read when it is idle */
	char done[64]; /* by the loop */
	atomic_uint run_count, dropped;
	const char *overdue;
	unsigned answered;
	sem_t gate, entered;
	ev_timer tick;
} t;

static void run(struct job *job)
{
	struct task *task = (struct task *)job;

	if (task->gate) {
		sem_post(&t.entered);
		sem_wait(task->gate);
	}
	t.ran[t.run_count++] = task->name;
}

static void done(struct job *job)
{
	t.done[strlen(t.done)] = ((struct task *)job)->name;
	free(job);
}

static void drop(struct job *job)
{
	t.dropped++;
	free(job);
}

static void on_overdue(void *arg, const char *what)
{
	(void)arg;
	t.overdue = what;
}

static void on_answered(void *arg)
{
	(void)arg;
	t.answered++;
}

static const struct thread_callbacks callbacks = { on_overdue, on_answered };

static void on_tick(struct ev_loop *loop, ev_timer *tick, int events)
{
	(void)loop;
	(void)tick;
	(void)events;
}

static void set_up(void)
{
	memset(&t, 0, sizeof(t));
	sem_init(&t.gate, 0, 0);
	sem_init(&t.entered, 0, 0);
	t.loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&t.tick, on_tick, 0.01, 0.01);
	ev_timer_start(t.loop, &t.tick);
	t.thread = thread_new(t.loop, &callbacks, NULL);
}

static void tear_down(void)
{
	ev_timer_stop(t.loop, &t.tick);
	ev_loop_destroy(t.loop);
}

static struct task *task_new(char name, sem_t *gate)
{
	struct task *task = must_alloc(sizeof(*task));

	task->name = name;
	task->gate = gate;
	task->job = (struct job){ .run = run,
		.done = done,
		.drop = drop,
		.what = "wait at the gate",
		.patience = 500 };
	return task;
}

static struct job *post(char name, sem_t *gate, enum lane lane)
{
	struct task *task = task_new(name, gate);

	thread_post(t.thread, &task->job, lane);
	return &task->job;
}

/* Keeps the thread busy until the gate is opened. */
static void occupy(void)
{
	post('-', &t.gate, LANE_URGENT);
	sem_wait(&t.entered);
}

static void run_until_done(size_t count)
{
	while (strlen(t.done) < count)
		ev_run(t.loop, EVRUN_ONCE);
}

static void end(void)
{
	ck_assert(thread_free(t.thread, &task_new('.', NULL)->job, 5000));
}

START_TEST(urgent_overtakes_bulk)
{
	occupy();
	post('a', NULL, LANE_BULK);
	post('b', NULL, LANE_BULK);
	post('C', NULL, LANE_URGENT);
	post('D', NULL, LANE_URGENT);
	sem_post(&t.gate);
	run_until_done(5);
	ck_assert_str_eq(t.done, "-CDab");
	ck_assert_str_eq(t.ran, "-CDab");
	end();
}
END_TEST

START_TEST(a_waiting_job_can_be_hurried)
{
	struct job *a, *b;

	occupy();
	a = post('a', NULL, LANE_BULK);
	b = post('b', NULL, LANE_BULK);
	ck_assert(thread_requeue(t.thread, b, LANE_URGENT));
	ck_assert(thread_requeue(t.thread, b, LANE_BULK)); /* not sent back */
	ck_assert(thread_requeue(t.thread, a, LANE_BULK));
	sem_post(&t.gate);
	run_until_done(3);
	ck_assert_str_eq(t.done, "-ba");
	end();
}
END_TEST

START_TEST(a_running_job_is_not_waiting)
{
	struct job *job = post('a', &t.gate, LANE_BULK);

	sem_wait(&t.entered);
	ck_assert(!thread_requeue(t.thread, job, LANE_URGENT));
	sem_post(&t.gate);
	run_until_done(1);
	end();
}
END_TEST

START_TEST(an_overdue_call_is_told_once_and_its_answer_too)
{
	occupy();
	while (!t.overdue)
		ev_run(t.loop, EVRUN_ONCE);
	ck_assert_str_eq(t.overdue, "wait at the gate");
	ck_assert_uint_eq(t.answered, 0);
	t.overdue = NULL;
	for (int i = 0; i < 150; i++) /* one and a half seconds of ticks */
		ev_run(t.loop, EVRUN_ONCE);
	ck_assert_ptr_null(t.overdue);
	sem_post(&t.gate);
	run_until_done(1);
	ck_assert_uint_eq(t.answered, 1);
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
	struct task *task = task_new('p', &t.gate);
	struct timespec began;

	task->job.patience = 1500;
	thread_post(t.thread, &task->job, LANE_URGENT);
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
		post('x', NULL, LANE_BULK);
		memset(t.done, 0, sizeof(t.done));
		t.run_count = 0;
		run_until_done(1);
		ev_run(t.loop, EVRUN_ONCE);
	}
	ck_assert_ptr_null(t.overdue);
	ck_assert_uint_eq(t.answered, 0);
	end();
}
END_TEST

START_TEST(the_end_drops_what_waits_and_runs_the_last)
{
	occupy();
	post('a', NULL, LANE_BULK);
	post('b', NULL, LANE_URGENT);
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

	occupy();
	post('a', NULL, LANE_BULK);
	ck_assert(!thread_free(t.thread, &task_new('.', NULL)->job, 100));
	ck_assert_uint_eq(t.dropped, 1); /* 'a' */
	sem_post(&t.gate);
	while (t.dropped < 3) /* '-' and the last */
		nanosleep(&moment, NULL);
	ck_assert_str_eq(t.ran, "-.");
}
END_TEST

/* Once a second while a job is out, never while none is: measured in turns of a loop that
 * has nothing else. */
START_TEST(an_idle_thread_costs_no_wakeup)
{
	unsigned before;
	ev_timer stop;

	post('a', NULL, LANE_BULK);
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

int main(void)
{
	Suite *suite = suite_create("thread");
	TCase *tests = tcase_create("thread");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, urgent_overtakes_bulk);
	tcase_add_test(tests, a_waiting_job_can_be_hurried);
	tcase_add_test(tests, a_running_job_is_not_waiting);
	tcase_add_test(tests, an_overdue_call_is_told_once_and_its_answer_too);
	tcase_add_test(tests, a_patient_call_may_take_its_time);
	tcase_add_test(tests, a_quick_call_is_never_overdue);
	tcase_add_test(tests, the_end_drops_what_waits_and_runs_the_last);
	tcase_add_test(tests, a_stuck_thread_is_left_behind_and_ends_by_itself);
	tcase_add_test(tests, an_idle_thread_costs_no_wakeup);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
