/* SPDX-License-Identifier: MIT */
/*
 * virt against a real libvirtd that is stopped, killed and started again: what the user
 * is reported, that the loop goes round throughout, that it heals, and how long things take.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libvirt/libvirt.h>

#include "daemon/virt/link.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "test/virt/libvirtd.h"
#include "test/virt/world.h"

#include <check.h> /* last: it defines the word fail */

#define WAIT 30000  /* for what takes a moment, on a machine that does much else */
#define AGAIN 60000 /* a try may fail while libvirtd gets over its hang: P4 */
#define MANY 500
/* Sanitizers and a busy machine stretch everything; a blocked loop is longer than any of
 * that. */
#define PAUSE_MAX_US 1000000

static struct libvirtd *server;

static void set_up(void)
{
	server = libvirtd_new();
	libvirtd_start(server);
}

static void tear_down(void)
{
	libvirtd_free(server);
}

static struct world *connected(void)
{
	struct world *w = world_new(libvirtd_uri(server), NULL);

	ck_assert(world_wait_known(w, WAIT));
	return w;
}

static virDomainPtr test_domain(void)
{
	virDomainPtr domain = virDomainLookupByName(libvirtd_admin(server), "test");

	ck_assert_ptr_nonnull(domain);
	return domain;
}

static bool is_running(struct world *w)
{
	return world_find(w, &vm_kind, "test")->domain.id >= 0;
}

static bool is_stopped(struct world *w)
{
	return !is_running(w);
}

/* An administrator stops and starts the domain, and it is observed. */
static void check_events(struct world *w)
{
	virDomainPtr domain = test_domain();

	ck_assert_int_eq(virDomainDestroy(domain), 0);
	ck_assert(world_wait(w, is_stopped, WAIT));
	ck_assert_int_eq(virDomainCreate(domain), 0);
	ck_assert(world_wait(w, is_running, WAIT));
	virDomainFree(domain);
}

static const char *last_state(const struct world *w)
{
	const char *text = text_get(&w->states), *last = text;

	for (const char *c = text; *c; c++)
		if (*c == ' ' && c[1])
			last = c + 1;
	return last;
}

START_TEST(events_arrive)
{
	struct world *w = connected();

	check_events(w);
	ck_assert_str_eq(text_get(&w->states), "connected ");
	ck_assert_ptr_nonnull(strstr(text_get(&w->events), "stopped (destroyed)"));
	ck_assert(world_free(w));
}
END_TEST

/* What was wrong is over: it heals by itself. */
static void check_comes_back(struct world *w)
{
	int64_t began = world_now_us();

	ck_assert_msg(world_wait_status(w, VIRT_CONNECTED, AGAIN), "%s: %s",
	    text_get(&w->states), virt_state(w->virt)->detail);
	printf("connected again %.1f s after the hang\n",
	    (double)(world_now_us() - began) / 1e6);
	ck_assert_msg(world_wait_known(w, WAIT), "%s: %s", text_get(&w->states),
	    virt_state(w->virt)->detail);
	check_events(w);
}

/* Short hang: a state, then everything as before, without a new connection. */
START_TEST(a_hang_is_a_state)
{
	struct world *w = connected();

	libvirtd_pause(server);
	virt_read(w->virt, &vm_kind, "test");
	world_reset_times(w);
	ck_assert(world_wait_status(w, VIRT_UNRESPONSIVE, 6000));
	ck_assert_ptr_nonnull(
	    strstr(virt_state(w->virt)->detail, ": no answer to \"read domain test\""));
	ck_assert_int_lt(w->pause_us, PAUSE_MAX_US);
	libvirtd_resume(server);
	ck_assert(world_wait_status(w, VIRT_CONNECTED, WAIT));
	ck_assert_str_eq(text_get(&w->states), "connected unresponsive connected ");
	ck_assert_uint_eq(w->domains.lost, 0);
	check_events(w);
	ck_assert(world_free(w));
}
END_TEST

/* Long hang: keepalive gives the connection up, the new one cannot be opened; when
 * libvirtd goes on, so do we. Nothing is being asked when it begins. */
