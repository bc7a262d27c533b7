/* SPDX-License-Identifier: MIT */
/* judge_foreign: I5, P9 of libvirt's objects: what is not written stays byte for byte. */
#include <string.h>

#include "lib/kind/actions.h"
#include "test/sim/judge.h"

static void foreign(struct sim *s, const struct call_in_world *call, const char *what)
{
	sim_fail(s, "I5", "\"%s\": %s", call->text, what);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_host(const struct w_host *a, const struct w_host *b)
{
	return a->has_mac == b->has_mac && (!a->has_mac || mac_equal(a->mac, b->mac)) &&
	       ip_equal(a->ip, b->ip) && same_text(a->name, b->name);
}

static const struct w_host *find_host(const struct w_ip *ip, const struct w_host *host)
{
	for (size_t i = 0; i < ip->host_count; i++)
		if (same_host(&ip->hosts[i], host))
			return &ip->hosts[i];
	return NULL;
}

/* What may be changed of an entry */

static bool has_mac(
    const struct w_domside *side, const char *net, struct mac mac, bool *first)
{
	bool is_first = true;

	for (size_t i = 0; i < side->nic_count; i++) {
		if (!side->nics[i].network || strcmp(side->nics[i].network, net) != 0)
			continue;
		if (mac_equal(side->nics[i].mac, mac)) {
			*first = is_first;
			return true;
		}
		is_first = false;
	}
	return false;
}

/* The entry is for the machine of a reservation that is written: by the MAC that is
 * written, or that the machine's first interface in the network has, or may have had as it
 * was known when the step was sent. */
static bool is_of_written(struct world *b, const struct call_in_world *call,
    const char *net, const struct w_host *host)
{
	const struct home *h = call->home;
	const struct h_net *n = home_net(h, net);

	for (size_t i = 0; n && host->has_mac && i < n->static_count; i++) {
		const struct h_static *st = &n->statics[i];
		const struct h_vm *vm = home_vm(h, st->host);
		const struct w_dom *d =
		    world_dom(b, vm ? home_domain(vm) : st->host, false);
		struct mac mac;
		bool first = false;

		if (st->has_mac && mac_equal(st->mac, host->mac))
			return true;
		if (vm && home_mac(h, vm, net, &mac) && mac_equal(mac, host->mac))
			return true;
		if (d && d->e.exists &&
		    (!judge_knows(&d->e, call) ||
			has_mac(&d->config, net, host->mac, &first) ||
			has_mac(&d->live, net, host->mac, &first)))
			return true;
	}
	return false;
}

/* Right as it is, by MAC and address, whatever its name. */
static bool is_right(const struct call_in_world *call, struct world *b, const char *net,
    const struct w_host *host)
{
	const struct h_net *n = home_net(call->home, net);

	for (size_t i = 0; n && i < n->static_count; i++)
		if (ip_equal(n->statics[i].ip, host->ip) &&
		    is_of_written(b, call, net, host))
			return true;
	return false;
}

/* Also with its domain: "worker-1.home.arpa". */
static bool is_named_after(const char *name, const char *host)
{
	size_t length = strlen(host);

	return strncmp(name, host, length) == 0 && (!name[length] || name[length] == '.');
}

/* By its address, or by its name, domain and all. */
static bool is_kept_for(const struct home *h, const char *net, const struct w_host *host)
{
	const struct h_net *n = home_net(h, net);

	for (size_t i = 0; n && i < n->static_count; i++) {
		const char *name = n->statics[i].host;

		if (ip_equal(n->statics[i].ip, host->ip) ||
		    (host->name && is_named_after(host->name, name)))
			return true;
	}
	return false;
}

static void judge_gone(struct sim *s, struct world *b, const struct w_host *host,
    const struct call_in_world *call)
{
	if (host->by_us || (host->adopted && is_kept_for(call->home, call->target, host)))
		return;
	if (!is_of_written(b, call, call->target, host))
		foreign(
		    s, call, "the entry is of no machine whose reservation is written");
	else if (is_right(call, b, call->target, host) && !host->extra)
		return;
}

static void judge_hosts(struct sim *s, struct world *b, const struct w_ip *was,
    const struct w_ip *is, const struct call_in_world *call)
{
	for (size_t i = 0; i < was->host_count; i++) {
		const struct w_host *now = find_host(is, &was->hosts[i]);

		if (!now)
			judge_gone(s, b, &was->hosts[i], call);
		else if (!same_text(now->extra, was->hosts[i].extra))
			foreign(s, call, "what an entry holds inside has changed");
	}
}

static bool has_range(const struct w_ip *ip, struct range r)
{
	for (size_t i = 0; i < ip->range_count; i++)
		if (ip_equal(ip->ranges[i].range.first, r.first) &&
		    ip_equal(ip->ranges[i].range.last, r.last))
			return true;
	return false;
}

static bool same_ranges(const struct w_ip *a, const struct w_ip *b)
{
	for (size_t i = 0; i < a->range_count; i++)
		if (!has_range(b, a->ranges[i].range))
			return false;
	return a->range_count == b->range_count;
}

/* The elements that the daemon has nothing to do with: other families, other addresses. */
static void judge_other_ip(struct sim *s, const struct w_ip *was, const struct w_ip *is,
    const struct call_in_world *call)
{
	if (was->host_count != is->host_count || !same_ranges(was, is) ||
	    !ip_equal(was->cidr.address, is->cidr.address))
		foreign(s, call, "another <ip> element has changed");
}

static void judge_side(struct sim *s, struct world *b, const struct w_side *was,
    const struct w_side *is, const struct call_in_world *call)
{
	const struct h_net *n = home_net(call->home, call->target);
	const struct w_ip *main_ip = net_main_ip((struct w_side *)(uintptr_t)was);

	if (!same_text(was->uuid, is->uuid) || !same_text(was->mac, is->mac) ||
	    was->ip_count != is->ip_count)
		foreign(s, call, "UUID, MAC or <ip> elements have changed");
	if (!same_text(was->extra, is->extra))
		sim_fail(s, "I5",
		    "\"%s\": foreign elements have changed: \"%s\" to \"%s\"", call->text,
		    was->extra ? was->extra : "", is->extra ? is->extra : "");
	if (!n->mode && was->mode != is->mode)
		foreign(s, call, "mode is not written");
	if (!n->bridge && !same_text(was->bridge, is->bridge))
		foreign(s, call, "bridge is not written");
	if (!n->mtu && was->mtu != is->mtu)
		foreign(s, call, "mtu is not written");
	for (size_t i = 0; i < was->ip_count && i < is->ip_count; i++) {
		if (&was->ips[i] != main_ip) {
			judge_other_ip(s, &was->ips[i], &is->ips[i], call);
			continue;
		}
		judge_hosts(s, b, &was->ips[i], &is->ips[i], call);
		if (!n->range.first.version && !same_ranges(&was->ips[i], &is->ips[i]))
			foreign(s, call, "dhcp.range is not written");
		if (!n->address.address.version && !n->range.first.version &&
		    !ip_equal(was->ips[i].cidr.address, is->ips[i].cidr.address))
			foreign(s, call, "address is not written");
	}
}

static void judge_network(
    struct sim *s, struct world *b, size_t place, const struct call_in_world *call)
{
	const struct w_net *was = &b->nets[place], *is = &s->world.nets[place];
	const struct h_net *n = home_net(call->home, call->target);

	/* What was taken is put back, whatever is written now. */
	if (!n && call->action == &network_update_action &&
	    ((const struct network_update *)call->arguments)->command == UPDATE_ADD &&
	    home_net(s->judge->previous, call->target))
		return;
	if (!n) {
		sim_fail(s, "P9", "\"%s\": the network is not written", call->text);
		return;
	}
	if (!was->e.exists || !judge_knows(&was->e, call))
		return;
	if (was->autostart != is->autostart && !n->autostart && !was->config.marked)
		foreign(s, call, "autostart is not written");
	if (was->persistent && is->persistent)
		judge_side(s, b, &was->config, &is->config, call);
	if (was->active && is->active)
		judge_side(s, b, &was->live, &is->live, call);
}

static size_t hard_disks(const struct w_domside *side)
{
	return side->disk_count - (dom_seed(side) != NULL);
}

/* Ours, as its mark says, and somebody has approved that it goes. */
static bool is_pruned(
    struct sim *s, const struct w_dom *was, const struct call_in_world *call)
{
	return call->home->prune && was->config.mark &&
	       strstr(was->config.mark, was->config.uuid) &&
	       judge_approved(s, EFFECT_REMOVES, call->target, NULL);
}

static void judge_domain(
    struct sim *s, struct world *b, size_t place, const struct call_in_world *call)
{
	const struct w_dom *was = &b->doms[place], *is = &s->world.doms[place];
	const struct h_vm *vm = home_vm_of(call->home, call->target);

	/* One that was shut down to be restarted is brought back, written or not. */
	if (!vm && call->action == &domain_start_action &&
	    (s->judge->may_restart[place] || s->judge->taken_down[place]))
		return;
	if (!vm) {
		if (!is_pruned(s, was, call))
			sim_fail(s, "P9", "\"%s\": the VM is not written", call->text);
		return;
	}
	if (!was->e.exists || !judge_knows(&was->e, call))
		return;
	if (was->autostart != is->autostart && !vm->autostart)
		foreign(s, call, "autostart is not written");
	if (was->id >= 0 && is->id == was->id &&
	    ((!vm->vcpus && was->live.vcpus != is->live.vcpus) ||
		(!vm->memory_mib && was->live.current_kib != is->live.current_kib)))
		foreign(s, call, "what is not written of what runs has changed");
	if (!was->persistent)
		return;
	if (!same_text(was->config.uuid, is->config.uuid) ||
	    hard_disks(&was->config) != hard_disks(&is->config))
		foreign(s, call, "UUID or disks have changed");
	if ((!vm->nics_written && was->config.nic_count != is->config.nic_count) ||
	    (!vm->vcpus && was->config.vcpus != is->config.vcpus) ||
	    (!vm->memory_mib && (was->config.memory_kib != is->config.memory_kib ||
				    was->config.current_kib != is->config.current_kib)))
		foreign(s, call, "what is not written of the domain has changed");
}

static bool is_target(
    const struct entity *e, const struct kind *kind, const struct call_in_world *call)
{
	return call->kind == kind && strcmp(e->name, call->target) == 0;
}

void judge_foreign(struct sim *s, struct world *b, const struct call_in_world *call)
{
	/* Its guest asks for an address. */
	bool starts =
	    call->action == &domain_start_action || call->action == &domain_attach_action;

	for (size_t i = 0; i < NETS; i++) {
		const struct entity *e = &s->world.nets[i].e;

		if (!e->name || e->version == b->nets[i].e.version)
			continue;
		if (is_target(e, &network_kind, call))
			judge_network(s, b, i, call);
		else if (!starts)
			foreign(s, call, "another network has changed");
	}
	for (size_t i = 0; i < DOMS; i++) {
		const struct entity *e = &s->world.doms[i].e;

		if (!e->name || e->version == b->doms[i].e.version)
			continue;
		if (is_target(e, &vm_kind, call))
			judge_domain(s, b, i, call);
		else
			foreign(s, call, "another domain has changed");
	}
}
