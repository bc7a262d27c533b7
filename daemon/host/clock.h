/* SPDX-License-Identifier: MIT */
/* clock: the only place that reads clocks for the plan and for the history. */
#ifndef DAEMON_HOST_CLOCK_H
#define DAEMON_HOST_CLOCK_H

#include "lib/base/mono.h"

struct mono clock_mono(void); /* CLOCK_BOOTTIME */
int64_t clock_micros(void);   /* CLOCK_MONOTONIC in us, for measuring short stretches */
int64_t clock_wall(void);     /* ms since 1970 */
int64_t clock_local(void);    /* the same of the local time: with the zone's offset */
/* The boot that clock_mono() counts from: HOMEK8S_BOOT_ID of the environment, which the
 * unit sets since it hides /proc/sys, else what the kernel says; NULL: not known. Not for
 * several threads at a time. */
const char *clock_boot(void);
uint32_t clock_random(void); /* for jitter */

#endif
