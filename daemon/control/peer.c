/* SPDX-License-Identifier: MIT */
/*
 * peer: who is at the other end, by the kernel's word, as of connect(2). The pid may have
 * been used again since: it is for the reader of the journal, never for a decision.
 */
#include "daemon/control/peer.h"

#include <errno.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"

/* Is the group among the peer's supplementary ones? */
static bool has_group(int fd, gid_t group)
{
	socklen_t length = 0;
	autofree gid_t *groups = NULL;

	/* The first call says which size it needs. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) == 0 ||
	    errno != ERANGE)
		return false;
	groups = must_alloc(length);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0)
		return false;
	for (size_t i = 0; i < length / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

int peer_read(int fd, const gid_t *group, struct peer *out)
{
	struct ucred c;
	socklen_t length = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &length) < 0)
		return -1;
	out->uid = c.uid;
	out->pid = c.pid;
	out->may_change = peer_is_administrator(out) ||
			  (group && (c.gid == *group || has_group(fd, *group)));
	return 0;
}

bool peer_is_administrator(const struct peer *peer)
{
	return peer->uid == 0 || peer->uid == geteuid();
}

char *peer_name(const struct peer *peer)
{
	const struct passwd *user = getpwuid(peer->uid);

	return user ? must_copy(user->pw_name) : must_printf("uid %ld", (long)peer->uid);
}

char *peer_text(const struct peer *peer)
{
	const struct passwd *user = getpwuid(peer->uid);

	if (user)
		return must_printf("uid %ld (%s) pid %ld", (long)peer->uid, user->pw_name,
		    (long)peer->pid);
	return must_printf("uid %ld pid %ld", (long)peer->uid, (long)peer->pid);
}
