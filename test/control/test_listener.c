/* SPDX-License-Identifier: MIT */
/* Tests of the control socket: where the listening socket comes from. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/control/control.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "test/control/server.h"

START_TEST(a_live_socket_is_not_taken)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct error e = { "" };

	ck_assert_ptr_null(control_new(loop, address.sun_path, NULL, &e));
	ck_assert_msg(strstr(e.text, "another homek8sd") != NULL, "%s", e.text);
	ev_loop_destroy(loop);
	expect_alive("after the attempt");
}
END_TEST

START_TEST(a_stale_socket_is_replaced_but_nothing_else)
{
	struct ev_loop *loop = ev_loop_new(0);
	autofree char *path = must_printf("%s/other", directory);
	struct sockaddr_un stale = { .sun_family = AF_UNIX };
	struct control *control;
	struct error e = { "" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(stale.sun_path, sizeof(stale.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&stale, sizeof(stale)), 0);
	close(fd);
	control = control_new(loop, path, NULL, &e);
	ck_assert_msg(control != NULL, "%s", e.text);
	control_free(control);
	ck_assert_int_ne(access(path, F_OK), 0);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_ptr_null(control_new(loop, path, NULL, &e));
	ck_assert_msg(strstr(e.text, "no socket") != NULL, "%s", e.text);
	unlink(path);
	ck_assert_int_eq(symlink(address.sun_path, path), 0);
	ck_assert_ptr_null(control_new(loop, path, NULL, &e));
	unlink(path);
	ev_loop_destroy(loop);
	expect_alive("beside it");
}
END_TEST

START_TEST(a_socket_of_systemd_is_used)
{
	autofree char *path = must_printf("%s/passed", directory);
	autofree char *pid = NULL;
	struct sockaddr_un passed = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), status;
	pid_t child;

	snprintf(passed.sun_path, sizeof(passed.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&passed, sizeof(passed)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	child = fork();
	if (child == 0) {
		struct ev_loop *loop = ev_loop_new(0);
		struct control *control;
		struct error e = { "" };

		dup2(fd, 3);
		pid = must_printf("%ld", (long)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
		control = control_new(loop, "/nowhere/s", NULL, &e);
		control_free(control);
		/* systemd's socket stays: the next start is handed it again. */
		_exit(control && access(path, F_OK) == 0 ? 0 : 1);
	}
	close(fd);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	unlink(path);
}
END_TEST

/* What systemd is to the service: where it reports, and what it is given at its start. */
static struct control *as_service(struct ev_loop *loop, const char *path, int stored)
{
	struct error e = { "" };
	struct control *control;

	if (stored >= 0) {
		autofree char *pid = must_printf("%ld", (long)getpid());

		dup2(stored, 3);
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
		setenv("LISTEN_FDNAMES", "control", 1);
	}
	setenv("RUNTIME_DIRECTORY", directory, 1);
	control = control_new(loop, path, NULL, &e);
	if (!control)
		fprintf(stderr, "%s\n", e.text);
	return control;
}

/* The next message to systemd, and the descriptor with it; -1: none. */
static int notified(int manager, char *text, size_t size)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = text, .iov_len = size - 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(manager, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fd = -1;

	text[n < 0 ? 0 : n] = '\0';
	if (n >= 0 && header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static int manager_new(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/notify", directory);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&at, sizeof(at)), 0);
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	return manager;
}

/* Runs `life` in a process of its own, as the service is; what it returns must be true. */
static void live(bool (*life)(const char *path, int stored), const char *path, int stored)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(life(path, stored) ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static bool may_be_reached(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	return connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
}

static bool starts_and_stops(const char *path, int stored)
{
	struct control *control = as_service(ev_loop_new(0), path, stored);
	struct stat st;
	bool good = control && may_be_reached(path) && stat(path, &st) == 0 &&
		    (st.st_mode & 0777) == 0666;

	control_free(control);
	return good;
}

START_TEST(the_service_has_its_socket_kept)
{
	autofree char *path = must_printf("%s/kept", directory);
	int manager = manager_new(), kept, other;
	char text[200];

	live(starts_and_stops, path, -1);
	kept = notified(manager, text, sizeof(text));
	ck_assert_str_eq(text, "FDSTORE=1\nFDNAME=control");
	ck_assert_msg(may_be_reached(path), "nobody holds it while the service restarts");

	live(starts_and_stops, path, kept);
	notified(manager, text, sizeof(text));
	ck_assert_str_eq(text, ""); /* it has it already */

	/* Somebody has removed the file: what is kept cannot be reached any more. */
	unlink(path);
	live(starts_and_stops, path, kept);
	notified(manager, text, sizeof(text));
	ck_assert_str_eq(text, "FDSTOREREMOVE=1\nFDNAME=control");
	other = notified(manager, text, sizeof(text));
	ck_assert_str_eq(text, "FDSTORE=1\nFDNAME=control");
	ck_assert_msg(may_be_reached(path), "nobody holds the new one");

	/* After a stop nobody holds it, and a file that is left does no harm. */
	close(kept);
	close(other);
	ck_assert(!may_be_reached(path));
	live(starts_and_stops, path, -1);
	unlink(path);
	close(manager);
	unlink(getenv("NOTIFY_SOCKET"));
}
END_TEST

Suite *listener_suite(void)
{
	Suite *suite = suite_create("listener");
	TCase *t = tcase_create("listener");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, server_setup, server_teardown);
	tcase_add_test(t, a_live_socket_is_not_taken);
	tcase_add_test(t, a_stale_socket_is_replaced_but_nothing_else);
	tcase_add_test(t, a_socket_of_systemd_is_used);
	tcase_add_test(t, the_service_has_its_socket_kept);
	suite_add_tcase(suite, t);
	return suite;
}
