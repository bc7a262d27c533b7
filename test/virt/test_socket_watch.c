/* SPDX-License-Identifier: MIT */
/* Sockets that appear, in directories that are there and that are not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/virt/socket_watch.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "test/scratch.h"

#include <check.h> /* last: it defines the word fail */

static struct ev_loop *loop;
static char base[64];
static unsigned appeared;

static void on_appeared(void *arg)
{
	ck_assert_ptr_eq(arg, &appeared);
	appeared++;
}

static struct socket_watch *watch(const char *format, const char *directory)
{
	autofree char *uri = must_printf("test+unix:///default?%s%s/libvirt/the-sock%s",
	    format, directory, "&keepalive=1");

	return socket_watch_new(loop, uri, on_appeared, &appeared);
}

static void set_up(void)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	appeared = 0;
	ck_assert(scratch_make(base, sizeof(base), "socket"));
}

static void tear_down(void)
{
	autofree char *command = must_printf("rm -rf %s", base);

	ck_assert_int_eq(system(command), 0);
	ev_loop_destroy(loop);
}

static void make_directory(void)
{
	autofree char *path = must_printf("%s/libvirt", base);

	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void remove_directory(void)
{
	autofree char *path = must_printf("%s/libvirt", base);

	ck_assert_int_eq(rmdir(path), 0);
}

static void make_file(const char *name)
{
	autofree char *path = must_printf("%s/libvirt/%s", base, name);

	fclose(fopen(path, "w"));
}

static void remove_file(const char *name)
{
	autofree char *path = must_printf("%s/libvirt/%s", base, name);

	ck_assert_int_eq(unlink(path), 0);
}

/* What was written to the kernel's queue before is read by then. */
static void run(void)
{
	ev_run(loop, EVRUN_NOWAIT);
}

START_TEST(a_socket_appears)
{
	struct socket_watch *w;

	make_directory();
	w = watch("socket=", base);
	make_file("another-sock");
	run();
	ck_assert_uint_eq(appeared, 0);
	make_file("the-sock");
	run();
	ck_assert_uint_eq(appeared, 1);
	remove_file("the-sock");
	run();
	ck_assert_uint_eq(appeared, 1);
	make_file("the-sock");
	run();
	ck_assert_uint_eq(appeared, 2);
	socket_watch_free(w);
}
END_TEST

/* A directory that appears may have the socket already. */
START_TEST(its_directory_appears_and_is_replaced)
{
	struct socket_watch *w = watch("mode=direct&socket=", base);

	for (unsigned i = 0; i < 2; i++) {
		appeared = 0;
		make_directory();
		run();
		ck_assert_uint_eq(appeared, 1);
		make_file("the-sock");
		run();
		ck_assert_uint_eq(appeared, 2);
		remove_file("the-sock");
		remove_directory();
		run();
		ck_assert_uint_eq(appeared, 2);
	}
	socket_watch_free(w);
}
END_TEST

static const struct {
	const char *what, *uri;
} unwatched[] = {
	{ "inside this process", "test:///default" },
	{ "a file of that name", "test:///system.xml" },
	{ "another host", "qemu+ssh://root@host/system" },
	{ "a directory that nobody has", "test+unix:///default?socket=/nonexistent/x/s" },
};

START_TEST(what_has_no_socket_here_is_not_watched)
{
	ck_assert_msg(!socket_watch_new(loop, unwatched[_i].uri, on_appeared, &appeared),
	    "%s", unwatched[_i].what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("socket_watch");
	TCase *tests = tcase_create("socket_watch");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_socket_appears);
	tcase_add_test(tests, its_directory_appears_and_is_replaced);
	tcase_add_loop_test(tests, what_has_no_socket_here_is_not_watched, 0,
	    (int)(sizeof(unwatched) / sizeof(unwatched[0])));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
