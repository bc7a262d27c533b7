/* SPDX-License-Identifier: MIT */
/* Tests of the control socket: where the listening socket comes from. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

Suite *listener_suite(void)
{
	Suite *suite = suite_create("listener");
	TCase *t = tcase_create("listener");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, server_setup, server_teardown);
	tcase_add_test(t, a_live_socket_is_not_taken);
	tcase_add_test(t, a_stale_socket_is_replaced_but_nothing_else);
	tcase_add_test(t, a_socket_of_systemd_is_used);
	suite_add_tcase(suite, t);
	return suite;
}
