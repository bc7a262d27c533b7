/* SPDX-License-Identifier: MIT */
/* adapters: one for each row of the sources. */
#include "daemon/engine/adapter.h"

#include "lib/kind/sources.h"

#define SOURCE(name, title) extern const struct adapter name##_adapter;
#include SOURCES_DEF
#undef SOURCE

const struct adapter *const adapters[] = {
#define SOURCE(name, title) &name##_adapter,
#include SOURCES_DEF
#undef SOURCE
};
