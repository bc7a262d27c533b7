/* SPDX-License-Identifier: MIT */
/* host: reading a directory. */
#include "test/frame/host.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

int host_directory(struct arena *a, const char *path, const char ***names, size_t *count,
    struct error *e)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	if (!directory)
		return errno == ENOENT ? 0 : fail(e, "%s: %s", path, strerror(errno));
	while ((entry = readdir(directory))) {
		const char **name;

		if (entry->d_name[0] == '.')
			continue;
		name = arena_push(a, names, count, sizeof(*name));
		*name = arena_copy(a, entry->d_name);
	}
	closedir(directory);
	return 0;
}
