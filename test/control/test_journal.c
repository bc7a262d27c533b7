/* SPDX-License-Identifier: MIT */
/* Tests of the journal: the ring, what is written where, and that nothing makes it wait.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/journal/journal.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "test/control/suites.h"
#include "test/scratch.h"

static int logged;

static void on_event(void *arg)
{
	(void)arg;
	logged++;
}

/* stderr into a pipe; returns the end to read, which does not block. */
static int catch_stderr(void)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	return ends[0];
}

static const struct subject vm = { "vm", "worker-1", "start", "failed", NULL };

START_TEST(messages_go_to_stderr)
{
	autoclose int from = catch_stderr();
	char got[256] = "";

	unsetenv("JOURNAL_STREAM");
	journal_open();
	journal_say(LEVEL_WARNING, MESSAGE_STEP_FAILED, &vm, "no %s", "memory");
	journal_say(LEVEL_NOTICE, MESSAGE_STARTED, NULL, "a\nb\033[31m");
	journal_say(LEVEL_DEBUG, MESSAGE_EVENT, NULL, "not asked for");
	ck_assert_int_gt(read(from, got, sizeof(got) - 1), 0);
	ck_assert_str_eq(
	    got, "warning: vm/worker-1: failed: start: no memory\nnotice: a b?[31m\n");
}
END_TEST

START_TEST(the_ring_keeps_the_last_512)
{
	autoclose int from = catch_stderr();
	const struct event_view *events;
	struct arena a = { 0 };
	struct list all, some;
	uint64_t start;

	ck_assert_int_ge(from, 0);
	journal_open();
	start = journal_last();
	journal_listen(on_event, NULL);
	logged = 0;
	for (int i = 0; i < 600; i++)
		journal_say(LEVEL_INFO, MESSAGE_STEP, &vm, "step %d", i);
	journal_say(LEVEL_DEBUG, MESSAGE_STEP, &vm, "not kept");
	journal_listen(NULL, NULL);
	ck_assert_int_eq(logged, 600);
	ck_assert_uint_eq(journal_last(), start + 600);
	all = journal_events(&a, 0);
	events = all.items;
	ck_assert_uint_eq(all.count, 512);
	ck_assert_str_eq(events[0].text, "step 88");
	ck_assert_str_eq(events[511].text, "step 599");
	ck_assert_str_eq(events[511].kind, "vm");
	ck_assert_str_eq(events[511].name, "worker-1");
	ck_assert_str_eq(events[511].action, "start");
	ck_assert_str_eq(events[511].result, "failed");
	ck_assert_str_eq(events[511].level, "info");
	ck_assert_int_eq(events[511].seq, (int64_t)start + 600);
	some = journal_events(&a, start + 598);
	ck_assert_uint_eq(some.count, 2);
	ck_assert_str_eq(((const struct event_view *)some.items)[0].text, "step 598");
	ck_assert_uint_eq(journal_events(&a, start + 1000).count, 0);
	arena_done(&a);
}
END_TEST

START_TEST(only_a_refused_configuration_has_lines)
{
	autoclose int from = catch_stderr();
	const struct event_view *events;
	struct arena a = { 0 };
	uint64_t start;

	ck_assert_int_ge(from, 0);
	journal_open();
	start = journal_last();
	journal_say(
	    LEVEL_ERROR, MESSAGE_CONFIG_REFUSED, NULL, "a:1:1: x\n    \033^\nb\n\n");
	journal_say(LEVEL_ERROR, MESSAGE_STEP_FAILED, NULL, "libvirt says\nnotice: fine");
	events = journal_events(&a, start).items;
	ck_assert_str_eq(events[0].text, "a:1:1: x\n    ?^\nb");
	ck_assert_str_eq(events[1].text, "libvirt says notice: fine");
	arena_done(&a);
}
END_TEST

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

