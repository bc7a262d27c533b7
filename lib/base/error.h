/* SPDX-License-Identifier: MIT */
/*
 * error: one line of text that says what went wrong, carried up to whoever reports
 * it.
 *
 * Every function that can fail takes a `struct error *` last, returns -1 (or NULL) and
 * has then set it; on success it leaves it alone. The text is whole as it stands: what,
 * why and, where one is known, the next step. Fixed size, so that failing allocates
 * nothing. Whatever untrusted text was quoted in it, it is one line of valid UTF-8
 * without control characters.
 */
#ifndef LIB_BASE_ERROR_H
#define LIB_BASE_ERROR_H

struct error {
	char text[512];
};

/* Sets the text. NULL `e` is allowed. Always returns -1, so that callers `return
 * fail(...)`. */
int fail(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "PREFIX: " before the text that is there. Always returns -1. */
int fail_in(struct error *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
