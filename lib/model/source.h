/* SPDX-License-Identifier: MIT */
/*
 * source: who says what is so and does what is to be done: libvirt, the Kubernetes API,
 * this host. A row of lib/kind/sources.def names it; daemon/ has one adapter a row. All
 * else goes through these tables.
 */
#ifndef LIB_MODEL_SOURCE_H
#define LIB_MODEL_SOURCE_H

#include <stddef.h>

struct source {
	const char *name;  /* "libvirt": the key in GetStatus */
	const char *title; /* "Kubernetes": for people */
};

#define SOURCES_MAX 8

/* All of them, in row order. */
extern const struct source *const sources[];
extern const size_t source_count;

/* Its row; aborts for one that is in no row. */
size_t source_index(const struct source *source);

#endif
