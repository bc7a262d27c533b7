/* SPDX-License-Identifier: MIT */
/*
 * watch: inotify on directories. Every directory of interest is a target; each target has
 * two watches: one on the directory itself (while it is there) and one on the deepest
 * directory above it that exists, which shows when the next part of the path appears, is
 * replaced or is swapped as a link. After every burst both are looked up again by path.
 *
 * A file that is being written stands among the unread ones from its first change to its
 * being closed, one that was removed for a while; meanwhile nothing is reported. What is
 * written in a file before it is watched from is not known: nobody can say who has it open.
 */
#include "daemon/host/watch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "daemon/host/unread.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/model/files.h"

#define SETTLE_SECONDS 0.1
/* What is replaced by removing and making it again must not be read in between. */
#define REMOVED_SECONDS 2.0
#define RETRY_SECONDS 10.0
#define DRAINS_MAX 64 /* times 16 KiB: no writer keeps the loop for ever */
#define HELD_SECONDS 10.0
/* Who has a file open for longer than this may read it by hand: a file is also changed
 * without being opened (truncate(2)), and then never closed. */
#define WRITING_SECONDS 60.0
/* Where writing never stops, this is the end of waiting for quiet. */
#define PATIENCE_SECONDS 2.0
#define MAX_TARGETS 4
#define OWN                                                                              \
	(IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE |                \
	    IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
/* Added to what the watch has: the directory may be another target's own. */
#define ABOVE                                                                            \
	(IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |               \
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD)

struct target {
	char *path;
	char *file;   /* the one file that matters; NULL: every *.yaml, */
	bool all;     /* or every file, whatever it is called */
	int own;      /* watch on the directory; -1 while it is not there */
	int above;    /* watch on the deepest directory above that exists */
	char *awaits; /* the name in it that leads to the target */
	ev_tstamp
	    gone; /* since when there is no such directory any more; 0: it is there */
};

struct watch {
	struct ev_loop *loop;
	struct ev_io io;
	struct ev_timer settle;
	struct ev_timer retry; /* while the kernel gives no watch */
	ev_tstamp first;       /* of this burst; 0: none */
	struct target targets[MAX_TARGETS];
	size_t count;
	struct unread_files unread;
	bool blind;	      /* something that is there cannot be watched */
	struct ev_timer hold; /* something is being written */
	struct watch_hooks hooks;
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

static void add_watch(struct watch *watch, int *descriptor, const char *path, uint32_t of)
{
	int new = inotify_add_watch(watch->io.fd, path, of);

	if (new < 0 && errno != ENOENT && errno != ENOTDIR)
		watch->blind = true;
	replace(watch, descriptor, new);
}

/* Both watches are looked up again, by path. */
static void arm(struct watch *watch, struct target *target)
{
	autofree char *path = must_copy(target->path);
	const char *above = directory_above(target, path);
	bool was = target->own >= 0;

	add_watch(watch, &target->own, target->path, OWN);
	add_watch(watch, &target->above, above, ABOVE);
	if (target->own >= 0)
		target->gone = 0;
	else if (was)
		target->gone = ev_now(watch->loop);
}

static void arm_all(struct watch *watch)
{
	struct unread **at = &watch->unread.first;

	watch->blind = watch->io.fd < 0;
	for (size_t i = 0; i < watch->count && !watch->blind; i++)
		arm(watch, &watch->targets[i]);
	while (*at)
		if (in_use(watch, (*at)->directory))
			at = &(*at)->next;
		else
			unread_drop(at);
	ev_timer_stop(watch->loop, &watch->retry);
	if (watch->blind)
		ev_timer_again(watch->loop, &watch->retry);
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
	if (target->all)
		return name[0] != '.' && !ends_in(name, "~");
	return name[0] != '.' && (ends_in(name, ".yaml") || ends_in(name, ".yml"));
}

/* A file that was just made and is not a link to one: who made it will close it. */
static bool is_made_empty(const struct target *target, const char *name)
{
	autofree char *path = must_printf("%s/%s", target->path, name);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

/* Whether it may be read then: false where it is being written. */
static bool note(struct watch *watch, const struct target *target,
    const struct inotify_event *event, const char *name)
{
	ev_tstamp now = ev_now(watch->loop);

	if (event->mask & (IN_MODIFY | IN_CREATE) && !ev_is_active(&watch->hold))
		ev_timer_again(watch->loop, &watch->hold);
	if (event->mask & IN_MODIFY) {
		unread_mark(&watch->unread, event->wd, name, true, now)->changed = true;
		return false;
	}
	if (event->mask & IN_CREATE && !(event->mask & IN_ISDIR) &&
	    is_made_empty(target, name)) {
		unread_mark(&watch->unread, event->wd, name, true, now);
		/* It may be the last name of a file that was written elsewhere. */
		return true;
	}
	if (event->mask & (IN_DELETE | IN_MOVED_FROM))
		unread_mark(&watch->unread, event->wd, name, false, now);
	else if (event->mask & (IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO))
		unread_forget(&watch->unread, event->wd, name);
	return true;
}

static bool event_matters(struct watch *watch, const struct inotify_event *event)
{
	const char *name = event->len ? event->name : "";

	if (event->mask & IN_Q_OVERFLOW) {
		unread_clear(&watch->unread);
		return true;
	}
	/* Watches that ended with their directory, not those we have given up. */
	if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF))
		return in_use(watch, event->wd);
	for (size_t i = 0; i < watch->count; i++) {
		const struct target *target = &watch->targets[i];

		if (event->wd == target->own && name_matters(target, name))
			return note(watch, target, event, name);
		if (event->wd == target->above && strcmp(name, target->awaits) == 0)
			return true;
	}
	return false;
}

/* Was it made by a link, and its other name removed? Then nobody has it open. */
static bool is_whole(const struct watch *watch, const struct unread *p)
{
	struct stat st;

	for (size_t i = 0; i < watch->count && !p->changed; i++) {
		const struct target *target = &watch->targets[i];
		autofree char *path = must_printf("%s/%s", target->path, p->name);

		if (target->own == p->directory && stat(path, &st) == 0)
			return st.st_size > 0;
	}
	return false;
}

/* How long nothing may be reported: 0: it may be now; -1: until a file is closed. */
static ev_tstamp held_for(struct watch *watch)
{
	ev_tstamp now = ev_now(watch->loop), until = now;
	struct unread **at = &watch->unread.first;

	for (size_t i = 0; i < watch->count; i++) {
		const struct target *t = &watch->targets[i];

		if (t->gone > 0 && t->gone + REMOVED_SECONDS > until)
			until = t->gone + REMOVED_SECONDS;
	}
	while (*at) {
		struct unread *p = *at;

		if (p->written && !is_whole(watch, p))
			return -1;
		if (!p->written && p->since + REMOVED_SECONDS > until)
			until = p->since + REMOVED_SECONDS;
		if (p->written || p->since + REMOVED_SECONDS <= now)
			unread_drop(at);
		else
			at = &p->next;
	}
	return until - now;
}

static void on_settled(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct watch *watch = timer->data;
	ev_tstamp wait;

	(void)revents;
	arm_all(watch);
	wait = held_for(watch);
	ev_timer_stop(loop, timer);
	if (wait > 0) {
		timer->repeat = wait;
		ev_timer_again(loop, timer);
		return;
	}
	watch->first = 0;
	if (wait < 0)
		return;
	for (size_t i = 0; i < watch->count; i++)
		watch->targets[i].gone = 0;
	watch->hooks.changed(watch->arg);
}

/* Starts the wait for quiet again, unless the burst has lasted long enough. */
static void ring(struct watch *watch)
{
	ev_tstamp now = ev_now(watch->loop);

	if (watch->first == 0)
		watch->first = now;
	if (now - watch->first > PATIENCE_SECONDS && ev_is_active(&watch->settle))
		return;
	watch->settle.repeat = SETTLE_SECONDS;
	ev_timer_again(watch->loop, &watch->settle);
}

/* Takes of what the kernel has queued as much as the buffer holds; false: there was nothing. */
static bool drain(struct watch *watch)
{
	_Alignas(struct inotify_event) char buffer[16 * 1024];
	const struct inotify_event *event;
	bool matters = false;
	ssize_t n = read(watch->io.fd, buffer, sizeof(buffer));

	for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(const void *)(buffer + at);
		matters |= event_matters(watch, event);
	}
	/* At once: what happens in a directory before it is watched would be missed. */
	if (matters) {
		arm_all(watch);
		ring(watch);
	}
	return n > 0;
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	drain(io->data);
}

