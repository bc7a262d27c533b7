/* SPDX-License-Identifier: MIT */
/* plain: objects stored as they stand, past all admission: seeds, files, benches. */
#ifndef TEST_FAKE_PLAIN_H
#define TEST_FAKE_PLAIN_H

#include "test/fake/fake.h"

/* Gives metadata a uid and a creationTimestamp where it has none. */
void plain_identity(struct json_object *meta);

/*
 * Stores an object, or each of a list's, with what is missing filled in: metadata,
 * defaults and the namespaces they live in. Borrowed. Returns NULL or a Status.
 */
struct json_object *plain_store(struct fake *f, struct json_object *obj);

/* Stores `count` copies of an object, named NAME-0, NAME-1, ... Returns NULL or a Status.
 */
struct json_object *plain_fill(struct fake *f, struct json_object *obj, int64_t count);

/* plain_store() for a JSON file. False with a line on stderr. */
bool plain_load(struct fake *f, const char *path);

#endif
