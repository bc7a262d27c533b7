/* SPDX-License-Identifier: MIT */
/*
 * noun: what of this host can be read and changed: a row for each kind whose source is
 * the host (daemon/host/nouns.def), and a function for each of the host's actions. They
 * run on the worker's thread: they may block for a moment, and touch nothing but what
 * they are given.
 */
#ifndef DAEMON_HOST_NOUN_H
#define DAEMON_HOST_NOUN_H

#include "lib/model/action.h"
#include "lib/model/kind.h"

struct host_noun {
	const struct kind *kind;
	/* The external names of all there are, in the arena. */
	int (*list)(struct arena *a, const char ***names, size_t *count, struct error *e);
	/* One object: 0; 1: it is not there; -1: it cannot be read. What `out` points to
	 * is in the arena, but for `json`, whose reference is handed over. */
	int (*read)(
	    struct arena *a, const char *name, struct reading *out, struct error *e);
};

/* All of them; kind NULL after the last. */
extern const struct host_noun host_nouns[];

/* The kind whose one object the adapter reports by itself, as logind says it. */
extern const struct kind *const host_signalled;

/* Carries out a call of one of the host's actions: 0, or -1 with the reason. */
int host_run(const struct call *call, struct error *e);

#endif
