/* SPDX-License-Identifier: MIT */
/* block_device: /sys/class/block, /sys/dev/block, /run/udev/data. */
#include "daemon/virt/block_device.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/cleanup.h"

#define UDEV_DATA "/run/udev/data"

/* The first line of a small file, without its end; NULL: it cannot be read. */
static const char *first_line(struct arena *a, const char *path)
{
	autofile FILE *file = fopen(path, "re");
	char line[4096];

	if (!file || !fgets(line, sizeof(line), file))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return arena_copy(a, line);
}

static bool parse_number(const char *text, dev_t *out)
{
	unsigned major_part, minor_part;

	if (!text || sscanf(text, "%u:%u", &major_part, &minor_part) != 2)
		return false;
	*out = makedev(major_part, minor_part);
	return true;
}

/* "vda", "mapper/x": as the kernel calls it, with ! for a slash. */
static bool find_by_name(struct arena *a, const char *name, dev_t *out)
{
	char *kernel = arena_copy(a, name);

	for (char *c = kernel; *c; c++)
		if (*c == '/')
			*c = '!';
	return parse_number(
	    first_line(a, arena_printf(a, "/sys/class/block/%s/dev", kernel)), out);
}

/* Whether udev's record of a device has the link: a line "S:disk/by-id/NAME". */
static bool has_link(const char *file, const char *name)
{
	autofile FILE *record = fopen(file, "re");
	char line[4096];

	while (record && fgets(line, sizeof(line), record)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "S:", 2) == 0 && strcmp(line + 2, name) == 0)
			return true;
	}
	return false;
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static bool find_by_link(struct arena *a, const char *name, dev_t *out)
{
	__attribute__((cleanup(close_directory))) DIR *directory = opendir(UDEV_DATA);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] != 'b')
			continue;
		if (has_link(arena_printf(a, UDEV_DATA "/%s", entry->d_name), name))
			return parse_number(entry->d_name + 1, out);
	}
	return false;
}

bool block_device_find(const char *path, dev_t *out)
{
	struct arena a = { 0 };
	struct stat s;
	bool found = true;

	if (stat(path, &s) == 0 && S_ISBLK(s.st_mode)) {
		*out = s.st_rdev;
		return true;
	}
	if (strncmp(path, "/dev/", 5) != 0)
		return false;
	found = find_by_name(&a, path + 5, out) || find_by_link(&a, path + 5, out);
	arena_done(&a);
	return found;
}

static const char *sys_path(struct arena *a, dev_t device, const char *rest)
{
	return arena_printf(
	    a, "/sys/dev/block/%u:%u/%s", major(device), minor(device), rest);
}

const char *block_device_loop_file(struct arena *a, dev_t device)
{
	return first_line(a, sys_path(a, device, "loop/backing_file"));
}

bool block_device_whole(dev_t device, dev_t *out)
{
	struct arena a = { 0 };
	bool found = first_line(&a, sys_path(&a, device, "partition")) &&
		     parse_number(first_line(&a, sys_path(&a, device, "../dev")), out);

	arena_done(&a);
	return found;
}
