/* SPDX-License-Identifier: MIT */
/*
 * Transfers into volumes of a real libvirtd, made slow by a gate before each piece: what
 * else happens meanwhile, and how they end.
 */
#include <dirent.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/virt/transfer.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "test/virt/libvirtd.h"
#include "test/virt/world.h"
#include "test/scratch.h"

#include <check.h> /* last: it defines the word fail */

#define WAIT 10000
#define PIECES 16
#define PIECE 65536
#define TOTAL (PIECES * PIECE)
#define DOMAINS 20
#define POOL "pool-of-test"

struct upload {
	char volume[16];
	sem_t gate; /* one piece each */
	atomic_uint sent, dropped;
};

static struct {
	struct libvirtd *server;
	struct world *w;
	struct transfer *transfer;
	char *uri, directory[64];
	unsigned reports, ended;
	uint64_t done, of, token;
	enum transfer_end end;
	bool lost;
	char text[600];
} t;

/* The job */

static int send_piece(virStreamPtr stream, unsigned i)
{
	static char piece[PIECE];
	size_t sent = 0;

	memset(piece, 'a' + (int)i, sizeof(piece));
	while (sent < sizeof(piece)) {
		int n = virStreamSend(stream, piece + sent, sizeof(piece) - sent);

		if (n < 0)
			return -1;
		sent += (size_t)n;
	}
	return 0;
}

static int send_all(virConnectPtr conn, virStreamPtr stream, struct upload *upload,
    struct transfer_control *control, struct fault *fault)
{
	for (unsigned i = 0; i < PIECES; i++) {
		sem_wait(&upload->gate);
		if (send_piece(stream, i) < 0)
			return fault_take(fault, conn);
		upload->sent++;
		if (!transfer_report(control, (uint64_t)(i + 1) * PIECE, TOTAL)) {
			virStreamAbort(stream);
			return -1;
		}
	}
	return virStreamFinish(stream) < 0 ? fault_take(fault, conn) : 0;
}

static int run_upload(
    virConnectPtr conn, void *arg, struct transfer_control *control, struct fault *fault)
{
	struct upload *upload = arg;
	virStreamPtr stream = virStreamNew(conn, 0);
	virStoragePoolPtr pool = virStoragePoolLookupByName(conn, POOL);
	virStorageVolPtr volume =
	    pool ? virStorageVolLookupByName(pool, upload->volume) : NULL;
	int result;

	if (volume && virStorageVolUpload(volume, stream, 0, TOTAL, 0) == 0)
		result = send_all(conn, stream, upload, control, fault);
	else
		result = fault_take(fault, conn);
	virStreamFree(stream);
	if (volume)
		virStorageVolFree(volume);
	if (pool)
		virStoragePoolFree(pool);
	return result;
}

static void drop_upload(void *arg)
{
	((struct upload *)arg)->dropped++;
}

static void open_gate(struct upload *upload, int pieces)
{
	for (int i = 0; i < pieces; i++)
		sem_post(&upload->gate);
}

/* What is reported of it */

static void on_progress(void *arg, uint64_t token, uint64_t done, uint64_t of)
{
	(void)arg;
	(void)token;
	ck_assert_uint_gt(done, t.done);
	t.reports++;
	t.done = done;
	t.of = of;
}

static void on_ended(
    void *arg, uint64_t token, enum transfer_end end, const struct fault *fault)
{
	(void)arg;
	ck_assert((end == TRANSFER_FAILED) == (fault != NULL));
	t.ended++;
	t.token = token;
	t.end = end;
	t.lost = fault && fault->lost;
	snprintf(t.text, sizeof(t.text), "%s", fault ? fault->error.text : "");
	t.done = 0;
}

static const struct transfer_callbacks callbacks = { on_progress, on_ended };

/* The scene: a libvirtd with a pool, a world on its test driver, a transfer. */

static void make_pool(void)
{
	virConnectPtr conn = virConnectOpen(t.uri);
	autofree char *xml = must_printf("<pool type='dir'><name>" POOL "</name><target>"
					 "<path>%s</path></target></pool>",
	    t.directory);
	virStoragePoolPtr pool;

	ck_assert_msg(conn != NULL, "%s", virGetLastErrorMessage());
	pool = virStoragePoolCreateXML(conn, xml, VIR_STORAGE_POOL_CREATE_WITH_BUILD);
	ck_assert_msg(pool != NULL, "%s", virGetLastErrorMessage());
	virStoragePoolFree(pool);
	virConnectClose(conn);
}

static void make_volume(const char *name)
{
	virConnectPtr conn = virConnectOpen(t.uri);
	virStoragePoolPtr pool = virStoragePoolLookupByName(conn, POOL);
	autofree char *xml = must_printf(
	    "<volume><name>%s</name><capacity unit='bytes'>%d</capacity></volume>", name,
	    TOTAL);
	virStorageVolPtr volume = virStorageVolCreateXML(pool, xml, 0);

	ck_assert_msg(volume != NULL, "%s", virGetLastErrorMessage());
	virStorageVolFree(volume);
	virStoragePoolFree(pool);
	virConnectClose(conn);
}

