/* SPDX-License-Identifier: MIT */
/*
 * listener: where the listening socket comes from: systemd, or a path we bind.
 *
 * As a service we bind the socket in the service's runtime directory and hand it to systemd to
 * keep (FDSTORE=1). Systemd gives it back at a restart, whatever the reason for that, so who
 * connects meanwhile waits in the queue. Once the service is stopped it closes the socket and
 * removes the directory: nothing is left that would start a stopped daemon.
 */
#include "daemon/control/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"

#define BACKLOG 128
#define STORED_AS "control" /* our socket's name among those systemd keeps */

/* Can it be reached there? Somebody may have removed the file, or configured another path. */
static bool reachable_at(int fd, const char *path)
{
	struct sockaddr_un address = { 0 };
	socklen_t size = sizeof(address) - 1;
	struct stat st;

	return getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
	       strcmp(address.sun_path, path) == 0 && lstat(path, &st) == 0 &&
	       S_ISSOCK(st.st_mode);
}

static void drop_stored(int fd)
{
	sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=" STORED_AS);
	close(fd);
}

/* The first listening UNIX stream socket systemd passed: of a socket unit, wherever that is
 * bound, or the one kept for us, if it is still good; -1 when there is none. */
static int passed_socket(const char *path)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names), found = -1;

	for (int i = 0; i < count; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (found < 0 && sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0) {
			if (strcmp(names[i], STORED_AS) == 0 && !reachable_at(fd, path))
				drop_stored(fd);
			else
				found = fd;
		}
		free(names[i]);
	}
	free(names);
	return found;
}

static int fill_address(const char *path, struct sockaddr_un *out, struct error *e)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(out->sun_path))
		return fail(e, "%s: too long for a socket, at most %zu characters", path,
		    sizeof(out->sun_path) - 1);
	memcpy(out->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Removes a socket nobody listens on, if it is ours; anything else there is an error. */
static int unlink_stale(const struct sockaddr_un *address, struct error *e)
{
	const char *path = address->sun_path;
	autoclose int probe =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : fail(e, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fail(e, "%s: exists and is no socket; remove it first", path);
	if (st.st_uid != geteuid())
		return fail(
		    e, "%s: belongs to uid %ld; remove it first", path, (long)st.st_uid);
	if (probe < 0)
		return fail(e, "%s: cannot be probed: %s", path, strerror(errno));
	if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		return fail(e, "%s: another homek8sd listens there; stop it first", path);
	if (unlink(path) < 0)
		return fail(e, "%s: cannot be replaced: %s", path, strerror(errno));
	return 0;
}

/* Is it in the directory that systemd makes for the service and removes after it? */
static bool in_runtime_directory(const char *path)
{
	const char *directory = getenv("RUNTIME_DIRECTORY");
	size_t length = directory ? strlen(directory) : 0;

	return length && strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* For all who may enter the directory: the unit's RuntimeDirectoryMode= says who that is. */
static void give_to_systemd(const struct listener *l, const char *path)
{
	if (chmod(path, 0666) == 0)
		sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=" STORED_AS, &l->fd, 1);
}

/* For the group, where there is one; else for ourselves alone, as it was bound. */
static void open_to_group(const struct listener *l, const char *path)
{
	if (l->has_group && chown(path, (uid_t)-1, l->group) == 0 &&
	    chmod(path, 0660) < 0)
		return;
}

static int bind_path(struct listener *l, const char *path, struct error *e)
{
	autofree char *copy = must_copy(path);
	struct sockaddr_un address;
	mode_t mask;
	int bound;

	if (fill_address(path, &address, e) < 0)
		return -1;
	/* By hand, without RuntimeDirectory=, the last part may be missing. Other
	 * faults are reported by bind(). */
	if (mkdir(dirname(copy), 0755) < 0 && errno == EEXIST &&
	    unlink_stale(&address, e) < 0)
		return -1;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mask = umask(0177);
	bound = l->fd < 0
		    ? -1
		    : bind(l->fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (bound < 0 || listen(l->fd, BACKLOG) < 0)
		return fail(e, "%s: cannot listen there: %s", path, strerror(errno));
	if (in_runtime_directory(path)) {
		give_to_systemd(l, path);
		return 0;
	}
	l->path = must_copy(path);
	open_to_group(l, path);
	return 0;
}

int listener_open(struct listener *out, const char *path, struct error *e)
{
	const struct group *group = getgrnam("homek8s");
	int flags;

	*out = (struct listener){ .fd = -1 };
	out->has_group = group != NULL;
	out->group = group ? group->gr_gid : 0;
	out->fd = passed_socket(path);
	if (out->fd < 0)
		return bind_path(out, path, e);
	flags = fcntl(out->fd, F_GETFL);
	if (flags < 0 || fcntl(out->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return fail(
		    e, "the socket systemd passed cannot be used: %s", strerror(errno));
	return 0;
}

void listener_close(struct listener *listener)
{
	if (listener->path)
		unlink(listener->path);
	free(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
}
