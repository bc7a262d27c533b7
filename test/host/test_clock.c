/* SPDX-License-Identifier: MIT */
/* Tests of daemon/host/clock.c: which boot this is. */
#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "test/host/suites.h"

START_TEST(the_kernel_says_which_boot_this_is)
{
	const char *boot;

	unsetenv("HOMEK8S_BOOT_ID");
	boot = clock_boot();
	ck_assert_ptr_nonnull(boot);
	ck_assert_msg(strlen(boot) == 32, "%s", boot);
	ck_assert_uint_eq(strspn(boot, "0123456789abcdef"), 32);
	ck_assert_str_eq(clock_boot(), boot);
}
END_TEST

/* Where it cannot be read the unit says it; nothing said is not a boot called "". */
START_TEST(what_the_unit_says_counts)
{
	setenv("HOMEK8S_BOOT_ID", "a-boot", 1);
	ck_assert_str_eq(clock_boot(), "a-boot");
	setenv("HOMEK8S_BOOT_ID", "", 1);
	ck_assert_uint_eq(strlen(clock_boot()), 32);
}
END_TEST

Suite *clock_suite(void)
{
	Suite *suite = suite_create("clock");
	TCase *tests = tcase_create("clock");

	tcase_add_test(tests, the_kernel_says_which_boot_this_is);
	tcase_add_test(tests, what_the_unit_says_counts);
	suite_add_tcase(suite, tests);
	return suite;
}
