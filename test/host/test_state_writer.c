/* SPDX-License-Identifier: MIT */
/* Tests of the thread that writes the state: the latest content, a bad disk, a hung one,
 * and a daemon that is killed at any instant. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/host/state_writer.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"

#include "test/host/suites.h"
#include "test/scratch.h"

static char directory[64];

/* What the hooks heard. */
static struct {
	uint64_t change;
	int ends, troubles, cures;
	char error[512];
} heard;

static struct ev_loop *loop;
static struct state_dir *dir;
static struct state_writer *writer;

static void on_ended(void *arg, const char *name, uint64_t change, const char *error)
{
	ck_assert_ptr_eq(arg, &heard);
	ck_assert_str_eq(name, "a.json");
	ck_assert_uint_ge(change, heard.change);
	heard.change = change;
	heard.ends++;
	if (!error)
		ck_assert_uint_eq(state_writer_written(writer, name), change);
}

static void on_trouble(void *arg, const char *error)
{
	(void)arg;
	heard.troubles += error != NULL;
	heard.cures += error == NULL;
	if (error)
		snprintf(heard.error, sizeof(heard.error), "%s", error);
}

static const struct state_writer_hooks hooks = { on_ended, on_trouble };

static char *path_of(const char *name)
{
	return must_printf("%s/%s", directory, name);
}

static void begin(int64_t retry_ms)
{
	struct error e = { "" };

	memset(&heard, 0, sizeof(heard));
	dir = state_dir_open(directory, &e);
	ck_assert_msg(dir != NULL, "%s", e.text);
	writer = state_writer_new(loop, dir, retry_ms, &hooks, &heard);
}

static void end(void)
{
	ck_assert(state_writer_free(writer, 10000));
	state_dir_close(dir);
}

static void setup(void)
{
	ck_assert(scratch_make(directory, sizeof(directory), "writer"));
	loop = ev_loop_new(EVFLAG_AUTO);
}

static void teardown(void)
{
	static const char *const names[] = { "a.json", ".a.json.new", "lock", "fill" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		autofree char *path = path_of(names[i]);

		unlink(path);
	}
	rmdir(directory);
	ev_loop_destroy(loop);
}

/* Large enough that it is not written at once. */
static void put(int64_t n)
{
	autojson struct json_object *o = json_object_new_object();
	autofree char *filler = must_alloc(4001);

	memset(filler, 'a' + (int)(n % 26), 4000);
	json_put_int(o, "n", n);
	json_put_string(o, "filler", filler);
	state_writer_put(writer, "a.json", o, (uint64_t)n);
}

/* The number in the file, which must be whole; -1: there is none. */
static int64_t number_in_file(struct state_dir *in)
{
	struct error e = { "" };
	autojson struct json_object *o = state_dir_read(in, "a.json", &e);
	int64_t n = json_int_at(o, "n", -1);

	ck_assert_msg(!*e.text, "%s", e.text);
	if (o)
		ck_assert_int_eq(json_string_at(o, "filler")[3999], 'a' + n % 26);
	return n;
}

static bool is_written(int64_t n)
{
	return state_writer_written(writer, "a.json") == (uint64_t)n;
}

static void on_time(struct ev_loop *l, struct ev_timer *timer, int events)
{
	(void)l;
	(void)timer;
	(void)events;
	ck_abort_msg("nothing happened for ten seconds");
}

#define RUN_UNTIL(condition)                                                             \
	do {                                                                             \
		ev_timer limit;                                                          \
		ev_timer_init(&limit, on_time, 10, 0);                                   \
		ev_now_update(loop);                                                     \
		ev_timer_start(loop, &limit);                                            \
		while (!(condition))                                                     \
			ev_run(loop, EVRUN_ONCE);                                        \
		ev_timer_stop(loop, &limit);                                             \
	} while (0)

