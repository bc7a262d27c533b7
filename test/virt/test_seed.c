/* SPDX-License-Identifier: MIT */
/* A seed's image: read back by another program than made it, the same each time, and judged
 * by its bytes alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/virt/seed_image.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/kind/volume/seed.h"
#include "test/scratch.h"

#include <check.h> /* last: it defines the word fail */

#define NAME 0x0123456789abcdef
#define DOCUMENT                                                                         \
	"{\"meta-data\": \"{instance-id: w}\\n\", \"user-data\": \"#cloud-config\\n\"}"
#define MARK_SIZE 2048

static struct seed_image image;

static void build(void)
{
	struct error e = { "" };

	ck_assert_msg(seed_image_build(DOCUMENT, NAME, &image, &e) == 0, "%s", e.text);
}

static void done(void)
{
	seed_image_done(&image);
}

static const char *write_image(char directory[64])
{
	static char path[128];
	autofile FILE *file = NULL;

	ck_assert(scratch_make(directory, 64, "homek8s-seed"));
	snprintf(path, sizeof(path), "%s/seed.iso", directory);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(image.bytes, 1, image.length, file), image.length);
	return path;
}

/* The first line that the command prints. */
static const char *line_of(const char *command, const char *path)
{
	static char line[256];
	autofree char *whole = must_printf("%s %s 2>/dev/null", command, path);
	FILE *pipe = popen(whole, "re");

	line[0] = '\0';
	ck_assert_ptr_nonnull(pipe);
	if (fgets(line, sizeof(line), pipe))
		line[strcspn(line, "\n")] = '\0';
	pclose(pipe);
	return line;
}

START_TEST(is_read_by_others)
{
	char directory[64];
	const char *path = write_image(directory);

	ck_assert_str_eq(line_of("blkid -p -s LABEL -o value", path), "cidata");
	ck_assert_str_eq(line_of("blkid -p -s TYPE -o value", path), "iso9660");
	if (*line_of("bsdtar --version <", "/dev/null")) {
		ck_assert_str_eq(line_of("bsdtar -tf", path), ".");
		ck_assert_str_eq(line_of("sh -c 'bsdtar -xOf $0 meta-data'", path),
		    "{instance-id: w}");
	}
	unlink(path);
	rmdir(directory);
}
END_TEST

START_TEST(is_the_same_each_time)
{
	struct seed_image first = image;

	image = (struct seed_image){ 0 };
	build();
	ck_assert_uint_eq(first.length, image.length);
	ck_assert_mem_eq(first.bytes, image.bytes, image.length);
	seed_image_done(&first);
}
END_TEST

/* Cut off wherever a writer may have been killed, it is never taken for whole. */
START_TEST(is_judged)
{
	static char nothing[65536];

	ck_assert_str_eq(seed_image_judge(image.bytes, image.length, NAME), SEED_WHOLE);
	for (size_t cut = 0; cut < image.length; cut += cut < 4096 ? 13 : 1021) {
		char *part = must_alloc(image.length);

		memcpy(part, image.bytes, cut);
		/* At its end are zeros, as in what is not written. */
		ck_assert_str_eq(seed_image_judge(part, image.length, NAME),
		    memcmp(part, image.bytes, image.length) ? SEED_PARTLY : SEED_WHOLE);
		ck_assert_str_eq(seed_image_judge(part, cut, NAME), SEED_PARTLY);
		free(part);
	}
	ck_assert_str_eq(
	    seed_image_judge(image.bytes, image.length, NAME + 1), SEED_PARTLY);
	image.bytes[image.length - 1] ^= 1;
	ck_assert_str_eq(seed_image_judge(image.bytes, image.length, NAME), SEED_PARTLY);
	memset(image.bytes + MARK_SIZE, 0, image.length - MARK_SIZE);
	ck_assert_str_eq(seed_image_judge(image.bytes, image.length, NAME), SEED_PARTLY);
	ck_assert_str_eq(seed_image_judge(nothing, sizeof(nothing), NAME), SEED_PARTLY);
	ck_assert_str_eq(seed_image_judge("", 0, NAME), SEED_PARTLY);
	nothing[40000] = 1;
	ck_assert_str_eq(seed_image_judge(nothing, sizeof(nothing), NAME), SEED_OTHER);
	ck_assert_str_eq(seed_image_judge("QFI\xfb", 4, NAME), SEED_OTHER);
}
END_TEST

START_TEST(needs_a_document)
{
	struct seed_image none;
	struct error e = { "" };

	ck_assert_int_eq(seed_image_build("{", NAME, &none, &e), -1);
	ck_assert_ptr_null(none.bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("seed");
	TCase *c = tcase_create("seed");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(c, build, done);
	tcase_add_test(c, is_read_by_others);
	tcase_add_test(c, is_the_same_each_time);
	tcase_add_test(c, is_judged);
	tcase_add_test(c, needs_a_document);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
