/* SPDX-License-Identifier: MIT */
/*
 * control: the paths below /fake/, with which tests make the server misbehave and read
 * what it was asked. They need no token and meet no faults. GET /fake lists them.
 */
#ifndef TEST_FAKE_CONTROL_H
#define TEST_FAKE_CONTROL_H

#include "test/fake/fake.h"

/* Answers a request below /fake. */
void control(struct fake *f, struct conn *c, const struct request *req);

/* The manual of these paths, for --help and GET /fake. */
extern const char control_help[];

#endif
