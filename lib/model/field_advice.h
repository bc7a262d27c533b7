/* SPDX-License-Identifier: MIT */
/*
 * field_advice: what to write instead of what was refused, as something that is accepted
 * when it is typed. Knows no kind: it goes by the field tables, their examples and hints.
 * All texts are in the arena.
 */
#ifndef LIB_MODEL_FIELD_ADVICE_H
#define LIB_MODEL_FIELD_ADVICE_H

#include "lib/model/field.h"

/* "memory: 4GiB", "disk: {size: 30GiB}": one line with the key, from the examples. */
const char *advice_example(struct arena *a, const struct field *f);

/* What a text that was refused has and should not, as word processors make it of quotes,
 * dashes and blanks, or as templates have it; NULL: nothing of the kind. */
const char *advice_characters(struct arena *a, const char *text);

/* A scalar, list or map where the row takes another type. */
const char *advice_type(struct arena *a, const struct field *f, const struct node *node);

/* The same where a map of these keys is due. */
const char *advice_record(
    struct arena *a, const struct fields *fields, const struct node *node);

/*
 * A key that `words` (NULL after the last) has not. `fields`, or NULL, is the table they
 * are of: its hints, and what its groups hold, are known. "": nothing is to be said of it,
 * because another key of the map says it all.
 */
const char *advice_key(struct arena *a, const char *const *words,
    const struct fields *fields, const struct node *key, const struct node *map);

/* Whether what is known of such a key, which the table does not have, is to write that row
 * in its place. */
bool advice_names(
    const struct fields *fields, const struct field *f, const struct node *key);

/* The hint for a key or a word; NULL: there is none. */
const struct hint *advice_hint(const struct hint *hints, const char *written);

#endif