START_TEST(a_long_hang_ends_the_connection)
{
	struct world *w = connected();
	int64_t began = world_now_us();

	libvirtd_pause(server);
	ck_assert(world_wait_status(w, VIRT_DOWN, 30000));
	printf("hang while idle noticed after %.1f s\n",
	    (double)(world_now_us() - began) / 1e6);
	ck_assert_int_le((world_now_us() - began) / 1000, 22000);
	ck_assert_uint_eq(w->domains.lost, 1);
	ck_assert_uint_eq(w->networks.lost, 1);
	ck_assert(!w->domains.known);
	ck_assert(world_wait_status(w, VIRT_UNRESPONSIVE, 10000)); /* the new open */
	ck_assert_ptr_nonnull(
	    strstr(virt_state(w->virt)->detail, ": no answer to \"connect\""));
	ck_assert_int_lt(w->pause_us, PAUSE_MAX_US);
	libvirtd_resume(server);
	check_comes_back(w);
	ck_assert(world_free(w));
}
END_TEST

/* Calls on both threads fail at once, and each reports the same loss. */
START_TEST(a_long_hang_ends_the_calls_of_both_threads)
{
	struct world *w = connected();

	libvirtd_pause(server);
	virt_read_all(w->virt);
	virt_read(w->virt, &vm_kind, "test");
	ck_assert(world_wait_status(w, VIRT_UNRESPONSIVE, WAIT));
	ck_assert(world_wait_status(w, VIRT_DOWN, 30000));
	ck_assert_uint_eq(w->domains.lost, 1);
	ck_assert_uint_eq(w->networks.lost, 1);
	libvirtd_resume(server);
	check_comes_back(w);
	ck_assert(world_free(w));
}
END_TEST

START_TEST(a_hang_during_a_step_leaves_its_outcome_open)
{
	struct world *w = connected();
	struct order step = { .action = &domain_destroy_action,
		.target = "test",
		.text = "stop domain test" };

	libvirtd_pause(server);
	world_send(w, &step, 1);
	ck_assert(world_wait_status(w, VIRT_UNRESPONSIVE, 15000));
	ck_assert_uint_eq(w->steps_done, 0);
	libvirtd_kill(server);
	ck_assert(world_wait_status(w, VIRT_DOWN, WAIT));
	while (!w->steps_done)
		ev_run(w->loop, EVRUN_ONCE);
	ck_assert(w->lost);
	ck_assert_msg(strncmp(w->error, "stop domain test: ", 18) == 0, "%s", w->error);
	ck_assert(world_free(w));
}
END_TEST

/* A step that was queued for the connection before must not be done on the one after. */
START_TEST(a_step_does_not_outlive_its_connection)
{
	struct world *w = connected();
	struct order step = {
		.action = &domain_destroy_action, .target = "test", .text = "s"
	};

	libvirtd_pause(server);
	virt_read(w->virt, &vm_kind, "test");
	world_send(w, &step, 1);
	libvirtd_kill(server);
	libvirtd_start(server);
	while (!w->steps_done)
		ev_run(w->loop, EVRUN_ONCE);
	ck_assert(w->lost);
	ck_assert(world_wait_status(w, VIRT_CONNECTED, WAIT));
	ck_assert(world_wait_known(w, WAIT));
	ck_assert(is_running(w));
	ck_assert(world_free(w));
}
END_TEST

START_TEST(a_killed_libvirtd_is_found_again)
{
	struct world *w = connected();
	int64_t began;

	for (int i = 0; i < 3; i++) {
		unsigned listed = w->domains.listed;

		libvirtd_kill(server);
		ck_assert(world_wait_status(w, VIRT_DOWN, WAIT));
		ck_assert_str_eq(last_state(w), "down ");
		ck_assert_uint_eq(w->domains.lost, (unsigned)i + 1);
		ck_assert_ptr_nonnull(
		    strstr(virt_state(w->virt)->detail, "; next try in "));
		libvirtd_start(server);
		began = world_now_us();
		ck_assert(world_wait_status(w, VIRT_CONNECTED, 60000));
		ck_assert(world_wait_known(w, WAIT));
		ck_assert_uint_eq(w->domains.listed, listed + 1);
		ck_assert_int_lt((world_now_us() - began) / 1000, 2000);
		printf("found again %.1f s after libvirtd was back\n",
		    (double)(world_now_us() - began) / 1e6);
		check_events(w);
	}
	ck_assert(world_free(w));
}
END_TEST

START_TEST(opening_towards_a_stopped_libvirtd_blocks_nobody)
{
	struct world *w;

	libvirtd_pause(server);
	w = world_new(libvirtd_uri(server), NULL);
	ck_assert_int_eq(virt_state(w->virt)->status, VIRT_CONNECTING);
	ck_assert(world_wait_status(w, VIRT_UNRESPONSIVE, 6000));
	world_run(w, 1000);
	ck_assert_int_lt(w->pause_us, PAUSE_MAX_US);
	printf(
	    "longest pause of the loop meanwhile: %.1f ms\n", (double)w->pause_us / 1e3);
	libvirtd_resume(server);
	ck_assert(world_wait_known(w, WAIT));
	ck_assert_str_eq(last_state(w), "connected ");
	ck_assert(world_free(w));
}
END_TEST

