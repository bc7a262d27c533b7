/* SPDX-License-Identifier: MIT */
/*
 * screens: what homek8sctl prints of the homes in test/screens, at each width, compared
 * with WIDTH.txt there. A file "commands" in a home has a command line a line.
 * GOLDEN_UPDATE=1 writes instead of comparing.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "test/golden/world.h"
#include "test/screens/screen.h"

#define HOMES "test/screens/*/commands"

static const int widths[] = { 60, 80, 200 };

static void add_screen(
    struct screen *screen, const char *line, int columns, struct text *out)
{
	int status;

	text_add(out, "$ homek8sctl %s\n", line);
	status = screen_run(screen, line, columns, out);
	if (status)
		text_add(out, "[exit %d]\n", status);
	text_add(out, "\n");
}

static void add_screens(struct screen *screen, const char *commands, int columns,
    struct arena *a, struct text *out)
{
	for (const char *line = commands; *line;) {
		size_t length = strcspn(line, "\n");

		if (length)
			add_screen(screen, arena_copy_n(a, line, length), columns, out);
		line += length + (line[length] == '\n');
	}
}

static void update(
    struct arena *a, const char *directory, const char *name, const struct text *got)
{
	autofile FILE *f = fopen(arena_printf(a, "%s/%s", directory, name), "we");

	if (f)
		fwrite(got->data, 1, got->length, f);
}

static bool same(struct arena *a, const char *directory, int columns, struct text *got)
{
	const char *name = arena_printf(a, "%d.txt", columns), *expected;

	if (getenv("GOLDEN_UPDATE"))
		update(a, directory, name, got);
	expected = world_file(a, directory, name, NULL);
	if (expected && strcmp(expected, text_get(got)) == 0)
		return true;
	printf("not ok - %s/%s: the screens are others; they are now\n%s", directory,
	    name, text_get(got));
	return false;
}

/* How many of its widths are as expected. */
static unsigned check_home(const char *directory, const char *commands)
{
	struct screen *screen = screen_open(directory);
	struct arena a = { 0 };
	unsigned passed = 0;

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		autotext struct text got = { 0 };

		add_screens(screen, commands, widths[i], &a, &got);
		passed += same(&a, directory, widths[i], &got);
	}
	screen_close(screen);
	arena_done(&a);
	return passed;
}

int main(void)
{
	unsigned passed = 0, all = 0;
	glob_t homes;

	setenv("TZ", "UTC", 1);
	if (glob(HOMES, 0, NULL, &homes) != 0)
		homes.gl_pathc = 0;
	for (size_t i = 0; i < homes.gl_pathc; i++) {
		struct arena a = { 0 };
		const char *path = homes.gl_pathv[i];
		const char *directory =
		    arena_copy_n(&a, path, strlen(path) - strlen("/commands"));

		passed +=
		    check_home(directory, world_file(&a, directory, "commands", NULL));
		all += sizeof(widths) / sizeof(widths[0]);
		arena_done(&a);
	}
	globfree(&homes);
	printf("screens: %u passed, %u failed\n", passed, all - passed);
	return all == 0 || passed < all;
}
