/* SPDX-License-Identifier: MIT */
/* disk_space: a disk's file by libvirt, its file system by the kernel. */
#include "daemon/virt/disk_space.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "daemon/virt/disk_identity.h"

static struct json_object *of_file(const char *path, struct fault *fault)
{
	struct statvfs fs;
	struct stat s;

	if (stat(path, &s) < 0 || statvfs(path, &fs) < 0) {
		fail(&fault->error, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!S_ISREG(s.st_mode)) {
		fail(&fault->error, "%s is no file: its space is not known here", path);
		return NULL;
	}
	return json_object_new_int64((int64_t)fs.f_bavail * (int64_t)fs.f_frsize);
}

struct json_object *disk_space(virConnectPtr conn, const char *name, struct fault *fault)
{
	struct arena a = { 0 };
	const char *path = disk_path(conn, &a, name, fault);
	struct json_object *answer = path ? of_file(path, fault) : NULL;

	if (!path && !fault->lost)
		fail(&fault->error, "libvirt does not say where disk %s lies", name);
	arena_done(&a);
	return answer;
}
