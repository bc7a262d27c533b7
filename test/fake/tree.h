/* SPDX-License-Identifier: MIT */
/*
 * tree: what the server needs of JSON values beyond json-c itself. Paths are given as
 * key names, one argument each, ended by NULL: tree_str(obj, "metadata", "name", NULL).
 */
#ifndef TEST_FAKE_TREE_H
#define TEST_FAKE_TREE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "test/fake/buf.h"

/* The value at a path, borrowed; NULL when absent. */
struct json_object *tree_get(struct json_object *obj, ...) __attribute__((sentinel));

/* The string at a path, "" when absent or no string. */
const char *tree_str(struct json_object *obj, ...) __attribute__((sentinel));

/* The object under a key, made when absent or of another type. Borrowed. */
struct json_object *tree_child(struct json_object *obj, const char *key);

/* Sets a key to a string; to a whole number. */
void tree_set(struct json_object *obj, const char *key, const char *value);
void tree_set_int(struct json_object *obj, const char *key, int64_t value);

/* A deep copy the caller owns; NULL gives NULL. */
struct json_object *tree_copy(struct json_object *obj);

/* The JSON in text of n bytes, owned by the caller, or NULL with *why set to a literal.
 */
struct json_object *tree_parse(const char *text, size_t n, const char **why);

/* Merges patch into obj as RFC 7386 says. A null deletes. */
void tree_merge(struct json_object *obj, struct json_object *patch);

/*
 * Writes a value. Keys are sorted when `sorted`, as the real server does for stored
 * objects; pretty means two spaces and one value a line. Slashes are not escaped.
 */
void tree_write(struct buf *out, struct json_object *v, bool sorted, bool pretty);

#endif
