/* SPDX-License-Identifier: MIT */
/* Tests of the state directory: whole files, torn files, a lock held, a full disk. */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/host/state_dir.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"

#include "test/host/suites.h"
#include "test/scratch.h"

static char directory[64];

static char *path_of(const char *name)
{
	return must_printf("%s/s/%s", directory, name);
}

static struct state_dir *open_it(void)
{
	autofree char *path = path_of("");
	struct error e = { "" };
	struct state_dir *state = state_dir_open(path, &e);

	ck_assert_msg(state != NULL, "%s", e.text);
	return state;
}

static void setup(void)
{
	ck_assert(scratch_make(directory, sizeof(directory), "state"));
}

static void teardown(void)
{
	autofree char *command = must_printf("%s/s", directory);
	static const char *const names[] = { "a.json", "a.json.corrupt", "lock",
		".a.json.new", "fill" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		autofree char *path = path_of(names[i]);

		if (unlink(path) < 0)
			rmdir(path);
	}
	rmdir(command);
	rmdir(directory);
}

static struct json_object *document(int64_t n)
{
	struct json_object *o = json_object_new_object();

	json_put_int(o, "n", n);
	json_put_string(o, "text", "a/b \"c\" ü");
	return o;
}

static int write_n(struct state_dir *state, int64_t n, struct error *e)
{
	autojson struct json_object *o = document(n);

	return state_dir_write(state, "a.json", json_text(o), e);
}

static char *read_file(const char *path, size_t *length)
{
	char *bytes = must_alloc(4096);
	autoclose int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, bytes, 4095);

	ck_assert_int_ge(n, 0);
	*length = (size_t)n;
	return bytes;
}

static void write_file(const char *path, const char *bytes, size_t length)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
}

START_TEST(what_is_written_is_read)
{
	struct state_dir *state = open_it();
	autojson struct json_object *got = NULL;
	struct error e = { "" };

	ck_assert_ptr_null(state_dir_read(state, "a.json", &e));
	ck_assert_str_eq(e.text, "");
	ck_assert_int_eq(write_n(state, 1, &e), 0);
	ck_assert_int_eq(write_n(state, 2, &e), 0);
	state_dir_close(state);
	state = open_it();
	got = state_dir_read(state, "a.json", &e);
	ck_assert_int_eq(json_int_at(got, "n", 0), 2);
	ck_assert_str_eq(json_string_at(got, "text"), "a/b \"c\" ü");
	ck_assert_str_eq(e.text, "");
	state_dir_close(state);
}
END_TEST

/* Cut at every byte, and every byte changed: never a wrong document, always set aside. */
START_TEST(torn_files_are_set_aside)
{
	autofree char *path = path_of("a.json"), *aside = path_of("a.json.corrupt");
	struct state_dir *state = open_it();
	autofree char *whole = NULL;
	struct error e = { "" };
	size_t length;

	ck_assert_int_eq(write_n(state, 1, &e), 0);
	whole = read_file(path, &length);
	for (size_t i = 0; i < 2 * length; i++) {
		autofree char *bytes = must_alloc(length + 1);

		memcpy(bytes, whole, length);
		if (i >= length)
			bytes[i - length] = (char)(bytes[i - length] ^ 0x20);
		write_file(path, bytes, i < length ? i : length);
		*e.text = '\0';
		autojson struct json_object *got = state_dir_read(state, "a.json", &e);
		/* Upper-case digits of the checksum mean the same. */
		if (got) {
			ck_assert_uint_ge(i, length);
			ck_assert_int_eq(json_int_at(got, "n", 0), 1);
			continue;
		}
		ck_assert_msg(
		    strstr(e.text, "a.json.corrupt") != NULL, "%zu: %s", i, e.text);
		ck_assert_int_eq(access(aside, F_OK), 0);
		ck_assert_int_ne(access(path, F_OK), 0);
		unlink(aside);
	}
	state_dir_close(state);
}
END_TEST

static const struct {
	const char *what, *text, *why;
} foreign[] = {
	{ "JSON without a header", "{\"n\":1}\n", "no state file" },
	{ "a newer version", "homek8s-state 2 00000000 2\n{}", "newer homek8sd" },
	{ "empty", "", "no state file" },
	{ "no object", "homek8s-state 1 f3a3f8ad 4\nnull", "" },
};

START_TEST(foreign_files_are_set_aside)
{
	autofree char *path = path_of("a.json");
	struct state_dir *state = open_it();
	struct error e = { "" };

	write_file(path, foreign[_i].text, strlen(foreign[_i].text));
	ck_assert_ptr_null(state_dir_read(state, "a.json", &e));
	ck_assert_msg(*e.text && strstr(e.text, foreign[_i].why), "%s: %s",
	    foreign[_i].what, e.text);
	ck_assert_int_eq(write_n(state, 3, &e), 0);
	state_dir_close(state);
}
END_TEST

