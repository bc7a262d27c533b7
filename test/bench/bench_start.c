/* SPDX-License-Identifier: MIT */
/*
 * bench_start: starts a program as a service manager does and times what it sends: from
 * before the fork to READY=1, and to the first STATUS= that begins with "converged"; and
 * the CPU time it has used by then. It ends the program and begins again, RUNS times, in
 * turns with a second program, whose times are the floor.
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/bench/measure.h"

#define PATIENCE_S 60

static int listen_for_notices(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { PATIENCE_S, 0 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[64];
	int length = snprintf(name, sizeof(name), "@homek8s-bench-%d", (int)getpid());

	memcpy(address.sun_path, name, (size_t)length);
	address.sun_path[0] = '\0'; /* a name without a file */
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)) < 0)
		measure_die("no notify socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void wait_for(int fd, const char *line)
{
	char notice[4096];
	ssize_t length;

	do {
		length = recv(fd, notice, sizeof(notice) - 1, 0);
		if (length < 0)
			measure_die("no %s within %d s", line, PATIENCE_S);
		notice[length] = '\0';
	} while (!strstr(notice, line));
}

struct times {
	struct samples ready, converged, cpu;
};

static void sample(int fd, char **argv, struct times *t)
{
	double began = measure_now();
	pid_t pid = fork();
	char rest[4096];

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		measure_die("no process");
	wait_for(fd, "READY=1");
	samples_add(&t->ready, measure_now() - began);
	wait_for(fd, "STATUS=converged");
	samples_add(&t->converged, measure_now() - began);
	samples_add(&t->cpu, measure_cpu(pid));
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) >= 0)
		;
}

int main(int argc, char **argv)
{
	long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	struct times ours = { 0 }, floor = { 0 };
	int fd, second = 2;

	while (second < argc && strcmp(argv[second], "--") != 0)
		second++;
	if (runs < 1 || second + 1 >= argc)
		measure_die("usage: bench_start RUNS PROGRAM [ARGUMENTS] -- PROGRAM "
			    "[ARGUMENTS]");
	argv[second] = NULL;
	fd = listen_for_notices();
	for (long i = 0; i < runs; i++) {
		sample(fd, argv + 2, &ours);
		sample(fd, argv + second + 1, &floor);
	}
	measure_say_samples("ready", &ours.ready);
	measure_say_samples("converged", &ours.converged);
	measure_say_samples("cpu", &ours.cpu);
	measure_say_samples("floor_ready", &floor.ready);
	measure_say_samples("floor_converged", &floor.converged);
	measure_say_samples("floor_cpu", &floor.cpu);
	return 0;
}
