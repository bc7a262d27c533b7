/* SPDX-License-Identifier: MIT */
/* Tests of daemon/host/auto_shutdown.c: what qemu.conf says. */
#include <stdio.h>
#include <unistd.h>

#include "daemon/host/auto_shutdown.h"
#include "test/host/suites.h"
#include "test/scratch.h"

static const struct {
	const char *what, *text;
	enum switched is;
} files[] = {
	{ "empty", "", SWITCHED_OFF },
	{ "as it is shipped", "#auto_shutdown_try_save = \"persistent\"\n",
	    SWITCHED_OFF },
	{ "saved", "user = \"root\"\n auto_shutdown_try_save = \"all\"\n", SWITCHED_ON },
	{ "shut down", "auto_shutdown_try_shutdown=\"persistent\"\n", SWITCHED_ON },
	{ "powered off", "auto_shutdown_poweroff = \"all\"\n", SWITCHED_ON },
	{ "none of them",
	    "auto_shutdown_try_save = \"none\"\nauto_shutdown_poweroff=\"none\"\n",
	    SWITCHED_OFF },
	{ "only how", "auto_shutdown_wait = 30\nauto_shutdown_restore = 1\n",
	    SWITCHED_OFF },
};

START_TEST(qemu_conf_says_whether_libvirt_does_it)
{
	char directory[64], path[80];
	FILE *f;

	ck_assert(scratch_make(directory, sizeof(directory), "auto-shutdown"));
	snprintf(path, sizeof(path), "%s/qemu.conf", directory);
	f = fopen(path, "we");
	fputs(files[_i].text, f);
	fclose(f);
	ck_assert_msg(auto_shutdown_read(path) == files[_i].is, "%s", files[_i].what);
	unlink(path);
	ck_assert_msg(auto_shutdown_read(path) == SWITCHED_OFF, "there is no such file");
	/* A path through no directory can be read by nobody. */
	ck_assert(auto_shutdown_read("/dev/null/qemu.conf") == SWITCHED_UNKNOWN);
	rmdir(directory);
}
END_TEST

Suite *auto_shutdown_suite(void)
{
	Suite *suite = suite_create("auto_shutdown");
	TCase *tests = tcase_create("auto_shutdown");

	tcase_add_loop_test(tests, qemu_conf_says_whether_libvirt_does_it, 0,
	    (int)(sizeof(files) / sizeof(files[0])));
	suite_add_tcase(suite, tests);
	return suite;
}
