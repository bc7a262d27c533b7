/* SPDX-License-Identifier: MIT */
/* judge_address: I1, I3, I4: ranges against pools, running NICs' reservations, MACs. */
#include <string.h>

#include "daemon/engine/core.h"
#include "lib/kind/actions.h"
#include "test/sim/judge.h"

static const char *text_of(struct sim *s, struct ip ip)
{
	return ip_text(ip, arena_alloc(&s->judge->scratch, IP_TEXT));
}

/* I1 */

static struct ranges ranges_of(struct arena *a, const struct w_side *side)
{
	struct ranges all = { 0 };

	for (size_t i = 0; i < side->ip_count; i++)
		for (size_t k = 0; side->ips[i].cidr.address.version == 4 &&
				   k < side->ips[i].range_count;
		     k++)
			ranges_add(a, &all, side->ips[i].ranges[k].range);
	return all;
}

static struct ranges overlap(
    struct sim *s, const struct w_net *n, bool live, const struct w_object *pool)
{
	struct arena *a = &s->judge->scratch;
	struct ranges of_pool, none = { 0 };

	if (!n->e.exists || !(live ? n->active : n->persistent) ||
	    !object_ranges(a, pool, &of_pool))
		return none;
	return ranges_intersect(a, ranges_of(a, live ? &n->live : &n->config), of_pool);
}

static void judge_overlap(struct sim *s, struct world *b, size_t net, size_t pool,
    const struct call_in_world *call)
{
	struct arena *a = &s->judge->scratch;
	bool at_net = call->kind == &network_kind;

	if (!judge_knows(&b->nets[net].e, call) && b->nets[net].e.exists)
		return;
	if (!judge_knows(&b->objects[pool].e, call) && b->objects[pool].e.exists)
		return;
	/* The other side may have changed since, by somebody else. */
	if (at_net && !call->pools_known && !b->nets[net].e.exists)
		return;
	for (int live = 0; live < 2; live++) {
		struct ranges was = overlap(s, &b->nets[net], live, &b->objects[pool]);
		struct ranges is =
		    overlap(s, &s->world.nets[net], live, &s->world.objects[pool]);
		struct ranges new = ranges_subtract(a, is, was);

		if (new.count)
			sim_fail(s, "I1",
			    "%s is in the %s DHCP range of network %s and in pool %s after \"%s\"",
			    ranges_text(a, new), live ? "live" : "stored",
			    b->nets[net].e.name ? b->nets[net].e.name : call->target,
			    s->world.objects[pool].e.name, call->text);
	}
}

/* A range that a step before took away, to write it once more. */
static bool is_put_back(struct sim *s, struct ranges new)
{
	return !ranges_subtract(&s->judge->scratch, new, s->judge->taken).count;
}

/* With Kubernetes switched off: what a pool had when it was observed last, and has still, is
 * given to a network's range only with approval. */
static void judge_remembered(struct sim *s, struct world *b, size_t net, size_t pool,
    const struct call_in_world *call)
{
	struct arena *a = &s->judge->scratch;
	const struct w_object *o = &b->objects[pool];

	if (!call->home->off || !s->home.off || o->held_us > call->sent_us ||
	    (b->nets[net].e.exists && !judge_knows(&b->nets[net].e, call)))
		return;
	for (int live = 0; live < 2; live++) {
		struct ranges new = ranges_subtract(a,
		    overlap(s, &s->world.nets[net], live, &s->world.objects[pool]),
		    overlap(s, &b->nets[net], live, o));

		new = ranges_intersect(a, new, o->held);
		if (new.count && !is_put_back(s, new) &&
		    !judge_approved(s, EFFECT_EXPOSES, o->e.name, NULL))
			sim_fail(s, "I1",
			    "%s of pool %s, which may be there still, joins a DHCP range with \"%s\"",
			    ranges_text(a, new), o->e.name, call->text);
	}
}

