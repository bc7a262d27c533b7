/* SPDX-License-Identifier: MIT */
/* What a disk is: paths, links, volumes, backing files, devices; and who is asked. */
#include <dirent.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <libvirt/virterror.h>

#include "daemon/virt/block_device.h"
#include "daemon/virt/disk_identity.h"
#include "daemon/virt/image_file.h"
#include "daemon/virt/prober.h"
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/doc/json.h"
#include "lib/kind/vm/vm_disk.h"
#include "test/virt/embedded.h"
#include "test/scratch.h"

#include <check.h> /* last: it defines the word fail */

static virConnectPtr conn;
static char directory[64];
static struct arena arena;

static const char *in(const char *name)
{
	return arena_printf(&arena, "%s/%s", directory, name);
}

static void write_file(const char *path, const void *bytes, size_t length)
{
	autofile FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
}

/* An image laid over another; `name` as the image names it. */
static void write_overlay(const char *path, const char *name)
{
	unsigned char header[512] = { 'Q', 'F', 'I', 0xfb, 0, 0, 0, 3 };
	uint64_t offset = htobe64(104);
	uint32_t length = htobe32((uint32_t)strlen(name));

	memcpy(header + 8, &offset, sizeof(offset));
	memcpy(header + 16, &length, sizeof(length));
	memcpy(header + 104, name, strlen(name));
	write_file(path, header, sizeof(header));
}

static const struct {
	const char *what, *bytes, *format;
} files[] = {
	{ "raw, whatever it is called", "hello", "raw" },
	{ "VMware's", "KDMV", "vmdk" },
	{ "packed",
	    "\xfd"
	    "7zXZ",
	    "xz" },
};

static struct json_object *image_at(const char *path)
{
	struct fault fault = { 0 };

	return image_file(conn, path, &fault);
}

START_TEST(an_image_is_what_it_holds)
{
	const char *path = in("image.qcow2");
	autojson struct json_object *o = NULL;

	write_file(path, files[_i].bytes, strlen(files[_i].bytes));
	o = image_at(path);
	ck_assert_msg(strcmp(json_string_at(o, "format"), files[_i].format) == 0, "%s",
	    files[_i].what);
	ck_assert_int_eq(json_int_at(o, "size", -1), (int64_t)strlen(files[_i].bytes));
}
END_TEST

START_TEST(an_image_may_be_laid_over_itself)
{
	autojson struct json_object *o = NULL, *gone = NULL, *directory_is = NULL;

	write_overlay(in("loop"), "./loop");
	o = image_at(in("loop"));
	ck_assert_str_eq(json_string_at(o, "format"), "qcow2");
	ck_assert_str_eq(json_string_at(o, "backing"), in("loop"));
	gone = image_at(in("gone"));
	ck_assert_str_eq(json_string_at(gone, "why"), "there is no such file");
	directory_is = image_at(directory);
	ck_assert_str_eq(json_string_at(directory_is, "why"), "it is no plain file");
}
END_TEST

static const char *what_is(const char *name)
{
	struct fault fault = { 0 };
	autojson struct json_object *o = disk_identity(conn, name, &fault);

	ck_assert_msg(o != NULL, "%s: %s", name, fault.error.text);
	return arena_copy(&arena, json_text(o));
}

static const char *path_is(const char *name)
{
	return what_is(arena_printf(&arena, "path %s", in(name)));
}

static void silent(void *arg, virErrorPtr error)
{
	(void)arg;
	(void)error;
}

static void make_files(void)
{
	virSetErrorFunc(NULL, silent);
	arena = (struct arena){ 0 };
	conn = virConnectOpen("test:///default");
	ck_assert_ptr_nonnull(conn);
	ck_assert(scratch_make(directory, sizeof(directory), "disk"));
	write_file(in("a"), "a", 1);
	write_file(in("b"), "b", 1);
	ck_assert_int_eq(symlink("a", in("link")), 0);
	ck_assert_int_eq(link(in("a"), in("hard")), 0);
	ck_assert_int_eq(symlink(directory, in("here")), 0);
	write_overlay(in("over"), "a");
	write_overlay(in("over-all"), in("over"));
	write_overlay(in("round"), "round");
	write_overlay(in("net"), "nbd://10.0.0.1/a");
}

static void remove_files(void)
{
	autofree char *command = must_printf("rm -rf %s", directory);

	ck_assert_int_eq(system(command), 0);
	virConnectClose(conn);
	arena_done(&arena);
}

START_TEST(whatever_leads_there_is_one_file)
{
	static const char *const same[] = { "link", "hard", "here/a", "../" };
	const char *a = path_is("a");

	ck_assert_ptr_nonnull(strstr(a, "[\"=file "));
	ck_assert_str_ne(a, path_is("b"));
	for (size_t i = 0; i < 3; i++)
		ck_assert_msg(strcmp(path_is(same[i]), a) == 0, "%s", same[i]);
}
END_TEST

START_TEST(what_is_not_there_is_its_resolved_path)
{
	ck_assert_ptr_nonnull(strstr(path_is("none"), "=path "));
	ck_assert_str_eq(path_is("here/none"), path_is("none"));
	ck_assert_str_ne(path_is("none"), path_is("nothing"));
}
END_TEST

/* "=X" of a file as what another only reads. */
static const char *as_read(const char *is)
{
	char *text = arena_copy(&arena, is + 1);

	text[strlen(text) - 1] = '\0';
	text[1] = DISK_READS;
	return text;
}