START_TEST(what_is_put_is_on_disk_once_it_says_so)
{
	begin(1000);
	ck_assert_uint_eq(state_writer_written(writer, "a.json"), 0);
	put(7);
	ck_assert_msg(!heard.ends, "no hook is called from within");
	RUN_UNTIL(heard.ends);
	ck_assert(is_written(7) && heard.change == 7);
	ck_assert_int_eq(number_in_file(dir), 7);
	ck_assert(!heard.troubles && !heard.cures && !state_writer_error(writer));
	end();
}
END_TEST

START_TEST(the_latest_content_wins)
{
	begin(1000);
	for (int64_t n = 1; n <= 300; n++)
		put(n);
	RUN_UNTIL(is_written(300));
	ck_assert_int_eq(number_in_file(dir), 300);
	ck_assert_msg(heard.ends < 300, "each of them was written");
	end();
}
END_TEST

START_TEST(the_end_writes_what_is_left)
{
	begin(1000);
	put(1);
	put(2);
	ck_assert(state_writer_free(writer, 10000));
	ck_assert_int_eq(number_in_file(dir), 2);
	state_dir_close(dir);
}
END_TEST

static void fill_disk(void)
{
	autofree char *path = path_of("fill");
	autoclose int fd = open(path, O_WRONLY | O_CREAT, 0600);
	static char block[4096];

	while (write(fd, block, sizeof(block)) > 0)
		;
}

static void empty_disk(void)
{
	autofree char *path = path_of("fill");

	unlink(path);
}

/* As a file system that has gone bad may show the temporary file. */
static void block_name(void)
{
	autofree char *path = path_of(".a.json.new");

	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void free_name(void)
{
	autofree char *path = path_of(".a.json.new");

	ck_assert_int_eq(rmdir(path), 0);
}

/* A file system of its own, and small; false: that needs root. */
static bool mount_small_disk(void)
{
	if (!scratch_mounts(0)) {
		printf("skipped: a full disk: " SCRATCH_MOUNTS_MISSING "\n");
		return false;
	}
	ck_assert_int_eq(mount("tmpfs", directory, "tmpfs", 0, "size=24k,mode=700"), 0);
	return true;
}

static const struct {
	const char *what, *says;
	void (*harm)(void), (*mend)(void);
	bool small;
} harms[] = {
	{ "a full disk", "No space left", fill_disk, empty_disk, true },
	{ "a name that cannot be used", "File exists", block_name, free_name, false },
};

START_TEST(a_bad_disk_is_reported_once_and_tried_again)
{
	int ends;

	if (harms[_i].small && !mount_small_disk())
		return;
	begin(20);
	put(1);
	RUN_UNTIL(is_written(1));
	harms[_i].harm();
	put(2);
	RUN_UNTIL(heard.troubles);
	ck_assert_msg(
	    strstr(heard.error, harms[_i].says) && strstr(heard.error, directory),
	    "%s: %s", harms[_i].what, heard.error);
	ck_assert_str_eq(state_writer_error(writer), heard.error);
	put(3);
	ends = heard.ends;
	RUN_UNTIL(heard.ends >= ends + 3); /* tried again and again */
	ck_assert_int_eq(number_in_file(dir), 1);
	ck_assert(heard.troubles == 1 && !heard.cures && is_written(1));
	harms[_i].mend();
	RUN_UNTIL(is_written(3));
	ck_assert_int_eq(number_in_file(dir), 3);
	ck_assert(heard.troubles == 1 && heard.cures == 1 && !state_writer_error(writer));
	put(4);
	RUN_UNTIL(is_written(4));
	end();
	if (harms[_i].small)
		ck_assert_int_eq(umount(directory), 0);
}
END_TEST

/* The end of the daemon gives what has failed one more try. */
START_TEST(the_end_tries_once_more)
{
	if (!mount_small_disk())
		return;
	begin(STATE_WRITER_RETRY_MS);
	fill_disk();
	put(1);
	RUN_UNTIL(heard.troubles);
	put(2);
	empty_disk();
	ck_assert(state_writer_free(writer, 10000));
	ck_assert_int_eq(number_in_file(dir), 2);
	state_dir_close(dir);
	ck_assert_int_eq(umount(directory), 0);
}
END_TEST

/* The thread of that name of this process. */
static pid_t thread_named(const char *name)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	pid_t found = 0;

	while ((entry = readdir(tasks))) {
		char path[64], text[32] = "";
		autoclose int fd = -1;

		snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm", entry->d_name);
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 &&
		    strncmp(text, name, strlen(name)) == 0)
			found = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	closedir(tasks);
	return found;
}

