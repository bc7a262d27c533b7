/* SPDX-License-Identifier: MIT */
/* Tests of watching the configuration: everything an editor, a deployment or a person
 * does to it rings once; everything else does not ring. */
#include <ev.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/host/watch.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"

#include "test/host/suites.h"
#include "test/scratch.h"

static char root[64];
static struct ev_loop *loop;
static struct watch *watch;
static int rings;

static void on_changed(void *arg)
{
	(void)arg;
	rings++;
}

static char held[64];

static void on_held(void *arg, const char *name)
{
	size_t length = strlen(held);

	(void)arg;
	snprintf(held + length, sizeof(held) - length, "%s ", name);
}

static const struct watch_hooks hooks = { on_changed, on_held };

static void on_time(struct ev_loop *l, struct ev_timer *timer, int revents)
{
	(void)timer;
	(void)revents;
	ev_break(l, EVBREAK_ALL);
}

static void run_for(double seconds)
{
	struct ev_timer timer;

	ev_timer_init(&timer, on_time, seconds, 0.);
	ev_now_update(loop);
	ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	ev_timer_stop(loop, &timer);
}

static char *at(const char *name)
{
	return must_printf("%s/%s", root, name);
}

static void write_to(const char *name, const char *text)
{
	autofree char *path = at(name);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void make_directory(const char *name)
{
	autofree char *path = at(name);

	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void rename_to(const char *from, const char *to)
{
	autofree char *old = at(from), *new = at(to);

	ck_assert_int_eq(rename(old, new), 0);
}

static void link_to(const char *target, const char *name)
{
	autofree char *path = at(name);

	ck_assert_int_eq(symlink(target, path), 0);
}

static void delete_at(const char *name)
{
	autofree char *path = at(name);

	ck_assert_int_eq(remove(path), 0);
}

static int remove_one(
    const char *path, const struct stat *st, int type, struct FTW *position)
{
	(void)st;
	(void)type;
	(void)position;
	return remove(path);
}

static void start(const char *directory, const char *extra)
{
	autofree char *path = at(directory), *file = extra ? at(extra) : NULL;
	struct error e = { "" };

	loop = ev_loop_new(0);
	rings = 0;
	watch = watch_new(loop, path, &hooks, NULL, &e);
	ck_assert_msg(!*e.text, "%s", e.text);
	if (file)
		watch_file(watch, file);
}

/* What was done rings this often, within half a second. */
static void expect(const char *what, int times)
{
	run_for(0.5);
	ck_assert_msg(rings == times, "%s: %d rings, not %d", what, rings, times);
	rings = 0;
}

/* The same of a removal, which waits for what may come in its place. */
static void expect_removal(const char *what)
{
	run_for(1.5);
	ck_assert_msg(rings == 0, "%s: not at once", what);
	run_for(1);
	ck_assert_msg(rings == 1, "%s: %d rings, not 1", what, rings);
	rings = 0;
}

static void setup(void)
{
	ck_assert(scratch_make(root, sizeof(root), "watch"));
	make_directory("etc");
	make_directory("etc/desired.d");
	write_to("etc/homek8s.yaml", "a");
	write_to("etc/desired.d/home.yaml", "a");
}

static void teardown(void)
{
	watch_free(watch);
	if (loop)
		ev_loop_destroy(loop);
	watch = NULL;
	loop = NULL;
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

START_TEST(editors_ring)
{
	start("etc", NULL);
	expect("nothing at all", 0);
	write_to("etc/desired.d/home.yaml", "b");
	expect("written in place", 1);
	write_to("etc/desired.d/.home.yaml.swp", "b");
	write_to("etc/desired.d/home.yaml~", "b");
	write_to("etc/desired.d/4913", "b");
	expect("an editor's leavings", 0);
	write_to("etc/desired.d/.new", "c");
	rename_to("etc/desired.d/.new", "etc/desired.d/home.yaml");
	expect("renamed over", 1);
	write_to("etc/desired.d/second.yaml", "c");
	expect("a new file", 1);
	delete_at("etc/desired.d/second.yaml");
	expect_removal("a file removed");
	rename_to("etc/desired.d/home.yaml", "etc/desired.d/home.yaml.bak");
	expect_removal("renamed away");
	write_to("etc/homek8s.yaml", "b");
	expect("the settings", 1);
	write_to("other", "b");
	expect("something beside the directory", 0);
}
END_TEST

START_TEST(a_burst_rings_once)
{
	start("etc", NULL);
	for (int i = 0; i < 20; i++) {
		write_to("etc/desired.d/home.yaml", "x");
		run_for(0.02);
	}
	ck_assert_int_eq(rings, 0);
	expect("twenty writes", 1);
}
END_TEST

START_TEST(who_never_stops_writing_is_heard)
{
	start("etc", NULL);
	for (int i = 0; i < 60; i++) {
		write_to("etc/desired.d/home.yaml", "x");
		run_for(0.05);
	}
	ck_assert_int_ge(rings, 1);
}
END_TEST

/* As Kubernetes fills a directory: files are links through ..data, which is swapped. */
START_TEST(a_swapped_link_rings)
{
	make_directory("vol");
	make_directory("vol/v1");
	make_directory("vol/v1/desired.d");
	make_directory("vol/v2");
	make_directory("vol/v2/desired.d");
	link_to("v1", "vol/..data");
	link_to("..data/desired.d", "vol/desired.d");
	start("vol", NULL);
	link_to("v2", "vol/..tmp");
	rename_to("vol/..tmp", "vol/..data");
	expect("the link swapped", 1);
	write_to("vol/v2/desired.d/home.yaml", "b");
	expect("behind the new link", 1);
	write_to("vol/v1/desired.d/home.yaml", "b");
	expect("behind the old link", 0);
}
END_TEST

START_TEST(directories_may_come_and_go)
{
	start("later/etc", "run/credentials/kubeconfig");
	make_directory("later");
	run_for(0.3);
	rings = 0;
	make_directory("later/etc");
	make_directory("later/etc/desired.d");
	expect("made later", 1);
	write_to("later/etc/desired.d/home.yaml", "b");
	expect("a file in it", 1);
	rename_to("later/etc", "later/old");
	expect_removal("moved away");
	write_to("later/old/desired.d/home.yaml", "c");
	expect("a file where it was moved to", 0);
	rename_to("later/old", "later/etc");
	expect("moved back", 1);
	write_to("later/etc/desired.d/home.yaml", "d");
	expect("a file in it again", 1);
	make_directory("run");
	make_directory("run/credentials");
	run_for(0.3);
	rings = 0;
	write_to("run/credentials/kubeconfig", "b");
	expect("the extra file", 1);
	write_to("run/credentials/other", "b");
	expect("a file beside it", 0);
}
END_TEST

START_TEST(a_made_directory_is_watched_at_once)
{
	delete_at("etc/desired.d/home.yaml");
	delete_at("etc/desired.d");
	start("etc", NULL);
	make_directory("etc/desired.d");
	write_to("etc/desired.d/home.yaml", "b");
	expect("made and filled", 1);
	write_to("etc/desired.d/home.yaml", "c");
	expect("written", 1);
}
END_TEST

/* Opens the file, to be written in pieces. */
static int open_at(const char *name, int flags)
{
	autofree char *path = at(name);
	int fd = open(path, O_WRONLY | flags, 0600);

	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(what_is_written_is_read_when_it_is_closed)
{
	int fd, second;

	start("etc", NULL);
	fd = open_at("etc/desired.d/home.yaml", O_TRUNC);
	ck_assert_int_eq(write(fd, "a", 1), 1);
	expect("half of it", 0);
	ck_assert_str_eq(watch_writing(watch), "home.yaml");
	write_to("etc/homek8s.yaml", "b");
	expect("another file meanwhile", 0);
	ck_assert_int_eq(write(fd, "b", 1), 1);
	run_for(11);
	expect("however long it takes", 0);
	ck_assert_str_eq(held, "home.yaml ");
	close(fd);
	expect("closed", 1);
	ck_assert_ptr_null(watch_writing(watch));
	fd = open_at("etc/desired.d/new.yml", O_CREAT);
	expect("made and empty", 0);
	second = open_at("etc/desired.d/new.yml", O_APPEND);
	ck_assert_int_eq(write(second, "b", 1), 1);
	close(fd);
	ck_assert_int_eq(write(second, "c", 1), 1);
	expect("closed by one of two", 0);
	close(second);
	expect("closed by both", 1);
	fd = open_at("etc/desired.d/home.yaml", O_TRUNC);
	delete_at("etc/desired.d/home.yaml");
	expect_removal("removed while it is written");
	close(fd);
}
END_TEST

START_TEST(what_is_linked_into_place_is_whole)
{
	autofree char *from = at("other"), *to = at("etc/desired.d/linked.yaml");

	start("etc", NULL);
	write_to("other", "a");
	ck_assert_int_eq(link(from, to), 0);
	delete_at("other");
	expect("linked, and the other name removed", 1);
	link_to("home.yaml", "etc/desired.d/symbolic.yaml");
	expect("a symbolic link", 1);
}
END_TEST

START_TEST(what_is_replaced_is_not_read_in_between)
{
	start("etc", NULL);
	delete_at("etc/desired.d/home.yaml");
	expect("removed", 0);
	write_to("etc/desired.d/home.yaml", "b");
	expect("made again", 1);
	run_for(2.5);
	expect("and nothing more", 0);
}
END_TEST

START_TEST(another_file_may_be_named)
{
	autofree char *second = at("run/second");

	make_directory("run");
	start("etc", "run/first");
	write_to("run/first", "a");
	expect("the file", 1);
	watch_file(watch, second);
	write_to("run/first", "b");
	expect("the one named before", 0);
	write_to("run/second", "b");
	expect("the one named now", 1);
}
END_TEST

/* The kernel gives no descriptor at first. */
START_TEST(a_watch_that_cannot_be_had_comes_later)
{
	autofree char *path = at("etc");
	struct rlimit files, none;
	struct error e = { "" };

	loop = ev_loop_new(0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = files;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	watch = watch_new(loop, path, &hooks, NULL, &e);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	ck_assert_ptr_nonnull(strstr(e.text, "homek8sctl reload"));
	rings = 0;
	run_for(10.5);
	ck_assert_int_eq(rings, 1);
	rings = 0;
	write_to("etc/desired.d/home.yaml", "b");
	expect("written", 1);
}
END_TEST

Suite *watch_suite(void)
{
	Suite *suite = suite_create("watch");
	TCase *t = tcase_create("watch");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, editors_ring);
	tcase_add_test(t, a_burst_rings_once);
	tcase_add_test(t, who_never_stops_writing_is_heard);
	tcase_add_test(t, a_swapped_link_rings);
	tcase_add_test(t, directories_may_come_and_go);
	tcase_add_test(t, a_made_directory_is_watched_at_once);
	tcase_add_test(t, what_is_written_is_read_when_it_is_closed);
	tcase_add_test(t, what_is_linked_into_place_is_whole);
	tcase_add_test(t, what_is_replaced_is_not_read_in_between);
	tcase_add_test(t, another_file_may_be_named);
	tcase_add_test(t, a_watch_that_cannot_be_had_comes_later);
	suite_add_tcase(suite, t);
	return suite;
}
