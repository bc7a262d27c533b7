/* SPDX-License-Identifier: MIT */
/*
 * account: what a user may do with a file, judged from modes and groups, for whoever is not
 * that user: a check run by root says what the service will meet. Nothing here changes who
 * the process is.
 */
#ifndef LIB_BASE_ACCOUNT_H
#define LIB_BASE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/base/arena.h"

#define ACCOUNT_SERVICE "homek8s" /* whom the unit runs homek8sd as */
#define ACCOUNT_GROUPS 64

struct account {
	const char *name;
	uid_t uid;
	gid_t groups[ACCOUNT_GROUPS]; /* the user's own first */
	size_t group_count;
};

/*
 * Fills the account of that name from ROOT/etc/passwd and ROOT/etc/group (`root` "": this
 * system's, and then whatever else it asks for users). False: there is none. `name` is
 * borrowed.
 */
bool account_find(const char *root, const char *name, struct account *out);
/* The group's number, or -1. */
long account_group(const char *root, const char *name);
bool account_in_group(const struct account *account, gid_t group);

/* May it read, write or search (R_OK, W_OK, X_OK, or'ed) what has this owner and mode? */
bool account_may(const struct account *account, const struct stat *st, int access);

/*
 * What keeps the account from it: the path itself or a directory on the way to it, in the
 * arena; NULL: nothing, or it cannot be said from here (the path is not there, may not be
 * examined, or has an access control list). Links are followed.
 */
const char *account_denied(
    const struct account *account, struct arena *a, const char *path, int access);

#endif
