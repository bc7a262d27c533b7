/* SPDX-License-Identifier: MIT */
/* discovery: what the server says of itself: its API groups, version and health. */
#ifndef TEST_FAKE_DISCOVERY_H
#define TEST_FAKE_DISCOVERY_H

#include "test/fake/fake.h"

/* Answers GET of /, /api, /apis, /api/V, /apis/G and /apis/G/V. False for other paths. */
bool discovery(struct conn *c, const struct request *req);

/* Answers GET of /version, /healthz, /livez and /readyz. False for other paths. */
bool health(struct conn *c, const struct request *req);

#endif