static size_t open_files(void)
{
	DIR *fds = opendir("/proc/self/fd");
	size_t count = 0;

	ck_assert_ptr_nonnull(fds);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}

/* Not what is in use, nor what was until now, nor the first thread's. */
START_TEST(what_a_thread_does_not_use_is_closed)
{
	struct world *w = connected();
	struct link *link = link_new();
	const struct link_target target = { libvirtd_uri(server), 1, 0 };
	struct fault fault = { .code = 0 };
	unsigned long version;
	struct use use = { 0 };
	int64_t end = world_now_us() + WAIT * 1000;
	size_t one, two;

	ck_assert_int_eq(link_open(link, &target, &version, &fault), 0);
	one = open_files();
	ck_assert_int_eq(link_take(link, 1, 1, &use, &fault), 0);
	two = open_files();
	ck_assert_uint_gt(two, one);
	link_trim(link, 0);
	ck_assert_int_gt(virConnectIsAlive(use.conn), 0);
	link_give(&use);
	link_trim(link, 60000);
	ck_assert_uint_eq(open_files(), two);
	link_trim(link, 0);
	while (open_files() > one && world_now_us() < end)
		ev_run(w->loop, EVRUN_ONCE);
	ck_assert_uint_eq(open_files(), one);
	ck_assert_int_eq(link_take(link, 1, 0, &use, &fault), 0);
	link_give(&use);
	ck_assert_int_eq(link_take(link, 1, 1, &use, &fault), 0);
	link_give(&use);
	link_free(link);
	ck_assert(world_free(w));
}
END_TEST

START_TEST(a_stuck_call_is_left_behind)
{
	struct world *w = connected();
	int64_t began;

	libvirtd_pause(server);
	virt_read(w->virt, &vm_kind, "test");
	world_run(w, 100);
	began = world_now_us();
	ck_assert(!virt_free(w->virt));
	ck_assert_int_le((world_now_us() - began) / 1000, 6000);
	w->virt = NULL;
	ck_assert(world_free(w));
	libvirtd_resume(server);
	sleep(1); /* what was left behind closes its connection; sanitizers watch */
}
END_TEST

/* Figures */

static void define_many(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		autofree char *xml = must_printf(
		    "<domain type='test'><name>d%04u</name><memory>65536</memory>"
		    "<os><type>hvm</type></os></domain>",
		    i);
		virDomainPtr domain = virDomainDefineXML(libvirtd_admin(server), xml);

		ck_assert_ptr_nonnull(domain);
		ck_assert_int_eq(virDomainCreate(domain), 0);
		virDomainFree(domain);
	}
}

static unsigned listed_before;

static bool has_listed_again(struct world *w)
{
	return w->domains.listed > listed_before;
}

START_TEST(reading_all_is_quick_and_never_a_long_turn)
{
	struct world *w;
	int64_t began;

	define_many();
	w = connected();
	ck_assert_uint_eq(w->domains.count, MANY + 1);
	world_run(w, 500);
	listed_before = w->domains.listed;
	began = world_now_us();
	world_reset_times(w);
	virt_read_all(w->virt);
	ck_assert(world_wait(w, has_listed_again, 60000));
	printf(
	    "reading all of %u running domains: %.0f ms, %.3f ms each; longest turn of the "
	    "loop %.2f ms\n",
	    MANY + 1, (double)(world_now_us() - began) / 1e3,
	    (double)(world_now_us() - began) / 1e3 / (MANY + 1),
	    (double)w->turn_us / 1e3);
	ck_assert_int_lt(w->turn_us, 20000);
	ck_assert(world_free(w));
}
END_TEST

static unsigned reads_of_last, reads_at_pause;

/* Stops libvirtd in the middle of a round, so that most of the reads still wait. */
static void stop_in_the_middle(struct world *w, const struct kind *kind, const char *name,
    const struct reading *reading)
{
	(void)reading;
	if (kind != &vm_kind)
		return;
	if (w->domains.observed == reads_at_pause) {
		libvirtd_pause(server);
		virt_read(w->virt, &vm_kind, "test"); /* the last of the list */
	}
	if (strcmp(name, "test") == 0)
		reads_of_last = w->domains.observed;
}

