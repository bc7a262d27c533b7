/* SPDX-License-Identifier: MIT */
/*
 * watch: inotify on directories. Every directory of interest is a target; each target has
 * two watches: one on the directory itself (while it is there) and one on the deepest
 * directory above it that exists, which shows when the next part of the path appears, is
 * replaced or is swapped as a link. After every burst both are looked up again by path.
 */
#include "daemon/host/watch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"

#define SETTLE_SECONDS 0.1
/* Where writing never stops, this is the end of waiting for quiet. */
#define PATIENCE_SECONDS 2.0
#define MAX_TARGETS 3
#define OWN                                                                              \
	(IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE |                \
	    IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
/* Added to what the watch has: the directory may be another target's own. */
#define ABOVE                                                                            \
	(IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |               \
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD)

struct target {
	char *path;
	char *file;   /* the one file that matters; NULL: every *.yaml */
	int own;      /* watch on the directory; -1 while it is not there */
	int above;    /* watch on the deepest directory above that exists */
	char *awaits; /* the name in it that leads to the target */
};

struct watch {
	struct ev_loop *loop;
	struct ev_io io;
	struct ev_timer settle;
	ev_tstamp first; /* of this burst; 0: none */
	struct target targets[MAX_TARGETS];
	size_t count;
	void (*changed)(void *arg);
	void *arg;
};

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Sets `awaits` and returns the deepest directory above, in `path` (overwritten). */
static const char *directory_above(struct target *target, char *path)
{
	char *slash;

	for (;;) {
		slash = strrchr(path, '/');
		free(target->awaits);
		target->awaits = must_copy(slash ? slash + 1 : path);
		if (!slash)
			return ".";
		if (slash == path)
			return "/";
		*slash = '\0';
		if (is_directory(path))
			return path;
	}
}

/* Is the descriptor still used by a target? Two targets may share one directory. */
static bool in_use(const struct watch *watch, int descriptor)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->targets[i].own == descriptor ||
		    watch->targets[i].above == descriptor)
			return true;
	return false;
}

static void replace(struct watch *watch, int *descriptor, int new)
{
	int old = *descriptor;

	*descriptor = new;
	if (old >= 0 && old != new && !in_use(watch, old))
		inotify_rm_watch(watch->io.fd, old);
}

/* Both watches are looked up again, by path. */
static void arm(struct watch *watch, struct target *target)
{
	autofree char *path = must_copy(target->path);
	const char *above = directory_above(target, path);

	replace(watch, &target->own, inotify_add_watch(watch->io.fd, target->path, OWN));
	replace(watch, &target->above, inotify_add_watch(watch->io.fd, above, ABOVE));
}

static void arm_all(struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		arm(watch, &watch->targets[i]);
}

static bool ends_in(const char *name, const char *ending)
{
	size_t length = strlen(name), tail = strlen(ending);

	return length > tail && strcmp(name + length - tail, ending) == 0;
}

/* "..data" is the link that is swapped where a directory is filled by Kubernetes. */
static bool name_matters(const struct target *target, const char *name)
{
	if (strcmp(name, "..data") == 0)
		return true;
	if (target->file)
		return strcmp(name, target->file) == 0;
	return name[0] != '.' && ends_in(name, ".yaml");
}

static bool event_matters(const struct watch *watch, const struct inotify_event *event)
{
	const char *name = event->len ? event->name : "";

	if (event->mask & IN_Q_OVERFLOW)
		return true;
	/* Watches that ended with their directory, not those we have given up. */
	if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF))
		return in_use(watch, event->wd);
	for (size_t i = 0; i < watch->count; i++) {
		const struct target *target = &watch->targets[i];

		if (event->wd == target->own && name_matters(target, name))
			return true;
		if (event->wd == target->above && strcmp(name, target->awaits) == 0)
			return true;
	}
	return false;
}

static void on_settled(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct watch *watch = timer->data;

	(void)revents;
	ev_timer_stop(loop, timer);
	watch->first = 0;
	arm_all(watch);
	watch->changed(watch->arg);
}

/* Starts the wait for quiet again, unless the burst has lasted long enough. */
static void ring(struct watch *watch)
{
	ev_tstamp now = ev_now(watch->loop);

	if (watch->first == 0)
		watch->first = now;
	if (now - watch->first > PATIENCE_SECONDS)
		return;
	watch->settle.repeat = SETTLE_SECONDS;
	ev_timer_again(watch->loop, &watch->settle);
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	_Alignas(struct inotify_event) char buffer[16 * 1024];
	struct watch *watch = io->data;
	const struct inotify_event *event;
	bool matters = false;
	ssize_t n;

	(void)loop;
	(void)revents;
	n = read(io->fd, buffer, sizeof(buffer));
	for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(const void *)(buffer + at);
		matters |= event_matters(watch, event);
	}
	/* At once: what happens in a directory before it is watched would be missed. */
	if (matters) {
		arm_all(watch);
		ring(watch);
	}
}

static void add_target(struct watch *watch, char *path, const char *file)
{
	struct target *target = &watch->targets[watch->count++];

	for (size_t length = strlen(path); length > 1 && path[length - 1] == '/';
	     length--)
		path[length - 1] = '\0';
	target->path = path;
	target->file = must_copy(file);
	target->own = target->above = -1;
}

static void add_file(struct watch *watch, const char *extra)
{
	autofree char *for_directory = must_copy(extra), *for_name = must_copy(extra);

	add_target(watch, must_copy(dirname(for_directory)), basename(for_name));
}

struct watch *watch_new(struct ev_loop *loop, const char *directory, const char *extra,
    void (*changed)(void *arg), void *arg, struct error *e)
{
	struct watch *watch = must_alloc(sizeof(*watch));
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	watch->loop = loop;
	watch->changed = changed;
	watch->arg = arg;
	ev_io_init(&watch->io, on_readable, fd, EV_READ);
	ev_init(&watch->settle, on_settled);
	watch->io.data = watch->settle.data = watch;
	add_target(watch, must_copy(directory), NULL);
	add_target(watch, must_printf("%s/desired.d", directory), NULL);
	if (extra)
		add_file(watch, extra);
	if (fd >= 0)
		arm_all(watch);
	if (fd < 0 || (watch->targets[0].own < 0 && watch->targets[0].above < 0)) {
		fail(e, "%s cannot be watched for changes: %s; use `homek8sctl reload`",
		    directory, strerror(errno));
		watch_free(watch);
		return NULL;
	}
	ev_io_start(loop, &watch->io);
	return watch;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	ev_io_stop(watch->loop, &watch->io);
	ev_timer_stop(watch->loop, &watch->settle);
	if (watch->io.fd >= 0)
		close(watch->io.fd);
	for (size_t i = 0; i < watch->count; i++) {
		free(watch->targets[i].path);
		free(watch->targets[i].file);
		free(watch->targets[i].awaits);
	}
	free(watch);
}
