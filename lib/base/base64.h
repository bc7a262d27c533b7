/* SPDX-License-Identifier: MIT */
/* base64: decoding, as RFC 4648 section 4 has it. */
#ifndef LIB_BASE_BASE64_H
#define LIB_BASE_BASE64_H

#include <stddef.h>

#include "lib/base/arena.h"

struct bytes {
	const char *data;
	size_t length;
};

/* Strict, with padding; line breaks and blanks are skipped. The result lies in the arena
 * with a NUL after it. -1: it is no base64, and nothing decoded is left behind. */
int base64_decode(struct arena *a, const char *text, struct bytes *out);

#endif
