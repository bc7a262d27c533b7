/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_word: names as a shell and YAML read them back. */
#include <stdlib.h>

#include "lib/kind/vm/vm_word.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const struct {
	const char *name, *shell, *yaml;
} words[] = {
	{ "worker-1", "worker-1", "worker-1" },
	{ "Old_VM.1", "Old_VM.1", "Old_VM.1" },
	{ "Windows 10", "'Windows 10'", "\"Windows 10\"" },
	{ "-x", "--domain='-x'", "\"-x\"" },
	{ "it's", "'it'\\''s'", "\"it's\"" },
	{ "$(reboot)`x`", "'$(reboot)`x`'", "\"$(reboot)`x`\"" },
	{ "a: \"b\\", "'a: \"b\\'", "\"a: \\\"b\\\\\"" },
	{ "10%s", "'10%s'", "\"10%s\"" },
	{ "12", "12", "\"12\"" },
	{ "\xe5\xae\xb6", "'\xe5\xae\xb6'", "\"\xe5\xae\xb6\"" },
};

START_TEST(names_are_quoted_where_they_must_be)
{
	struct arena a = { 0 };

	ck_assert_str_eq(vm_shell_word(&a, words[_i].name), words[_i].shell);
	ck_assert_str_eq(vm_yaml_word(&a, words[_i].name), words[_i].yaml);
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_word");
	TCase *tests = tcase_create("vm_word");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, names_are_quoted_where_they_must_be, 0, ROWS(words));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
