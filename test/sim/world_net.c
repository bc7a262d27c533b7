/* SPDX-License-Identifier: MIT */
/* world_net: libvirt's networks and dnsmasq: what is refused, what a change does. */
#include <string.h>

#include "test/sim/world.h"

struct w_ip *net_main_ip(struct w_side *side)
{
	struct w_ip *first = NULL;

	for (size_t i = 0; i < side->ip_count; i++) {
		struct w_ip *ip = &side->ips[i];

		if (ip->cidr.address.version != 4)
			continue;
		if (ip->range_count || ip->host_count)
			return ip;
		if (!first)
			first = ip;
	}
	return first;
}

/* Index -1 stands for the first <ip> with DHCP, of any family. */
static struct w_ip *update_ip(struct w_side *side, int place)
{
	if (place >= 0)
		return (size_t)place < side->ip_count ? &side->ips[place] : NULL;
	for (size_t i = 0; i < side->ip_count; i++)
		if (side->ips[i].range_count || side->ips[i].host_count)
			return &side->ips[i];
	return net_main_ip(side);
}

static bool ranges_fit(const struct w_side *side)
{
	for (size_t i = 0; i < side->ip_count; i++)
		for (size_t k = 0; k < side->ips[i].range_count; k++) {
			struct range r = side->ips[i].ranges[k].range;

			if (!cidr_contains(side->ips[i].cidr, r.first) ||
			    !cidr_contains(side->ips[i].cidr, r.last))
				return false;
		}
	return true;
}

const char *net_define(struct world *w, const char *name, const struct w_side *side)
{
	struct w_net *n = world_net(w, name, true);

	if (!n)
		return "too many networks";
	if (!ranges_fit(side))
		return "range is not entirely within network";
	if (n->e.exists) {
		const struct w_side *old = n->persistent ? &n->config : &n->live;

		if (!side->uuid || strcmp(side->uuid, old->uuid) != 0)
			return "network already exists with another uuid";
	} else {
		*n = (struct w_net){ .e = n->e };
		n->e.exists = true;
	}
	n->persistent = true;
	n->config = *side;
	if (!n->config.uuid)
		n->config.uuid = world_uuid(w);
	if (!n->config.mac)
		n->config.mac = mac_text(world_mac(w), arena_alloc(w->arena, MAC_TEXT));
	if (!n->config.bridge)
		n->config.bridge = arena_printf(w->arena, "virbr%u", ++w->next_uuid);
	world_touch(&n->e);
	return NULL;
}

static bool bridge_in_use(struct world *w, const struct w_net *n)
{
	for (size_t i = 0; i < NETS; i++)
		if (&w->nets[i] != n && w->nets[i].e.exists && w->nets[i].active &&
		    strcmp(w->nets[i].live.bridge, n->config.bridge) == 0)
			return true;
	return false;
}

const char *net_start(struct world *w, struct w_net *n)
{
	if (n->active)
		return "network is already active";
	if (bridge_in_use(w, n))
		return "bridge already in use by interface";
	n->active = true;
	n->live = n->config;
	n->index = ++w->next_index;
	if (n->index % 2) /* they have ended while it did not run */
		n->lease_count = 0;
	n->bridge_gone = n->dnsmasq_dead = false;
	world_touch(&n->e);
	return NULL;
}

/* The bridge goes; taps of guests stay without it. */
const char *net_stop(struct world *w, struct w_net *n)
{
	if (!n->active)
		return "network is not active";
	for (size_t i = 0; i < DOMS; i++)
		for (size_t k = 0; w->doms[i].id >= 0 && k < w->doms[i].live.nic_count;
		     k++)
			if (net_of_nic(w, &w->doms[i].live.nics[k]) == n)
				w->doms[i].live.nics[k].on_bridge = false;
	n->active = false;
	if (!n->persistent)
		n->e.exists = false;
	world_touch(&n->e);
	return NULL;
}

const char *net_undefine(struct w_net *n)
{
	if (!n->persistent)
		return "network is transient";
	n->persistent = n->autostart = false;
	if (!n->active)
		n->e.exists = false;
	world_touch(&n->e);
	return NULL;
}

