/* SPDX-License-Identifier: MIT */
/*
 * window: a time of the week that comes again, as "Sun 02:00-05:00", "Mon-Fri 01:00-02:30",
 * "Sat,Sun 23:00-04:00" or "daily 03:00-04:00". One that ends before it begins lasts past
 * midnight; the days are those on which it begins.
 *
 * Points in time are local ones: milliseconds since 1970 of what the clock on the wall
 * shows. Where it is put forward or back meanwhile, a later plan finds that.
 */
#ifndef LIB_BASE_WINDOW_H
#define LIB_BASE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/error.h"

struct window {	       /* zeroed: none is given */
	unsigned days; /* bit 0: Sunday */
	int from, to;  /* minutes of the day; to <= from: of the next one */
};

int window_parse(const char *text, struct window *out, struct error *e);
/* As it would be written; `a` holds it. */
const char *window_text(struct arena *a, const struct window *window);

/* Whether it is open; always where none is given. */
bool window_is_open(const struct window *window, int64_t local);
/* How long until it opens, or, where it is open, until it is shut, ms: more than 0;
 * INT64_MAX where none is given. */
int64_t window_next(const struct window *window, int64_t local);
/* How long until the first that has not ended yet is shut, ms: more than 0; INT64_MAX where
 * none is given. */
int64_t window_end(const struct window *window, int64_t local);

#endif
