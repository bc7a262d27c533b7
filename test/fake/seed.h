/* SPDX-License-Identifier: MIT */
/* seed: what a fresh server holds. */
#ifndef TEST_FAKE_SEED_H
#define TEST_FAKE_SEED_H

#include "test/fake/fake.h"

/* The namespaces every cluster has, and MetalLB's when its group is served. */
void seed_base(struct fake *f);

/* The home: three nodes, and the ingress controller's Service on 192.168.122.100. */
void seed_home(struct fake *f);

#endif
