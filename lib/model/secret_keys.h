/* SPDX-License-Identifier: MIT */
/*
 * secret_keys: the keys of desired state whose values may hold secrets, as the kinds' field
 * tables have them, for lib/doc/unshown.h. Hides how they are found.
 */
#ifndef LIB_MODEL_SECRET_KEYS_H
#define LIB_MODEL_SECRET_KEYS_H

#include "lib/doc/unshown.h"

/* In the arena. */
const struct unshown_keys *secret_keys(struct arena *a);

#endif