static void open_inotify(struct watch *watch)
{
	ev_io_set(&watch->io, inotify_init1(IN_NONBLOCK | IN_CLOEXEC), EV_READ);
	if (watch->io.fd >= 0)
		ev_io_start(watch->loop, &watch->io);
}

/* What changed while it was not watched is not known: all is read again. */
static void on_retry(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct watch *watch = timer->data;

	(void)loop;
	(void)revents;
	if (watch->io.fd < 0)
		open_inotify(watch);
	arm_all(watch);
	if (!watch->blind)
		ring(watch);
}

/* The last time was HELD_SECONDS ago: each is found once that old and not yet twice. */
static void on_hold(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct watch *watch = timer->data;
	bool any = false;

	(void)revents;
	for (struct unread *p = watch->unread.first; p; p = p->next) {
		double age = ev_now(loop) - p->since;

		if (!p->written || is_whole(watch, p))
			continue;
		any = true;
		if (age >= HELD_SECONDS && age < 2 * HELD_SECONDS)
			watch->hooks.held(watch->arg, p->name);
	}
	if (!any)
		ev_timer_stop(loop, timer);
}

static void done_target(struct target *target)
{
	free(target->path);
	free(target->file);
	free(target->awaits);
}

static void set_target(
    struct watch *watch, size_t i, const char *directory, const char *file)
{
	struct target *target = &watch->targets[i];
	char *path = must_copy(directory);

