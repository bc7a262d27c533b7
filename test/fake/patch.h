/* SPDX-License-Identifier: MIT */
/* patch: JSON patches (RFC 6902). */
#ifndef TEST_FAKE_PATCH_H
#define TEST_FAKE_PATCH_H

#include "test/fake/tree.h"

/* Applies add, remove, replace and test operations to obj. Returns NULL or a Status. */
struct json_object *patch_apply(struct json_object *obj, struct json_object *patch);

#endif
