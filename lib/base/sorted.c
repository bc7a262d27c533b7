/* SPDX-License-Identifier: MIT */
/* sorted: binary search by a comparison. */
#include "lib/base/sorted.h"

size_t sorted_position(const void *items, size_t count, size_t size, const void *key,
    int (*order)(const void *element, const void *key), bool *found)
{
	const char *elements = items;
	size_t low = 0, high = count;
	bool at = false;

	if (count && order(elements + (count - 1) * size, key) < 0)
		low = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int stands = order(elements + middle * size, key);

		if (stands < 0) {
			low = middle + 1;
		} else {
			high = middle;
			at = stands == 0; /* `high` is where this loop ends */
		}
	}
	if (found)
		*found = at;
	return low;
}
