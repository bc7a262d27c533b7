/* SPDX-License-Identifier: MIT */
/* run: one seed from its home to its end, and its shortest list of acts that still fails. */
#ifndef TEST_SIM_RUN_H
#define TEST_SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>

#define ACTS 40

struct result {
	const char *promise; /* broken; NULL: none */
	char *failure;	     /* to be freed */
	unsigned acts;	     /* that the seed has */
	const char *names[ACTS];
};

/* `keep`: which acts are done, bit by bit. */
struct result run_seed(uint64_t seed, uint64_t keep, bool trace);

/* Drops acts for as long as the same promise is broken. */
uint64_t run_shrink(uint64_t seed, const struct result *of);

#endif
