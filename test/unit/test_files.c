/* SPDX-License-Identifier: MIT */
/* Unit tests of files: which files are read, and everything that is not one. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/doc/yaml.h"
#include "lib/model/files.h"
#include "test/scratch.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static char root[64];
static struct arena arena;
static struct report report;
static struct config_files files;

static const char *path_of(const char *name)
{
	return arena_printf(&arena, "%s/%s", root, name);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void setup(void)
{
	ck_assert(scratch_make(root, sizeof(root), "files"));
	ck_assert_int_eq(mkdir(path_of("desired.d"), 0755), 0);
	report = (struct report){ .arena = &arena };
}

static int remove_all(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st;
	(void)type;
	(void)w;
	return remove(path);
}

static void teardown(void)
{
	nftw(root, remove_all, 8, FTW_DEPTH | FTW_PHYS);
	config_files_done(&files);
	arena_done(&arena);
}

/* "desired.d/a.yaml error[file-empty]; ..." */
static const char *said(void)
{
	const char *text = "";

	for (size_t i = 0; i < report.count; i++)
		text = arena_printf(&arena, "%s%s%s %s", text, i ? "; " : "",
		    place_text(&arena, &report.findings[i].place), report.findings[i].id);
	return text;
}

static const char *names(void)
{
	const char *text = "";

	for (size_t i = 0; i < files.desired_count; i++)
		text = arena_printf(
		    &arena, "%s%s%s", text, i ? " " : "", files.desired[i].name);
	return text;
}

START_TEST(a_directory)
{
	write_file("homek8s.yaml", "prune: false\n", 0644);
	write_file("desired.d/b.yaml", "vms: {}\n", 0644);
	write_file("desired.d/a.yaml", "network: {}\n", 0600);
	write_file("desired.d/.hidden.yaml", "x", 0644);
	write_file("desired.d/a.yaml~", "x", 0644);
	write_file("desired.d/4913", "x", 0644);
	write_file("desired.d/readme.md", "x", 0644);
	write_file("desired.d/.yaml", "x", 0644);
	write_file("desired.d/.yml", "x", 0644);
	write_file("desired.d/c.yml", "vms: {}\n", 0644);
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), 0);
	ck_assert_str_eq(said(), "");
	ck_assert_str_eq(names(), "desired.d/a.yaml desired.d/b.yaml desired.d/c.yml");
	ck_assert_str_eq(files.desired[1].text, "vms: {}\n");
	ck_assert_uint_eq(files.desired[1].length, 8);
	ck_assert_str_eq(files.settings.text, "prune: false\n");
	ck_assert_str_eq(files.settings.name, "homek8s.yaml");
	ck_assert_str_eq(files.directory, root);
}
END_TEST

START_TEST(settings_are_optional)
{
	write_file("desired.d/a.yaml", "vms: {}\n", 0644);
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), 0);
	ck_assert(files.settings.text == NULL);
}
END_TEST

/* To be checked only: to be acted on they would be a home without anything in it. */
START_TEST(settings_alone)
{
	const char *path = path_of("homek8s.yaml");

	write_file("homek8s.yaml", "prune: false\n", 0644);
	ck_assert_int_eq(config_files_read(path, FILES_ANYBODYS, &files, &report), 0);
	ck_assert(files.settings_only);
	ck_assert_uint_eq(files.desired_count, 0);
	ck_assert_str_eq(files.settings.text, "prune: false\n");
	config_files_done(&files);
	ck_assert_int_eq(config_files_read(path, FILES_TRUSTED, &files, &report), 0);
	ck_assert(!files.settings_only);
	ck_assert_uint_eq(files.desired_count, 1);
}
END_TEST

/* "cloud-init/a; cloud-init/b: why" */
static const char *named(void)
{
	const char *text = "";

	for (size_t i = 0; i < files.named_count; i++)
		text = arena_printf(&arena, "%s%s%s%s%s", text, i ? "; " : "",
		    files.named[i].source.name, files.named[i].why ? ": " : "",
		    files.named[i].why ? files.named[i].why : "");
	return text;
}

