/* SPDX-License-Identifier: MIT */
/* libvirt_files: one inotify descriptor over the directories of the system's libvirt. */
#include "daemon/host/libvirt_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/base/arena.h"

#define CHANGES                                                                          \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |          \
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define RETRY_S 30.0 /* for directories that are not there yet, or no inotify at all */

static const struct {
	const char *path;
	enum libvirt_file what;
	bool needed; /* exists once libvirt runs; the others come with the first use */
} directories[] = {
	/* Only to learn when one of the others is made in them. */
	{ "/etc/libvirt", FILE_OF_DOMAIN, false },
	{ "/var/lib/libvirt", FILE_OF_DOMAIN, false },
	{ "/etc/libvirt/qemu", FILE_OF_DOMAIN, true },
	{ "/etc/libvirt/qemu/autostart", FILE_OF_DOMAIN, false },
	{ "/etc/libvirt/qemu/networks", FILE_OF_NETWORK, true },
	{ "/etc/libvirt/qemu/networks/autostart", FILE_OF_NETWORK, false },
	{ "/var/lib/libvirt/dnsmasq", FILE_OF_DNSMASQ, false },
};

#define DIRECTORIES (sizeof(directories) / sizeof(directories[0]))

struct libvirt_files {
	struct ev_loop *loop;
	ev_io io;
	ev_timer retry;
	void (*changed)(void *arg, enum libvirt_file what, const char *name);
	void *arg;
	int watches[DIRECTORIES]; /* -1: not watched */
};

/* Events were lost: anything may have changed. */
static void report_all(struct libvirt_files *f)
{
	f->changed(f->arg, FILE_OF_DOMAIN, NULL);
	f->changed(f->arg, FILE_OF_NETWORK, NULL);
}

/* Tries every directory that is not watched; asks again later while one is missing. */
static void take_up(struct libvirt_files *f)
{
	bool missing = false;

	for (size_t i = 0; i < DIRECTORIES; i++) {
		if (f->watches[i] < 0)
			f->watches[i] =
			    inotify_add_watch(f->io.fd, directories[i].path, CHANGES);
		missing |= f->watches[i] < 0;
	}
	ev_timer_stop(f->loop, &f->retry);
	if (!missing)
		return;
	ev_timer_set(&f->retry, RETRY_S, 0);
	ev_timer_start(f->loop, &f->retry);
}

static void open_inotify(struct libvirt_files *f)
{
	ev_io_set(&f->io, inotify_init1(IN_NONBLOCK | IN_CLOEXEC), EV_READ);
	if (f->io.fd >= 0)
		ev_io_start(f->loop, &f->io);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct libvirt_files *f = timer->data;
	bool blind = f->io.fd < 0;

	(void)loop;
	(void)events;
	if (blind)
		open_inotify(f);
	take_up(f);
	if (blind && f->io.fd >= 0)
		report_all(f);
}

/* "NAME.xml" is about NAME; temporary files and directories are about nothing. */
static void report(struct libvirt_files *f, enum libvirt_file what, const char *file)
{
	char name[256];
	size_t length = strlen(file);

	if (what == FILE_OF_DNSMASQ) {
		f->changed(f->arg, what, NULL);
		return;
	}
	if (length < 5 || length - 4 >= sizeof(name) ||
	    strcmp(file + length - 4, ".xml") != 0)
		return;
	memcpy(name, file, length - 4);
	name[length - 4] = '\0';
	f->changed(f->arg, what, name);
}

static void handle(struct libvirt_files *f, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW) {
		report_all(f);
		return;
	}
	for (size_t i = 0; i < DIRECTORIES; i++) {
		if (f->watches[i] != event->wd)
			continue;
		if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF))
			f->watches[i] = -1;
		else if (event->len)
			report(f, directories[i].what, event->name);
	}
	/* An owned directory may just have been made, or have gone. */
	if (event->mask & (IN_ISDIR | IN_IGNORED))
		take_up(f);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	_Alignas(struct inotify_event) char buffer[4096];
	ssize_t n;

	(void)loop;
	(void)events;
	while ((n = read(io->fd, buffer, sizeof(buffer))) > 0) {
		for (char *p = buffer; p < buffer + n;) {
			const struct inotify_event *event = (const void *)p;

			p += sizeof(*event) + event->len;
			handle(io->data, event);
		}
	}
}

struct libvirt_files *libvirt_files_new(struct ev_loop *loop,
    void (*changed)(void *arg, enum libvirt_file what, const char *name), void *arg)
{
	struct libvirt_files *f = must_alloc(sizeof(*f));

	f->loop = loop;
	f->changed = changed;
	f->arg = arg;
	for (size_t i = 0; i < DIRECTORIES; i++)
		f->watches[i] = -1;
	ev_io_init(&f->io, on_readable, -1, EV_READ);
	ev_init(&f->retry, on_retry);
	f->io.data = f->retry.data = f;
	open_inotify(f);
	take_up(f);
	return f;
}

void libvirt_files_free(struct libvirt_files *f)
{
	if (!f)
		return;
	ev_io_stop(f->loop, &f->io);
	ev_timer_stop(f->loop, &f->retry);
	if (f->io.fd >= 0)
		close(f->io.fd);
	free(f);
}

bool libvirt_files_complete(const struct libvirt_files *f, const char *uri)
{
	if (strncmp(uri, "qemu:///system", strlen("qemu:///system")) != 0)
		return false;
	for (size_t i = 0; i < DIRECTORIES; i++)
		if (directories[i].needed && f->watches[i] < 0)
			return false;
	return true;
}
