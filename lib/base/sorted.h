/* SPDX-License-Identifier: MIT */
/* sorted: where a key stands in a sorted array of any elements. */
#ifndef LIB_BASE_SORTED_H
#define LIB_BASE_SORTED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Index of the first of `count` elements, each `size` bytes, that does not come before
 * `key`; `count` when all do. `order` says how an element stands to the key: below 0
 * before it, 0 at it, above 0 after it. `found`: whether that element is at it; may be
 * NULL. `items` may be NULL when there are none.
 *
 * About log2(count) comparisons, and one where the key comes after all: arrays that are
 * filled in order cost nothing.
 */
size_t sorted_position(const void *items, size_t count, size_t size, const void *key,
    int (*order)(const void *element, const void *key), bool *found);

/*
 * The same for keys that are looked up one after the other, in order for the most part:
 * tries the element `*near` and the one after it first, and leaves in `*near` where the
 * key stands. One or two comparisons where it guessed right. NULL: no guess. Inline, and
 * `order` with it: a plan looks thousands of names up, and most are guessed right.
 */
static inline size_t sorted_near(const void *items, size_t count, size_t size,
    const void *key, int (*order)(const void *element, const void *key), bool *found,
    size_t *near)
{
	const char *elements = items;
	size_t place;

	for (size_t i = near ? *near : count; i < count && i < *near + 2; i++) {
		int stands = order(elements + i * size, key);

		if (stands == 0) {
			*found = true;
			return *near = i;
		}
		if (stands > 0)
			break;
	}
	place = sorted_position(items, count, size, key, order, found);
	if (near)
		*near = place;
	return place;
}

#endif
