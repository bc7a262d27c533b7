/* SPDX-License-Identifier: MIT */
/* write: POST, PUT, PATCH and DELETE of objects. */
#ifndef TEST_FAKE_WRITE_H
#define TEST_FAKE_WRITE_H

#include "test/fake/fake.h"

/* Answer one request each. */
void write_create(const struct call *call);
void write_update(const struct call *call);
void write_patch(const struct call *call);
void write_delete(const struct call *call);

/* POST pods/NAME/eviction. */
void write_evict(const struct call *call);

#endif
