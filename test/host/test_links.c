/* SPDX-License-Identifier: MIT */
/* links: in a network namespace of its own, with bridges and taps made by ip(8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/links.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "test/host/suites.h"

static struct ev_loop *loop;
static int changes;

static bool run(const char *command)
{
	return system(command) == 0;
}

static bool begin(void)
{
	if (!own_network() || access("/dev/net/tun", R_OK | W_OK) != 0) {
		printf(
		    "skipped: needs ip (iproute2), a network of its own and /dev/net/tun: root, a "
		    "privileged container\n");
		return false;
	}
	ck_assert(run("ip link add br9 type bridge && ip tuntap add vnet8 mode tap && "
		      "ip tuntap add vnet9 mode tap && ip link set vnet9 master br9"));
	return true;
}

START_TEST(strays_are_the_taps_that_are_not_on_the_bridge)
{
	struct arena a = { 0 };
	struct bridge_links links;

	if (!begin())
		return;
	ck_assert(links_read("br9", &a, &links));
	ck_assert(!links.gone);
	ck_assert_uint_eq(links.stray_count, 1);
	ck_assert_str_eq(links.strays[0], "vnet8");
	ck_assert(run("ip link set vnet8 master br9"));
	ck_assert(links_read("br9", &a, &links));
	ck_assert_uint_eq(links.stray_count, 0);
	ck_assert(run("ip link add br8 type bridge && ip link set vnet9 master br8"));
	ck_assert(links_read("br9", &a, &links));
	ck_assert_uint_eq(links.stray_count, 1);
	ck_assert_str_eq(links.strays[0], "vnet9");
	arena_done(&a);
}
END_TEST

START_TEST(older_taps_were_there_before_the_bridge)
{
	struct arena a = { 0 };
	struct bridge_links links;

	if (!begin())
		return;
	ck_assert(links_read("br9", &a, &links));
	ck_assert_uint_eq(links.older_count, 0);
	ck_assert(run("ip link add br7 type bridge && ip link set vnet9 master br7 && "
		      "ip tuntap add vnet7 mode tap"));
	ck_assert(links_read("br7", &a, &links));
	ck_assert_uint_eq(links.older_count, 2);
	ck_assert_str_eq(links.older[0], "vnet8");
	ck_assert_str_eq(links.older[1], "vnet9");
	arena_done(&a);
}
END_TEST

START_TEST(what_is_gone_is_told_from_what_is_no_bridge)
{
	struct arena a = { 0 };
	struct bridge_links links;

	if (!begin())
		return;
	ck_assert(links_read("vnet9", &a, &links));
	ck_assert(!links.gone);
	ck_assert_uint_eq(links.stray_count, 0);
	ck_assert(run("ip link del br9"));
	ck_assert(links_read("br9", &a, &links));
	ck_assert(links.gone);
	arena_done(&a);
}
END_TEST

static void on_changed(void *arg)
{
	(void)arg;
	changes++;
	ev_break(loop, EVBREAK_ALL);
}

static void on_timeout(struct ev_loop *l, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(l, EVBREAK_ALL);
}

/* Runs until a change is reported, or for so long. */
static void wait(double seconds)
{
	ev_timer timeout;

	ev_now_update(loop);
	ev_timer_init(&timeout, on_timeout, seconds, 0.0);
	ev_timer_start(loop, &timeout);
	ev_run(loop, 0);
	ev_timer_stop(loop, &timeout);
}

START_TEST(a_tap_that_moves_is_reported_and_another_interface_is_not)
{
	struct links *links;

	if (!begin())
		return;
	loop = ev_loop_new(EVFLAG_AUTO);
	links = links_new(loop, on_changed, NULL);
	ck_assert_ptr_nonnull(links);
	ck_assert(run("ip link set vnet9 nomaster"));
	wait(5);
	ck_assert_int_eq(changes, 1);
	ck_assert(run("ip link set vnet9 master br9 && ip link set vnet8 master br9"));
	wait(5);
	ck_assert_int_eq(changes, 2); /* both at once */
	ck_assert(run("ip link add v0 type veth peer name v1 && ip link set v0 up"));
	wait(0.5);
	ck_assert_int_eq(changes, 2);
	links_free(links);
	ev_loop_destroy(loop);
}
END_TEST

Suite *links_suite(void)
{
	Suite *suite = suite_create("links");
	TCase *tests = tcase_create("links");

	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, strays_are_the_taps_that_are_not_on_the_bridge);
	tcase_add_test(tests, older_taps_were_there_before_the_bridge);
	tcase_add_test(tests, what_is_gone_is_told_from_what_is_no_bridge);
	tcase_add_test(tests, a_tap_that_moves_is_reported_and_another_interface_is_not);
	suite_add_tcase(suite, tests);
	return suite;
}
