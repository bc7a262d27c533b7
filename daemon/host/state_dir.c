/* SPDX-License-Identifier: MIT */
/*
 * state: files of the state directory, each one line of header and one JSON document:
 *
 *	homek8s-state VERSION CRC32 LENGTH
 *
 * The checksum shows that a file is torn, the version that it is foreign. Everything
 * goes through the descriptor of the directory, so that a directory moved or replaced
 * under us cannot lead elsewhere.
 */
#include "daemon/host/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

#define STATE_VERSION 1u
#define STATE_MAX_BYTES ((off_t)32 * 1024 * 1024)
#define STATE_MAX_DEPTH 32
#define HEADER_FORMAT "homek8s-state %u %08" PRIx32 " %zu\n"
#define LOCK_NAME "lock"

struct state_dir {
	char *directory;
	int fd, lock;
};

static uint32_t crc32_of(const char *bytes, size_t length)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* The pid the holder of the lock wrote, for the message; 0 when it is not known. */
static long lock_holder(int lock)
{
	char pid[24] = "";

	if (pread(lock, pid, sizeof(pid) - 1, 0) <= 0)
		return 0;
	return strtol(pid, NULL, 10);
}

static int take_lock(struct state_dir *state, struct error *e)
{
	char pid[24];
	int length;

	state->lock = openat(state->fd, LOCK_NAME,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (state->lock < 0)
		return fail(e, "%s/" LOCK_NAME ": cannot be opened: %s", state->directory,
		    strerror(errno));
	if (flock(state->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return fail(e, "%s/" LOCK_NAME ": cannot be locked: %s",
			    state->directory, strerror(errno));
		return fail(e,
		    "%s is in use by another homek8sd (pid %ld): stop that one first",
		    state->directory, lock_holder(state->lock));
	}
	/* Only for the message above: who cannot write it down still holds the lock. */
	length = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(state->lock, 0) == 0 &&
	    pwrite(state->lock, pid, (size_t)length, 0) != length)
		return 0;
	return 0;
}

/* What lies there is believed: approvals above all. */
static int check_owner(const struct state_dir *state, struct error *e)
{
	struct stat st;

	if (fstat(state->fd, &st) < 0)
		return fail(e, "state directory %s: cannot be examined: %s",
		    state->directory, strerror(errno));
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return fail(e,
		    "state directory %s: it belongs to user %u, neither to root nor to user %u, who runs this; `chown -R %u %s` gives it over",
		    state->directory, st.st_uid, geteuid(), geteuid(), state->directory);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(e,
		    "state directory %s: others than its owner may write in it (mode %04o); `chmod go-w %s` mends that",
		    state->directory, st.st_mode & 07777u, state->directory);
	return 0;
}

static int open_directory(struct state_dir *state, struct error *e)
{
	if (mkdir(state->directory, 0700) < 0 && errno != EEXIST)
		return fail(e, "state directory %s: cannot be created: %s",
		    state->directory, strerror(errno));
	state->fd = open(state->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state->fd < 0)
		return fail(e, "state directory %s: cannot be opened: %s",
		    state->directory, strerror(errno));
	return check_owner(state, e) < 0 ? -1 : take_lock(state, e);
}

struct state_dir *state_dir_open(const char *directory, struct error *e)
{
	struct state_dir *state = must_alloc(sizeof(*state));

	state->directory = must_copy(directory);
	state->fd = state->lock = -1;
	if (open_directory(state, e) < 0) {
		state_dir_close(state);
		return NULL;
	}
	return state;
}

void state_dir_close(struct state_dir *state)
{
	if (!state)
		return;
	if (state->lock >= 0)
		close(state->lock);
	if (state->fd >= 0)
		close(state->fd);
	free(state->directory);
	free(state);
}

void state_dir_set_aside(
    struct state_dir *state, const char *name, const char *why, struct error *warning)
{
	autofree char *aside = must_printf("%s.corrupt", name);

	if (renameat(state->fd, name, state->fd, aside) < 0)
		fail(warning, "%s/%s: %s; ignored (it cannot be set aside: %s)",
		    state->directory, name, why, strerror(errno));
	else
		fail(warning, "%s/%s: %s; set aside as %s", state->directory, name, why,
		    aside);
}

/* Reads all of an open regular file; NULL with errno set. */
static char *read_all(int fd, size_t length)
{
	char *bytes = must_alloc(length + 1);
	size_t have = 0;
	ssize_t n;

	while (have < length) {
		n = read(fd, bytes + have, length - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (have == length)
		return bytes;
	free(bytes);
	return NULL;
}

/* The document behind a header that is right, NULL and *why otherwise. */
static struct json_object *decode(const char *bytes, size_t length, const char **why)
{
	const char *end = memchr(bytes, '\n', length);
	struct json_object *document;
	unsigned version = 0;
	uint32_t crc = 0;
	size_t size = 0, start;

	*why = "is no state file of homek8sd";
	if (!end ||
	    sscanf(bytes, "homek8s-state %u %" SCNx32 " %zu", &version, &crc, &size) != 3)
		return NULL;
	*why = "was written by a newer homek8sd";
	if (version != STATE_VERSION)
		return NULL;
	*why = "is torn";
	start = (size_t)(end - bytes) + 1;
	if (size != length - start || crc != crc32_of(bytes + start, size))
		return NULL;
	*why = "holds no JSON object";
	document = json_parse(bytes + start, size, STATE_MAX_DEPTH, NULL);
	return document;
}

struct json_object *state_dir_read(
    struct state_dir *state, const char *name, struct error *warning)
{
	autoclose int fd =
	    openat(state->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	autofree char *bytes = NULL;
	struct json_object *document;
	const char *why;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || fstat(fd, &st) < 0) {
		state_dir_set_aside(state, name, strerror(errno), warning);
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > STATE_MAX_BYTES) {
		state_dir_set_aside(
		    state, name, "is no regular file of at most 32 MiB", warning);
		return NULL;
	}
	bytes = read_all(fd, (size_t)st.st_size);
	if (!bytes) {
		state_dir_set_aside(state, name, "cannot be read", warning);
		return NULL;
	}
	document = decode(bytes, (size_t)st.st_size, &why);
	if (!document)
		state_dir_set_aside(state, name, why, warning);
	return document;
}

static int write_all(int fd, const char *bytes, size_t length)
{
	ssize_t n;

	while (length > 0) {
		n = write(fd, bytes, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

/* The new file under its temporary name, on disk. -1 with errno set. */
static int write_beside(
    struct state_dir *state, const char *temporary, const struct text *file)
{
	autoclose int fd = -1;

	unlinkat(state->fd, temporary, 0);
	fd = openat(state->fd, temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || write_all(fd, text_get(file), file->length) < 0 || fsync(fd) < 0)
		return -1;
	return 0;
}

int state_dir_write(
    struct state_dir *state, const char *name, const char *document, struct error *e)
{
	size_t length = strlen(document);
	autofree char *temporary = must_printf(".%s.new", name);
	autotext struct text file = { 0 };
	int why;

	text_add(&file, HEADER_FORMAT, STATE_VERSION, crc32_of(document, length), length);
	text_add_n(&file, document, length);
	if (write_beside(state, temporary, &file) == 0 &&
	    renameat(state->fd, temporary, state->fd, name) == 0 && fsync(state->fd) == 0)
		return 0;
	why = errno;
	unlinkat(state->fd, temporary, 0);
	return fail(e, "%s/%s: cannot be written: %s; the old one stays",
	    state->directory, name, strerror(why));
}