static void note_taken(struct sim *s, const struct call_in_world *call)
{
	const struct network_update *update = call->arguments;

	if (call->action == &network_update_action && update->section == UPDATE_RANGE &&
	    update->command == UPDATE_DELETE)
		ranges_add(&s->arena, &s->judge->taken, update->range.range);
}

static void judge_widened(
    struct sim *s, struct world *b, const struct call_in_world *call)
{
	struct arena *a = &s->judge->scratch;

	if (call->action != &network_update_action || call->pools_known ||
	    call->home->off)
		return;
	for (size_t i = 0; i < NETS; i++) {
		const struct w_net *was = &b->nets[i], *is = &s->world.nets[i];
		struct ranges new;

		if (!was->e.exists || was->e.version == is->e.version ||
		    !judge_knows(&was->e, call))
			continue;
		new = ranges_subtract(
		    a, ranges_of(a, &is->config), ranges_of(a, &was->config));
		if (!new.count)
			new = ranges_subtract(
			    a, ranges_of(a, &is->live), ranges_of(a, &was->live));
		if (is_put_back(s, new))
			continue;
		if (new.count)
			sim_fail(s, "I1",
			    "%s joins a DHCP range while the pools are unknown: \"%s\"",
			    ranges_text(a, new), call->text);
	}
}

/* I3 */

static const char *whom(
    struct sim *s, const struct call_in_world *call, const struct plugged *p)
{
	const struct home *h = call->home;
	const struct h_vm *vm = home_vm_of(h, p->dom->e.name);

	(void)s;
	return vm ? vm->name : NULL;
}

static struct removed *removed_of(struct judge *j, const char *net, struct mac mac)
{
	for (size_t i = 0; i < j->removed_count; i++)
		if (strcmp(j->removed[i].net, net) == 0 &&
		    mac_equal(j->removed[i].mac, mac))
			return &j->removed[i];
	return NULL;
}

static void forget_removed(struct judge *j, struct removed *r)
{
	if (r)
		*r = j->removed[--j->removed_count];
}

static void note_removed(struct sim *s, const struct plugged *p, const struct w_host *was,
    const struct call_in_world *call)
{
	struct judge *j = s->judge;

	if (j->removed_count == REMOVED || removed_of(j, p->net->e.name, p->nic->mac))
		return;
	j->removed[j->removed_count++] = (struct removed){ .net = p->net->e.name,
		.domain = p->dom->e.name,
		.vm = whom(s, call, p),
		.text = call->text,
		.id = p->dom->id,
		.at_us = s->now_us,
		.sent_us = call->sent_us,
		.mac = p->nic->mac,
		.was = was ? was->ip : (struct ip){ 0 },
		.used = p->nic->ip };
}

static void judge_nic(
    struct sim *s, const struct plugged *p, const struct call_in_world *call)
{
	const struct w_net *net = world_net(&s->world, p->net->e.name, false);
	const struct w_host *was = net_reserved(&p->net->live, p->nic->mac);
	const struct w_host *is = net_reserved(&net->live, p->nic->mac);
	struct removed *removed = removed_of(s->judge, p->net->e.name, p->nic->mac);
	struct ip before = was ? was->ip : removed ? removed->was : (struct ip){ 0 };
	const char *name = whom(s, call, p);

	if (!is) {
		if (was)
			note_removed(s, p, was, call);
		return;
	}
	if (was && ip_equal(was->ip, is->ip))
		return;
	forget_removed(s->judge, removed);
	if (ip_equal(is->ip, before) || ip_equal(is->ip, p->nic->ip) ||
	    !p->nic->ip.version)
		return;
	if (judge_move_approved(s, name, p->nic->ip, is->ip) ||
	    (before.version && judge_move_approved(s, name, before, is->ip)))
		return;
	sim_fail(s, "I3",
	    "the reservation of %s, which runs on %s in network %s, is now %s after \"%s\"; nobody approved it",
	    p->dom->e.name, text_of(s, p->nic->ip), p->net->e.name, text_of(s, is->ip),
	    call->text);
}