static void set_up(void)
{
	memset(&t, 0, sizeof(t));
	t.server = libvirtd_new();
	libvirtd_start(t.server);
	t.uri =
	    must_printf("storage+unix:///system%s", strchr(libvirtd_uri(t.server), '?'));
	ck_assert(scratch_make(t.directory, sizeof(t.directory), "transfer"));
	t.w = world_new(libvirtd_uri(t.server), NULL);
	ck_assert(world_wait_known(t.w, WAIT));
	t.transfer = transfer_new(t.w->loop, 60000, &callbacks, NULL);
	make_pool();
}

static void tear_down(void)
{
	autofree char *command = must_printf("rm -rf %s", t.directory);

	if (t.transfer)
		ck_assert(transfer_free(t.transfer, 5000));
	ck_assert(world_free(t.w));
	libvirtd_free(t.server);
	ck_assert_int_eq(system(command), 0);
	free(t.uri);
}

static void post(struct upload *upload, const char *volume, uint64_t token)
{
	struct transfer_job job = { run_upload, drop_upload, upload, "upload it" };

	*upload = (struct upload){ .sent = 0 };
	snprintf(upload->volume, sizeof(upload->volume), "%s", volume);
	sem_init(&upload->gate, 0, 0);
	transfer_post(t.transfer, t.uri, &job, token);
}

static struct upload *awaited;
static unsigned awaited_count;

static bool has_sent(struct world *w)
{
	(void)w;
	return awaited->sent >= awaited_count;
}

static bool has_ended(struct world *w)
{
	(void)w;
	return t.ended >= awaited_count;
}

static void wait_sent(struct upload *upload, unsigned pieces)
{
	awaited = upload;
	awaited_count = pieces;
	ck_assert(world_wait(t.w, has_sent, WAIT));
}

static void wait_ended(unsigned count)
{
	awaited_count = count;
	ck_assert(world_wait(t.w, has_ended, WAIT));
}

static void check_content(const char *volume)
{
	autofree char *path = must_printf("%s/%s", t.directory, volume);
	FILE *file = fopen(path, "r");

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < PIECES; i++)
		for (int k = 0; k < PIECE; k++)
			ck_assert_int_eq(fgetc(file), 'a' + i);
	fclose(file);
}

/* Tests */

START_TEST(machines_start_while_a_volume_is_uploaded)
{
	struct upload upload;
	int64_t began, longest = 0;

	make_volume("v");
	post(&upload, "v", 7);
	open_gate(&upload, PIECES / 2);
	wait_sent(&upload, PIECES / 2);
	for (int i = 0; i < DOMAINS; i++) {
		autofree char *name = must_printf("d%d", i);
		autofree char *xml =
		    must_printf("<domain type='test'><name>%s</name><memory>65536"
				"</memory><os><type>hvm</type></os></domain>",
			name);

		began = world_now_us();
		ck_assert(world_step(t.w,
		    (struct order){
			.action = &domain_define_action, .target = name, .body = xml }));
		ck_assert(world_step(t.w,
		    (struct order){ .action = &domain_start_action, .target = name }));
		if (world_now_us() - began > longest)
			longest = world_now_us() - began;
	}
	printf("defined and started during an upload: %.1f ms the longest\n",
	    (double)longest / 1e3);
	ck_assert_int_lt(longest, 1000000);
	ck_assert_uint_eq(t.ended, 0);
	ck_assert_str_eq(text_get(&t.w->states), "connected ");
	ck_assert_str_eq(text_get(&t.w->overdue), "");
	open_gate(&upload, PIECES / 2);
	wait_ended(1);
	ck_assert_int_eq(t.end, TRANSFER_DONE);
	ck_assert_uint_eq(t.token, 7);
	ck_assert_uint_ge(t.reports, 1);
	ck_assert_uint_eq(t.of, TOTAL);
	ck_assert_uint_eq(upload.dropped, 1);
	check_content("v");
}
END_TEST

START_TEST(a_cancelled_upload_ends_and_the_next_one_begins)
{
	struct upload first, second;

	make_volume("a");
	make_volume("b");
	post(&first, "a", 1);
	post(&second, "b", 2);
	open_gate(&first, 2);
	wait_sent(&first, 2);
	transfer_cancel(t.transfer, 99); /* nobody's */
	transfer_cancel(t.transfer, 1);
	open_gate(&first, 1);
	wait_ended(1);
	ck_assert_int_eq(t.end, TRANSFER_CANCELLED);
	ck_assert_uint_eq(t.token, 1);
	ck_assert_uint_eq(first.sent, 3);
	open_gate(&second, PIECES);
	wait_ended(2);
	ck_assert_int_eq(t.end, TRANSFER_DONE);
	check_content("b");
}
END_TEST

