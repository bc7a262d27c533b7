/* SPDX-License-Identifier: MIT */
/* admit: what MetalLB's admission webhook refuses. */
#ifndef TEST_FAKE_ADMIT_H
#define TEST_FAKE_ADMIT_H

#include "test/fake/fake.h"

#define METALLB_NAMESPACE "metallb-system"

/* Judges an object about to be stored; returns NULL or the Status of the denial. */
struct json_object *admit(const struct call *call, struct json_object *obj, bool create);

#endif
