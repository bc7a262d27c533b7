/* SPDX-License-Identifier: MIT */
/*
 * golden: runs the real parser, decoders and planner over directories of a home (world.h)
 * and compares what they print with plan.txt there. GOLDEN_UPDATE=1 writes plan.txt
 * instead of comparing. Every plan is made twice and must come out the same. In place of
 * desired.yaml there may be import.yaml: what is imported of the rest must be this, and is
 * desired. On what is imported of any of them there must be nothing to do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/plan/import.h"
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

static bool compare(const char *directory, const char *name, const char *got)
{
	struct arena a = { 0 };
	const char *expected = world_file(&a, directory, name, NULL);
	bool same = expected && strcmp(expected, got) == 0;

	if (getenv("GOLDEN_UPDATE")) {
		autofile FILE *f =
		    fopen(arena_printf(&a, "%s/%s", directory, name), "we");

		if (f)
			fputs(got, f);
		same = f;
	}
	if (!same)
		printf("not ok - %s: %s is another one; it is now\n%s", directory, name,
		    got);
	arena_done(&a);
	return same;
}

/* What is imported of the home, in the arena. */
static const char *import(struct arena *a, const char *directory)
{
	struct plan_input input;
	struct import_request request = { .input = &input };
	struct import_result result;
	struct world w;

	world_load_other(&w, directory, NULL);
	world_input(&w, &input);
	import_make(&request, a, &result);
	world_done(&w);
	return result.text;
}

static bool only_comments(const char *text)
{
	for (; *text; text += strcspn(text, "\n") + 1)
		if (*text != '#' && *text != '\n')
			return false;
	return true;
}

/* Whatever home it is of, there is nothing to do on what was imported. */
static bool import_is_quiet(const char *directory, const char *imported)
{
	autotext struct text text = { 0 };
	struct plan_input input;
	struct plan *plan;
	struct world w;
	bool has = false;

	if (only_comments(imported))
		return true;
	world_load_other(&w, directory, imported);
	world_input(&w, &input);
	plan = plan_make(&input);
	for (size_t i = 0; i < plan->item_count; i++)
		has |= plan->items[i]->desired && item_has_steps(plan->items[i]);
	print_plan(&text, &input, plan, WORLD_NOW);
	plan_free(plan);
	world_done(&w);
	if (has)
		printf(
		    "not ok - %s: there is something to do on what was imported:\n%s\n%s",
		    directory, imported, text_get(&text));
	return !has;
}

static bool run(const char *directory)
{
	autotext struct text first = { 0 }, second = { 0 };
	struct arena a = { 0 };
	const char *desired = world_file(&a, directory, "desired.yaml", NULL);
	const char *imported = import(&a, directory);
	bool same = import_is_quiet(directory, imported);
	struct world w;

	if (desired) {
		world_load(&w, directory);
	} else {
		same = compare(directory, "import.yaml", imported) && same;
		world_load_other(&w, directory, imported);
	}
	make(&w, &first);
	make(&w, &second);
	if (strcmp(text_get(&first), text_get(&second)) != 0) {
		printf("not ok - %s: planned twice, the plan differs\n", directory);
		same = false;
	}
	same = compare(directory, "plan.txt", text_get(&first)) && same;
	world_done(&w);
	arena_done(&a);
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