START_TEST(the_chain_of_an_image_is_followed)
{
	const char *all = path_is("over-all");

	ck_assert_ptr_nonnull(strstr(path_is("over"), as_read(path_is("a"))));
	ck_assert_ptr_nonnull(strstr(all, as_read(path_is("a"))));
	ck_assert_ptr_nonnull(strchr(all, DISK_READS));
	/* An image that names itself is a chain without an end. */
	ck_assert_ptr_nonnull(strstr(path_is("round"), "=file "));
	ck_assert_ptr_null(strchr(path_is("net"), DISK_READS));
}
END_TEST

START_TEST(a_volume_is_its_path)
{
	virStoragePoolPtr pool;
	autofree char *xml = must_printf(
	    "<pool type='dir'><name>here</name><target><path>%s</path></target></pool>",
	    directory);

	pool = virStoragePoolDefineXML(conn, xml, 0);
	ck_assert_ptr_nonnull(pool);
	/* Not active: it names no volumes, and yet they are files of its directory. */
	ck_assert_str_eq(what_is("volume here/a"), path_is("a"));
	virStoragePoolUndefine(pool);
	virStoragePoolFree(pool);
	ck_assert_str_eq(what_is("volume nowhere/a"), "[\"=volume nowhere/a\"]");
}
END_TEST

START_TEST(what_names_no_disk_is_an_error)
{
	struct fault fault = { 0 };

	ck_assert_ptr_null(disk_identity(conn, "a", &fault));
	ck_assert(fault.slow && !fault.lost);
	ck_assert_ptr_nonnull(strstr(fault.error.text, "names no disk"));
}
END_TEST

/* The first device of the host that is no loop device; NULL: it has none. */
static const char *some_device(void)
{
	DIR *all = opendir("/sys/class/block");
	struct dirent *entry;
	const char *name = NULL;

	while (all && !name && (entry = readdir(all)))
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, "loop", 4) != 0)
			name = arena_copy(&arena, entry->d_name);
	if (all)
		closedir(all);
	return name;
}

START_TEST(a_device_is_its_number_though_its_node_is_hidden)
{
	const char *name = some_device(), *link;
	dev_t device, again;

	ck_assert(!block_device_find(in("a"), &device));
	ck_assert(!block_device_find("/dev/no-such-device", &device));
	if (!name)
		return;
	link = in("device");
	ck_assert(block_device_find(arena_printf(&arena, "/dev/%s", name), &device));
	if (mknod(link, S_IFBLK | 0600, device) == 0) {
		ck_assert(block_device_find(link, &again));
		ck_assert(again == device);
		ck_assert_ptr_nonnull(strstr(path_is("device"),
		    arena_printf(&arena, "=block %u:%u", major(device), minor(device))));
	}
}
END_TEST

static struct {
	unsigned count;
	char *last;
	const char *error;
} answers;

static void on_answer(void *arg, const struct answer *answer)
{
	(void)arg;
	answers.count++;
	free(answers.last);
	answers.last = must_copy(answer->json ? json_text(answer->json) : NULL);
	ck_assert_int_eq(answer->status, DISK_ANSWERED);
	ck_assert(answer->kind == &vm_kind);
	ck_assert_uint_eq(
	    answer->hash, hash_bytes(HASH_START, answer->name, strlen(answer->name)));
}

static bool is_answered(struct world *w)
{
	(void)w;
	return answers.count > 0;
}

static struct probe question(const char *name)
{
	return (struct probe){ &vm_kind, name, name,
		hash_bytes(HASH_START, name, strlen(name)), 0 };
}

START_TEST(a_question_is_answered_once)
{
	struct world *w = set_up();
	struct prober *p = prober_new(w->loop, on_answer, NULL);
	struct probe probe = question(arena_printf(&arena, "path %s", in("a")));

	prober_ask(p, "test:///default", &probe);
	prober_ask(p, "test:///default", &probe);
	ck_assert(world_wait(w, is_answered, WAIT));
	ck_assert_str_eq(answers.last, path_is("a"));
	world_run(w, 50);
	ck_assert_uint_eq(answers.count, 1);
	answers.count = 0;
	probe = question("nonsense");
	prober_ask(p, "test:///default", &probe);
	ck_assert(world_wait(w, is_answered, WAIT));
	ck_assert_ptr_null(answers.last);
	/* One that cannot be asked is not answered, and is given up with the prober. */
	answers.count = 0;
	prober_ask(p, "test:///nowhere", &probe);
	world_run(w, 50);
	ck_assert_uint_eq(answers.count, 0);
	prober_free(p);
	tear_down(w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("disk_identity");
	TCase *tests = tcase_create("disk_identity");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, make_files, remove_files);
	tcase_add_test(tests, whatever_leads_there_is_one_file);
	tcase_add_test(tests, what_is_not_there_is_its_resolved_path);
	tcase_add_loop_test(
	    tests, an_image_is_what_it_holds, 0, sizeof(files) / sizeof(files[0]));
	tcase_add_test(tests, an_image_may_be_laid_over_itself);
	tcase_add_test(tests, the_chain_of_an_image_is_followed);
	tcase_add_test(tests, a_volume_is_its_path);
	tcase_add_test(tests, what_names_no_disk_is_an_error);
	tcase_add_test(tests, a_device_is_its_number_though_its_node_is_hidden);
	tcase_add_test(tests, a_question_is_answered_once);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
