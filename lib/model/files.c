/* SPDX-License-Identifier: MIT */
/* files: opens what is a plain file of a trusted owner, reads it once, names the rest. */
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
#include "lib/doc/yaml.h"

#define SETTINGS "homek8s.yaml"
#define DESIRED "desired.d"

struct reader {
	struct config_files *out;
	struct report *report;
	enum files_of of;
	const struct account *as; /* NULL: the user of this process */
	bool named;		  /* it is read what objects name */
};

/* Of a name that is relative to the configuration directory: for commands. */
static const char *whole_path(const struct reader *r, const char *name)
{
	const char *directory = r->out->directory;

	if (name[0] == '/' || strcmp(name, directory) == 0)
		return name;
	return arena_printf(r->report->arena, "%s/%s", directory, name);
}

/* A file that cannot be used: its name, why, and what to do. */
static int refuse(const struct reader *r, const char *id, const char *name,
    const char *why, const char *fix)
{
	struct source_text *source = arena_alloc(r->report->arena, sizeof(*source));
	struct place place = { .source = source }; /* the file as a whole: no line */
	struct finding *f;

	source->name = arena_copy(r->report->arena, name);
	source->text = "";
	f = report_add(r->report, SEVERITY_ERROR, id, &place, "%s", why);
	if (fix)
		report_fix(r->report, f, "%s", fix);
	return -1;
}

/* We may not read it. Where somebody else is to read it, who may, it is only not checked. */
static int refuse_denied(const struct reader *r, const char *name, bool is_directory)
{
	struct arena *a = r->report->arena;
	const char *path = whole_path(r, name);

	if (r->as && !account_denied(r->as, a, path, is_directory ? R_OK | X_OK : R_OK))
		return refuse(r, "file-not-checked", name,
		    "this user may not read it, and so it was not checked",
		    "check it as root");
	return refuse(r, "file-unreadable", name,
	    is_directory ? "this user may not read this directory"
			 : "this user may not read it",
	    is_directory ? arena_printf(a, "`chmod a+rx %s` lets homek8sd read it", path)
			 : arena_printf(a,
			       "`chgrp " ACCOUNT_SERVICE
			       " %s && chmod 640 %s` lets homek8sd read it",
			       path, path));
}

static int refuse_open(const struct reader *r, const char *name, int reason)
{
	switch (reason) {
	case ENOENT:
		return refuse(r, "file-unreadable", name,
		    "it is a link to a file that is not there",
		    "remove the link or put the file in its place");
	case ELOOP:
		return refuse(r, "file-unreadable", name,
		    "it is a link that leads in a circle", "remove the link");
	case EACCES:
	case EPERM:
		return refuse_denied(r, name, false);
	case ENXIO:
	case ENODEV:
		return refuse(r, "file-not-regular", name,
		    "it is a socket or a device where a plain file is due",
		    "put a plain file in its place");
	default: /* errno is not one of our enums */
		return refuse(r, "file-unreadable", name,
		    arena_printf(
			r->report->arena, "cannot open it: %s", strerror(reason)),
		    NULL);
	}
}

static const char *type_text(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a FIFO";
	return "a device";
}

/* Who else may write it decides what the daemon does: a file's text, or which files a
 * directory has. */
static int check_owner(const struct reader *r, const char *name, const struct stat *st)
{
	struct arena *a = r->report->arena;
	const char *path = whole_path(r, name);
	uid_t reader = r->as ? r->as->uid : geteuid();

	if (r->of != FILES_TRUSTED && !r->as)
		return 0;
	if (st->st_uid != 0 && st->st_uid != reader)
		return refuse(r, "file-owner", name,
		    arena_printf(a,
			"it belongs to user %u, neither to root nor to %s, who reads it",
			st->st_uid, r->as ? r->as->name : "the user"),
		    arena_printf(a, "chown root %s", path));
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return refuse(r, "file-writable", name,
		    arena_printf(a, "others than its owner may write it (mode %04o)",
			st->st_mode & 07777u),
		    arena_printf(a, "chmod go-w %s", path));
	return 0;
}

