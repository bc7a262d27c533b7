/* SPDX-License-Identifier: MIT */
/*
 * unshown: what of a source is never quoted, since it may hold a secret: the values of
 * certain keys, with all that lies below them, and what speaks of passwords, tokens and
 * the like. Hides how such keys and texts are recognised, however they are spelled.
 */
#ifndef LIB_DOC_UNSHOWN_H
#define LIB_DOC_UNSHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"

struct source_text;

/* Keys of a format whose values may hold secrets; lists end with NULL. */
struct unshown_keys {
	const char *const *keys;    /* "user_data": so may all below it */
	const char *const *holders; /* "cloud_init": so may all below it, */
	const char *const
	    *open; /* but for the values of these, right below: "hostname" */
	const char
	    *names; /* what begins so, in one word, is a file's name: "cloud-init/" */
};

/* Of one source; zeroed but for the first two. */
struct unshown {
	struct arena *arena;
	const struct unshown_keys *keys;
	uint8_t *lines; /* a bit each, from line 1 */
	size_t count;	/* of lines there is room for; 0: all are shown */
};

/* What is said instead of a text that is not shown. */
#define UNSHOWN_TEXT "..."

/* How what is written under a key is shown. */
enum unshown_value {
	VALUE_SHOWN,
	VALUE_HOLDER, /* a map whose keys are shown, and the values of some */
	VALUE_UNSHOWN,
};

/* `in_holder`: the key stands right below a holder. `u` NULL: no keys are known. */
enum unshown_value unshown_value(
    const struct unshown *u, const char *key, bool in_holder);

/* Whether the text names a file, in place of what is in it. */
bool unshown_is_name(const struct unshown *u, const char *text);

/* Whether the text speaks of a secret, or has a login in a URL. */
bool unshown_text(const char *text, size_t length);

/* Lines first..last are not shown. With `u` NULL nothing is noted, here and below. */
void unshown_add(
    struct unshown *u, const struct source_text *source, unsigned first, unsigned last);

/* From that line on the source could not be parsed: so is what follows anything that may be
 * a secret, or lies below a holder. */
void unshown_add_rest(
    struct unshown *u, const struct source_text *source, unsigned first);

/* Whether the line, which is `text`, is not shown. */
bool unshown_line(
    const struct source_text *source, unsigned line, const char *text, size_t length);

#endif
