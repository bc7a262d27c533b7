/* SPDX-License-Identifier: MIT */
/* clock: the only place that reads clocks for the plan and for the history. */
#ifndef DAEMON_HOST_CLOCK_H
#define DAEMON_HOST_CLOCK_H

#include "lib/base/mono.h"

struct mono clock_mono(void); /* CLOCK_BOOTTIME */
int64_t clock_micros(void);   /* CLOCK_MONOTONIC in us, for measuring short stretches */
int64_t clock_wall(void);     /* ms since 1970 */
uint32_t clock_random(void);  /* for jitter */

#endif
