/* SPDX-License-Identifier: MIT */
/* effect: effects as text and as parts of an approval. */
#include "lib/plan/effect.h"

#include "lib/model/kind.h"

static const char *whom_text(struct arena *a, const struct effect *effect)
{
	return arena_printf(a, "%s/%s", effect->kind->name, effect->name);
}

const char *effect_text(struct arena *a, const struct effect *effect)
{
	const char *whom = whom_text(a, effect);
	const char *from = effect->from ? effect->from : "";

	switch (effect->what) {
	case EFFECT_MOVES_ADDRESS:
		if (!effect->from)
			return arena_printf(a,
			    "may move the address of %s, which is not known%s%s", whom,
			    effect->to ? ", to " : "", effect->to ? effect->to : "");
		return effect->to
			   ? arena_printf(a, "moves the address of %s from %s to %s",
				 whom, from, effect->to)
			   : arena_printf(a, "takes the address %s of %s", from, whom);
	case EFFECT_INTERRUPTS:
		return arena_printf(a, "interrupts %s", whom);
	case EFFECT_CUTS_OFF:
		return arena_printf(a, "cuts off %s from %s", whom,
		    effect->from ? effect->from : "its network");
	case EFFECT_REMOVES:
		return arena_printf(a, "removes %s", whom);
	case EFFECT_EXPOSES:
		return arena_printf(
		    a, "exposes %s of %s, which two parties could then hold", from, whom);
	case EFFECT_UNANNOUNCES:
		return arena_printf(a, "no longer announces %s of %s", from, whom);
	case EFFECT_MAY_NOT_BOOT:
		return arena_printf(
		    a, "%s may not boot with %s instead of %s", whom, effect->to, from);
	}
	return "";
}

/* FNV-1a, with an end after each text, so that "a", "bc" is not "ab", "c". */
static uint64_t add(uint64_t hash, const char *text)
{
	const unsigned char *c = (const unsigned char *)(text ? text : "");

	do {
		hash = (hash ^ *c) * 0x100000001b3ULL;
	} while (*c++);
	return hash;
}

#define HASH_START 0xcbf29ce484222325ULL

uint64_t effect_hash(const struct effect *effect)
{
	uint64_t hash = (HASH_START ^ (uint64_t)effect->what) * 0x100000001b3ULL;

	hash = add(add(hash, effect->kind->name), effect->name);
	return add(add(hash, effect->from), effect->to);
}

uint64_t change_hash(const char *field, const char *desired)
{
	return add(add(HASH_START, field), desired);
}

bool effect_needs_approval(const struct effect *effect)
{
	return effect->in_use && !effect->as_written;
}
