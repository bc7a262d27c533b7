/* SPDX-License-Identifier: MIT */
/* acts_objects: edits of networks, pools and whole files. */
#include <string.h>

#include "test/sim/acts.h"
#include "test/sim/judge.h"

static bool saved(struct sim *s)
{
	files_changed(s);
	return true;
}

static struct ip lan(unsigned host)
{
	return (struct ip){ 4, 0xc0a86400U + host };
}

bool act_edit_net_range(struct sim *s, struct rng *r)
{
	struct h_net *n = pick_net(s, r);
	unsigned __int128 base;

	if (!n)
		return false;
	base = 0xc0a86400U + (strcmp(n->name, "dmz") == 0      ? 256U
				 : strcmp(n->name, "lab") == 0 ? 512U
							       : 0U);
	if (rng_percent(r, 10))
		n->range = (struct range){ 0 };
	else
		n->range = (struct range){ { 4, base + rng_between(r, 2, 60) },
			{ 4, base + rng_between(r, 100, 254) } };
	sim_say(s, "edit: network %s has another DHCP range", n->name);
	return saved(s);
}

bool act_edit_net_keys(struct sim *s, struct rng *r)
{
	struct h_net *n = pick_net(s, r);

	if (!n)
		return false;
	switch (rng_below(r, 5)) {
	case 0:
		n->mode = rng_percent(r, 50)   ? "route"
			  : rng_percent(r, 50) ? "nat"
					       : NULL;
		break;
	case 1:
		n->bridge =
		    rng_percent(r, 70) ? arena_printf(&s->arena, "br-%s", n->name) : NULL;
		break;
	case 2:
		n->mtu = rng_percent(r, 50) ? 1400 : 0;
		break;
	case 3:
		n->autostart = (enum tri)rng_below(r, 3);
		break;
	default:
		n->address.address.version =
		    n->address.address.value && !n->address.address.version ? 4 : 0;
		break;
	}
	sim_say(s, "edit: network %s has other keys", n->name);
	return saved(s);
}

bool act_edit_net_remove(struct sim *s, struct rng *r)
{
	struct h_net *n = pick_net(s, r);

	if (!n)
		return false;
	sim_say(s, "edit: network %s is not written any more", n->name);
	*n = s->home.nets[--s->home.net_count];
	return saved(s);
}

bool act_edit_pool_ranges(struct sim *s, struct rng *r)
{
	struct h_pool *p = pick_pool(s, r);
	unsigned first = rng_between(r, 95, 150);

	if (!p)
		return false;
	switch (rng_below(r, 4)) {
	case 0: /* smaller */
		p->ranges[0].last = p->ranges[0].first;
		break;
	case 1: /* larger */
		p->ranges[0].last.value += rng_between(r, 1, 9);
		break;
	case 2: /* elsewhere */
		p->ranges[0] =
		    (struct range){ lan(first), lan(first + rng_below(r, 12)) };
		break;
	default:
		p->range_count = p->range_count == 1 ? 2 : 1;
		p->ranges[1] = (struct range){ lan(first + 80), lan(first + 84) };
		break;
	}
	sim_say(s, "edit: pool %s has other addresses", p->name);
	return saved(s);
}

bool act_edit_pool_keys(struct sim *s, struct rng *r)
{
	static const char *const advertise[] = { NULL, "layer2", "none" };
	struct h_pool *p = pick_pool(s, r);

	if (!p)
		return false;
	if (rng_percent(r, 40))
		p->auto_assign = (enum tri)rng_below(r, 3);
	else
		p->advertise = advertise[rng_below(r, 3)];
	sim_say(
	    s, "edit: pool %s: advertise %s", p->name, p->advertise ? p->advertise : "-");
	return saved(s);
}

bool act_edit_pool_remove(struct sim *s, struct rng *r)
{
	struct h_pool *p = pick_pool(s, r);

	if (!p)
		return false;
	sim_say(s, "edit: pool %s is not written any more", p->name);
	if (rng_percent(r, 20)) /* and another takes its addresses */
		p->name = arena_printf(&s->arena, "%s-2", p->name);
	else
		*p = s->home.pools[--s->home.pool_count];
	return saved(s);
}

bool act_edit_pool_add(struct sim *s, struct rng *r)
{
	const struct w_object *o = pick_object(s, r, OBJECT_POOL);
	struct h_pool *p = &s->home.pools[s->home.pool_count];
	unsigned first = rng_between(r, 60, 200);

	if (s->home.pool_count == H_POOLS)
		return false;
	*p = (struct h_pool){ .name = o && rng_percent(r, 50)
					  ? o->e.name
					  : arena_printf(
						&s->arena, "more-%u", rng_below(r, 3)),
		.ranges = { { lan(first), lan(first + rng_below(r, 8)) } },
		.range_count = 1 };
	if (home_pool(&s->home, p->name))
		return false;
	s->home.pool_count++;
	sim_say(s, "edit: pool %s is written", p->name);
	return saved(s);
}