/* A link, a FIFO or a directory in its place leads nowhere and blocks nothing. */
START_TEST(only_regular_files_are_read)
{
	autofree char *path = path_of("a.json"), *aside = path_of("a.json.corrupt");
	struct state_dir *state = open_it();
	struct error e = { "" };

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_ptr_null(state_dir_read(state, "a.json", &e));
	ck_assert_msg(strstr(e.text, "no regular file") != NULL, "%s", e.text);
	unlink(aside);
	ck_assert_int_eq(symlink("/etc/hostname", path), 0);
	ck_assert_ptr_null(state_dir_read(state, "a.json", &e));
	unlink(aside);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_ptr_null(state_dir_read(state, "a.json", &e));
	ck_assert_int_eq(write_n(state, 1, &e), 0);
	state_dir_close(state);
}
END_TEST

START_TEST(a_second_daemon_is_kept_away)
{
	autofree char *path = path_of("");
	struct state_dir *state = open_it(), *again;
	autofree char *pid = must_printf("pid %ld", (long)getpid());
	struct error e = { "" };
	int status;

	if (fork() == 0) {
		again = state_dir_open(path, &e);
		_exit(!again && strstr(e.text, pid) ? 0 : 1);
	}
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_msg(
	    WIFEXITED(status) && WEXITSTATUS(status) == 0, "the lock was taken");
	state_dir_close(state);
	state_dir_close(open_it());
}
END_TEST

/* The old file survives a full disk, and writing works again once there is room. */
START_TEST(a_full_disk_loses_nothing)
{
	autofree char *fill = path_of("fill");
	autofree char *mount_point = path_of("");
	static char block[4096];
	struct state_dir *state;
	autojson struct json_object *got = NULL;
	struct error e = { "" };
	int fd;

	if (!scratch_mounts(0)) {
		printf("skipped: a full disk: " SCRATCH_MOUNTS_MISSING "\n");
		return;
	}
	mkdir(mount_point, 0700);
	ck_assert_int_eq(mount("tmpfs", mount_point, "tmpfs", 0, "size=16k,mode=700"), 0);
	state = open_it();
	ck_assert_int_eq(write_n(state, 1, &e), 0);
	fd = open(fill, O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	ck_assert_int_eq(write_n(state, 2, &e), -1);
	ck_assert_msg(strstr(e.text, "No space left") != NULL, "%s", e.text);
	got = state_dir_read(state, "a.json", &e);
	ck_assert_int_eq(json_int_at(got, "n", 0), 1);
	unlink(fill);
	ck_assert_int_eq(write_n(state, 3, &e), 0);
	state_dir_close(state);
	ck_assert_int_eq(umount(mount_point), 0);
}
END_TEST

START_TEST(an_unusable_directory_is_an_error)
{
	struct error e = { "" };

	ck_assert_ptr_null(state_dir_open("/proc/nowhere", &e));
	ck_assert_msg(strstr(e.text, "/proc/nowhere") != NULL, "%s", e.text);
	ck_assert_ptr_null(state_dir_open("/etc/hostname", &e));
	ck_assert_msg(strstr(e.text, "/etc/hostname") != NULL, "%s", e.text);
}
END_TEST

static const struct {
	const char *what;
	mode_t mode;
	uid_t owner;	  /* 0: ours */
	const char *says; /* NULL: it is taken */
} owners[] = {
	{ "readable by all", 0755, 0, NULL },
	{ "writable by the group", 0770, 0, "mode 0770); `chmod go-w " },
	{ "writable by all, each only his own", 01777, 0, "mode 1777); `chmod go-w " },
	{ "of somebody else", 0700, 65534, "belongs to user 65534" },
};

START_TEST(a_directory_others_may_write_in_is_an_error)
{
	autofree char *path = path_of("");
	struct error e = { "" };
	struct state_dir *state;

	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, owners[_i].mode), 0);
	if (owners[_i].owner && chown(path, owners[_i].owner, 0) < 0)
		return; /* only root gives away */
	state = state_dir_open(path, &e);
	ck_assert_msg(!state == !!owners[_i].says, "%s: %s", owners[_i].what, e.text);
	if (owners[_i].says)
		ck_assert_msg(strstr(e.text, owners[_i].says) && strstr(e.text, path),
		    "%s", e.text);
	state_dir_close(state);
}
END_TEST

Suite *state_suite(void)
{
	Suite *suite = suite_create("state");
	TCase *t = tcase_create("state");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_written_is_read);
	tcase_add_test(t, torn_files_are_set_aside);
	tcase_add_loop_test(
	    t, foreign_files_are_set_aside, 0, sizeof(foreign) / sizeof(foreign[0]));
	tcase_add_test(t, only_regular_files_are_read);
	tcase_add_test(t, a_second_daemon_is_kept_away);
	tcase_add_test(t, a_full_disk_loses_nothing);
	tcase_add_test(t, an_unusable_directory_is_an_error);
	tcase_add_loop_test(t, a_directory_others_may_write_in_is_an_error, 0,
	    (int)(sizeof(owners) / sizeof(owners[0])));
	suite_add_tcase(suite, t);
	return suite;
}