/* For whom we read, it is not we who are to be allowed to. */
static int check_readable(const struct reader *r, const char *name, bool is_directory)
{
	struct arena *a = r->report->arena;
	const char *path = whole_path(r, name), *denied;

	if (!r->as)
		return 0;
	denied = account_denied(r->as, a, path, is_directory ? R_OK | X_OK : R_OK);
	if (!denied)
		return 0;
	if (strcmp(denied, path) != 0 || is_directory)
		return refuse(r, "file-unreadable", strcmp(denied, path) ? denied : name,
		    arena_printf(a, "user %s may not read this directory", r->as->name),
		    arena_printf(a, "chmod a+rx %s", denied));
	return refuse(r, "file-unreadable", name,
	    arena_printf(a, "user %s may not read it", r->as->name),
	    arena_printf(a, "chgrp %s %s && chmod 640 %s", r->as->name, path, path));
}

static int check_file(const struct reader *r, const char *name, const struct stat *st)
{
	struct arena *a = r->report->arena;
	size_t limit;

	if (!S_ISREG(st->st_mode))
		return refuse(r, "file-not-regular", name,
		    arena_printf(
			a, "it is %s where a plain file is due", type_text(st->st_mode)),
		    "put a plain file in its place");
	if (check_owner(r, name, st) || check_readable(r, name, false))
		return -1;
	limit = r->named ? CONFIG_MAX_NAMED_FILE : YAML_MAX_BYTES;
	if ((size_t)st->st_size > limit)
		return refuse(r, "file-too-large", name,
		    arena_printf(a, "it has %lld bytes, %zu are allowed",
			(long long)st->st_size, limit),
		    r->named
			? "have the guest fetch what is large, for example with `#include`"
			: "split it over several files in " DESIRED);
	return 0;
}

/* The whole text, in the arena: `size` bytes, and no more when it is tried to read one.
 */
static int read_text(const struct reader *r, int fd, const char *name, size_t size,
    struct source_text *out)
{
	char *text = arena_alloc(&r->out->arena, size + 2);
	size_t length = 0;
	ssize_t got = 1;

	while (got && length <= size) {
		got = read(fd, text + length, size + 1 - length);
		if (got < 0 && errno != EINTR)
			return refuse(r, "file-unreadable", name,
			    arena_printf(
				r->report->arena, "cannot read it: %s", strerror(errno)),
			    NULL);
		if (got > 0)
			length += (size_t)got;
	}
	if (length > size)
		return refuse(r, "file-changing", name, "it grows while it is read",
		    "write it elsewhere and rename it into place");
	if (length == 0)
		return refuse(r, "file-empty", name, "it is empty",
		    r->named
			? "write what should be in it"
			: "an empty file never means delete everything: remove it, or write what should be");
	if (r->named && memchr(text, '\0', length))
		return refuse(r, "file-not-text", name,
		    "it is no text: it has a NUL byte", "put a text in its place");
	*out = (struct source_text){ .name = name, .text = text, .length = length };
	return 0;
}

static int read_file(const struct reader *r, int directory, const char *path,
    const char *name, struct source_text *out)
{
	autoclose int fd =
	    openat(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return refuse_open(r, name, errno);
	if (fstat(fd, &st))
		return refuse_open(r, name, errno);
	if (check_file(r, name, &st))
		return -1;
	return read_text(r, fd, name, (size_t)st.st_size, out);
}

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

static int check_count(const struct reader *r, size_t count)
{
	struct arena *a = r->report->arena;

	if (count == 0)
		return refuse(r, "no-desired-state", DESIRED,
		    "there is no *.yaml or *.yml file in it",
		    "an empty or missing desired.d never means delete everything: write what should be into " DESIRED
		    "/home.yaml");
	if (count > CONFIG_MAX_FILES)
		return refuse(r, "too-many-files", DESIRED,
		    arena_printf(a, "it has %zu *.yaml files, %d are allowed", count,
			CONFIG_MAX_FILES),
		    "put several sections into one file");
	return 0;
}

static void read_desired(const struct reader *r, DIR *directory)
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

		if (read_file(r, dirfd(directory), names[i], name, source))
			continue;
		out->desired_count++;
		bytes += source->length;
		if (bytes > CONFIG_MAX_BYTES) {
			refuse(r, "too-many-bytes", DESIRED,
			    arena_printf(r->report->arena,
				"its files have more than %zu bytes together",
				CONFIG_MAX_BYTES),
			    "leave out keys that only repeat the default");
			return;
		}
	}
}