	for (size_t length = strlen(path); length > 1 && path[length - 1] == '/';
	     length--)
		path[length - 1] = '\0';
	*target = (struct target){
		.path = path,
		.file = must_copy(file),
		.own = -1,
		.above = -1,
	};
}

struct watch *watch_new(struct ev_loop *loop, const char *directory,
    const struct watch_hooks *hooks, void *arg, struct error *e)
{
	struct watch *watch = must_alloc(sizeof(*watch));
	autofree char *desired = must_printf("%s/desired.d", directory);
	autofree char *named = must_printf("%s/" CONFIG_NAMED_DIRECTORY, directory);

	watch->loop = loop;
	watch->hooks = *hooks;
	watch->arg = arg;
	ev_io_init(&watch->io, on_readable, -1, EV_READ);
	ev_init(&watch->settle, on_settled);
	ev_timer_init(&watch->retry, on_retry, 0, RETRY_SECONDS);
	ev_timer_init(&watch->hold, on_hold, 0, HELD_SECONDS);
	watch->io.data = watch->settle.data = watch->retry.data = watch->hold.data =
	    watch;
	set_target(watch, 0, directory, NULL);
	set_target(watch, 1, desired, NULL);
	set_target(watch, 2, named, NULL);
	watch->targets[2].all = true;
	watch->count = 3;
	open_inotify(watch);
	arm_all(watch);
	if (watch->blind)
		fail(e,
		    "%s cannot be watched for changes now: %s; until it can, use `homek8sctl reload`",
		    directory, strerror(errno));
	return watch;
}

void watch_file(struct watch *watch, const char *path)
{
	autofree char *for_directory = must_copy(path), *for_name = must_copy(path);
	struct target *target = &watch->targets[MAX_TARGETS - 1];

	if (watch->count == MAX_TARGETS) {
		int own = target->own, above = target->above;

		target->own = target->above = -1;
		replace(watch, &own, -1);
		replace(watch, &above, -1);
		done_target(target);
	}
	watch->count = MAX_TARGETS;
	set_target(watch, MAX_TARGETS - 1, dirname(for_directory), basename(for_name));
	arm_all(watch);
}

const char *watch_writing(struct watch *watch)
{
	/* The last change of a file may be queued behind many others. */
	for (int i = 0; i < DRAINS_MAX && drain(watch); i++)
		;
	for (const struct unread *p = watch->unread.first; p; p = p->next)
		if (p->written && !is_whole(watch, p) &&
		    ev_now(watch->loop) - p->since < WRITING_SECONDS)
			return p->name;
	return NULL;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	ev_io_stop(watch->loop, &watch->io);
	ev_timer_stop(watch->loop, &watch->settle);
	ev_timer_stop(watch->loop, &watch->retry);
	ev_timer_stop(watch->loop, &watch->hold);
	if (watch->io.fd >= 0)
		close(watch->io.fd);
	unread_clear(&watch->unread);
	for (size_t i = 0; i < watch->count; i++)
		done_target(&watch->targets[i]);
	free(watch);
}
