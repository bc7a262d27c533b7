/* SPDX-License-Identifier: MIT */
/* Tests of the control socket: clients that are slow, many, silent or not allowed. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "test/control/server.h"

START_TEST(a_half_closed_client_gets_its_answers)
{
	struct client c = dial();

	for (int i = 0; i < 3; i++)
		say_text(&c, CALL("GetVersion", ""));
	shutdown(c.fd, SHUT_WR);
	for (int i = 0; i < 3; i++) {
		autojson struct json_object *reply = answer(&c, "half-closed");

		ck_assert_ptr_nonnull(json_string_at(reply, "parameters.version"));
	}
	expect_closed(&c, SOON_MS, "after the answers");
	hang_up(&c);
}
END_TEST

START_TEST(oneway_calls_get_no_answer)
{
	struct client c = dial();
	autojson struct json_object *reply = NULL;

	say_text(&c, CALL("Reconcile", ",\"oneway\":true"));
	say_text(&c, CALL("GetStatus", ""));
	reply = answer(&c, "after a oneway call");
	ck_assert_int_eq(
	    json_int_at(reply, "parameters.sources.config.generation", -1), 1);
	hang_up(&c);
}
END_TEST

START_TEST(silence_is_closed)
{
	struct client c = dial(), talked = dial();
	int64_t before = now_ms();
	bool ended;

	say_text(&talked, CALL("GetVersion", ""));
	json_object_put(answer(&talked, "first"));
	say_bytes(&c, "{", 1);
	expect_closed(&c, 15000, "silence");
	ck_assert_int_ge(now_ms() - before, 9000);
	ck_assert_ptr_null(receive(&talked, 500, &ended));
	ck_assert_msg(!ended, "who has talked once may be silent");
	hang_up(&c);
	hang_up(&talked);
}
END_TEST

/* Requests with large answers, none of them read: the answers wait, not pile up (80 MB
 * would be past every cap), and all come when they are read. */
START_TEST(who_never_reads_waits_alone)
{
	enum { COUNT = 200 };
	struct client c = dial();
	autotext struct text all = { 0 };
	size_t sent = 0;
	int answers = 0;

	say_text(&c, CALL("Resume", ""));
	json_object_put(answer(&c, "resume"));
	for (int i = 0; i < COUNT; i++)
		varlink_put_call(&all, INTERFACE_NAME ".GetStatus", NULL, false);
	for (int i = 0; i < 50; i++) {
		ssize_t n = send(c.fd, all.data + sent, all.length - sent,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		usleep(1000);
		expect_alive("beside a flood");
	}
	while (answers < COUNT) {
		bool ended;
		struct json_object *reply;
		ssize_t n = sent < all.length
				? send(c.fd, all.data + sent, all.length - sent,
				      MSG_DONTWAIT | MSG_NOSIGNAL)
				: 0;

		sent += n > 0 ? (size_t)n : 0;
		reply = receive(&c, SOON_MS, &ended);
		ck_assert_msg(reply != NULL, "after %d answers: %s", answers,
		    ended ? "closed" : "nothing");
		json_object_put(reply);
		answers++;
	}
	hang_up(&c);
}
END_TEST

static int64_t generation(struct json_object *reply)
{
	return json_int_at(reply, "parameters.sources.config.generation", -1);
}

/* The state after a burst arrives once or twice, not twenty times, and is the last. */
START_TEST(streams_tell_the_latest)
{
	struct client watcher = dial(), changer = dial();
	struct json_object *reply;
	int64_t last = 0;
	int replies = 0;
	bool ended;

	say_text(&watcher, CALL("GetStatus", ",\"more\":true"));
	reply = answer(&watcher, "the first state");
	ck_assert(json_bool_at(reply, "continues", false));
	json_object_put(reply);
	for (int i = 0; i < 20; i++) {
		say_text(&changer, CALL("Reconcile", ""));
		json_object_put(answer(&changer, "reconcile"));
	}
	while (last < 20 && (reply = receive(&watcher, SOON_MS, &ended))) {
		ck_assert(json_bool_at(reply, "continues", false));
		last = generation(reply);
		replies++;
		json_object_put(reply);
	}
	ck_assert_msg(!ended, "the stream ended");
	ck_assert_ptr_null(receive(&watcher, 300, &ended));
	ck_assert_int_eq(last, 20);
	ck_assert_int_ge(replies, 1);
	ck_assert_int_le(replies, 5);
	hang_up(&watcher);
	hang_up(&changer);
	expect_alive("after streams");
}
END_TEST

/* A stream nobody reads costs its peers nothing, and has the latest state when it is. */
START_TEST(slow_streams_skip)
{
	enum { STREAMS = 30 };
	struct client slow[STREAMS], changer = dial();
	int64_t last = -1;
	int replies = 0, size = 4096;
	struct json_object *reply;
	bool ended;

	say_text(&changer, CALL("Resume", ""));
	json_object_put(answer(&changer, "resume"));
	for (int i = 0; i < STREAMS; i++) {
		slow[i] = dial();
		setsockopt(slow[i].fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		say_text(&slow[i], CALL("GetStatus", ",\"more\":true"));
	}
	for (int i = 0; i < 40; i++) {
		say_text(&changer, CALL("Reconcile", ""));
		json_object_put(answer(&changer, "reconcile"));
		usleep(50000);
	}
	while (last < 41 && (reply = receive(&slow[7], SOON_MS, &ended))) {
		last = generation(reply);
		replies++;
		json_object_put(reply);
	}
	/* What was on its way when it was slow, and the latest. */
	ck_assert_int_eq(last, 41);
	ck_assert_int_le(replies, 3);
	for (int i = 0; i < STREAMS; i++)
		hang_up(&slow[i]);
	hang_up(&changer);
	expect_alive("after slow streams");
}
END_TEST

START_TEST(descriptors_sent_along_are_dropped)
{
	enum { COUNT = 200 };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(COUNT * sizeof(int))];
	} control = { 0 };
	static char request[] = CALL("GetVersion", "");
	struct iovec data = { request, sizeof(request) };
	struct msghdr message = { .msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct client c = dial();
	int fds[COUNT], pipe_ends[2];
	char byte;

	ck_assert_int_eq(pipe(pipe_ends), 0);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(fds));
	for (int i = 0; i < COUNT; i++)
		fds[i] = pipe_ends[1];
	memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
	ck_assert_int_eq(sendmsg(c.fd, &message, 0), sizeof(request));
	json_object_put(answer(&c, "with 200 descriptors"));
	/* Had the server kept one, the pipe would not end. */
	close(pipe_ends[1]);
	fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(read(pipe_ends[0], &byte, 1), 0);
	close(pipe_ends[0]);
	hang_up(&c);
}
END_TEST