START_TEST(a_single_read_overtakes_a_round)
{
	struct world *w;

	define_many();
	w = connected();
	world_run(w, 500);
	listed_before = w->domains.listed;
	reads_at_pause = w->domains.observed + 10;
	w->on_observed = stop_in_the_middle;
	virt_read_all(w->virt);
	world_run(w, 500);
	libvirtd_resume(server);
	ck_assert(world_wait(w, has_listed_again, 60000));
	/* The read was in the queue already: it was hurried, not repeated, unless the
	 * threads were faster than this loop and had begun it. */
	ck_assert_uint_le(w->domains.observed, reads_at_pause - 10 + MANY + 2);
	ck_assert_uint_lt(reads_of_last, reads_at_pause + MANY / 2);
	ck_assert(world_free(w));
}
END_TEST

/* While a read runs it may have passed already what is asked for now; while one waits, any
 * number of others are the same read. */
START_TEST(a_read_asked_for_during_a_read_comes_after_it)
{
	struct world *w = connected();
	unsigned before;

	world_run(w, 300);
	before = w->domains.observed;
	libvirtd_pause(server);
	virt_read(w->virt, &vm_kind, "test");
	world_run(w, 300); /* it has begun */
	for (int i = 0; i < 10; i++)
		virt_read(w->virt, &vm_kind, "test");
	libvirtd_resume(server);
	world_run(w, 500);
	ck_assert_uint_eq(w->domains.observed, before + 2);
	ck_assert(world_free(w));
}
END_TEST

static int64_t event_at, step_at;

static void note_event(struct world *w, const struct kind *kind, const char *name)
{
	(void)w;
	(void)kind;
	(void)name;
	if (!event_at)
		event_at = world_now_us();
}

/* Does what the daemon does: a domain observed to be stopped is started. */
static void start_again(struct world *w, const struct kind *kind, const char *name,
    const struct reading *reading)
{
	struct order step = {
		.action = &domain_start_action, .target = name, .text = "start"
	};

	if (kind != &vm_kind || ((const struct domain_facts *)reading->facts)->id >= 0 ||
	    step_at)
		return;
	world_send(w, &step, 9);
	step_at = world_now_us();
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_done(struct world *w)
{
	return w->steps_done && is_running(w);
}

#define ROUNDS 200

START_TEST(from_event_to_start)
{
	static int64_t took[ROUNDS];
	struct world *w = connected();
	virDomainPtr domain = test_domain();

	w->on_event = note_event;
	w->on_observed = start_again;
	for (int i = 0; i < ROUNDS; i++) {
		event_at = step_at = 0;
		w->steps_done = 0;
		ck_assert_int_eq(virDomainDestroy(domain), 0);
		ck_assert(world_wait(w, is_done, WAIT));
		ck_assert(!w->error);
		took[i] = step_at - event_at;
		world_run(w, 5); /* let the last reads end */
	}
	qsort(took, ROUNDS, sizeof(took[0]), compare);
	printf("event to start issued: median %.2f ms, p99 %.2f ms, max %.2f ms\n",
	    (double)took[ROUNDS / 2] / 1e3, (double)took[ROUNDS * 99 / 100] / 1e3,
	    (double)took[ROUNDS - 1] / 1e3);
	ck_assert_int_lt(took[ROUNDS / 2], 50000);
	virDomainFree(domain);
	ck_assert(world_free(w));
}
END_TEST

int main(void)
{
	const char *missing = libvirtd_missing();
	Suite *suite = suite_create("virtd");
	TCase *tests = tcase_create("virtd");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (missing) {
		printf("SKIP test_virtd: %s\n", missing);
		srunner_free(runner);
		return 77;
	}
	signal(SIGPIPE, SIG_IGN); /* the administrator writes to a killed libvirtd */
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 180);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, events_arrive);
	tcase_add_test(tests, a_hang_is_a_state);
	tcase_add_test(tests, a_long_hang_ends_the_connection);
	tcase_add_test(tests, a_long_hang_ends_the_calls_of_both_threads);
	tcase_add_test(tests, a_hang_during_a_step_leaves_its_outcome_open);
	tcase_add_test(tests, a_step_does_not_outlive_its_connection);
	tcase_add_test(tests, a_killed_libvirtd_is_found_again);
	tcase_add_test(tests, opening_towards_a_stopped_libvirtd_blocks_nobody);
	tcase_add_test(tests, what_a_thread_does_not_use_is_closed);
	tcase_add_test(tests, a_stuck_call_is_left_behind);
	tcase_add_test(tests, reading_all_is_quick_and_never_a_long_turn);
	tcase_add_test(tests, a_single_read_overtakes_a_round);
	tcase_add_test(tests, a_read_asked_for_during_a_read_comes_after_it);
	tcase_add_test(tests, from_event_to_start);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
