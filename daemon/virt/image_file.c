/* SPDX-License-Identifier: MIT */
/* image_file: the first bytes decide. */
#include "daemon/virt/image_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/virt/qcow2.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"

#define HEAD 512
#define QCOW2_SIZE_AT 24 /* docs/interop/qcow2.txt of QEMU */

static const struct magic {
	const char *bytes, *format;
} magics[] = {
	{ "QFI\xfb", "qcow2" },
	{ "KDMV", "vmdk" },
	{ "# Disk DescriptorFile", "vmdk" },
	{ "vhdxfile", "vhdx" },
	{ "conectix", "vpc" },
	{ "<<< ", "vdi" },
	{ "LUKS\xba\xbe", "luks" },
	{ "\xfd"
	  "7zXZ",
	    "xz" },
	{ "\x1f\x8b", "gzip" },
	{ "(\xb5/\xfd", "zstd" },
	{ "BZh", "bzip2" },
	{ "PK\x03\x04", "zip" },
};

static const char *format_of(const char *head, size_t length)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		size_t size = strlen(magics[i].bytes);

		if (length >= size && memcmp(head, magics[i].bytes, size) == 0)
			return magics[i].format;
	}
	return "raw";
}

static struct json_object *refuse(const char *why)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "why", why);
	return o;
}

static struct json_object *refuse_open(void)
{
	return refuse(errno == ENOENT	? "there is no such file"
		      : errno == EACCES ? "homek8sd may not read it"
					: strerror(errno));
}

/* Longer ones libvirt does not follow either. */
#define CHAIN_MAX 200

/* Of a chain of files in which one comes twice, however it is spelled, the file itself. */
static const char *backing_of(struct arena *a, const char *path, const struct stat *s)
{
	const char *backing = qcow2_backing(a, path), *next = backing;
	struct stat chain[CHAIN_MAX];
	size_t count = 0;

	for (chain[count++] = *s; next; next = qcow2_backing(a, next)) {
		if (count == CHAIN_MAX)
			return path;
		if (stat(next, &chain[count]) < 0)
			return backing;
		for (size_t i = 0; i < count; i++)
			if (chain[i].st_dev == chain[count].st_dev &&
			    chain[i].st_ino == chain[count].st_ino)
				return path;
		count++;
	}
	return backing;
}

struct json_object *image_file(virConnectPtr conn, const char *path, struct fault *fault)
{
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct arena a = { 0 };
	char head[HEAD] = "";
	struct json_object *o;
	const char *format;
	uint64_t size;
	ssize_t length;
	struct stat s;

	(void)conn;
	(void)fault;
	if (file < 0 || fstat(file, &s) < 0)
		return refuse_open();
	if (!S_ISREG(s.st_mode))
		return refuse("it is no plain file");
	length = pread(file, head, sizeof(head), 0);
	if (length < 0)
		return refuse_open();
	format = format_of(head, (size_t)length);
	size = (uint64_t)s.st_size;
	if (strcmp(format, "qcow2") == 0) {
		memcpy(&size, head + QCOW2_SIZE_AT, sizeof(size));
		size = be64toh(size);
	}
	if (size > INT64_MAX)
		return refuse("it is larger than any disk");
	o = json_object_new_object();
	json_put_string(o, "format", format);
	json_put_int(o, "size", (int64_t)size);
	json_put_string(o, "backing", backing_of(&a, path, &s));
	arena_done(&a);
	return o;
}
