/* SPDX-License-Identifier: MIT */
/* dnsmasq: one pidfd for each network that has a process. */
#include "daemon/host/dnsmasq.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/host/dhcp_sockets.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"

#define DIRECTORY "/run/libvirt/network" /* of the system's libvirt */

static int open_process(int pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* A number is used again in time: it may be that of another program. Where /proc hides other
 * users' processes, as it does from the service, its sockets say whether dnsmasq is there. */
static bool is_another(int pid, const char *bridge)
{
	char path[64], name[32] = "";
	autofile FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (f && fgets(name, sizeof(name), f))
		return strcmp(name, "dnsmasq\n") != 0;
	return bridge && dhcp_sockets_find(bridge) == DHCP_NOT_SERVED;
}

/* One that has ended and was not waited for has a number still. */
static bool is_alive(int pid, const char *bridge)
{
	autoclose int fd = open_process(pid);
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return errno != ESRCH && errno != EINVAL;
	return poll(&ended, 1, 0) == 0 && !is_another(pid, bridge);
}

int dnsmasq_pid(const char *network, const char *bridge, bool *alive)
{
	autofree char *path = must_printf(DIRECTORY "/%s.pid", network);
	autofile FILE *f = fopen(path, "re");
	char text[32] = "";
	struct stat status;
	int pid;

	if (!f)
		return errno == ENOENT && stat(DIRECTORY, &status) == 0 ? 0 : -1;
	pid = fgets(text, sizeof(text), f) ? (int)strtol(text, NULL, 10) : 0;
	if (pid <= 0)
		return -1; /* it is being written */
	*alive = is_alive(pid, bridge);
	return pid;
}

/* Watching */

struct process {
	LIST_ENTRY(process) link;
	struct dnsmasq_watch *watch;
	ev_io io;
	int pid;
	char *network;
};

struct dnsmasq_watch {
	struct ev_loop *loop;
	void (*ended)(void *arg, const char *network);
	void *arg;
	LIST_HEAD(, process) processes;
};

static void forget(struct process *process)
{
	ev_io_stop(process->watch->loop, &process->io);
	close(process->io.fd);
	LIST_REMOVE(process, link);
	free(process->network);
	free(process);
}

static void on_ended(struct ev_loop *loop, ev_io *io, int events)
{
	struct process *process = io->data;
	struct dnsmasq_watch *watch = process->watch;
	autofree char *network = must_copy(process->network);

	(void)loop;
	(void)events;
	forget(process);
	watch->ended(watch->arg, network);
}

struct dnsmasq_watch *dnsmasq_watch_new(
    struct ev_loop *loop, void (*ended)(void *arg, const char *network), void *arg)
{
	struct dnsmasq_watch *watch = must_alloc(sizeof(*watch));

	watch->loop = loop;
	watch->ended = ended;
	watch->arg = arg;
	LIST_INIT(&watch->processes);
	return watch;
}

void dnsmasq_watch_free(struct dnsmasq_watch *watch)
{
	while (watch && !LIST_EMPTY(&watch->processes))
		forget(LIST_FIRST(&watch->processes));
	free(watch);
}

void dnsmasq_watch_set(struct dnsmasq_watch *watch, const char *network, int pid)
{
	struct process *process;
	int fd;

	LIST_FOREACH(process, &watch->processes, link)
	if (strcmp(process->network, network) == 0)
		break;
	if (process && process->pid == pid)
		return;
	if (process)
		forget(process);
	fd = pid > 0 ? open_process(pid) : -1;
	if (fd < 0)
		return;
	process = must_alloc(sizeof(*process));
	process->watch = watch;
	process->pid = pid;
	process->network = must_copy(network);
	ev_io_init(&process->io, on_ended, fd, EV_READ);
	process->io.data = process;
	LIST_INSERT_HEAD(&watch->processes, process, link);
	ev_io_start(watch->loop, &process->io);
}
