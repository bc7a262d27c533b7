/* SPDX-License-Identifier: MIT */
/* libvirtd: starting a private one, and handling it roughly. */
#include "test/virt/libvirtd.h"
#include "test/scratch.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"

#define PROGRAM "/usr/sbin/libvirtd"
#define START_TRIES 200
#define TRY_NS 50000000

struct libvirtd {
	char directory[64];
	char *config, *socket, *uri;
	pid_t pid; /* 0: not running */
	virConnectPtr admin;
};

static void die(const char *what)
{
	perror(what);
	abort();
}

static bool may_make_namespaces(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(scratch_mounts(CLONE_NEWNET) ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

const char *libvirtd_missing(void)
{
	if (geteuid() != 0)
		return "needs root";
	if (access(PROGRAM, X_OK) != 0)
		return "needs " PROGRAM " (libvirt-daemon)";
	if (!may_make_namespaces())
		return SCRATCH_MOUNTS_MISSING;
	return NULL;
}

static void write_config(const struct libvirtd *d)
{
	autofile FILE *file = fopen(d->config, "w");

	if (!file)
		die(d->config);
	fprintf(file,
	    "unix_sock_dir = \"%s\"\n"
	    "auth_unix_rw = \"none\"\n"
	    "auth_unix_ro = \"none\"\n"
	    "host_uuid = \"74657374-0000-4000-8000-000000000001\"\n"
	    "log_outputs = \"3:file:%s/log\"\n",
	    d->directory, d->directory);
}

struct libvirtd *libvirtd_new(void)
{
	struct libvirtd *d = must_alloc(sizeof(*d));

	if (!scratch_make(d->directory, sizeof(d->directory), "virtd"))
		die(d->directory);
	d->config = must_printf("%s/libvirtd.conf", d->directory);
	d->socket = must_printf("%s/libvirt-sock", d->directory);
	d->uri = must_printf("test+unix:///default?socket=%s", d->socket);
	write_config(d);
	return d;
}

/* In the child: a world of its own, then the program. */
static void become_libvirtd(const struct libvirtd *d)
{
	static const char *const covered[] = { "/run", "/etc/libvirt", "/var/lib/libvirt",
		"/var/log/libvirt", "/var/cache/libvirt" };
	int quiet = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!scratch_mounts(CLONE_NEWNET))
		die("namespaces");
	for (size_t i = 0; i < sizeof(covered) / sizeof(covered[0]); i++) {
		mkdir(covered[i], 0755);
		if (mount("virtd", covered[i], "tmpfs", 0, "mode=755") < 0)
			die(covered[i]);
	}
	dup2(quiet, STDIN_FILENO);
	dup2(quiet, STDOUT_FILENO);
	dup2(quiet, STDERR_FILENO);
	execl(PROGRAM, PROGRAM, "--config", d->config, "--pid-file", "/run/virtd.pid",
	    (char *)NULL);
	_exit(127);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ 0, TRY_NS }, NULL);
}

static void print_log(const struct libvirtd *d)
{
	autofree char *path = must_printf("%s/log", d->directory);
	autofile FILE *file = fopen(path, "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		fputs(line, stderr);
}

void libvirtd_start(struct libvirtd *d)
{
	unlink(d->socket);
	d->pid = fork();
	if (d->pid < 0)
		die("fork");
	if (d->pid == 0)
		become_libvirtd(d);
	for (int i = 0; i < START_TRIES; i++, nap()) {
		if (access(d->socket, F_OK) != 0)
			continue;
		d->admin = virConnectOpen(d->uri);
		if (d->admin)
			return;
	}
	print_log(d);
	die("libvirtd does not answer");
}

const char *libvirtd_uri(const struct libvirtd *d)
{
	return d->uri;
}

virConnectPtr libvirtd_admin(struct libvirtd *d)
{
	return d->admin;
}

void libvirtd_kill(struct libvirtd *d)
{
	if (!d->pid)
		return;
	kill(d->pid, SIGKILL);
	waitpid(d->pid, NULL, 0);
	d->pid = 0;
	if (d->admin)
		virConnectClose(d->admin);
	d->admin = NULL;
}

/* Only when it has really stopped does a test begin to measure. */
void libvirtd_pause(struct libvirtd *d)
{
	kill(d->pid, SIGSTOP);
	waitpid(d->pid, NULL, WUNTRACED);
}

void libvirtd_resume(struct libvirtd *d)
{
	kill(d->pid, SIGCONT);
}

static void remove_file(const struct libvirtd *d, const char *name)
{
	autofree char *path = must_printf("%s/%s", d->directory, name);

	unlink(path);
}

void libvirtd_free(struct libvirtd *d)
{
	static const char *const files[] = { "libvirtd.conf", "log", "libvirt-sock",
		"libvirt-sock-ro", "libvirt-admin-sock" };

	libvirtd_kill(d);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		remove_file(d, files[i]);
	rmdir(d->directory);
	free(d->config);
	free(d->socket);
	free(d->uri);
	free(d);
}
