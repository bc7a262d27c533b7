/* SPDX-License-Identifier: MIT */
/* hash: FNV-1a of 64 bits (draft-eastlake-fnv): equal bytes give equal values, over
 * restarts and machines too. It protects against chance, not against forgery. */
#ifndef LIB_BASE_HASH_H
#define LIB_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Goes on from `hash`, which is HASH_START at first. */
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
	return hash;
}

#endif
