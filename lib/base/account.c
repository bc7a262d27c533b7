/* SPDX-License-Identifier: MIT */
/* account: the rules of open(2) and path_resolution(7), applied to somebody else. */
#include "lib/base/account.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define LINE_MAX_BYTES 65536

static FILE *open_list(const char *root, const char *file)
{
	autofree char *path = must_printf("%s/etc/%s", root, file);

	return fopen(path, "re");
}

static bool find_user(const char *root, const char *name, struct account *out)
{
	autofile FILE *f = open_list(root, "passwd");
	autofree char *buffer = must_alloc(LINE_MAX_BYTES);
	struct passwd entry, *found = NULL;

	while (f && fgetpwent_r(f, &entry, buffer, LINE_MAX_BYTES, &found) == 0)
		if (strcmp(found->pw_name, name) == 0)
			break;
		else
			found = NULL;
	if (!found && !*root)
		getpwnam_r(name, &entry, buffer, LINE_MAX_BYTES, &found);
	if (!found)
		return false;
	*out = (struct account){ .name = name, .uid = found->pw_uid, .group_count = 1 };
	out->groups[0] = found->pw_gid;
	return true;
}

static bool has_member(const struct group *group, const char *name)
{
	for (char **member = group->gr_mem; *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

bool account_find(const char *root, const char *name, struct account *out)
{
	autofile FILE *f = open_list(root, "group");
	autofree char *buffer = must_alloc(LINE_MAX_BYTES);
	struct group entry, *found;

	if (!find_user(root, name, out))
		return false;
	while (f && fgetgrent_r(f, &entry, buffer, LINE_MAX_BYTES, &found) == 0)
		if (has_member(found, name) && out->group_count < ACCOUNT_GROUPS)
			out->groups[out->group_count++] = found->gr_gid;
	return true;
}

long account_group(const char *root, const char *name)
{
	autofile FILE *f = open_list(root, "group");
	autofree char *buffer = must_alloc(LINE_MAX_BYTES);
	struct group entry, *found;

	while (f && fgetgrent_r(f, &entry, buffer, LINE_MAX_BYTES, &found) == 0)
		if (strcmp(found->gr_name, name) == 0)
			return (long)found->gr_gid;
	return -1;
}

bool account_in_group(const struct account *account, gid_t group)
{
	for (size_t i = 0; i < account->group_count; i++)
		if (account->groups[i] == group)
			return true;
	return false;
}

/* The first class that fits decides, even where a later one would allow more. */
bool account_may(const struct account *account, const struct stat *st, int access)
{
	unsigned mode = st->st_mode, needed = (unsigned)access;

	if (account->uid == 0)
		return true;
	if (account->uid == st->st_uid)
		mode >>= 6;
	else if (account_in_group(account, st->st_gid))
		mode >>= 3;
	return (mode & needed) == needed;
}

static bool is_denied(const struct account *account, const char *path, int access)
{
	struct stat st;

	if (stat(path, &st) || account_may(account, &st, access))
		return false;
	return getxattr(path, "system.posix_acl_access", NULL, 0) <= 0;
}

const char *account_denied(
    const struct account *account, struct arena *a, const char *path, int access)
{
	autofree char *resolved = realpath(path, NULL);

	if (!resolved)
		return NULL;
	for (char *slash = resolved; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (is_denied(account, resolved, X_OK))
			return arena_copy(a, resolved);
		*slash = '/';
	}
	return is_denied(account, resolved, access) ? arena_copy(a, path) : NULL;
}