/* Connections. */

/* Asks for the version: true when the answer is that there are too many connections. */
static bool is_refused(struct client *c)
{
	autojson struct json_object *reply = NULL;
	const char *error;

	say_text(c, CALL("GetVersion", ""));
	reply = answer(c, "served or refused");
	error = json_string_at(reply, "error");
	return error && strcmp(error, ERROR_BUSY) == 0;
}

START_TEST(one_user_has_32_connections)
{
	struct client c[40];

	for (size_t i = 0; i < 40; i++)
		c[i] = dial();
	for (size_t i = 0; i < 40; i++)
		ck_assert_msg(is_refused(&c[i]) == (i >= 32), "connection %zu", i);
	for (size_t i = 0; i < 40; i++)
		hang_up(&c[i]);
	usleep(100000);
	expect_alive("when they are gone");
}
END_TEST

/* Of 128 connections 32 are root's alone. */
START_TEST(all_users_together_leave_room_for_root)
{
	struct client c[140];
	size_t refused = 0;

	if (geteuid() != 0) {
		printf("skipped: other users need root\n");
		return;
	}
	for (size_t i = 0; i < 140; i++)
		c[i] = dial_as(NOBODY - 1 - (uid_t)(i / 30));
	for (size_t i = 0; i < 140; i++)
		refused += is_refused(&c[i]);
	ck_assert_uint_eq(refused, 140 - 96);
	expect_alive("for root, while no other user gets in");
	for (size_t i = 0; i < 140; i++)
		hang_up(&c[i]);
	usleep(100000);
	expect_alive("when they are gone");
}
END_TEST

#define CROWD 20