/* They are errors only where an object names them. */
START_TEST(what_objects_name)
{
	write_file("desired.d/a.yaml", "vms: {}\n", 0644);
	ck_assert_int_eq(mkdir(path_of("cloud-init"), 0755), 0);
	write_file("cloud-init/user-data", "#cloud-config\n", 0640);
	write_file("cloud-init/.hidden", "x", 0644);
	write_file("cloud-init/kept~", "x", 0644);
	write_file("cloud-init/large", "", 0644);
	ck_assert_int_eq(truncate(path_of("cloud-init/large"), 5 << 20), 0);
	write_file("cloud-init/open", "x", 0666);
	write_file("cloud-init/zeros", "", 0644);
	ck_assert_int_eq(truncate(path_of("cloud-init/zeros"), 5), 0);
	ck_assert_int_eq(mkfifo(path_of("cloud-init/fifo"), 0644), 0);
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), 0);
	ck_assert_str_eq(said(), "");
	ck_assert_str_eq(named(),
	    "cloud-init/fifo: it is a FIFO where a plain file is due; "
	    "cloud-init/large: it has 5242880 bytes, 262144 are allowed; "
	    "cloud-init/open: others than its owner may write it (mode 0666); "
	    "cloud-init/user-data; "
	    "cloud-init/zeros: it is no text: it has a NUL byte");
	config_files_done(&files);
	ck_assert_int_eq(config_files_read(path_of("desired.d/a.yaml"), FILES_ANYBODYS,
			     &files, &report),
	    0);
	ck_assert_uint_eq(files.named_count, 5);
}
END_TEST

START_TEST(one_file_alone)
{
	write_file("homek8s.yaml", "prune: false\n", 0644);
	write_file("alone.yaml", "vms: {}\n", 0644);
	ck_assert_int_eq(
	    config_files_read(path_of("alone.yaml"), FILES_TRUSTED, &files, &report), 0);
	ck_assert_str_eq(names(), path_of("alone.yaml"));
	ck_assert(files.settings.text == NULL);
	ck_assert_str_eq(files.directory, root);
}
END_TEST

/* As a mounted ConfigMap is: a.yaml -> ..data/a.yaml, ..data -> ..1 */
START_TEST(good_links_are_followed)
{
	ck_assert_int_eq(mkdir(path_of("desired.d/..1"), 0755), 0);
	write_file("desired.d/..1/a.yaml", "vms: {}\n", 0644);
	ck_assert_int_eq(symlink("..1", path_of("desired.d/..data")), 0);
	ck_assert_int_eq(symlink("..data/a.yaml", path_of("desired.d/a.yaml")), 0);
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), 0);
	ck_assert_str_eq(names(), "desired.d/a.yaml");
	ck_assert_str_eq(files.desired[0].text, "vms: {}\n");
}
END_TEST

enum thing {
	FIFO,
	DIRECTORY,
	DANGLING,
	LOOP,
	DEVICE,
	EMPTY,
	GROUP_WRITES,
	OTHERS_WRITE,
	TOO_LARGE,
	JUST_SMALL_ENOUGH,
};

static void put(enum thing thing, const char *name)
{
	static char large[YAML_MAX_BYTES + 2];
	const char *path = path_of(name);

	memset(large, '#', YAML_MAX_BYTES + 1);
	switch (thing) {
	case FIFO:
		ck_assert_int_eq(mkfifo(path, 0600), 0);
		break;
	case DIRECTORY:
		ck_assert_int_eq(mkdir(path, 0755), 0);
		break;
	case DANGLING:
		ck_assert_int_eq(symlink("nowhere", path), 0);
		break;
	case LOOP:
		ck_assert_int_eq(symlink(path, path), 0);
		break;
	case DEVICE:
		ck_assert_int_eq(symlink("/dev/zero", path), 0);
		break;
	case EMPTY:
		write_file(name, "", 0644);
		break;
	case GROUP_WRITES:
		write_file(name, "vms: {}\n", 0664);
		break;
	case OTHERS_WRITE:
		write_file(name, "vms: {}\n", 0646);
		break;
	case TOO_LARGE:
		write_file(name, large, 0644);
		break;
	case JUST_SMALL_ENOUGH:
		large[YAML_MAX_BYTES] = '\0';
		write_file(name, large, 0644);
		break;
	}
}