/* A machine without a reservation whose address is in no range any more. */
static void judge_roamer(
    struct sim *s, const struct plugged *p, const struct call_in_world *call)
{
	struct arena *a = &s->judge->scratch;
	const struct w_net *net = world_net(&s->world, p->net->e.name, false);

	if (!p->nic->ip.version || net_reserved(&net->live, p->nic->mac) ||
	    !judge_knows(&p->dom->e, call))
		return;
	if (!ranges_contain(ranges_of(a, &p->net->live), p->nic->ip) ||
	    ranges_contain(ranges_of(a, &net->live), p->nic->ip))
		return;
	note_removed(s, p, NULL, call);
}

/* Nothing of the network or its reservations is under way or tried again. */
static bool is_settled(struct sim *s, const struct plan *plan, const struct removed *r)
{
	bool at_work = executor_length(s->engine->executor) > 0;
	const char *net = r->net;
	size_t length = strlen(net), items = 0;

	for (size_t i = 0; i < plan->item_count; i++) {
		const struct item *item = plan->items[i];
		bool of_it = item->kind == &network_kind
				 ? strcmp(item->name, net) == 0
				 : item->kind == &reservation_kind &&
				       strncmp(item->name, net, length) == 0 &&
				       item->name[length] == '/';

		items += of_it;
		if (of_it && (item->state->busy || item->verdict == VERDICT_FAILING ||
				 item->verdict == VERDICT_UNKNOWN || item_acts(item) ||
				 (item->kind == &network_kind &&
				     item->verdict == VERDICT_PENDING)))
			return false;
	}
	/* It is not written any more: what is under way has ended after a while. */
	return !at_work && (items || s->now_us - r->at_us > 60 * SECOND);
}

static void judge_one_removed(struct sim *s, const struct removed *r)
{
	struct arena *a = &s->judge->scratch;
	const struct w_net *n = world_net(&s->world, r->net, false);
	const struct w_dom *d = world_dom(&s->world, r->domain, false);
	const struct w_host *host = net_reserved(&n->live, r->mac);

	if (!n->active || d->id != r->id || !r->used.version)
		return;
	s->judge->sent_us = r->sent_us;
	if (host || judge_move_approved(s, r->vm, r->used, (struct ip){ 0 }) ||
	    (r->was.version && judge_move_approved(s, r->vm, r->was, (struct ip){ 0 })))
		return;
	if (!r->was.version && ranges_contain(ranges_of(a, &n->live), r->used))
		return;
	if (r->was.version && !ip_equal(r->was, r->used))
		return;
	sim_fail(s, r->was.version ? "I3" : "P10",
	    "%s, which runs, has lost its %s of %s in network %s after \"%s\"; nobody approved it",
	    r->domain, r->was.version ? "reservation" : "range", text_of(s, r->used),
	    r->net, r->text);
}

void judge_settled(struct sim *s, const struct plan *plan)
{
	struct judge *j = s->judge;

	for (size_t i = 0; i < j->removed_count; i++) {
		if (!is_settled(s, plan, &j->removed[i]))
			continue;
		judge_one_removed(s, &j->removed[i]);
		forget_removed(j, &j->removed[i--]);
	}
}

/* I4 */

static bool has_mac(const struct w_domside *side, struct mac mac)
{
	for (size_t i = 0; i < side->nic_count; i++)
		if (mac_equal(side->nics[i].mac, mac))
			return true;
	return false;
}

static bool is_mac_written(const struct home *h, struct mac mac)
{
	for (size_t i = 0; i < h->net_count; i++)
		for (size_t k = 0; k < h->nets[i].static_count; k++)
			if (h->nets[i].statics[k].has_mac &&
			    mac_equal(h->nets[i].statics[k].mac, mac))
				return true;
	for (size_t i = 0; i < h->vm_count; i++)
		for (size_t k = 0; k < h->vms[i].nic_count; k++)
			if (h->vms[i].nics[k].has_mac &&
			    mac_equal(h->vms[i].nics[k].mac, mac))
				return true;
	return false;
}

