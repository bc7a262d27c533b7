/* SPDX-License-Identifier: MIT */
/*
 * scratch: what a test makes for itself on this machine: a directory, a file system.
 *
 * Directories lie in $TMPDIR, else in /tmp: check.sh makes one for all tests and removes it, and
 * with it what a test that failed has left.
 */
#ifndef TEST_SCRATCH_H
#define TEST_SCRATCH_H

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

/* A new directory, mode 0700, into `path`, at least 64 bytes; NAME says whose. False: errno says
 * why there is none. */
static inline bool scratch_make(char *path, size_t size, const char *name)
{
	const char *top = getenv("TMPDIR");

	snprintf(path, size, "%s/%s-XXXXXX", top && *top ? top : "/tmp", name);
	return mkdtemp(path) != NULL;
}

/* What lets a process mount what nobody else sees; also a network of its own with CLONE_NEWNET as
 * `more`. False where that is not to be had: without root, in a container without privileges,
 * in a chroot whose root is no mount. */
static inline bool scratch_mounts(int more)
{
	return geteuid() == 0 && unshare(CLONE_NEWNS | more) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

#define SCRATCH_MOUNTS_MISSING                                                             \
	"may not mount; needs root, a privileged container, and where it is a chroot one " \
	"made of a mount (mount --bind DIR DIR)"

#endif