/* In a child: holds the thread as a disk would that never answers, says so, and lets go
 * when it may. */
static void hold(pid_t thread, int say, int go)
{
	char byte = 'n';
	int status;

	if (ptrace(PTRACE_SEIZE, thread, 0, 0) == 0 &&
	    ptrace(PTRACE_INTERRUPT, thread, 0, 0) == 0 &&
	    waitpid(thread, &status, __WALL) == thread)
		byte = 'y';
	if (write(say, &byte, 1) != 1 || read(go, &byte, 1) < 0)
		_exit(1);
	_exit(0); /* which lets go */
}

START_TEST(a_disk_that_hangs_does_not_keep_the_daemon)
{
	int said[2], go[2];
	pid_t thread, child;
	char byte = 0;

	begin(1000);
	put(1);
	RUN_UNTIL(is_written(1)); /* by then the thread has its name */
	thread = thread_named("writer");
	ck_assert_int_gt(thread, 0);
	ck_assert(pipe(said) == 0 && pipe(go) == 0);
	child = fork();
	if (child == 0)
		hold(thread, said[1], go[0]);
	ck_assert_int_eq(read(said[0], &byte, 1), 1);
	put(2);
	if (byte == 'y')
		ck_assert_msg(!state_writer_free(writer, 50), "it was written");
	else
		printf("skipped: holding a thread is not allowed\n");
	ck_assert_int_eq(write(go[1], "g", 1), 1);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	if (byte != 'y')
		end();
}
END_TEST

/* Writes for ever; a byte for each that is on disk. */
static void write_for_ever(int progress)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	begin(1000);
	for (int64_t n = 1;; n++) {
		put(n);
		while (!is_written(n))
			ev_run(loop, EVRUN_ONCE);
		if (write(progress, "w", 1) != 1)
			_exit(1);
	}
}

START_TEST(a_kill_at_any_instant_leaves_a_whole_file)
{
	unsigned seed = 1;

	for (int round = 0; round < 40; round++) {
		volatile int instant;
		int64_t count = 0, n;
		int progress[2];
		struct error e = { "" };
		struct state_dir *after;
		char byte;
		pid_t child;

		ck_assert_int_eq(pipe(progress), 0);
		child = fork();
		if (child == 0)
			write_for_ever(progress[1]);
		close(progress[1]);
		while (count < 1 + round % 5 && read(progress[0], &byte, 1) == 1)
			count++;
		seed = seed * 1103515245 + 12345;
		for (instant = (int)(seed >> 16) * 20; instant > 0; instant--)
			;
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		while (read(progress[0], &byte, 1) == 1)
			count++;
		close(progress[0]);
		after = state_dir_open(directory, &e);
		ck_assert_msg(after != NULL, "%s", e.text);
		n = number_in_file(after);
		ck_assert_msg(n >= count && n <= count + 1, "round %d: %lld after %lld",
		    round, (long long)n, (long long)count);
		state_dir_close(after);
	}
}
END_TEST

Suite *state_writer_suite(void)
{
	Suite *suite = suite_create("state_writer");
	TCase *t = tcase_create("state_writer");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_is_put_is_on_disk_once_it_says_so);
	tcase_add_test(t, the_latest_content_wins);
	tcase_add_test(t, the_end_writes_what_is_left);
	tcase_add_loop_test(t, a_bad_disk_is_reported_once_and_tried_again, 0,
	    sizeof(harms) / sizeof(harms[0]));
	tcase_add_test(t, the_end_tries_once_more);
	tcase_add_test(t, a_disk_that_hangs_does_not_keep_the_daemon);
	tcase_add_test(t, a_kill_at_any_instant_leaves_a_whole_file);
	suite_add_tcase(suite, t);
	return suite;
}
