/* SPDX-License-Identifier: MIT */
/* serve: from a request to the function that answers it. */
#ifndef TEST_FAKE_SERVE_H
#define TEST_FAKE_SERVE_H

#include "test/fake/fake.h"

/* The connections' handler. `s` is the first member of a struct fake. */
void serve(struct server *s, struct conn *c, const struct request *r);

#endif