static const struct {
	const char *what;
	enum thing thing;
	const char *id;
	const char *text; /* in the finding's text or fix */
} odd[] = {
	{ "a FIFO never blocks", FIFO, "file-not-regular", "a FIFO" },
	{ "a directory", DIRECTORY, "file-not-regular", "a directory" },
	{ "a dangling link", DANGLING, "file-unreadable", "not there" },
	{ "a link to itself", LOOP, "file-unreadable", "in a circle" },
	{ "a device", DEVICE, "file-not-regular", "a device" },
	{ "an empty file", EMPTY, "file-empty", "never means delete everything" },
	{ "writable by its group", GROUP_WRITES, "file-writable", "chmod go-w" },
	{ "writable by all", OTHERS_WRITE, "file-writable", "mode 0646" },
	{ "a byte too large", TOO_LARGE, "file-too-large", "262145 bytes" },
	{ "just small enough", JUST_SMALL_ENOUGH, NULL, NULL },
};

/* In desired.d, beside a good file, which is read all the same; and as settings. */
START_TEST(odd_files)
{
	static const char *const places[] = { "desired.d/odd.yaml", "homek8s.yaml" };
	const char *name = places[_i % 2];
	int row = _i / 2;
	int result;

	write_file("desired.d/good.yaml", "vms: {}\n", 0644);
	put(odd[row].thing, name);
	result = config_files_read(root, FILES_TRUSTED, &files, &report);
	if (!odd[row].id) {
		ck_assert_msg(result == 0, "%s: %s", odd[row].what, said());
		return;
	}
	ck_assert_msg(result == -1, "%s: accepted", odd[row].what);
	ck_assert_msg(
	    strcmp(said(), arena_printf(&arena, "%s %s", name, odd[row].id)) == 0,
	    "%s: %s", odd[row].what, said());
	ck_assert_msg(
	    strstr(report.findings->text, odd[row].text) ||
		(report.findings->fix && strstr(report.findings->fix, odd[row].text)),
	    "%s: %s", odd[row].what, report.findings->text);
	ck_assert_str_eq(names(), "desired.d/good.yaml");
}
END_TEST

START_TEST(every_odd_file_is_reported)
{
	put(FIFO, "desired.d/a.yaml");
	put(EMPTY, "desired.d/b.yaml");
	put(DANGLING, "homek8s.yaml");
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), -1);
	ck_assert_str_eq(said(), "homek8s.yaml file-unreadable; desired.d/a.yaml "
				 "file-not-regular; desired.d/b.yaml file-empty");
}
END_TEST

START_TEST(a_stranger_s_file)
{
	write_file("desired.d/a.yaml", "vms: {}\n", 0644);
	if (geteuid() != 0) /* only root can give files away */
		return;
	ck_assert_int_eq(chown(path_of("desired.d/a.yaml"), 12345, 12345), 0);
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), -1);
	ck_assert_str_eq(said(), "desired.d/a.yaml file-owner");
	ck_assert(strstr(report.findings->text, "12345"));
}
END_TEST

/* Who may write a directory decides which files it has. */
START_TEST(a_directory_others_may_write)
{
	static const struct {
		const char *directory, *said;
		mode_t mode;
	} rows[] = {
		{ "desired.d", "desired.d file-writable", 0775 },
		{ "desired.d", "desired.d file-writable", 01777 },
		{ "desired.d", "", 0750 },
		{ ".", NULL, 0757 },
	};

	write_file("desired.d/a.yaml", "vms: {}\n", 0644);
	ck_assert_int_eq(chmod(path_of(rows[_i].directory), rows[_i].mode), 0);
	config_files_read(root, FILES_TRUSTED, &files, &report);
	ck_assert_str_eq(said(), rows[_i].said
				     ? rows[_i].said
				     : arena_printf(&arena, "%s file-writable", root));
	config_files_done(&files);
	report = (struct report){ .arena = &arena };
	ck_assert_int_eq(config_files_read(root, FILES_ANYBODYS, &files, &report), 0);
}
END_TEST

