/* SPDX-License-Identifier: MIT */
/*
 * socket_watch: inotify on the directory of the sockets and, while that is not there, on
 * the one above it.
 */
#include "daemon/virt/socket_watch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/base/arena.h"

#define SYSTEM_DIRECTORY "/run/libvirt"
#define SYSTEM_ENDING "-sock"
#define MADE (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

struct socket_watch {
	struct ev_loop *loop;
	ev_io io;
	char *directory, *above; /* where the sockets are; the one above */
	char *name;		 /* of the socket; NULL: any that ends in SYSTEM_ENDING */
	int own, parent;	 /* watches; -1: none */
	void (*appeared)(void *arg);
	void *arg;
};

/* The path of the parameter `socket`, or NULL. */
static char *socket_of(const char *uri)
{
	const char *at = strpbrk(uri, "?&");

	while (at && strncmp(at + 1, "socket=/", 8) != 0)
		at = strpbrk(at + 1, "?&");
	if (!at)
		return NULL;
	at += strlen("?socket=");
	return must_printf("%.*s", (int)strcspn(at, "&#"), at);
}

/* "qemu:///system", "network+unix:///system?mode=legacy"; not with a host. */
static bool is_system(const char *uri)
{
	const char *path = strstr(uri, ":///");

	return path && strncmp(path + 4, "system", 6) == 0 &&
	       strchr("?#", path[10]) != NULL;
}

/* Splits at the last slash, in place; what is before it is never empty. */
static char *split(char *path, const char **directory)
{
	char *slash = strrchr(path, '/');

	*directory = slash == path ? "/" : path;
	*slash = '\0';
	return slash + 1;
}

static bool locate(struct socket_watch *w, const char *uri)
{
	char *path = socket_of(uri);
	const char *directory = SYSTEM_DIRECTORY;

	if (path)
		w->name = must_copy(split(path, &directory));
	else if (!is_system(uri))
		return false;
	w->directory = must_copy(directory);
	free(path);
	path = must_copy(w->directory);
	split(path, &directory);
	w->above = must_copy(directory);
	free(path);
	return true;
}

static const char *last_part(const char *path)
{
	return strrchr(path, '/') + 1;
}

static void arm(struct socket_watch *w)
{
	w->own = inotify_add_watch(w->io.fd, w->directory, MADE | IN_DELETE_SELF);
	if (w->own < 0)
		w->parent = inotify_add_watch(w->io.fd, w->above, MADE);
	else if (w->parent >= 0)
		inotify_rm_watch(w->io.fd, w->parent);
	if (w->own >= 0)
		w->parent = -1;
}

static bool is_socket_name(const struct socket_watch *w, const char *name)
{
	size_t length = strlen(name), tail = strlen(SYSTEM_ENDING);

	if (w->name)
		return strcmp(name, w->name) == 0;
	return length > tail && strcmp(name + length - tail, SYSTEM_ENDING) == 0;
}

/* Whether a socket was made, or a directory that may have one already. */
static bool take(struct socket_watch *w, const struct inotify_event *event)
{
	const char *name = event->len ? event->name : "";

	if (event->mask & IN_Q_OVERFLOW)
		return true;
	if (event->wd == w->own && event->mask & (IN_DELETE_SELF | IN_IGNORED)) {
		arm(w);
		return w->own >= 0;
	}
	if (event->wd == w->own)
		return is_socket_name(w, name);
	if (event->wd != w->parent || strcmp(name, last_part(w->directory)) != 0)
		return false;
	arm(w);
	return w->own >= 0;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	_Alignas(struct inotify_event) char buffer[4096];
	struct socket_watch *w = io->data;
	const struct inotify_event *event;
	bool appeared = false;
	ssize_t n = read(io->fd, buffer, sizeof(buffer));

	(void)loop;
	(void)events;
	for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(const void *)(buffer + at);
		appeared |= take(w, event);
	}
	if (appeared)
		w->appeared(w->arg);
}

struct socket_watch *socket_watch_new(
    struct ev_loop *loop, const char *uri, void (*appeared)(void *arg), void *arg)
{
	struct socket_watch *w = must_alloc(sizeof(*w));

	w->loop = loop;
	w->appeared = appeared;
	w->arg = arg;
	w->own = w->parent = -1;
	ev_io_init(&w->io, on_readable, -1, EV_READ);
	w->io.data = w;
	if (!locate(w, uri)) {
		socket_watch_free(w);
		return NULL;
	}
	ev_io_set(&w->io, inotify_init1(IN_NONBLOCK | IN_CLOEXEC), EV_READ);
	if (w->io.fd >= 0)
		arm(w);
	if (w->own < 0 && w->parent < 0) {
		socket_watch_free(w);
		return NULL;
	}
	ev_io_start(loop, &w->io);
	return w;
}

void socket_watch_free(struct socket_watch *w)
{
	if (!w)
		return;
	ev_io_stop(w->loop, &w->io);
	if (w->io.fd >= 0)
		close(w->io.fd);
	free(w->directory);
	free(w->above);
	free(w->name);
	free(w);
}
