/* SPDX-License-Identifier: MIT */
/*
 * note_host: notes as this host has them. The directory $HOMEK8S_NOTES holds a link
 * NAME -> FILE for each that homek8sd has written: so it knows its own, also after they
 * are no longer written in the configuration. The link is there before its file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "test/frame/arguments.h"
#include "test/frame/host.h"

#define MAX_TEXT 4096

static const char *directory(void)
{
	const char *path = getenv("HOMEK8S_NOTES");

	return path ? path : "/var/lib/homek8s/notes";
}

int note_list(struct arena *a, const char ***names, size_t *count, struct error *e)
{
	return host_directory(a, directory(), names, count, e);
}

/* Where the link of that name leads: 0; 1: there is none; -1. */
static int owned_file(struct arena *a, const char *name, char **path, struct error *e)
{
	char to[MAX_TEXT] = "";
	const char *link = arena_printf(a, "%s/%s", directory(), name);

	if (readlink(link, to, sizeof(to) - 1) < 0)
		return errno == ENOENT ? 1 : fail(e, "%s: %s", link, strerror(errno));
	*path = arena_copy(a, to);
	return 0;
}

/* Its first line, in the arena; NULL: there is more, less or no file. */
static int read_line(
    struct arena *a, const char *path, const char **line, struct error *e)
{
	char text[MAX_TEXT];
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text));
	const char *end = length > 0 ? memchr(text, '\n', (size_t)length) : NULL;

	if ((fd < 0 && errno != ENOENT) || length < 0)
		return fail(e, "%s cannot be read: %s", path, strerror(errno));
	*line = end && end + 1 == text + length
		    ? arena_copy_n(a, text, (size_t)(end - text))
		    : NULL;
	return 0;
}

int note_read(struct arena *a, const char *name, struct reading *out, struct error *e)
{
	char *path = NULL;
	const char *line;
	int result = owned_file(a, name, &path, e);

	if (result != 0)
		return result;
	if (read_line(a, path, &line, e) < 0)
		return -1;
	out->json = json_object_new_object();
	json_put_string(out->json, "path", path);
	if (line)
		json_put_string(out->json, "text", line);
	return 0;
}

/* Old or new, never half: a file of another name, which then takes its place. */
static int write_whole(
    struct arena *a, const char *path, const char *text, struct error *e)
{
	const char *coming = arena_printf(a, "%s.homek8sd", path);
	autofile FILE *f = fopen(coming, "we");

	if (!f || fprintf(f, "%s\n", text) < 0 || fflush(f) != 0 ||
	    fsync(fileno(f)) < 0 || rename(coming, path) < 0)
		return fail(e, "%s cannot be written: %s", path, strerror(errno));
	return 0;
}

static int own(struct arena *a, const char *name, const char *path, struct error *e)
{
	const char *link = arena_printf(a, "%s/%s", directory(), name);
	const char *coming = arena_printf(a, "%s/.%s", directory(), name);

	unlink(coming);
	if (symlink(path, coming) < 0 || rename(coming, link) < 0)
		return fail(e, "%s cannot be made: %s", link, strerror(errno));
	return 0;
}

static int write_note(struct arena *a, const struct call *call, struct error *e)
{
	const struct note_write *write = call->arguments;
	char *owned = NULL;
	struct stat there;

	if (owned_file(a, call->target, &owned, e) < 0)
		return -1;
	if ((!owned || strcmp(owned, write->path) != 0) &&
	    (lstat(write->path, &there) == 0 || errno != ENOENT))
		return fail(e,
		    "%s is there, and homek8sd has not written it: move it away, or give the note another path",
		    write->path);
	if (own(a, call->target, write->path, e) < 0)
		return -1;
	return write_whole(a, write->path, call->document, e);
}

int host_note_write(const struct call *call, struct error *e)
{
	struct arena a = { 0 };
	int result = write_note(&a, call, e);

	arena_done(&a);
	return result;
}

static int remove_note(struct arena *a, const char *name, struct error *e)
{
	char *path = NULL;
	int result = owned_file(a, name, &path, e);

	if (result != 0)
		return result < 0 ? -1 : 0;
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(e, "%s cannot be removed: %s", path, strerror(errno));
	if (unlink(arena_printf(a, "%s/%s", directory(), name)) < 0)
		return fail(
		    e, "the record of %s cannot be removed: %s", path, strerror(errno));
	return 0;
}

int host_note_remove(const struct call *call, struct error *e)
{
	struct arena a = { 0 };
	int result = remove_note(&a, call->target, e);

	arena_done(&a);
	return result;
}
