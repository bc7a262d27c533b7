/* SPDX-License-Identifier: MIT */
/* schema: types, defaults and required fields of the custom resources' specs. */
#ifndef TEST_FAKE_SCHEMA_H
#define TEST_FAKE_SCHEMA_H

#include "test/fake/buf.h"
#include "test/fake/resource.h"
#include "test/fake/tree.h"

/*
 * Judges an applied configuration. Returns NULL, or what is wrong as server-side apply
 * words it (".spec.addresses: expected list, got &{x}"), allocated.
 */
char *schema_typed(const struct resource *res, struct json_object *obj);

/* Judges a whole object; returns NULL or a 422 Status. */
struct json_object *schema_valid(
    const struct resource *res, const char *name, struct json_object *obj);

/* Removes unknown fields of the spec, naming each in `unknown` as "spec.x",
 * comma-separated. */
void schema_prune(
    const struct resource *res, struct json_object *obj, struct buf *unknown);

/* Fills in defaults. */
void schema_default(const struct resource *res, struct json_object *obj);

#endif