START_TEST(one_that_is_cancelled_before_its_turn_does_nothing)
{
	struct upload first, second;

	make_volume("a");
	post(&first, "a", 1);
	post(&second, "b", 2);
	transfer_cancel(t.transfer, 2);
	open_gate(&first, PIECES);
	wait_ended(2);
	ck_assert_uint_eq(t.token, 2);
	ck_assert_int_eq(t.end, TRANSFER_CANCELLED);
	ck_assert_uint_eq(second.sent, 0);
	ck_assert_uint_eq(second.dropped, 1);
}
END_TEST

START_TEST(a_failure_is_said_with_the_job)
{
	struct upload upload;

	post(&upload, "nobody", 1);
	wait_ended(1);
	ck_assert_int_eq(t.end, TRANSFER_FAILED);
	ck_assert_msg(strncmp(t.text, "upload it: Storage volume not found: ", 37) == 0,
	    "%s", t.text);
	ck_assert(!t.lost);
}
END_TEST

START_TEST(a_lost_connection_is_opened_anew)
{
	struct upload upload;

	make_volume("a");
	post(&upload, "a", 1);
	open_gate(&upload, 2);
	wait_sent(&upload, 2);
	libvirtd_kill(t.server);
	open_gate(&upload, PIECES);
	wait_ended(1);
	ck_assert_int_eq(t.end, TRANSFER_FAILED);
	ck_assert_msg(t.lost, "%s", t.text);
	libvirtd_start(t.server);
	make_pool();
	post(&upload, "a", 2);
	open_gate(&upload, PIECES);
	wait_ended(2);
	ck_assert_msg(t.end == TRANSFER_DONE, "%s", t.text);
}
END_TEST

static unsigned sockets(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned count = 0;

	while ((entry = readdir(directory))) {
		autofree char *path = must_printf("/proc/self/fd/%s", entry->d_name);
		char target[64] = "";

		if (readlink(path, target, sizeof(target) - 1) > 0)
			count += strncmp(target, "socket:", 7) == 0;
	}
	closedir(directory);
	return count;
}

static unsigned sockets_wanted;

static bool has_sockets(struct world *w)
{
	(void)w;
	return sockets() == sockets_wanted;
}

START_TEST(an_idle_connection_is_closed)
{
	struct upload upload;
	unsigned before;

	make_volume("a");
	ck_assert(transfer_free(t.transfer, 5000));
	t.transfer = transfer_new(t.w->loop, 300, &callbacks, NULL);
	world_run(t.w, 300); /* the world's own handles are opened by now */
	before = sockets();
	for (unsigned i = 0; i < 2; i++) {
		post(&upload, "a", i);
		open_gate(&upload, 1);
		wait_sent(&upload, 1);
		ck_assert_uint_eq(sockets(), before + 1);
		open_gate(&upload, PIECES - 1);
		wait_ended(i + 1);
		ck_assert_msg(t.end == TRANSFER_DONE, "%s", t.text);
		sockets_wanted = before;
		ck_assert(world_wait(t.w, has_sockets, WAIT));
	}
}
END_TEST

START_TEST(a_stuck_upload_is_left_behind)
{
	const struct timespec moment = { 0, 1000000 };
	static struct upload upload; /* outlives the test's stack */

	make_volume("a");
	post(&upload, "a", 1);
	open_gate(&upload, 2);
	wait_sent(&upload, 2);
	ck_assert(!transfer_free(t.transfer, 100));
	t.transfer = NULL;
	open_gate(&upload, 1);
	while (!upload.dropped)
		nanosleep(&moment, NULL);
	ck_assert_uint_eq(upload.sent, 3); /* it was cancelled */
	ck_assert_uint_eq(t.ended, 0);
}
END_TEST

int main(void)
{
	const char *missing = libvirtd_missing();
	Suite *suite = suite_create("transfer");
	TCase *tests = tcase_create("transfer");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (missing) {
		printf("SKIP test_transfer: %s\n", missing);
		srunner_free(runner);
		return 77;
	}
	signal(SIGPIPE, SIG_IGN);
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, machines_start_while_a_volume_is_uploaded);
	tcase_add_test(tests, a_cancelled_upload_ends_and_the_next_one_begins);
	tcase_add_test(tests, one_that_is_cancelled_before_its_turn_does_nothing);
	tcase_add_test(tests, a_failure_is_said_with_the_job);
	tcase_add_test(tests, a_lost_connection_is_opened_anew);
	tcase_add_test(tests, an_idle_connection_is_closed);
	tcase_add_test(tests, a_stuck_upload_is_left_behind);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
