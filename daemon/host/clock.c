/* SPDX-License-Identifier: MIT */
/* clock: reads of the kernel's clocks and random numbers. */
#include "daemon/host/clock.h"

#include <stdlib.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	/* Cannot fail: both clocks exist on every Linux this runs on. */
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct mono clock_mono(void)
{
	return (struct mono){ read_clock(CLOCK_BOOTTIME) };
}

int64_t clock_micros(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint32_t clock_random(void)
{
	return arc4random();
}
