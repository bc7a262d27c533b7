/* SPDX-License-Identifier: MIT */
/*
 * golden: runs the real parser, decoders and planner over directories of a home (world.h)
 * and compares what they print with plan.txt there. GOLDEN_UPDATE=1 writes plan.txt
 * instead of comparing. Every plan is made twice and must come out the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/plan/plan.h"
#include "test/golden/print.h"
#include "test/golden/world.h"

static void make(struct world *w, struct text *out)
{
	struct plan_input input;
	struct plan *plan;

	world_input(w, &input);
	plan = plan_make(&input);
	print_plan(out, &input, plan, WORLD_NOW);
	plan_free(plan);
}

static bool compare(const char *directory, const char *expected, const char *got)
{
	if (expected && strcmp(expected, got) == 0)
		return true;
	printf("not ok - %s: the plan is another one; it is now\n%s", directory, got);
	return false;
}

static bool run(const char *directory)
{
	struct world w;
	autotext struct text first = { 0 }, second = { 0 };
	const char *expected;
	bool same;

	world_load(&w, directory);
	make(&w, &first);
	make(&w, &second);
	same = strcmp(text_get(&first), text_get(&second)) == 0;
	if (!same)
		printf("not ok - %s: planned twice, the plan differs\n", directory);
	expected = world_file(&w.arena, directory, "plan.txt", NULL);
	if (getenv("GOLDEN_UPDATE")) {
		autofile FILE *f =
		    fopen(arena_printf(&w.arena, "%s/plan.txt", directory), "we");

		if (f)
			fputs(text_get(&first), f);
		expected = text_get(&first);
	}
	same = compare(directory, expected, text_get(&first)) && same;
	world_done(&w);
	return same;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		if (run(argv[i]))
			passed++;
		else
			failed++;
	}
	printf("golden: %u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