/* virNetworkUpdate() */

static bool same_name(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool shares_key(const struct w_host *a, const struct w_host *b)
{
	return (a->has_mac && b->has_mac && mac_equal(a->mac, b->mac)) ||
	       same_name(a->name, b->name) || (a->ip.version && ip_equal(a->ip, b->ip));
}

/* An entry without a MAC is matched by any. */
static bool is_meant(const struct w_host *entry, const struct w_host *given)
{
	if (given->has_mac && entry->has_mac && !mac_equal(given->mac, entry->mac))
		return false;
	if (given->name && !same_name(given->name, entry->name))
		return false;
	return !given->ip.version || ip_equal(given->ip, entry->ip);
}

static const char *update_side(struct w_net *n, bool live, struct w_side **out)
{
	if (live && !n->active)
		return "network is not active";
	if (!live && !n->persistent)
		return "can't update stored definition of a transient network";
	*out = live ? &n->live : &n->config;
	return NULL;
}

static const char *add_host(struct w_ip *ip, const struct w_host *host)
{
	if (host->ip.version && host->ip.version != ip->cidr.address.version)
		return "invalid address family of the host entry";
	for (size_t i = 0; i < ip->host_count; i++)
		if (shares_key(&ip->hosts[i], host))
			return "there is an existing dhcp host entry that matches";
	if (ip->host_count == HOSTS)
		return "too many host entries";
	ip->hosts[ip->host_count++] = *host;
	return NULL;
}

static const char *delete_host(struct w_ip *ip, const struct w_host *host)
{
	for (size_t i = 0; i < ip->host_count; i++) {
		if (!is_meant(&ip->hosts[i], host))
			continue;
		memmove(&ip->hosts[i], &ip->hosts[i + 1],
		    (--ip->host_count - i) * sizeof(ip->hosts[0]));
		return NULL;
	}
	return "couldn't locate a matching dhcp host entry";
}

/* The first that shares any key is replaced; nothing else is checked. */
static const char *modify_host(struct w_ip *ip, const struct w_host *host)
{
	for (size_t i = 0; i < ip->host_count; i++)
		if (shares_key(&ip->hosts[i], host)) {
			ip->hosts[i] = *host;
			return NULL;
		}
	return "couldn't locate an existing dhcp host entry";
}

static void updated(struct w_net *n, const struct w_update *update)
{
	if (update->live)
		n->dnsmasq_dead = false;
	world_touch(&n->e);
}

const char *net_update_host(
    struct w_net *n, const struct w_update *update, const struct w_host *host)
{
	struct w_side *side;
	const char *why = update_side(n, update->live, &side);
	struct w_ip *ip = why ? NULL : update_ip(side, update->place);

	if (why)
		return why;
	if (!ip)
		return "network has no such <ip> element";
	if (update->command == W_ADD)
		why = add_host(ip, host);
	else
		why = update->command == W_DELETE ? delete_host(ip, host)
						  : modify_host(ip, host);
	if (!why)
		updated(n, update);
	return why;
}

const char *net_update_txt(struct w_net *n, const struct w_update *update)
{
	struct w_side *side;
	const char *why = update_side(n, update->live, &side);

	if (why)
		return why;
	if (side->txt == (update->command == W_ADD))
		return side->txt ? "there is already a DNS TXT record of that name"
				 : "couldn't locate a matching DNS TXT record";
	side->txt = update->command == W_ADD;
	updated(n, update);
	return NULL;
}

static const char *change_range(struct w_ip *ip, bool add, const struct w_range *range)
{
	for (size_t i = 0; i < ip->range_count; i++) {
		if (ip_compare(ip->ranges[i].range.first, range->range.first) != 0 ||
		    ip_compare(ip->ranges[i].range.last, range->range.last) != 0)
			continue;
		if (add)
			return "there is an existing dhcp range entry";
		memmove(&ip->ranges[i], &ip->ranges[i + 1],
		    (--ip->range_count - i) * sizeof(ip->ranges[0]));
		return NULL;
	}
	if (!add)
		return "couldn't locate a matching dhcp range entry";
	if (!cidr_contains(ip->cidr, range->range.first) ||
	    !cidr_contains(ip->cidr, range->range.last))
		return "range is not entirely within network";
	if (ip->range_count == RANGES)
		return "too many ranges";
	ip->ranges[ip->range_count++] = *range;
	return NULL;
}

const char *net_update_range(
    struct w_net *n, const struct w_update *update, const struct w_range *range)
{
	struct w_side *side;
	const char *why = update_side(n, update->live, &side);
	struct w_ip *ip = why ? NULL : update_ip(side, update->place);

	if (why)
		return why;
	if (!ip)
		return "network has no such <ip> element";
	why = change_range(ip, update->command == W_ADD, range);
	if (!why)
		updated(n, update);
	return why;
}

/* Guests and dnsmasq */

struct w_net *net_of_nic(struct world *w, const struct w_nic *nic)
{
	for (size_t i = 0; i < NETS; i++) {
		struct w_net *n = &w->nets[i];

		if (!n->e.exists || !n->active)
			continue;
		if (nic->network
			? strcmp(nic->network, n->e.name) == 0
			: nic->bridge && strcmp(nic->bridge, n->live.bridge) == 0)
			return n;
	}
	return NULL;
}

struct w_host *net_reserved(const struct w_side *side, struct mac mac)
{
	for (size_t i = 0; i < side->ip_count; i++)
		for (size_t k = 0; k < side->ips[i].host_count; k++) {
			const struct w_host *h = &side->ips[i].hosts[k];

			if (h->has_mac && h->ip.version == 4 && mac_equal(h->mac, mac))
				return (struct w_host *)(uintptr_t)h;
		}
	return NULL;
}

static bool is_taken(
    const struct w_net *n, const struct w_ip *ip, struct mac mac, struct ip a)
{
	for (size_t i = 0; i < n->lease_count; i++)
		if (ip_equal(n->leases[i].ip, a) && !mac_equal(n->leases[i].mac, mac))
			return true;
	for (size_t i = 0; i < ip->host_count; i++)
		if (ip_equal(ip->hosts[i].ip, a) &&
		    !(ip->hosts[i].has_mac && mac_equal(ip->hosts[i].mac, mac)))
			return true;
	return ip_equal(ip->cidr.address, a);
}

static bool in_ranges(const struct w_ip *ip, struct ip a)
{
	for (size_t i = 0; i < ip->range_count; i++)
		if (range_contains(ip->ranges[i].range, a))
			return true;
	return false;
}

struct ip net_dhcp(struct world *w, struct w_net *n, struct mac mac, struct ip now)
{
	const struct w_host *h = net_reserved(&n->live, mac);
	struct w_ip *ip = net_main_ip(&n->live);

	(void)w;
	if (!ip || n->dnsmasq_dead || (!ip->range_count && !ip->host_count))
		return now;
	if (h && !is_taken(n, ip, mac, h->ip))
		return h->ip;
	if (now.version && in_ranges(ip, now) && !is_taken(n, ip, mac, now))
		return now;
	for (size_t i = 0; i < ip->range_count; i++)
		for (struct ip a = ip->ranges[i].range.first;
		     ip_compare(a, ip->ranges[i].range.last) <= 0; a.value++)
			if (!is_taken(n, ip, mac, a))
				return a;
	return (struct ip){ 0 };
}

static void forget_lease(struct w_net *n, struct mac mac)
{
	for (size_t i = 0; i < n->lease_count; i++)
		if (mac_equal(n->leases[i].mac, mac))
			n->leases[i--] = n->leases[--n->lease_count];
}

void net_renew(struct world *w, struct w_nic *nic)
{
	struct w_net *n = net_of_nic(w, nic);

	if (!n || !nic->on_bridge)
		return;
	nic->ip = net_dhcp(w, n, nic->mac, nic->ip);
	if (n->dnsmasq_dead)
		return;
	forget_lease(n, nic->mac);
	if (nic->ip.version && n->lease_count < LEASES)
		n->leases[n->lease_count++] = (struct w_lease){ nic->mac, nic->ip };
	world_touch(&n->e);
}
