/* SPDX-License-Identifier: MIT */
/* peer: who is at the other end of a connection, as the kernel said when it connected. */
#ifndef DAEMON_CONTROL_PEER_H
#define DAEMON_CONTROL_PEER_H

#include <stdbool.h>
#include <sys/types.h>

struct peer {
	uid_t uid;
	pid_t pid;
	bool may_change; /* root, the daemon's own user, or a member of the group */
};

/* `group` NULL: there is no such group. -1: the kernel does not say. */
int peer_read(int fd, const gid_t *group, struct peer *out);
/* Root, or the daemon's own user. */
bool peer_is_administrator(const struct peer *peer);
/* "uid 1000 (alice) pid 123", malloc'd. */
char *peer_text(const struct peer *peer);
/* "alice", or "uid 1000", malloc'd. */
char *peer_name(const struct peer *peer);

#endif
