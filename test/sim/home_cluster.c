/* SPDX-License-Identifier: MIT */
/* home_cluster: the cluster of a random home: pools and advertisements, made by the daemon once
 * or by others, Services and Nodes. */
#include "test/sim/home.h"

static struct ip lan(unsigned host)
{
	return (struct ip){ 4, 0xc0a86400U + host };
}

static void place_pool(struct world *w, struct rng *r, const struct h_pool *p)
{
	struct w_object *o;

	if (!rng_percent(r, 80))
		return;
	o = world_object(w, OBJECT_POOL, p->name, true);
	o->e.exists = true;
	o->uid = ++w->next_uuid;
	for (size_t i = 0; i < p->range_count; i++)
		o->addresses[o->address_count++] = arena_printf(w->arena, "%s-%s",
		    ip_text(p->ranges[i].first, (char[IP_TEXT]){ 0 }),
		    ip_text(p->ranges[i].last, (char[IP_TEXT]){ 0 }));
	if (p->auto_assign)
		o->auto_assign = p->auto_assign == YES;
	if (rng_percent(r, 55)) {
		object_label(o, "app.kubernetes.io/managed-by", "homek8sd");
		object_managed(o, "homek8sd");
		o->label_ours = true;
	} else {
		object_managed(o, "kubectl-client-side-apply");
		object_label(o, "tier", rng_percent(r, 50) ? "front" : "back");
		if (rng_percent(r, 20))
			object_label(o, "app.kubernetes.io/managed-by", "homek8sd");
	}
	if (rng_percent(r, 15))
		o->extra = "kept by hand";
	if (rng_percent(r, 10))
		o->finalizer = "example.org/hold";
	world_touch(&o->e);
}

static void place_adv(struct world *w, struct rng *r, const char *name, const char *pool)
{
	bool bgp = rng_percent(r, 10);
	struct w_object *o = world_object(w, bgp ? OBJECT_BGP : OBJECT_L2, name, true);

	o->e.exists = true;
	o->uid = ++w->next_uuid;
	if (rng_percent(r, 75))
		o->pools[o->pool_count++] = pool;
	else if (rng_percent(r, 40))
		o->selector = "tier=front";
	o->limited = bgp || rng_percent(r, 15);
	if (rng_percent(r, 50) && o->pool_count && !bgp) {
		object_label(o, "app.kubernetes.io/managed-by", "homek8sd");
		object_managed(o, "homek8sd");
		o->label_ours = true;
	} else {
		object_managed(o, "helm");
	}
	world_touch(&o->e);
}

static void place_service(struct world *w, struct rng *r, unsigned i)
{
	struct w_object *o = world_object(
	    w, OBJECT_SERVICE, arena_printf(w->arena, "apps/web-%u", i), true);

	o->e.exists = true;
	o->uid = ++w->next_uuid;
	if (rng_percent(r, 25))
		o->pinned =
		    arena_printf(w->arena, "192.168.100.%u", 100 + rng_below(r, 8));
	world_touch(&o->e);
}

static void place_node(struct world *w, struct rng *r, const struct h_vm *vm)
{
	const struct w_dom *d = world_dom(w, home_domain(vm), false);
	struct w_object *o;

	if (!vm->role || !d || !d->e.exists || !rng_percent(r, 90))
		return;
	o = world_object(w, OBJECT_NODE, vm->name, true);
	o->e.exists = true;
	o->uuid = d->config.uuid;
	o->ready = d->id >= 0;
	o->booted = d->id;
	o->uid = ++w->next_uuid;
	o->pods = 3;
	if (d->id >= 0 && d->live.nic_count && d->live.nics[0].ip.version)
		o->addresses[o->address_count++] =
		    ip_text(d->live.nics[0].ip, arena_alloc(w->arena, IP_TEXT));
	world_touch(&o->e);
}

void home_random_cluster(struct home *h, struct world *w, struct rng *r)
{
	for (size_t i = 0; i < h->pool_count; i++) {
		place_pool(w, r, &h->pools[i]);
		if (rng_percent(r, 75))
			place_adv(w, r, h->pools[i].name, h->pools[i].name);
	}
	if (rng_percent(r, 15))
		place_pool(w, r,
		    &(struct h_pool){ .name = "theirs",
			.ranges = { { lan(230), lan(235) } },
			.range_count = 1 });
	for (unsigned i = 0, n = rng_below(r, 5); i < n; i++)
		place_service(w, r, i);
	for (size_t i = 0; i < h->vm_count; i++)
		place_node(w, r, &h->vms[i]);
	metallb_assign(w);
}
