/* SPDX-License-Identifier: MIT */
/* files: which files the directories have, and how many of them. */
#include "lib/model/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/cleanup.h"
#include "lib/model/file_reader.h"

#define SETTINGS "homek8s.yaml"
#define DESIRED "desired.d"

static bool is_ours(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && ((length > 5 && !strcmp(name + length - 5, ".yaml")) ||
				     (length > 4 && !strcmp(name + length - 4, ".yml")));
}

static int compare_names(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Names of the *.yaml files, sorted. More than the limit are counted, not kept. */
static size_t list_names(struct arena *a, DIR *directory, const char **names)
{
	size_t count = 0;

	for (struct dirent *d; (d = readdir(directory));) {
		if (!is_ours(d->d_name))
			continue;
		if (count < CONFIG_MAX_FILES)
			names[count] = arena_copy(a, d->d_name);
		count++;
	}
	qsort(names, count < CONFIG_MAX_FILES ? count : CONFIG_MAX_FILES, sizeof(*names),
	    compare_names);
	return count;
}

static int check_count(const struct file_reader *r, size_t count)
{
	struct arena *a = r->report->arena;

	if (count == 0)
		return file_refuse(r, "no-desired-state", DESIRED,
		    "there is no *.yaml or *.yml file in it",
		    "an empty or missing desired.d never means delete everything: write what should be into " DESIRED
		    "/home.yaml");
	if (count > CONFIG_MAX_FILES)
		return file_refuse(r, "too-many-files", DESIRED,
		    arena_printf(a, "it has %zu *.yaml files, %d are allowed", count,
			CONFIG_MAX_FILES),
		    "put several sections into one file");
	return 0;
}

static void read_desired(const struct file_reader *r, DIR *directory)
{
	struct config_files *out = r->out;
	const char *names[CONFIG_MAX_FILES];
	size_t count = list_names(&out->arena, directory, names), bytes = 0;

	if (check_count(r, count))
		return;
	out->desired = arena_array(&out->arena, count, sizeof(*out->desired));
	for (size_t i = 0; i < count; i++) {
		const char *name = arena_printf(&out->arena, "%s/%s", DESIRED, names[i]);

		struct source_text *source = &out->desired[out->desired_count];

		if (file_read(r, dirfd(directory), names[i], name, source))
			continue;
		out->desired_count++;
		bytes += source->length;
		if (bytes > CONFIG_MAX_BYTES) {
			file_refuse(r, "too-many-bytes", DESIRED,
			    arena_printf(r->report->arena,
				"its files have more than %zu bytes together",
				CONFIG_MAX_BYTES),
			    "leave out keys that only repeat the default");
			return;
		}
	}
}

static void open_desired(const struct file_reader *r, int directory)
{
	int fd = openat(directory, DESIRED, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *desired = fd < 0 ? NULL : fdopendir(fd);
	int reason = errno;
	struct stat st;

	if (desired) {
		if (fstat(fd, &st) == 0 && file_check_owner(r, DESIRED, &st) == 0 &&
		    file_check_readable(r, DESIRED, true) == 0)
			read_desired(r, desired);
		closedir(desired);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (reason == EACCES) {
		file_refuse_denied(r, DESIRED, true);
		return;
	}
	file_refuse(r, "no-desired-state", DESIRED,
	    reason == ENOENT ? "there is no such directory"
			     : arena_printf(r->report->arena,
				   "cannot open it as a directory: %s", strerror(reason)),
	    "an empty or missing desired.d never means delete everything: create the directory and write what should be into " DESIRED
	    "/home.yaml");
}

/* What objects name */

/* One that cannot be used keeps the reason, for whoever names it. */
static void read_named(const struct file_reader *r, int directory, const char *name)
{
	struct config_files *out = r->out;
	struct report unread = { .arena = &out->arena };
	struct file_reader one = { out, &unread, r->of, r->as, true };
	struct named_file *file =
	    arena_push(&out->arena, &out->named, &out->named_count, sizeof(*file));
	size_t bytes = 0;

	file->source.name = arena_printf(&out->arena, CONFIG_NAMED_DIRECTORY "/%s", name);
	if (file_read(&one, directory, name, file->source.name, &file->source) < 0) {
		file->why = unread.findings[0].text;
		file->fix = unread.findings[0].fix;
	}
	for (size_t i = 0; i < out->named_count; i++)
		bytes += out->named[i].why ? 0 : out->named[i].source.length;
	if (file->why || bytes <= CONFIG_MAX_NAMED_BYTES)
		return;
	file->why = arena_printf(&out->arena,
	    "with it the files of " CONFIG_NAMED_DIRECTORY
	    " have more than %zu bytes together",
	    CONFIG_MAX_NAMED_BYTES);
	file->fix = "remove files that nothing names";
}

static int compare_named(const void *x, const void *y)
{
	const struct named_file *a = x, *b = y;

	return strcmp(a->source.name, b->source.name);
}

static void read_all_named(const struct file_reader *r, DIR *directory)
{
	struct config_files *out = r->out;
	size_t count = 0;

	for (struct dirent *d; (d = readdir(directory));) {
		size_t length = strlen(d->d_name);

		if (d->d_name[0] == '.' || d->d_name[length - 1] == '~')
			continue;
		if (count++ < CONFIG_MAX_NAMED)
			read_named(r, dirfd(directory), d->d_name);
	}
	if (out->named_count)
		qsort(out->named, out->named_count, sizeof(*out->named), compare_named);
	if (count > CONFIG_MAX_NAMED)
		file_refuse(r, "too-many-files", CONFIG_NAMED_DIRECTORY,
		    arena_printf(r->report->arena, "it has %zu files, %d are allowed",
			count, CONFIG_MAX_NAMED),
		    "remove those that nothing names");
}

/* `above`: the configuration directory. None is as good as an empty one. */
static void open_named(const struct file_reader *r, int above)
{
	int fd =
	    openat(above, CONFIG_NAMED_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int reason = errno;
	struct stat st;

	if (directory) {
		if (fstat(fd, &st) == 0 &&
		    file_check_owner(r, CONFIG_NAMED_DIRECTORY, &st) == 0 &&
		    file_check_readable(r, CONFIG_NAMED_DIRECTORY, true) == 0)
			read_all_named(r, directory);
		closedir(directory);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (reason == EACCES)
		file_refuse_denied(r, CONFIG_NAMED_DIRECTORY, true);
	else if (reason != ENOENT)
		file_refuse(r, "file-unreadable", CONFIG_NAMED_DIRECTORY,
		    arena_printf(r->report->arena, "cannot open it as a directory: %s",
			strerror(reason)),
		    "make it a directory, or remove it");
}

/* One file of desired state, given alone, stands in the directory or in its desired.d. */
static void open_named_of(const struct file_reader *r, const char *parent)
{
	struct arena *a = &r->out->arena;
	const char *last = strrchr(parent, '/');
	bool is_desired = strcmp(last ? last + 1 : parent, DESIRED) == 0;
	autoclose int directory =
	    open(is_desired ? arena_printf(a, "%s/..", parent) : parent,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory >= 0)
		open_named(r, directory);
}

static void read_directory(const struct file_reader *r, const char *path)
{
	autoclose int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (directory < 0 && errno == EACCES) {
		file_refuse_denied(r, path, true);
		return;
	}
	if (directory < 0) {
		file_refuse(r, "file-unreadable", path,
		    arena_printf(r->report->arena, "cannot open the directory: %s",
			strerror(errno)),
		    NULL);
		return;
	}
	if (fstat(directory, &st) || file_check_owner(r, path, &st) ||
	    file_check_readable(r, path, true))
		return;
	if (!fstatat(directory, SETTINGS, &st, AT_SYMLINK_NOFOLLOW))
		file_read(r, directory, SETTINGS, SETTINGS, &r->out->settings);
	open_desired(r, directory);
	open_named(r, directory);
}

static const char *parent_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : arena_copy_n(a, path, (size_t)(slash - path));
}

/* The settings by their name, but never where they would stand for a whole home; else
 * one file of desired state. */
static void read_single(const struct file_reader *r, const char *path)
{
	struct config_files *out = r->out;
	const char *slash = strrchr(path, '/');

	if (r->of == FILES_ANYBODYS && strcmp(slash ? slash + 1 : path, SETTINGS) == 0) {
		out->directory = parent_of(&out->arena, path);
		out->settings_only = true;
		file_read(
		    r, AT_FDCWD, path, arena_copy(&out->arena, path), &out->settings);
		return;
	}
	out->desired = arena_alloc(&out->arena, sizeof(*out->desired));
	out->directory = parent_of(&out->arena, path);
	if (!file_read(r, AT_FDCWD, path, arena_copy(&out->arena, path), out->desired))
		out->desired_count = 1;
	open_named_of(r, out->directory);
}

static int read_all(const char *path, enum files_of of, const struct account *as,
    struct config_files *out, struct report *report)
{
	struct file_reader r = { out, report, of, as, false };
	size_t errors = report->errors;
	struct stat st;

	*out = (struct config_files){ 0 };
	out->directory = arena_copy(&out->arena, path);
	if (stat(path, &st))
		file_refuse(&r, "file-unreadable", path,
		    arena_printf(report->arena, "cannot find it: %s", strerror(errno)),
		    "give a configuration directory or one file of desired state");
	else if (S_ISDIR(st.st_mode))
		read_directory(&r, path);
	else
		read_single(&r, path);
	return report->errors > errors ? -1 : 0;
}

int config_files_read(
    const char *path, enum files_of of, struct config_files *out, struct report *report)
{
	return read_all(path, of, NULL, out, report);
}

int config_files_read_as(const struct account *as, const char *path, enum files_of of,
    struct config_files *out, struct report *report)
{
	return read_all(path, of, as, out, report);
}

void config_files_done(struct config_files *files)
{
	arena_done(&files->arena);
	*files = (struct config_files){ 0 };
}
