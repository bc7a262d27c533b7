/* SPDX-License-Identifier: MIT */
/*
 * sim --seeds A-B [--keep-going] [--jobs N] | --seed N [--trace] [--acts MASK] | --all
 * Prints failing seeds with the promise broken and the shortest list of acts, and ends with
 * "N passed, M failed".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libxml/parser.h>

#include "lib/doc/xml.h"
#include "test/sim/run.h"

#define ALL_SEEDS 50000

struct options {
	uint64_t first, last, acts;
	bool keep_going, trace, no_shrink;
	unsigned jobs;
};

struct counts {
	unsigned passed, failed;
};

static void usage(void)
{
	fprintf(stderr, "usage: sim --seeds A-B [--keep-going] [--no-shrink] [--jobs N]\n"
			"       sim --seed N [--trace] [--acts MASK]\n"
			"       sim --all\n");
	exit(2);
}

static void parse_seeds(const char *text, struct options *o)
{
	char *end;

	o->first = strtoull(text, &end, 10);
	o->last = *end == '-' ? strtoull(end + 1, &end, 10) : o->first;
	if (*end || o->last < o->first)
		usage();
}

static struct options parse(int argc, char **argv)
{
	struct options o = { .first = 1, .last = 0, .acts = UINT64_MAX, .jobs = 1 };

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--seeds") == 0 || strcmp(argv[i], "--seed") == 0)
			parse_seeds(value, &o), i++;
		else if (strcmp(argv[i], "--jobs") == 0)
			o.jobs = (unsigned)strtoul(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--acts") == 0)
			o.acts = strtoull(value, NULL, 16), i++;
		else if (strcmp(argv[i], "--keep-going") == 0)
			o.keep_going = true;
		else if (strcmp(argv[i], "--no-shrink") == 0)
			o.no_shrink = true;
		else if (strcmp(argv[i], "--trace") == 0)
			o.trace = true;
		else if (strcmp(argv[i], "--all") == 0)
			o.last = ALL_SEEDS;
		else
			usage();
	}
	if (o.last < o.first)
		usage();
	return o;
}

static void report(uint64_t seed, const struct result *r, const struct options *o)
{
	uint64_t keep = o->acts & ((1ULL << r->acts) - 1);
	struct result again;

	if (!o->no_shrink)
		keep = run_shrink(seed, r);
	again = run_seed(seed, keep, false);
	printf("FAIL seed %llu --acts %llx: %s\n   ", (unsigned long long)seed,
	    (unsigned long long)keep, again.failure ? again.failure : r->failure);
	for (unsigned i = 0; i < again.acts; i++)
		if (keep >> i & 1 && again.names[i])
			printf(" %s", again.names[i]);
	printf("\n");
	fflush(stdout);
	free(again.failure);
}

/* Every `step`th seed from `first` on. */
static struct counts run(const struct options *o, uint64_t first, unsigned step)
{
	struct counts c = { 0 };

	for (uint64_t seed = first; seed <= o->last; seed += step) {
		struct result r = run_seed(seed, o->acts, o->trace);

		if (r.promise) {
			c.failed++;
			if (o->first == o->last)
				printf("FAIL seed %llu: %s\n", (unsigned long long)seed,
				    r.failure);
			else
				report(seed, &r, o);
		} else {
			c.passed++;
		}
		free(r.failure);
		if (c.failed && !o->keep_going)
			break;
	}
	return c;
}

static struct counts run_in_parallel(const struct options *o)
{
	struct counts all = { 0 }, one;
	int fds[2], status;

	if (pipe(fds) < 0)
		abort();
	for (unsigned i = 0; i < o->jobs; i++)
		if (fork() == 0) {
			one = run(o, o->first + i, o->jobs);
			_exit(write(fds[1], &one, sizeof(one)) != sizeof(one));
		}
	close(fds[1]);
	while (read(fds[0], &one, sizeof(one)) == sizeof(one)) {
		all.passed += one.passed;
		all.failed += one.failed;
	}
	close(fds[0]);
	while (wait(&status) > 0)
		if (status != 0) {
			printf("FAIL: a job died, its seeds are not counted\n");
			all.failed++;
		}
	return all;
}

int main(int argc, char **argv)
{
	struct options o = parse(argc, argv);
	struct counts c;

	xml_init();
	c = o.jobs > 1 ? run_in_parallel(&o) : run(&o, o.first, 1);
	printf("sim: %u passed, %u failed\n", c.passed, c.failed);
	return c.failed > 0;
}
