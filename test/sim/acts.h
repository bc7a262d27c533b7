/* SPDX-License-Identifier: MIT */
/*
 * acts: what people and misfortune do. An act is a row of acts.def and one function: it
 * picks its victim by chance from what there is, changes the home or the world, and says what
 * it did. False: there was nothing to do it to.
 */
#ifndef TEST_SIM_ACTS_H
#define TEST_SIM_ACTS_H

#include "test/sim/sim.h"

#define ACT(name, weight) bool act_##name(struct sim *s, struct rng *r);
#include "test/sim/acts.def"
#undef ACT

struct act {
	const char *name;
	unsigned weight;
	bool (*run)(struct sim *s, struct rng *r);
};

/* One chosen by its weight. */
const struct act *act_pick(struct rng *r);

/* One of those there are; NULL: none. */
struct h_vm *pick_vm(struct sim *s, struct rng *r);
struct h_net *pick_net(struct sim *s, struct rng *r);
struct h_pool *pick_pool(struct sim *s, struct rng *r);
struct w_dom *pick_dom(struct sim *s, struct rng *r);
struct w_net *pick_world_net(struct sim *s, struct rng *r);
struct w_object *pick_object(struct sim *s, struct rng *r, enum w_type type);
/* Perhaps a guest hangs, or only its kubelet: some of them for good. */
void kubelet_hangs(struct sim *s, struct rng *r);
/* An address of the network at this place. */
struct ip pick_ip(struct rng *r, const struct w_net *n);

#endif
