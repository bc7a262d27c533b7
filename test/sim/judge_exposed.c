/* SPDX-License-Identifier: MIT */
/* judge_exposed: P10: an address that somebody has is given to nobody else without approval. */
#include <string.h>

#include "lib/kind/actions.h"
#include "test/sim/judge.h"

struct exposed { /* what is examined */
	struct sim *s;
	struct world *b;
	const struct call_in_world *call;
	const char *pool;
	struct ranges gained; /* addresses that no pool had before */
};

static void exposes(const struct exposed *x, struct ip ip, const char *whose)
{
	char text[IP_TEXT];

	ip_text(ip, text);
	if (!ranges_contain(x->gained, ip) ||
	    judge_approved(x->s, EFFECT_EXPOSES, NULL, text))
		return;
	sim_fail(x->s, "P10",
	    "pool %s has %s, which is %s, after \"%s\"; nobody approved it", x->pool,
	    text, whose, x->call->text);
}

/* That it has the address is known where dnsmasq has its lease, or an entry says so. */
static void judge_machines(const struct exposed *x)
{
	struct plugged plugged[DOMS * NICS];
	size_t count = judge_plugged(x->b, plugged);

	for (size_t i = 0; i < count; i++) {
		const struct plugged *p = &plugged[i];

		if (p->nic->ip.version && judge_is_leased(p->net, p->nic->mac) &&
		    judge_knows(&p->dom->e, x->call) && judge_knows(&p->net->e, x->call))
			exposes(x, p->nic->ip, p->dom->e.name);
	}
}

static void judge_side(const struct exposed *x, const struct w_side *side)
{
	for (size_t i = 0; i < side->ip_count; i++) {
		const struct w_ip *ip = &side->ips[i];

		exposes(x, ip->cidr.address, "the host's own");
		for (size_t k = 0; k < ip->host_count; k++)
			if (ip->hosts[k].has_mac)
				exposes(x, ip->hosts[k].ip, "reserved");
	}
}

static void judge_networks(const struct exposed *x)
{
	for (size_t i = 0; i < NETS; i++) {
		const struct w_net *n = &x->b->nets[i];

		if (!n->e.exists || !judge_knows(&n->e, x->call))
			continue;
		if (n->active)
			judge_side(x, &n->live);
		if (n->persistent)
			judge_side(x, &n->config);
	}
}

static void judge_nodes(const struct exposed *x)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct w_object *o = &x->b->objects[i];
		struct ip ip;

		if (!o->e.exists || o->type != OBJECT_NODE ||
		    !judge_knows(&o->e, x->call))
			continue;
		for (size_t k = 0; k < o->address_count; k++)
			if (ip_parse(o->addresses[k], &ip, NULL) == 0)
				exposes(x, ip, "a node's");
	}
}

/* One that was deleted had what it comes back with. */
static struct ranges gained(
    struct sim *s, struct world *b, const struct w_object *was, const struct w_object *is)
{
	struct arena *a = &s->judge->scratch;
	struct ranges now, had;

	if (!object_ranges(a, is, &now))
		return (struct ranges){ 0 };
	for (size_t i = 0; i < OBJECTS; i++)
		if (object_ranges(a, &b->objects[i], &had))
			now = ranges_subtract(a, now, had);
	return was->e.exists ? now : ranges_subtract(a, now, was->had);
}

void judge_exposed(struct sim *s, struct world *b, const struct call_in_world *call)
{
	if (call->action != &kube_apply_action)
		return;
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct w_object *was = &b->objects[i], *is = &s->world.objects[i];
		struct exposed x = { s, b, call, is->e.name, { 0 } };

		if (is->type != OBJECT_POOL || was->e.version == is->e.version ||
		    (was->e.exists && !judge_knows(&was->e, call)))
			continue;
		x.gained = gained(s, b, was, is);
		if (!x.gained.count)
			continue;
		judge_machines(&x);
		judge_networks(&x);
		judge_nodes(&x);
	}
}
