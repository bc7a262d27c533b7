/* SPDX-License-Identifier: MIT */
/* rng: chance from a seed (splitmix64): the same seed gives the same numbers everywhere. */
#ifndef TEST_SIM_RNG_H
#define TEST_SIM_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* 0 .. below - 1; 0 for 0. */
static inline unsigned rng_below(struct rng *r, unsigned below)
{
	return below ? (unsigned)(rng_next(r) % below) : 0;
}

/* first .. last, both included. */
static inline unsigned rng_between(struct rng *r, unsigned first, unsigned last)
{
	return first + rng_below(r, last - first + 1);
}

static inline bool rng_percent(struct rng *r, unsigned percent)
{
	return rng_below(r, 100) < percent;
}

/* Another sequence for each (seed, number). */
static inline struct rng rng_of(uint64_t seed, uint64_t number)
{
	struct rng r = { seed * 0x2545f4914f6cdd1dULL + number * 0x9e3779b97f4a7c15ULL };

	rng_next(&r);
	return r;
}

#endif