/* What some entry reserves, of a machine that need not run. */
static struct ip some_entry(struct sim *s, struct rng *r)
{
	struct w_net *n = pick_world_net(s, r);
	const struct w_ip *ip = n && n->persistent ? net_main_ip(&n->config) : NULL;

	if (!ip || !ip->host_count)
		return (struct ip){ 0 };
	return ip->hosts[rng_below(r, (unsigned)ip->host_count)].ip;
}

/* Over what a machine has, by its lease or an entry, or a network itself. */
bool act_edit_pool_onto(struct sim *s, struct rng *r)
{
	struct plugged plugged[DOMS * NICS];
	size_t count = judge_plugged(&s->world, plugged);
	struct h_pool *p = pick_pool(s, r);
	struct ip ip = lan(1);

	if (!p)
		return false;
	if (rng_percent(r, 40))
		ip = some_entry(s, r);
	else if (count && rng_percent(r, 90))
		ip = plugged[rng_below(r, (unsigned)count)].nic->ip;
	if (ip.version != 4)
		return false;
	p->ranges[0].first = p->ranges[0].last = ip;
	p->ranges[0].first.value -= rng_below(r, 3);
	p->ranges[0].last.value += rng_below(r, 6);
	sim_say(s, "edit: pool %s has what somebody else has", p->name);
	return saved(s);
}

bool act_edit_prune(struct sim *s, struct rng *r)
{
	(void)r;
	s->home.prune = !s->home.prune;
	sim_say(s, "edit: prune: %s", s->home.prune ? "true" : "false");
	return saved(s);
}

/* Often with what was written of the cluster. */
bool act_edit_kubernetes(struct sim *s, struct rng *r)
{
	s->home.off = !s->home.off;
	if (s->home.off && rng_percent(r, 50))
		s->home.pool_count = 0;
	sim_say(s, "edit: kubernetes: %s", s->home.off ? "off" : "on");
	return saved(s);
}

/* What needs no approval, and when: now, until soon; often with something to be done then. */
bool act_edit_maintenance(struct sim *s, struct rng *r)
{
	struct h_maintenance *m = &s->home.maintenance;
	int now = (int)((s->wall_ms + s->now_us / MS) / 60000 % 1440);
	struct h_vm *vm = pick_vm(s, r);

	m->automatic = (enum automatic)rng_below(r, 3);
	m->from = m->to = 0;
	if (rng_percent(r, 80)) {
		m->from = (now + 1438 + (int)rng_below(r, 4)) % 1440;
		m->to = (now + 1 + (int)rng_below(r, 3)) % 1440;
	}
	if (vm && rng_percent(r, 60))
		vm->memory_mib += 256;
	sim_say(s, "edit: maintenance: %s, window %02d:%02d-%02d:%02d",
	    m->automatic == AUTOMATIC_ALL ? "all"
	    : m->automatic		  ? "workers"
					  : "none",
	    m->from / 60, m->from % 60, m->to / 60, m->to % 60);
	return saved(s);
}

bool act_edit_sections(struct sim *s, struct rng *r)
{
	unsigned which = rng_below(r, 4);

	if (which == 0)
		s->home.pool_count = 0;
	else if (which == 1)
		s->home.vm_count = 0;
	else if (which == 2)
		s->home.net_count = 0;
	else
		s->home.net_count = s->home.vm_count = s->home.pool_count = 0;
	sim_say(s, "edit: whole sections are gone");
	return saved(s);
}

/* As it was at the beginning. */
bool act_edit_undo(struct sim *s, struct rng *r)
{
	(void)r;
	s->home = s->first;
	sim_say(s, "edit: all is written as at the beginning");
	return saved(s);
}

static void repair(struct sim *s, void *arg)
{
	(void)arg;
	s->home.garbage = NULL;
	files_changed(s);
}

bool act_edit_broken(struct sim *s, struct rng *r)
{
	static const char *const garbage[] = { "vms: {w-1: {memory: \n", "\tnetworks:\n",
		"nonsense: 1\n", "metallb: [\n" };

	s->home.garbage = garbage[rng_below(r, 4)];
	sim_say(s, "edit: the file is half written");
	sim_at(s, s->now_us + rng_between(r, 1, 8) * SECOND, false, repair, NULL);
	return saved(s);
}
