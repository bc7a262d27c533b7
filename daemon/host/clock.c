/* SPDX-License-Identifier: MIT */
/* clock: reads of the kernel's clocks and random numbers. */
#include "daemon/host/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/cleanup.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"

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

int64_t clock_local(void)
{
	int64_t wall = clock_wall();
	time_t seconds = (time_t)(wall / 1000);
	struct tm local;

	return localtime_r(&seconds, &local) ? wall + local.tm_gmtoff * 1000 : wall;
}

/* As the service manager writes it, too: without dashes. */
static void read_boot(char boot[64])
{
	autofile FILE *f = fopen(BOOT_FILE, "re");
	char text[64] = "";

	if (!f || !fgets(text, sizeof(text), f))
		return;
	for (const char *c = text; *c && *c != '\n'; c++)
		if (*c != '-')
			*boot++ = *c;
	*boot = '\0';
}

const char *clock_boot(void)
{
	static char boot[64];
	const char *given = getenv("HOMEK8S_BOOT_ID");

	if (given && *given)
		return given;
	if (!*boot)
		read_boot(boot);
	return *boot ? boot : NULL;
}

uint32_t clock_random(void)
{
	return arc4random();
}
