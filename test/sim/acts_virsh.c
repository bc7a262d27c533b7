/* SPDX-License-Identifier: MIT */
/* acts_virsh: what people do to networks with virsh, ip and kill. */
#include <string.h>

#include "test/sim/acts.h"

/* Where the <ip> of IPv4 stands. */
static int place_of(struct w_net *n, bool live)
{
	struct w_side *side = live ? &n->live : &n->config;
	const struct w_ip *ip = net_main_ip(side);

	return ip ? (int)(ip - side->ips) : -1;
}

/* One entry of a side that is there. */
static struct w_net *pick_entry(
    struct sim *s, struct rng *r, bool *live, struct w_host *out)
{
	struct w_net *n = pick_world_net(s, r);
	struct w_side *side;
	struct w_ip *ip;

	if (!n)
		return NULL;
	*live = n->active && (!n->persistent || rng_percent(r, 60));
	side = *live ? &n->live : &n->config;
	ip = net_main_ip(side);
	if (!ip || !ip->host_count)
		return NULL;
	*out = ip->hosts[rng_below(r, (unsigned)ip->host_count)];
	return n;
}

bool act_virsh_host_delete(struct sim *s, struct rng *r)
{
	struct w_host host;
	bool live;
	struct w_net *n = pick_entry(s, r, &live, &host);

	if (!n || net_update_host(
		      n, &(struct w_update){ live, W_DELETE, place_of(n, live) }, &host))
		return false;
	sim_say(s, "virsh: an entry of %s is deleted (%s)", n->e.name,
	    live ? "live" : "stored");
	return true;
}

bool act_virsh_host_add(struct sim *s, struct rng *r)
{
	struct w_net *n = pick_world_net(s, r);
	const struct w_dom *d = pick_dom(s, r);
	struct w_host host = { .has_mac = true };
	bool live;

	if (!n)
		return false;
	live = n->active && (!n->persistent || rng_percent(r, 50));
	host.mac = d && d->config.nic_count && rng_percent(r, 60)
		       ? d->config.nics[rng_below(r, (unsigned)d->config.nic_count)].mac
		       : world_mac(&s->world);
	host.ip = pick_ip(r, n);
	host.name = d && rng_percent(r, 40) ? d->e.name : NULL;
	if (rng_percent(r, 20))
		host.extra = "<lease expiry=\"3\" unit=\"hours\"/>";
	if (net_update_host(
		n, &(struct w_update){ live, W_ADD, place_of(n, live) }, &host))
		return false;
	sim_say(s, "virsh: an entry is added to %s (%s)", n->e.name,
	    live ? "live" : "stored");
	return true;
}

bool act_virsh_host_move(struct sim *s, struct rng *r)
{
	struct w_host host;
	bool live;
	struct w_net *n = pick_entry(s, r, &live, &host);

	if (!n || net_update_host(
		      n, &(struct w_update){ live, W_DELETE, place_of(n, live) }, &host))
		return false;
	host.ip = pick_ip(r, n);
	host.by_us = false;
	net_update_host(n, &(struct w_update){ live, W_ADD, place_of(n, live) }, &host);
	sim_say(s, "virsh: an entry of %s has another address (%s)", n->e.name,
	    live ? "live" : "stored");
	return true;
}

bool act_virsh_range(struct sim *s, struct rng *r)
{
	struct w_net *n = pick_world_net(s, r);
	struct w_range range;
	struct w_side *side;
	struct w_ip *ip;
	bool live;

	if (!n)
		return false;
	live = n->active && (!n->persistent || rng_percent(r, 50));
	side = live ? &n->live : &n->config;
	ip = net_main_ip(side);
	if (!ip)
		return false;
	if (ip->range_count && rng_percent(r, 60)) {
		sim_say(s, "virsh: network %s has one range less (%s)", n->e.name,
		    live ? "live" : "stored");
		return !net_update_range(n,
		    &(struct w_update){ live, W_DELETE, place_of(n, live) },
		    &ip->ranges[rng_below(r, (unsigned)ip->range_count)]);
	}
	range = (struct w_range){ .range = { pick_ip(r, n), { 0 } } };
	range.range.last = range.range.first;
	range.range.last.value += rng_below(r, 30);
	if (ip->range_count >= 5 ||
	    net_update_range(
		n, &(struct w_update){ live, W_ADD, place_of(n, live) }, &range))
		return false;
	sim_say(s, "virsh: network %s has one range more (%s)", n->e.name,
	    live ? "live" : "stored");
	return true;
}

bool act_virsh_net_destroy(struct sim *s, struct rng *r)
{
	struct w_net *n = pick_world_net(s, r);

	if (!n || net_stop(&s->world, n))
		return false;
	sim_say(s, "virsh: net-destroy %s", n->e.name);
	if (rng_percent(r, 40) && n->e.exists)
		net_start(&s->world, n);
	return true;
}

bool act_virsh_net_start(struct sim *s, struct rng *r)
{
	struct w_net *n = pick_world_net(s, r);

	if (!n || net_start(&s->world, n))
		return false;
	sim_say(s, "virsh: net-start %s", n->e.name);
	return true;
}

bool act_virsh_net_undefine(struct sim *s, struct rng *r)
{
	struct w_net *n = pick_world_net(s, r);

	if (!n || net_undefine(n))
		return false;
	sim_say(s, "virsh: net-undefine %s", n->e.name);
	return true;
}

bool act_virsh_net_autostart(struct sim *s, struct rng *r)
{
	struct w_net *n = pick_world_net(s, r);

	if (!n || !n->persistent)
		return false;
	n->autostart = !n->autostart;
	world_touch(&n->e);
	return true;
}

static void delete_bridge(struct sim *s, struct w_net *n)
{
	for (size_t i = 0; i < DOMS; i++)
		for (size_t k = 0;
		     s->world.doms[i].id >= 0 && k < s->world.doms[i].live.nic_count; k++)
			if (net_of_nic(&s->world, &s->world.doms[i].live.nics[k]) == n)
				s->world.doms[i].live.nics[k].on_bridge = false;
	n->bridge_gone = true;
	world_touch(&n->e);
	sim_say(s, "ip: link delete %s, of %s", n->live.bridge, n->e.name);
}

/* A tap that is taken off the bridge, or put back. */
bool act_virsh_bridge(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);
	struct w_nic *nic;
	struct w_net *n;

	if (!d || d->id < 0 || !d->live.nic_count)
		return false;
	nic = &d->live.nics[rng_below(r, (unsigned)d->live.nic_count)];
	n = net_of_nic(&s->world, nic);
	if (!n)
		return false;
	if (rng_percent(r, 25)) {
		delete_bridge(s, n);
		return true;
	}
	if (n->bridge_gone)
		return false;
	nic->on_bridge = !nic->on_bridge;
	world_touch(&n->e);
	sim_say(s, "ip: %s is %s its bridge", d->e.name, nic->on_bridge ? "on" : "off");
	return true;
}

bool act_virsh_dnsmasq(struct sim *s, struct rng *r)
{
	struct w_net *n = pick_world_net(s, r);

	if (!n || !n->active)
		return false;
	n->dnsmasq_dead = true;
	world_touch(&n->e);
	sim_say(s, "kill: dnsmasq of %s", n->e.name);
	return true;
}

bool act_virsh_renew(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d || d->id < 0)
		return false;
	for (size_t i = 0; i < d->live.nic_count; i++)
		net_renew(&s->world, &d->live.nics[i]);
	sim_say(s, "guest: %s renews its addresses", d->e.name);
	return true;
}
