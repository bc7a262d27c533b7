/* SPDX-License-Identifier: MIT */
/* sources: the sources by name, for kinds, actions and the adapters. */
#ifndef LIB_KIND_SOURCES_H
#define LIB_KIND_SOURCES_H

#include "lib/model/source.h"

#ifndef SOURCES_DEF
#define SOURCES_DEF "lib/kind/sources.def"
#endif

#define SOURCE(name, title) extern const struct source name##_source;
#include SOURCES_DEF
#undef SOURCE

#endif