START_TEST(a_full_pipe_does_not_stop_us)
{
	autoclose int from = catch_stderr();
	char got[8192];
	double before = seconds();
	ssize_t n;

	unsetenv("JOURNAL_STREAM");
	journal_open();
	for (int i = 0; i < 20000; i++)
		journal_say(LEVEL_INFO, MESSAGE_STEP, &vm, "step %d", i);
	ck_assert_msg(seconds() - before < 5, "it waited");
	while (read(from, got, sizeof(got)) > 0)
		;
	journal_say(LEVEL_INFO, MESSAGE_STEP, &vm, "again");
	n = read(from, got, sizeof(got) - 1);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_msg(strstr(got, "were lost") && strstr(got, "again"), "%s", got);
}
END_TEST

/* A journal of our own where systemd's would be; needs root and a mount namespace. */
static int fake_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket" };
	autofree char *stream = NULL;
	struct stat st;
	int fd;

	if (!scratch_mounts(0)) {
		printf("skipped: a journal of our own: " SCRATCH_MOUNTS_MISSING "\n");
		return -1;
	}
	ck_assert_int_eq(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/journal", 0755);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	fstat(STDERR_FILENO, &st);
	stream =
	    must_printf("%lu:%lu", (unsigned long)st.st_dev, (unsigned long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	return fd;
}

START_TEST(fields_reach_the_journal)
{
	autoclose int from = catch_stderr();
	autoclose int fd = fake_journal();
	char got[4096];
	ssize_t n;

	if (fd < 0)
		return;
	ck_assert_int_ge(from, 0);
	journal_open();
	journal_say(LEVEL_WARNING, MESSAGE_STEP_FAILED, &vm, "no memory");
	n = recv(fd, got, sizeof(got) - 1, 0);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got,
	    "PRIORITY=4\nSYSLOG_IDENTIFIER=homek8sd\nMESSAGE=vm/worker-1: failed: start: no memory\n"
	    "MESSAGE_ID=cd92071524db45b18fe0a4faa99ed171\nHOMEK8S_KIND=vm\n"
	    "HOMEK8S_NAME=worker-1\nHOMEK8S_KEY=vm/worker-1\nHOMEK8S_ACTION=start\nHOMEK8S_RESULT=failed\n");
	journal_say(LEVEL_ERROR, MESSAGE_CONFIG_REFUSED, NULL, "a\nb");
	n = recv(fd, got, sizeof(got) - 1, 0);
	ck_assert_ptr_nonnull(
	    memmem(got, (size_t)n, "\nMESSAGE\n\3\0\0\0\0\0\0\0a\nb\n", 21));
}
END_TEST

/* Nobody reads the journal's socket; then somebody does. */
START_TEST(a_stuck_journal_does_not_stop_us)
{
	autoclose int from = catch_stderr();
	autoclose int fd = fake_journal();
	double before = seconds();
	char got[4096];
	ssize_t n;

	if (fd < 0)
		return;
	ck_assert_int_ge(from, 0);
	journal_open();
	for (int i = 0; i < 5000; i++)
		journal_say(LEVEL_INFO, MESSAGE_STEP, &vm, "step %d", i);
	ck_assert_msg(seconds() - before < 5, "it waited");
	while (recv(fd, got, sizeof(got), 0) > 0)
		;
	journal_say(LEVEL_INFO, MESSAGE_STEP, &vm, "again");
	n = recv(fd, got, sizeof(got) - 1, 0);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_msg(strstr(got, "MESSAGE=vm/worker-1: failed: start: again\n") != NULL,
	    "%s", got);
	ck_assert_msg(strstr(got, "HOMEK8S_LOST=") != NULL, "%s", got);
}
END_TEST

Suite *journal_suite(void)
{
	Suite *suite = suite_create("journal");
	TCase *t = tcase_create("journal");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, messages_go_to_stderr);
	tcase_add_test(t, the_ring_keeps_the_last_512);
	tcase_add_test(t, only_a_refused_configuration_has_lines);
	tcase_add_test(t, a_full_pipe_does_not_stop_us);
	tcase_add_test(t, fields_reach_the_journal);
	tcase_add_test(t, a_stuck_journal_does_not_stop_us);
	suite_add_tcase(suite, t);
	return suite;
}
