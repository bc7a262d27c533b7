/* SPDX-License-Identifier: MIT */
/* retry: the three back-off laws. */
#include "lib/base/retry.h"

static int64_t jittered(int64_t base, int64_t percent, uint32_t random)
{
	return base + base * percent / 100 * (int64_t)(random % 1001) / 1000;
}

static int64_t doubled(int64_t first, int64_t cap, unsigned failures)
{
	int64_t wait = first;

	for (unsigned i = 1; i < failures && wait < cap; i++)
		wait *= 2;
	return wait < cap ? wait : cap;
}

int64_t retry_connection(unsigned failures, uint32_t random)
{
	return jittered(doubled(800, 15000, failures), 100, random);
}

int64_t retry_step(unsigned failures, uint32_t random)
{
	return jittered(doubled(1000, 24000, failures), 25, random);
}

int64_t retry_start(unsigned failures, uint32_t random)
{
	int64_t n = failures < 10 ? failures : 10;
	int64_t wait = 10000 * n * n;

	return jittered(wait < 24000 ? wait : 24000, 25, random);
}
