/* SPDX-License-Identifier: MIT */
/* unread: a list of names. */
#include "daemon/host/unread.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

/* Where the file stands, or where it would be added: *it is NULL. */
static struct unread **find(struct unread_files *files, int directory, const char *name)
{
	struct unread **at = &files->first;

	while (*at && ((*at)->directory != directory || strcmp((*at)->name, name) != 0))
		at = &(*at)->next;
	return at;
}

struct unread *unread_mark(
    struct unread_files *files, int directory, const char *name, bool written, double now)
{
	struct unread **at = find(files, directory, name), *file = *at;
	bool known = file && file->written == written;

	if (!file) {
		file = *at = must_alloc(sizeof(*file));
		file->directory = directory;
		file->name = must_copy(name);
	}
	if (!known)
		file->since = now;
	file->written = written;
	return file;
}

void unread_drop(struct unread **at)
{
	struct unread *file = *at;

	*at = file->next;
	free(file->name);
	free(file);
}

void unread_forget(struct unread_files *files, int directory, const char *name)
{
	struct unread **at = find(files, directory, name);

	if (*at)
		unread_drop(at);
}

void unread_clear(struct unread_files *files)
{
	while (files->first)
		unread_drop(&files->first);
}
