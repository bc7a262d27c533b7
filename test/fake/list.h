/* SPDX-License-Identifier: MIT */
/* list: GET of one object and of lists, whole or in pages. */
#ifndef TEST_FAKE_LIST_H
#define TEST_FAKE_LIST_H

#include "test/fake/fake.h"

/* Answers GET .../NAME; GET of a collection. */
void get_one(const struct call *call);
void get_list(const struct call *call);

/*
 * Reads a resourceVersion parameter: *rv is 0 for "", "0" and an absent one. A version
 * ahead of the store is the 504 of a server whose cache has not got there.
 */
struct json_object *read_rv(const struct call *call, bool may_be_ahead, uint64_t *rv);

#endif
