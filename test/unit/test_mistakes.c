/* SPDX-License-Identifier: MIT */
/*
 * mistakes: what people write wrongly (test/screens/mistakes/NAME.yaml; what is printed of
 * each is in the golden screens there). Every error has a place and a next step. Where that
 * is something to type, it stands, typed, in NAME.fixed.yaml, which must be without errors.
 */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "test/golden/world.h"
#include "test/screens/screen.h"

#include <check.h>

#define MISTAKES "test/screens/mistakes/*.yaml"
#define FIXED ".fixed.yaml"
#define WIDE 4000 /* no line is broken */

static glob_t files;

/* The home that the command runs in is no mistake. */
static bool is_mistake(const char *path)
{
	return !strstr(path, FIXED) && !strstr(path, "/desired.yaml");
}

static int validate(const char *path, struct text *out)
{
	struct arena a = { 0 };
	int status = screen_run(NULL, arena_printf(&a, "validate %s", path), WIDE, out);

	arena_done(&a);
	return status;
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	while ((text = strstr(text, what))) {
		count++;
		text += strlen(what);
	}
	return count;
}

/* Without blanks and quotes, which a text may be written with or without. */
static const char *bare(struct arena *a, const char *text, size_t length)
{
	char *out = arena_array(a, length + 1, 1), *end = out;

	for (size_t i = 0; i < length; i++)
		if (!strchr(" \n\"", text[i]))
			*end++ = text[i];
	return out;
}

/* Whether the fixed file has what stands between these two signs, or anything after
 * "write ", on the line. */
static bool has_typed(struct arena *a, const char *line, size_t length, const char *fixed)
{
	const char *whole = bare(a, fixed, strlen(fixed));
	const char *end = line + length, *open = memchr(line, '"', length), *close;

	for (; open;
	     open = close ? memchr(close + 1, '"', (size_t)(end - close - 1)) : NULL) {
		close = memchr(open + 1, '"', (size_t)(end - open - 1));
		if (close && strstr(whole, bare(a, open + 1, (size_t)(close - open - 1))))
			return true;
	}
	for (const char *word = strstr(line, "write "); word && word < end;
	     word = strchr(word, ' ')) {
		size_t size = strcspn(++word, " ,\n");

		if ((size > 1 || isdigit(*word)) && strstr(whole, bare(a, word, size)))
			return true;
	}
	return false;
}

static bool advises_typing(const char *line, size_t length)
{
	const char *quote = memchr(line, '"', length);

	return (quote && memchr(quote + 1, '"', (size_t)(line + length - quote - 1))) ||
	       (length > 6 && memmem(line, length, "write ", 6));
}

static void check_typed(
    struct arena *a, const char *path, const char *said, const char *fixed)
{
	const char *line = said;
	bool advised = false, typed = false;

	while ((line = strstr(line, "\n  fix: "))) {
		size_t length = strcspn(++line, "\n");

		if (!advises_typing(line, length))
			continue;
		advised = true;
		typed |= has_typed(a, line, length, fixed);
	}
	ck_assert_msg(!advised || typed, "%s is not what is advised:\n%s", path, said);
}

START_TEST(what_is_advised_is_accepted_when_typed)
{
	const char *path = files.gl_pathv[_i], *fixed_path, *fixed;
	autotext struct text said = { 0 }, after = { 0 };
	struct arena a = { 0 };
	size_t errors;

	if (!is_mistake(path))
		return;
	validate(path, &said);
	errors = count_of(text_get(&said), ": error[");
	ck_assert_msg(errors + count_of(text_get(&said), ": warning[") > 0,
	    "%s is no mistake:\n%s", path, text_get(&said));
	ck_assert_msg(count_of(text_get(&said), "\n  fix: ") >= errors,
	    "%s: an error without a next step:\n%s", path, text_get(&said));
	ck_assert_msg(
	    strncmp(text_get(&said), path, strlen(path)) == 0, "%s: no place", path);
	fixed_path =
	    arena_printf(&a, "%.*s" FIXED, (int)(strlen(path) - strlen(".yaml")), path);
	fixed = world_file(&a, ".", fixed_path, NULL);
	if (fixed) {
		ck_assert_msg(validate(fixed_path, &after) == 0, "%s: %s", fixed_path,
		    text_get(&after));
		ck_assert_msg(!strstr(text_get(&after), "warning["), "%s: %s", fixed_path,
		    text_get(&after));
		check_typed(&a, fixed_path, text_get(&said), fixed);
	}
	arena_done(&a);
}
END_TEST

START_TEST(there_are_many)
{
	size_t mistakes = 0, fixed = 0;

	for (size_t i = 0; i < files.gl_pathc; i++) {
		mistakes += is_mistake(files.gl_pathv[i]);
		fixed += strstr(files.gl_pathv[i], FIXED) != NULL;
	}
	ck_assert_uint_ge(mistakes, 80);
	ck_assert_uint_ge(fixed, 80);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mistakes");
	TCase *tests = tcase_create("mistakes");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (glob(MISTAKES, 0, NULL, &files) != 0)
		files.gl_pathc = 0;
	tcase_add_loop_test(
	    tests, what_is_advised_is_accepted_when_typed, 0, (int)files.gl_pathc);
	tcase_add_test(tests, there_are_many);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	globfree(&files);
	return failed != 0;
}
