/* SPDX-License-Identifier: MIT */
/* qcow2: bytes 0 to 19 of the header, and the name they point to. */
#include "daemon/virt/qcow2.h"

#include <endian.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define MAGIC UINT32_C(0x514649fb) /* "QFI\xfb" */
#define NAME_MAX_LENGTH 1023	   /* by the specification */

struct header {
	uint32_t magic, version;
	uint64_t backing_offset;
	uint32_t backing_length;
} __attribute__((packed));

static bool read_at(int file, void *out, size_t length, uint64_t offset)
{
	return offset <= INT64_MAX &&
	       pread(file, out, length, (off_t)offset) == (ssize_t)length;
}

/* A device or a FIFO is not read: that may wait, or change what is read. */
static bool is_image(int file, struct header *h)
{
	struct stat s;

	return fstat(file, &s) == 0 && S_ISREG(s.st_mode) &&
	       read_at(file, h, sizeof(*h), 0) && be32toh(h->magic) == MAGIC;
}

/* "nbd://...", "json:{...}" are QEMU's business. */
static const char *local_path(struct arena *a, const char *name, const char *image)
{
	const char *slash = strrchr(image, '/');

	if (strncmp(name, "file:", 5) == 0)
		name += 5;
	if (strncmp(name, "json:", 5) == 0 || strstr(name, "://"))
		return NULL;
	if (name[0] == '/' || !slash)
		return arena_copy(a, name);
	return arena_printf(a, "%.*s/%s", (int)(slash - image), image, name);
}

const char *qcow2_backing(struct arena *a, const char *path)
{
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char name[NAME_MAX_LENGTH + 1];
	struct header h;
	size_t length;

	if (file < 0 || !is_image(file, &h))
		return NULL;
	length = be32toh(h.backing_length);
	if (!h.backing_offset || !length || length > NAME_MAX_LENGTH ||
	    !read_at(file, name, length, be64toh(h.backing_offset)))
		return NULL;
	name[length] = '\0';
	return strlen(name) == length ? local_path(a, name, path) : NULL;
}
