/* SPDX-License-Identifier: MIT */
/*
 * mono: points in time. lib/ never reads a clock: time is an argument. `struct mono`
 * counts milliseconds of CLOCK_BOOTTIME, which goes on during suspend and never steps;
 * wall time
 * (`int64_t` milliseconds since 1970) is for showing only. The struct keeps them apart.
 */
#ifndef LIB_BASE_MONO_H
#define LIB_BASE_MONO_H

#include <stdbool.h>
#include <stdint.h>

struct mono {
	int64_t ms;
};

#define MONO_NEVER ((struct mono){ INT64_MAX })

static inline struct mono mono_add(struct mono t, int64_t ms)
{
	return t.ms > INT64_MAX - ms ? MONO_NEVER : (struct mono){ t.ms + ms };
}

static inline bool mono_reached(struct mono t, struct mono now)
{
	return t.ms <= now.ms;
}

static inline struct mono mono_earlier(struct mono a, struct mono b)
{
	return a.ms < b.ms ? a : b;
}

#endif
