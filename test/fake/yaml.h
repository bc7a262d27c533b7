/* SPDX-License-Identifier: MIT */
/* yaml: request bodies in YAML, read as strictly as the API server's own YAML 1.1 reader.
 */
#ifndef TEST_FAKE_YAML_H
#define TEST_FAKE_YAML_H

#include <json-c/json.h>

/*
 * Reads exactly one document. Returns the value, owned by the caller, or NULL with *why
 * an allocated text such as "yaml: line 2: found unknown escape character". JSON is YAML
 * here too, but an escaped slash is refused, and so are duplicate keys, aliases and tags.
 */
struct json_object *yaml_read(const char *text, size_t n, char **why);

#endif
