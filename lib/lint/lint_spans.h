/* SPDX-License-Identifier: MIT */
/*
 * lint_spans: ranges of addresses with whose they are, sorted, so that the linter finds
 * overlaps by sweeping instead of comparing all with all.
 */
#ifndef LIB_LINT_LINT_SPANS_H
#define LIB_LINT_LINT_SPANS_H

#include "lib/model/config.h"

struct span {
	struct range range;
	const struct object *object;
	const char *what; /* for people: "pool default-pool", "the pod network" */
	const struct place *place;
	const struct span *reach; /* of this and all before it, the one that ends last */
};

struct spans { /* zeroed is empty */
	struct span *items;
	size_t count;
};

void spans_add(struct arena *a, struct spans *spans, struct span span);
/* After the last spans_add, before anything below. */
void spans_sort(struct spans *spans);

/* The span that holds the address, or NULL; of several, one of them. */
const struct span *spans_find(const struct spans *spans, struct ip ip);
/* Index of the first span that may overlap something beginning at `ip`. */
size_t spans_from(const struct spans *spans, struct ip ip);

/* An error for every span that overlaps one before it. */
void spans_report_overlaps(
    const struct spans *spans, const char *id, const char *fix, struct report *report);

/* Every range of every pool, sorted. */
struct spans spans_of_pools(struct arena *a, const struct config *config);

/* Puts "kind/name" of each, NULL allowed, into the finding. */
void lint_about(struct report *report, struct finding *finding, const struct object *x,
    const struct object *y);

/* Of a note that may be true of every object, so many are shown; then one counts the
 * rest. */
#define LINT_SHOWN 20

/* A key of an object that was read without error or has a default. */
bool lint_has(const struct object *object, const char *key);

#endif
