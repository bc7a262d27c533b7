/* SPDX-License-Identifier: MIT */
/* acts: the table of acts, and picking. */
#include "test/sim/acts.h"

static const struct act acts[] = {
#define ACT(name, weight) { #name, weight, act_##name },
#include "test/sim/acts.def"
#undef ACT
};

#define COUNT (sizeof(acts) / sizeof(acts[0]))

const struct act *act_pick(struct rng *r)
{
	unsigned all = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < COUNT; k++)
		all += acts[k].weight;
	at = rng_below(r, all);
	while (at >= acts[i].weight)
		at -= acts[i++].weight;
	return &acts[i];
}

struct h_vm *pick_vm(struct sim *s, struct rng *r)
{
	return s->home.vm_count ? &s->home.vms[rng_below(r, (unsigned)s->home.vm_count)]
				: NULL;
}

struct h_net *pick_net(struct sim *s, struct rng *r)
{
	return s->home.net_count
		   ? &s->home.nets[rng_below(r, (unsigned)s->home.net_count)]
		   : NULL;
}

struct h_pool *pick_pool(struct sim *s, struct rng *r)
{
	return s->home.pool_count
		   ? &s->home.pools[rng_below(r, (unsigned)s->home.pool_count)]
		   : NULL;
}

struct w_dom *pick_dom(struct sim *s, struct rng *r)
{
	for (int tries = 0; tries < 12; tries++) {
		struct w_dom *d = &s->world.doms[rng_below(r, DOMS)];

		if (d->e.exists)
			return d;
	}
	return NULL;
}

struct w_net *pick_world_net(struct sim *s, struct rng *r)
{
	for (int tries = 0; tries < 12; tries++) {
		struct w_net *n = &s->world.nets[rng_below(r, NETS)];

		if (n->e.exists)
			return n;
	}
	return NULL;
}

struct w_object *pick_object(struct sim *s, struct rng *r, enum w_type type)
{
	for (int tries = 0; tries < 30; tries++) {
		struct w_object *o = &s->world.objects[rng_below(r, OBJECTS)];

		if (o->e.exists && o->type == type)
			return o;
	}
	return NULL;
}

struct ip pick_ip(struct rng *r, const struct w_net *n)
{
	const struct w_side *side = n->active ? &n->live : &n->config;
	struct ip ip = side->ips[0].cidr.address;

	if (ip.version != 4 && side->ip_count > 1)
		ip = side->ips[1].cidr.address;
	ip.value += rng_between(r, 8, 60);
	return ip;
}
