/* SPDX-License-Identifier: MIT */
/* range: the address notations of a MetalLB pool. */
#ifndef TEST_FAKE_RANGE_H
#define TEST_FAKE_RANGE_H

#include <stdbool.h>

struct range {
	bool v6;
	unsigned char lo[16], hi[16]; /* IPv4 uses the first four */
};

/*
 * Reads "a.b.c.d/n" (host bits are masked) or "first-last", IPv4 or IPv6. A range of
 * mixed families is accepted and empty, as MetalLB has it. False when it is neither, or
 * backwards.
 */
bool range_read(const char *text, struct range *out);

bool ranges_overlap(const struct range *a, const struct range *b);

#endif
