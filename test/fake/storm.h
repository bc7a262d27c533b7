/* SPDX-License-Identifier: MIT */
/* storm: many small changes at a steady rate, for benches. */
#ifndef TEST_FAKE_STORM_H
#define TEST_FAKE_STORM_H

#include "test/fake/fake.h"

#define STORM_LABEL "fake/storm"     /* its value counts the changes of this storm */
#define STORM_TIME "fake/changed-us" /* annotation: CLOCK_MONOTONIC, microseconds */

struct storm *storm_new(struct fake *f);
void storm_free(struct storm *st);

/*
 * Starts changing the objects of a resource in turn: {"resource": "services", "count": N,
 * "per_second": R}. Replaces a storm under way. Returns NULL or a Status.
 */
struct json_object *storm_start(struct storm *st, struct json_object *spec);

/* Changes still to come. */
int64_t storm_left(const struct storm *st);

#endif