START_TEST(a_stranger_s_directory)
{
	write_file("desired.d/a.yaml", "vms: {}\n", 0644);
	if (geteuid() != 0) /* only root can give directories away */
		return;
	ck_assert_int_eq(chown(path_of("desired.d"), 12345, 12345), 0);
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), -1);
	ck_assert_str_eq(said(), "desired.d file-owner");
}
END_TEST

START_TEST(nothing_desired)
{
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), -1);
	ck_assert_str_eq(said(), "desired.d no-desired-state");
	ck_assert(strstr(report.findings->fix,
	    "an empty or missing desired.d never means delete everything"));
}
END_TEST

START_TEST(no_desired_directory)
{
	ck_assert_int_eq(rmdir(path_of("desired.d")), 0);
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), -1);
	ck_assert_str_eq(said(), "desired.d no-desired-state");
	ck_assert(strstr(report.findings->fix, "never means delete everything"));
}
END_TEST

START_TEST(desired_is_a_file)
{
	ck_assert_int_eq(rmdir(path_of("desired.d")), 0);
	write_file("desired.d", "vms: {}\n", 0644);
	ck_assert_int_eq(config_files_read(root, FILES_TRUSTED, &files, &report), -1);
	ck_assert_str_eq(said(), "desired.d no-desired-state");
	ck_assert(strstr(report.findings->text, "as a directory"));
}
END_TEST

START_TEST(no_such_path)
{
	const char *path = path_of("missing");

	ck_assert_int_eq(config_files_read(path, FILES_TRUSTED, &files, &report), -1);
	ck_assert_str_eq(said(), arena_printf(&arena, "%s file-unreadable", path));
}
END_TEST

START_TEST(how_many_files)
{
	for (int i = 0; i < CONFIG_MAX_FILES + _i; i++)
		write_file(
		    arena_printf(&arena, "desired.d/f%02d.yaml", i), "vms: {}\n", 0644);
	if (_i == 0) {
		ck_assert_int_eq(
		    config_files_read(root, FILES_TRUSTED, &files, &report), 0);
		ck_assert_uint_eq(files.desired_count, CONFIG_MAX_FILES);
	} else {
		ck_assert_int_eq(
		    config_files_read(root, FILES_TRUSTED, &files, &report), -1);
		ck_assert_str_eq(said(), "desired.d too-many-files");
		ck_assert(strstr(report.findings->text, "65"));
	}
}
END_TEST

START_TEST(how_many_bytes)
{
	for (int i = 0; i < 4 + _i; i++)
		put(JUST_SMALL_ENOUGH, arena_printf(&arena, "desired.d/f%02d.yaml", i));
	ck_assert_int_eq(
	    config_files_read(root, FILES_TRUSTED, &files, &report), _i ? -1 : 0);
	ck_assert_str_eq(said(), _i ? "desired.d too-many-bytes" : "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("files");
	TCase *test = tcase_create("files");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, a_directory);
	tcase_add_test(test, settings_are_optional);
	tcase_add_test(test, settings_alone);
	tcase_add_test(test, one_file_alone);
	tcase_add_test(test, what_objects_name);
	tcase_add_test(test, good_links_are_followed);
	tcase_add_loop_test(test, odd_files, 0, 2 * ROWS(odd));
	tcase_add_test(test, every_odd_file_is_reported);
	tcase_add_test(test, a_stranger_s_file);
	tcase_add_loop_test(test, a_directory_others_may_write, 0, 4);
	tcase_add_test(test, a_stranger_s_directory);
	tcase_add_test(test, nothing_desired);
	tcase_add_test(test, no_desired_directory);
	tcase_add_test(test, desired_is_a_file);
	tcase_add_test(test, no_such_path);
	tcase_add_loop_test(test, how_many_files, 0, 2);
	tcase_add_loop_test(test, how_many_bytes, 0, 2);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