/* Of all who have asked the administrator is answered first, whenever he came. */
START_TEST(root_does_not_wait_for_others)
{
	struct client crowd[CROWD], root = { 0 };
	struct json_object *reply;

	if (geteuid() != 0) {
		printf("skipped: other users need root\n");
		return;
	}
	for (size_t i = 0; i < CROWD; i++) {
		crowd[i] = dial_as(NOBODY);
		if (i == CROWD / 2)
			root = dial();
	}
	say_text(&root, CALL("Pause", ",\"parameters\":{\"reason\":\"count views\"}"));
	json_object_put(answer(&root, "all are let in"));
	kill(server, SIGSTOP);
	ck_assert_int_eq(waitpid(server, NULL, WUNTRACED), server);
	for (size_t i = 0; i < CROWD; i++) {
		say_text(&crowd[i], CALL("GetStatus", ""));
		if (i == CROWD / 2)
			say_text(&root, CALL("GetStatus", ""));
	}
	kill(server, SIGCONT);
	reply = answer(&root, "root");
	ck_assert_int_eq(generation(reply), 2); /* Pause was the first */
	json_object_put(reply);
	hang_up(&root);
	for (size_t i = 0; i < CROWD; i++) {
		json_object_put(answer(&crowd[i], "each in the end"));
		hang_up(&crowd[i]);
	}
}
END_TEST

START_TEST(others_read_but_change_nothing)
{
	static const char *const changing[] = { CALL("Reconcile", ""), CALL("Reload", ""),
		CALL("Pause", ""), CALL("Resume", ""),
		CALL("Approve",
		    ",\"parameters\":{\"kind\":\"vm\",\"name\":\"a\",\"hash\":\"0\"}") };
	struct client c;
	struct json_object *reply;

	if (geteuid() != 0) {
		printf("skipped: other users need root\n");
		return;
	}
	c = dial_as(NOBODY);
	for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++) {
		say_text(&c, changing[i]);
		reply = answer(&c, changing[i]);
		ck_assert_msg(json_string_at(reply, "error") &&
				  strcmp(json_string_at(reply, "error"),
				      ERROR_PERMISSION_DENIED) == 0,
		    "%s: %s", changing[i], json_text(reply));
		json_object_put(reply);
	}
	say_text(&c, CALL("GetStatus", ""));
	reply = answer(&c, "status");
	ck_assert_int_eq(generation(reply), 0);
	json_object_put(reply);
	hang_up(&c);
}
END_TEST

static long cpu_ticks(void)
{
	autofree char *path = must_printf("/proc/%ld/stat", (long)server);
	autofile FILE *f = fopen(path, "r");
	long user, system;

	ck_assert_int_eq(fscanf(f,
			     "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			     "%ld %ld",
			     &user, &system),
	    2);
	return user + system;
}

START_TEST(running_out_of_descriptors_is_waited_out)
{
	struct rlimit few = { 20, 20 }, many;
	struct client first = dial(), c[25];
	long before;

	say_text(&first, CALL("GetVersion", ""));
	json_object_put(answer(&first, "before"));
	ck_assert_int_eq(prlimit(server, RLIMIT_NOFILE, NULL, &many), 0);
	few.rlim_max = many.rlim_max;
	ck_assert_int_eq(prlimit(server, RLIMIT_NOFILE, &few, NULL), 0);
	for (size_t i = 0; i < 25; i++)
		c[i] = dial();
	usleep(300000);
	before = cpu_ticks();
	say_text(&first, CALL("GetVersion", ""));
	json_object_put(answer(&first, "who is connected is served"));
	usleep(500000);
	ck_assert_msg(cpu_ticks() - before < sysconf(_SC_CLK_TCK) / 5, "it spins");
	for (size_t i = 0; i < 20; i++)
		hang_up(&c[i]);
	say_text(&c[24], CALL("GetVersion", ""));
	json_object_put(answer(&c[24], "who waited is served"));
	for (size_t i = 20; i < 25; i++)
		hang_up(&c[i]);
	hang_up(&first);
	prlimit(server, RLIMIT_NOFILE, &many, NULL);
}
END_TEST

Suite *clients_suite(void)
{
	Suite *suite = suite_create("clients");
	TCase *t = tcase_create("clients");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, server_setup, server_teardown);
	tcase_add_test(t, a_half_closed_client_gets_its_answers);
	tcase_add_test(t, oneway_calls_get_no_answer);
	tcase_add_test(t, silence_is_closed);
	tcase_add_test(t, who_never_reads_waits_alone);
	tcase_add_test(t, streams_tell_the_latest);
	tcase_add_test(t, slow_streams_skip);
	tcase_add_test(t, descriptors_sent_along_are_dropped);
	tcase_add_test(t, one_user_has_32_connections);
	tcase_add_test(t, all_users_together_leave_room_for_root);
	tcase_add_test(t, root_does_not_wait_for_others);
	tcase_add_test(t, others_read_but_change_nothing);
	tcase_add_test(t, running_out_of_descriptors_is_waited_out);
	suite_add_tcase(suite, t);
	return suite;
}