static void open_desired(const struct reader *r, int directory)
{
	int fd = openat(directory, DESIRED, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *desired = fd < 0 ? NULL : fdopendir(fd);
	int reason = errno;
	struct stat st;

	if (desired) {
		if (fstat(fd, &st) == 0 && check_owner(r, DESIRED, &st) == 0 &&
		    check_readable(r, DESIRED, true) == 0)
			read_desired(r, desired);
		closedir(desired);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (reason == EACCES) {
		refuse_denied(r, DESIRED, true);
		return;
	}
	refuse(r, "no-desired-state", DESIRED,
	    reason == ENOENT ? "there is no such directory"
			     : arena_printf(r->report->arena,
				   "cannot open it as a directory: %s", strerror(reason)),
	    "an empty or missing desired.d never means delete everything: create the directory and write what should be into " DESIRED
	    "/home.yaml");
}

/* What objects name */

/* One that cannot be used keeps the reason, for whoever names it. */
static void read_named(const struct reader *r, int directory, const char *name)
{
	struct config_files *out = r->out;
	struct report unread = { .arena = &out->arena };
	struct reader one = { out, &unread, r->of, r->as, true };
	struct named_file *file =
	    arena_push(&out->arena, &out->named, &out->named_count, sizeof(*file));
	size_t bytes = 0;

	file->source.name = arena_printf(&out->arena, CONFIG_NAMED_DIRECTORY "/%s", name);
	if (read_file(&one, directory, name, file->source.name, &file->source) < 0) {
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

static void read_all_named(const struct reader *r, DIR *directory)
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
		refuse(r, "too-many-files", CONFIG_NAMED_DIRECTORY,
		    arena_printf(r->report->arena, "it has %zu files, %d are allowed",
			count, CONFIG_MAX_NAMED),
		    "remove those that nothing names");
}

/* `above`: the configuration directory. None is as good as an empty one. */
static void open_named(const struct reader *r, int above)
{
	int fd =
	    openat(above, CONFIG_NAMED_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int reason = errno;
	struct stat st;

	if (directory) {
		if (fstat(fd, &st) == 0 &&
		    check_owner(r, CONFIG_NAMED_DIRECTORY, &st) == 0 &&
		    check_readable(r, CONFIG_NAMED_DIRECTORY, true) == 0)
			read_all_named(r, directory);
		closedir(directory);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (reason == EACCES)
		refuse_denied(r, CONFIG_NAMED_DIRECTORY, true);
	else if (reason != ENOENT)
		refuse(r, "file-unreadable", CONFIG_NAMED_DIRECTORY,
		    arena_printf(r->report->arena, "cannot open it as a directory: %s",
			strerror(reason)),
		    "make it a directory, or remove it");
}

/* One file of desired state, given alone, stands in the directory or in its desired.d. */
static void open_named_of(const struct reader *r, const char *parent)
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

static void read_directory(const struct reader *r, const char *path)
{
	autoclose int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (directory < 0 && errno == EACCES) {
		refuse_denied(r, path, true);
		return;
	}
	if (directory < 0) {
		refuse(r, "file-unreadable", path,
		    arena_printf(r->report->arena, "cannot open the directory: %s",
			strerror(errno)),
		    NULL);
		return;
	}
	if (fstat(directory, &st) || check_owner(r, path, &st) ||
	    check_readable(r, path, true))
		return;
	if (!fstatat(directory, SETTINGS, &st, AT_SYMLINK_NOFOLLOW))
		read_file(r, directory, SETTINGS, SETTINGS, &r->out->settings);
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
static void read_single(const struct reader *r, const char *path)
{
	struct config_files *out = r->out;
	const char *slash = strrchr(path, '/');

	if (r->of == FILES_ANYBODYS && strcmp(slash ? slash + 1 : path, SETTINGS) == 0) {
		out->directory = parent_of(&out->arena, path);
		out->settings_only = true;
		read_file(
		    r, AT_FDCWD, path, arena_copy(&out->arena, path), &out->settings);
		return;
	}
	out->desired = arena_alloc(&out->arena, sizeof(*out->desired));
	out->directory = parent_of(&out->arena, path);
	if (!read_file(r, AT_FDCWD, path, arena_copy(&out->arena, path), out->desired))
		out->desired_count = 1;
	open_named_of(r, out->directory);
}

static int read_all(const char *path, enum files_of of, const struct account *as,
    struct config_files *out, struct report *report)
{
	struct reader r = { out, report, of, as, false };
	size_t errors = report->errors;
	struct stat st;

	*out = (struct config_files){ 0 };
	out->directory = arena_copy(&out->arena, path);
	if (stat(path, &st))
		refuse(&r, "file-unreadable", path,
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
