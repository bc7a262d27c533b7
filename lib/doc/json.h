/* SPDX-License-Identifier: MIT */
/*
 * json: json-c with the strictness it lacks: depth and size caps, valid UTF-8, no NaN, no
 * single quotes, no trailing text. And short ways to read and build objects. A `struct
 * json_object` is counted by reference: json_object_put() drops it; `autojson` does so at
 * the end of a scope.
 */
#ifndef LIB_DOC_JSON_H
#define LIB_DOC_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/text.h"

static inline void json_cleanup(struct json_object **o)
{
	json_object_put(*o);
}
#define autojson __attribute__((cleanup(json_cleanup)))

#define JSON_MAX_BYTES ((size_t)64 * 1024 * 1024)

/*
 * One value and nothing after it but blanks, nested `depth` deep at most. NULL on error
 * (also for "null"). Of duplicate keys the last one is taken.
 */
struct json_object *json_parse(
    const char *text, size_t length, int depth, struct error *e);
/* The same for many small texts, with one tokener that is made for it and kept;
 * json_tokener_free() drops it. */
struct json_tokener *json_tokener_strict(int depth);
struct json_object *json_parse_with(
    struct json_tokener *tokener, const char *text, size_t length, struct error *e);

/*
 * The same for what a stranger has sent: refused before anything of it is made where its
 * values would take more than JSON_MAX_WEIGHT bytes of memory. An empty object of two
 * bytes takes 800.
 */
#define JSON_MAX_WEIGHT ((size_t)24 * 1024 * 1024)
#define JSON_TOO_HEAVY "JSON: its values would take more than 24 MiB of memory"
struct json_object *json_parse_foreign(
    struct json_tokener *tokener, const char *text, size_t length, struct error *e);

/* A member by path "metadata.name" (no member name with a dot), or NULL. Borrowed. */
struct json_object *json_at(struct json_object *o, const char *path);
/*
 * The same, with its type; NULL or `fallback` where it is missing, of another type, a
 * number that does not fit or a text with a NUL in it.
 */
const char *json_string_at(struct json_object *o, const char *path);
int64_t json_int_at(struct json_object *o, const char *path, int64_t fallback);
bool json_bool_at(struct json_object *o, const char *path, bool fallback);
/* Lists: 0 and NULL where it is none. */
size_t json_count(struct json_object *list);
struct json_object *json_item(struct json_object *list, size_t i);

/* Adders; a NULL text adds null. `o` takes ownership of `value`. */
void json_put(struct json_object *o, const char *key, struct json_object *value);
void json_put_string(struct json_object *o, const char *key, const char *text);
void json_put_int(struct json_object *o, const char *key, int64_t value);
void json_put_bool(struct json_object *o, const char *key, bool value);
void json_push(struct json_object *list, struct json_object *value);
void json_push_string(struct json_object *list, const char *text);

/* Appends a text as a JSON string, quotes included; NULL as null. */
void json_write_string(struct text *out, const char *text);

/*
 * Text without "\/" escapes (a YAML reader, as the Kubernetes API server uses for
 * applies, refuses them). Lives as long as the object and until it is printed again.
 */
const char *json_text(struct json_object *o);
const char *json_pretty(struct json_object *o);

#endif
