/* SPDX-License-Identifier: MIT */
/*
 * effect: what a program does to somebody. Approvals, the budget, plans on screen and
 * tests read the same effects; nothing else says whether a change is dangerous.
 */
#ifndef LIB_PLAN_EFFECT_H
#define LIB_PLAN_EFFECT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"

struct kind;

enum effect_what {
	/* From `from` to `to`; `to` NULL: to another one, `from` NULL: it is not known. */
	EFFECT_MOVES_ADDRESS,
	EFFECT_INTERRUPTS, /* it stops for a while, or for good */
	EFFECT_CUTS_OFF,   /* it runs on without its network */
	EFFECT_REMOVES,
	EFFECT_EXPOSES,	     /* `from`: addresses two parties could then hold */
	EFFECT_UNANNOUNCES,  /* `from`: addresses nobody answers for any more */
	EFFECT_MAY_NOT_BOOT, /* with `to`, where it booted with `from` */
};

struct effect {
	enum effect_what what;
	const struct kind *kind; /* whom: also objects nobody wrote */
	const char *name;
	const char *from, *to; /* or NULL; of EFFECT_CUTS_OFF `from` is "network lab" */
	bool in_use;	       /* it runs, serves, or is foreign */
	bool as_written;       /* an interruption that is itself what is written */
};

/* "moves the address of vm/worker-1 from 192.168.122.11 to 192.168.122.21". */
const char *effect_text(struct arena *a, const struct effect *effect);

/* What an approval of it stands for: kind of effect, whom, from and to. */
uint64_t effect_hash(const struct effect *effect);
/* The same of a change: "field=value". */
uint64_t change_hash(const char *field, const char *desired);

/* Whether it has to be approved by somebody: what runs, serves or is foreign is touched,
 * and that is not itself what is written. */
bool effect_needs_approval(const struct effect *effect);

#endif