/* An entry may be named with its domain: "worker-1.home.arpa". */
static const char *host_of(struct sim *s, const char *name)
{
	return arena_copy_n(&s->judge->scratch, name, strcspn(name, "."));
}

/* Whose an entry is: the stored one may have no name, and the live one is then added without
 * one too, so that of a nameless one the address that is written says it. NULL: nobody's. */
static const char *host_meant(
    struct sim *s, const struct home *h, const char *net, const struct w_host *host)
{
	const struct h_net *n = home_net(h, net);

	if (host->name)
		return host_of(s, host->name);
	for (size_t i = 0; n && i < n->static_count; i++)
		if (ip_equal(n->statics[i].ip, host->ip))
			return n->statics[i].host;
	return NULL;
}

/* Derived from the name of a VM that the daemon defines: it is not there yet. */
static bool is_to_be_ours(struct sim *s, struct world *b, const struct home *h,
    const char *net, const struct w_host *host)
{
	const char *meant = host_meant(s, h, net, host);
	struct h_vm *vm = meant ? home_vm(h, meant) : NULL;
	const struct w_dom *d = vm ? world_dom(b, home_domain(vm), false) : NULL;
	struct mac mac;

	return vm && (!d || !d->e.exists) && home_mac(h, vm, net, &mac) &&
	       mac_equal(mac, host->mac);
}

static bool is_mac_there(struct world *b, struct mac mac)
{
	for (size_t i = 0; i < DOMS; i++)
		if (b->doms[i].e.exists &&
		    (has_mac(&b->doms[i].config, mac) || has_mac(&b->doms[i].live, mac)))
			return true;
	return false;
}

/* The domain of a reservation's host, also of one that is no VM written here; NULL: none. */
static const struct w_dom *dom_of(struct world *b, const struct home *h, const char *host)
{
	struct h_vm *vm = home_vm(h, host);

	return world_dom(b, vm ? home_domain(vm) : host, false);
}

static void judge_mac(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const struct network_update *update = call->arguments;
	struct w_host host = { .has_mac = true,
		.mac = update->host.mac,
		.ip = update->host.ip,
		.name = update->host.name };
	const struct w_dom *d;

	if (update->section != UPDATE_HOST || update->command != UPDATE_ADD ||
	    !update->host.has_mac)
		return;
	d = host.name ? dom_of(b, call->home, host_of(s, host.name)) : NULL;
	if (d && !judge_knows(&d->e, call))
		return;
	if (!is_mac_written(call->home, host.mac) && !is_mac_there(b, host.mac) &&
	    !is_to_be_ours(s, b, call->home, call->target, &host))
		sim_fail(s, "I4", "\"%s\" names a MAC that is neither written nor there",
		    call->text);
}

void judge_addresses(struct sim *s, struct world *b, const struct call_in_world *call)
{
	struct plugged plugged[DOMS * NICS];
	size_t count = judge_plugged(b, plugged);

	for (size_t i = 0; i < NETS; i++)
		for (size_t k = 0; k < OBJECTS; k++)
			if (s->world.nets[i].e.exists &&
			    s->world.objects[k].type == OBJECT_POOL &&
			    (s->world.nets[i].e.version != b->nets[i].e.version ||
				s->world.objects[k].e.version !=
				    b->objects[k].e.version)) {
				judge_overlap(s, b, i, k, call);
				judge_remembered(s, b, i, k, call);
			}
	judge_widened(s, b, call);
	note_taken(s, call);
	if (call->action != &network_update_action)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct w_net *net = plugged[i].net;

		if (strcmp(net->e.name, call->target) != 0 ||
		    !judge_knows(&net->e, call) || !judge_knows(&plugged[i].dom->e, call))
			continue;
		judge_nic(s, &plugged[i], call);
		judge_roamer(s, &plugged[i], call);
	}
	judge_mac(s, b, call);
}
