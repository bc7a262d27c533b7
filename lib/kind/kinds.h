/* SPDX-License-Identifier: MIT */
/*
 * kinds: the kinds by name, for the files of lib/kind, lib/lint and the adapters' tables,
 * and the marks that what we made carries. Each kind's struct is in its own header.
 */
#ifndef LIB_KIND_KINDS_H
#define LIB_KIND_KINDS_H

#include "lib/model/kind.h"

/* The table; a test build may name another, which holds all kinds it links. */
#ifndef KINDS_DEF
#define KINDS_DEF "lib/kind/kinds.def"
#endif

#define KIND(name)                                                                       \
	extern const struct kind name##_kind;                                            \
	extern const size_t name##_row;
#include KINDS_DEF
#undef KIND

/* The namespace of our mark on what we made: metadata in libvirt's XML, prefix "homek8s".
 */
#define MARK_URI "urn:homek8s:owner:1"
/* Kubernetes: label and field manager. */
#define MARK_LABEL "app.kubernetes.io/managed-by"
#define MARK_MANAGER "homek8sd"

#endif
