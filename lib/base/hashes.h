/* SPDX-License-Identifier: MIT */
/*
 * hashes: a set of 64-bit hashes. Zeroed is empty; equal sets are equal arrays.
 */
#ifndef LIB_BASE_HASHES_H
#define LIB_BASE_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hashes {
	uint64_t *items; /* malloc'd, sorted, none twice; freed with free() */
	size_t count;
};

void hashes_add(struct hashes *set, uint64_t hash);
bool hashes_have(const struct hashes *set, uint64_t hash);

#endif
