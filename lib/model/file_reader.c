/* SPDX-License-Identifier: MIT */
/* file_reader: a plain file of a trusted owner, opened without blocking and read once. */
#include "lib/model/file_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/doc/yaml.h"

/* Of a name that is relative to the configuration directory: for commands. */
static const char *whole_path(const struct file_reader *r, const char *name)
{
	const char *directory = r->out->directory;

	if (name[0] == '/' || strcmp(name, directory) == 0)
		return name;
	return arena_printf(r->report->arena, "%s/%s", directory, name);
}

/* A file that cannot be used: its name, why, and what to do. */
int file_refuse(const struct file_reader *r, const char *id, const char *name,
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
int file_refuse_denied(const struct file_reader *r, const char *name, bool is_directory)
{
	struct arena *a = r->report->arena;
	const char *path = whole_path(r, name);

	if (r->as && !account_denied(r->as, a, path, is_directory ? R_OK | X_OK : R_OK))
		return file_refuse(r, "file-not-checked", name,
		    "this user may not read it, and so it was not checked",
		    "check it as root");
	return file_refuse(r, "file-unreadable", name,
	    is_directory ? "this user may not read this directory"
			 : "this user may not read it",
	    is_directory ? arena_printf(a, "`chmod a+rx %s` lets homek8sd read it", path)
			 : arena_printf(a,
			       "`chgrp " ACCOUNT_SERVICE
			       " %s && chmod 640 %s` lets homek8sd read it",
			       path, path));
}

static int refuse_open(const struct file_reader *r, const char *name, int reason)
{
	switch (reason) {
	case ENOENT:
		return file_refuse(r, "file-unreadable", name,
		    "it is a link to a file that is not there",
		    "remove the link or put the file in its place");
	case ELOOP:
		return file_refuse(r, "file-unreadable", name,
		    "it is a link that leads in a circle", "remove the link");
	case EACCES:
	case EPERM:
		return file_refuse_denied(r, name, false);
	case ENXIO:
	case ENODEV:
		return file_refuse(r, "file-not-regular", name,
		    "it is a socket or a device where a plain file is due",
		    "put a plain file in its place");
	default: /* errno is not one of our enums */
		return file_refuse(r, "file-unreadable", name,
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
int file_check_owner(const struct file_reader *r, const char *name, const struct stat *st)
{
	struct arena *a = r->report->arena;
	const char *path = whole_path(r, name);
	uid_t reader = r->as ? r->as->uid : geteuid();

	if (r->of != FILES_TRUSTED && !r->as)
		return 0;
	if (st->st_uid != 0 && st->st_uid != reader)
		return file_refuse(r, "file-owner", name,
		    arena_printf(a,
			"it belongs to user %u, neither to root nor to %s, who reads it",
			st->st_uid, r->as ? r->as->name : "the user"),
		    arena_printf(a, "chown root %s", path));
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return file_refuse(r, "file-writable", name,
		    arena_printf(a, "others than its owner may write it (mode %04o)",
			st->st_mode & 07777u),
		    arena_printf(a, "chmod go-w %s", path));
	return 0;
}

/* For whom we read, it is not we who are to be allowed to. */
int file_check_readable(const struct file_reader *r, const char *name, bool is_directory)
{
	struct arena *a = r->report->arena;
	const char *path = whole_path(r, name), *denied;

	if (!r->as)
		return 0;
	denied = account_denied(r->as, a, path, is_directory ? R_OK | X_OK : R_OK);
	if (!denied)
		return 0;
	if (strcmp(denied, path) != 0 || is_directory)
		return file_refuse(r, "file-unreadable",
		    strcmp(denied, path) ? denied : name,
		    arena_printf(a, "user %s may not read this directory", r->as->name),
		    arena_printf(a, "chmod a+rx %s", denied));
	return file_refuse(r, "file-unreadable", name,
	    arena_printf(a, "user %s may not read it", r->as->name),
	    arena_printf(a, "chgrp %s %s && chmod 640 %s", r->as->name, path, path));
}

static int check_file(
    const struct file_reader *r, const char *name, const struct stat *st)
{
	struct arena *a = r->report->arena;
	size_t limit;

	if (!S_ISREG(st->st_mode))
		return file_refuse(r, "file-not-regular", name,
		    arena_printf(
			a, "it is %s where a plain file is due", type_text(st->st_mode)),
		    "put a plain file in its place");
	if (file_check_owner(r, name, st) || file_check_readable(r, name, false))
		return -1;
	limit = r->named ? CONFIG_MAX_NAMED_FILE : YAML_MAX_BYTES;
	if ((size_t)st->st_size > limit)
		return file_refuse(r, "file-too-large", name,
		    arena_printf(a, "it has %lld bytes, %zu are allowed",
			(long long)st->st_size, limit),
		    r->named
			? "have the guest fetch what is large, for example with `#include`"
			: "split it over several files in desired.d");
	return 0;
}

/* The whole text, in the arena: `size` bytes, and no more when it is tried to read one.
 */
static int read_text(const struct file_reader *r, int fd, const char *name, size_t size,
    struct source_text *out)
{
	char *text = arena_alloc(&r->out->arena, size + 2);
	size_t length = 0;
	ssize_t got = 1;

	while (got && length <= size) {
		got = read(fd, text + length, size + 1 - length);
		if (got < 0 && errno != EINTR)
			return file_refuse(r, "file-unreadable", name,
			    arena_printf(
				r->report->arena, "cannot read it: %s", strerror(errno)),
			    NULL);
		if (got > 0)
			length += (size_t)got;
	}
	if (length > size)
		return file_refuse(r, "file-changing", name, "it grows while it is read",
		    "write it elsewhere and rename it into place");
	if (length == 0)
		return file_refuse(r, "file-empty", name, "it is empty",
		    r->named
			? "write what should be in it"
			: "an empty file never means delete everything: remove it, or write what should be");
	if (r->named && memchr(text, '\0', length))
		return file_refuse(r, "file-not-text", name,
		    "it is no text: it has a NUL byte", "put a text in its place");
	*out = (struct source_text){ .name = name, .text = text, .length = length };
	return 0;
}

int file_read(const struct file_reader *r, int directory, const char *path,
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
