/* SPDX-License-Identifier: MIT */
/* dnsmasq: processes of networks that end, with children of the test in their place. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/host/dnsmasq.h"
#include "test/host/suites.h"

static struct ev_loop *loop;
static int ended;
static char last[32];

static void on_ended(void *arg, const char *network)
{
	(void)arg;
	ended++;
	strncpy(last, network, sizeof(last) - 1);
	ev_break(loop, EVBREAK_ALL);
}

static void on_timeout(struct ev_loop *l, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(l, EVBREAK_ALL);
}

/* Runs until one has ended, or for so long. */
static void wait_for_end(double seconds)
{
	ev_timer timeout;

	ev_now_update(loop);
	ev_timer_init(&timeout, on_timeout, seconds, 0.0);
	ev_timer_start(loop, &timeout);
	ev_run(loop, 0);
	ev_timer_stop(loop, &timeout);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(an_end_is_reported_once_for_its_network)
{
	pid_t first = sleeper(), second = sleeper();
	struct dnsmasq_watch *watch;

	loop = ev_loop_new(EVFLAG_AUTO);
	watch = dnsmasq_watch_new(loop, on_ended, NULL);
	dnsmasq_watch_set(watch, "lab", first);
	dnsmasq_watch_set(watch, "lan", second);
	end(second);
	wait_for_end(5);
	ck_assert_int_eq(ended, 1);
	ck_assert_str_eq(last, "lan");
	wait_for_end(0.2);
	ck_assert_int_eq(ended, 1);
	end(first);
	wait_for_end(5);
	ck_assert_int_eq(ended, 2);
	ck_assert_str_eq(last, "lab");
	dnsmasq_watch_free(watch);
	ev_loop_destroy(loop);
}
END_TEST

START_TEST(only_the_process_of_now_counts)
{
	pid_t before = sleeper(), now = sleeper();
	struct dnsmasq_watch *watch;

	loop = ev_loop_new(EVFLAG_AUTO);
	watch = dnsmasq_watch_new(loop, on_ended, NULL);
	dnsmasq_watch_set(watch, "lab", before);
	dnsmasq_watch_set(watch, "lab", now);
	end(before);
	wait_for_end(0.2);
	ck_assert_int_eq(ended, 0);
	dnsmasq_watch_set(watch, "lab", 0);
	end(now);
	wait_for_end(0.2);
	ck_assert_int_eq(ended, 0);
	dnsmasq_watch_set(watch, "lab", now); /* gone already: nothing to watch */
	wait_for_end(0.2);
	ck_assert_int_eq(ended, 0);
	dnsmasq_watch_free(watch);
	ev_loop_destroy(loop);
}
END_TEST

Suite *dnsmasq_suite(void)
{
	Suite *suite = suite_create("dnsmasq");
	TCase *tests = tcase_create("dnsmasq");

	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, an_end_is_reported_once_for_its_network);
	tcase_add_test(tests, only_the_process_of_now_counts);
	suite_add_tcase(suite, tests);
	return suite;
}
