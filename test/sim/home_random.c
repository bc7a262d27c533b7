/* SPDX-License-Identifier: MIT */
/*
 * home_random: a home and a world for it. Most of what is written is there already, some of
 * it made by the daemon once, some by people, some a little different; beside it stand
 * networks, domains, entries and pools that nobody wrote here.
 */
#include <stdio.h>
#include <string.h>

#include "test/sim/home.h"

static const char *const net_names[] = { "lan", "dmz", "lab" };
static const char *const vm_names[] = { "cp-1", "cp-2", "cp-3", "w-1", "w-2", "w-3", "db",
	"files" };
static const char *const pool_names[] = { "front", "back", "spare" };

static struct ip ip_at(unsigned net, unsigned host)
{
	return (struct ip){ 4, 0xc0a86400U + (net << 8) + host };
}

static enum tri rarely(struct rng *r, unsigned percent)
{
	return rng_percent(r, percent) ? (rng_percent(r, 50) ? YES : NO) : UNWRITTEN;
}

/* What is written */

static void write_net(struct home *h, struct rng *r, unsigned i)
{
	struct h_net *n = &h->nets[h->net_count++];

	*n = (struct h_net){ .name = net_names[i],
		.address = { ip_at(i, 1), 24 },
		.autostart = rarely(r, 30) };
	if (rng_percent(r, 60))
		n->mode = rng_percent(r, 80) ? "nat" : "route";
	if (rng_percent(r, 15))
		n->mtu = 1400;
	if (rng_percent(r, 10))
		n->address = (struct cidr){ 0 };
	if (rng_percent(r, 85))
		n->range = (struct range){ ip_at(i, rng_percent(r, 50) ? 2 : 20),
			ip_at(i, rng_percent(r, 50) ? 254 : 150) };
}

static const char *pick_role(struct rng *r, const char *name)
{
	if (strncmp(name, "cp", 2) == 0)
		return rng_percent(r, 85) ? "control-plane" : NULL;
	return rng_percent(r, 60) ? "worker" : NULL;
}

static void write_disk(struct rng *r, struct h_vm *vm, struct arena *a)
{
	unsigned how = rng_below(r, 10);

	vm->disk_gib = 10;
	if (how < 6)
		vm->disk_pool = "default";
	else if (how < 8)
		vm->disk_path = arena_printf(a, "/images/%s.qcow2", vm->name);
	else if (how < 9)
		vm->disk_path = arena_printf(a, "/links/%s.qcow2", vm->name);
}

static void write_nics(struct home *h, struct rng *r, struct h_vm *vm, struct world *w)
{
	vm->nics_written = h->net_count != 1 || rng_percent(r, 40);
	if (!vm->nics_written)
		return;
	vm->nic_count = rng_percent(r, 20) && h->net_count > 1 ? 2 : 1;
	for (size_t i = 0; i < vm->nic_count; i++) {
		struct h_nic *nic = &vm->nics[i];

		nic->network = h->nets[(i + rng_below(r, 2)) % h->net_count].name;
		nic->has_mac = rng_percent(r, 25);
		if (nic->has_mac)
			nic->mac = world_mac(w);
	}
	if (vm->nic_count == 2 && strcmp(vm->nics[0].network, vm->nics[1].network) == 0)
		vm->nic_count = 1;
}

static void write_static(
    struct home *h, struct rng *r, const struct h_vm *vm, unsigned i, struct world *w)
{
	struct h_nic nics[H_NICS];
	size_t count = home_nics(h, vm, nics);
	struct h_net *n = count && nics[0].network ? home_net(h, nics[0].network) : NULL;
	struct h_static *s;

	if (!n || n->static_count == H_STATICS || !rng_percent(r, 75))
		return;
	s = &n->statics[n->static_count++];
	*s = (struct h_static){ .host = vm->name };
	s->ip = ip_at((unsigned)(n - h->nets), 10 + i);
	for (unsigned k = 0; k < 3; k++)
		if (strcmp(net_names[k], n->name) == 0)
			s->ip = ip_at(k, 10 + i);
	s->has_mac = rng_percent(r, 10);
	if (s->has_mac && !home_mac(h, vm, n->name, &s->mac))
		s->mac = world_mac(w);
}

static void write_vm(struct home *h, struct world *w, struct rng *r, unsigned i)
{
	struct h_vm *vm = &h->vms[h->vm_count++];

	*vm = (struct h_vm){ .name = vm_names[i],
		.role = pick_role(r, vm_names[i]),
		.runs = rng_percent(r, 50) ? (rng_percent(r, 85) ? YES : NO) : UNWRITTEN,
		.autostart = rarely(r, 30),
		.vcpus = rng_percent(r, 85) ? 2 : 0,
		.memory_mib = rng_percent(r, 85) ? 2048 : 0 };
	if (rng_percent(r, 10))
		vm->domain = arena_printf(w->arena, "k8s-%s", vm->name);
	if (rng_percent(r, 25))
		vm->power = rng_percent(r, 60) ? "on-failure" : "always";
	if (rng_percent(r, 10))
		vm->type = "qemu";
	write_disk(r, vm, w->arena);
	write_nics(h, r, vm, w);
	write_static(h, r, vm, i, w);
	if (rng_percent(r, 40))
		vm->disk_image = IMAGE;
	if (rng_percent(r, 30))
		vm->seed = 1;
}

static void write_pool(struct home *h, struct rng *r, unsigned i)
{
	struct h_pool *p = &h->pools[h->pool_count++];
	unsigned first = 100 + 20 * i;

	*p = (struct h_pool){ .name = pool_names[i], .auto_assign = rarely(r, 20) };
	p->ranges[p->range_count++] =
	    (struct range){ ip_at(0, first), ip_at(0, first + rng_between(r, 3, 15)) };
	if (rng_percent(r, 20))
		p->ranges[p->range_count++] =
		    (struct range){ ip_at(0, 200 + 10 * i), ip_at(0, 204 + 10 * i) };
	if (rng_percent(r, 25))
		p->advertise = rng_percent(r, 60) ? "layer2" : "none";
}

/* What is there */

static void add_six(struct w_side *side, unsigned i, bool first)
{
	struct w_ip six = { .cidr = { { 6, ((unsigned __int128)0xfd00 << 112) +
					       ((unsigned __int128)i << 64) + 1 },
				64 },
		.dhcp = true };

	six.ranges[six.range_count++].range =
	    (struct range){ { 6, six.cidr.address.value + 0x100 },
		    { 6, six.cidr.address.value + 0x1ff } };
	if (first) {
		side->ips[side->ip_count++] = side->ips[0];
		side->ips[0] = six;
	} else {
		side->ips[side->ip_count++] = six;
	}
}

static void add_ranges(struct w_ip *ip, struct ranges ranges)
{
	for (size_t k = 0; k < ranges.count && ip->range_count < RANGES; k++)
		ip->ranges[ip->range_count++].range = ranges.items[k];
}

static void fill_side(struct home *h, struct world *w, struct rng *r,
    const struct h_net *n, unsigned i, struct w_side *side)
{
	struct ranges ranges = { 0 };
	struct w_ip *ip = &side->ips[0];

	*side = (struct w_side){
		.bridge = n->bridge ? n->bridge : arena_printf(w->arena, "virbr%u", i),
		.mode = n->mode && strcmp(n->mode, "route") == 0 ? MODE_ROUTE : MODE_NAT,
		.mtu = n->mtu,
		.marked = rng_percent(r, 50),
		.extra =
		    rng_percent(r, 50)
			? "<domain name=\"home.arpa\"/><dns><host ip=\"192.168.100.9\"><hostname>nas</hostname></host></dns>"
			: NULL,
		.ip_count = 1
	};
	*ip = (struct w_ip){
		.cidr = { ip_at(i, 1), 24 }, .dhcp = true, .netmask = rng_percent(r, 60)
	};
	if (n->range.first.version)
		ranges_add(w->arena, &ranges, n->range);
	else
		ranges_add(
		    w->arena, &ranges, (struct range){ ip_at(i, 160), ip_at(i, 180) });
	if (rng_percent(r, 80))
		ranges = ranges_subtract(w->arena, ranges, home_pools(w->arena, h));
	add_ranges(ip, ranges);
	if (rng_percent(r, 25))
		add_six(side, i, rng_percent(r, 50));
}

static struct w_ip *ip4_of(struct w_side *side)
{
	return &side->ips[side->ips[0].cidr.address.version == 6];
}

static void add_entry(struct w_side *side, const struct w_host *host)
{
	struct w_ip *ip = ip4_of(side);

	if (ip->host_count < HOSTS)
		ip->hosts[ip->host_count++] = *host;
}

/* The MAC that the VM's domain has, or will have. */
static struct mac mac_of(
    struct home *h, struct world *w, const char *host, const char *net)
{
	const struct h_vm *vm = home_vm(h, host);
	const struct w_dom *d = vm ? world_dom(w, home_domain(vm), false) : NULL;
	struct mac mac = { { 0x52, 0x54, 0, 1, 2, 3 } };

	for (size_t i = 0; d && i < d->config.nic_count; i++)
		if (d->config.nics[i].network &&
		    strcmp(d->config.nics[i].network, net) == 0)
			return d->config.nics[i].mac;
	if (vm)
		home_mac(h, vm, net, &mac);
	return mac;
}

/* Another machine has the name already, with a MAC of its own. */
static void place_namesake(
    struct world *w, struct rng *r, struct w_side *side, const struct h_static *s)
{
	struct w_host host = { .has_mac = true, .name = s->host, .ip = s->ip };

	host.mac = world_mac(w);
	host.ip.value += 60;
	if (rng_percent(r, 30))
		add_entry(side, &host);
}

static void place_entries(struct home *h, struct world *w, struct rng *r,
    const struct h_net *n, struct w_side *side)
{
	bool by_us = side->marked;

	for (size_t i = 0; i < n->static_count; i++) {
		const struct h_static *s = &n->statics[i];
		struct w_host host = { .has_mac = true,
			.by_us = by_us,
			.ip = s->ip,
			.name = s->host,
			.mac = s->has_mac ? s->mac : mac_of(h, w, s->host, n->name) };

		const struct h_vm *vm = home_vm(h, s->host);
		const struct w_dom *d = vm ? world_dom(w, home_domain(vm), false) : NULL;

		if (!rng_percent(r, 85)) {
			place_namesake(w, r, side, s);
			continue;
		}
		host.by_us |= !d; /* nobody else derives a MAC from a name */
		if (rng_percent(r, 5) && !by_us)
			host.name = NULL;
		else if (rng_percent(r, 5) && !by_us)
			host.name = arena_printf(w->arena, "%s.home.arpa", s->host);
		if (rng_percent(r, 5) && !by_us)
			host.extra = "<lease expiry=\"2\" unit=\"hours\"/>";
		add_entry(side, &host);
	}
	if (rng_percent(r, 25))
		add_entry(side, &(struct w_host){ .has_mac = true,
				    .mac = world_mac(w),
				    .name = "printer",
				    .ip = { 4, ip4_of(side)->cidr.address.value + 40 } });
	if (rng_percent(r, 10))
		add_entry(side, &(struct w_host){ .name = "laptop",
				    .ip = { 4, ip4_of(side)->cidr.address.value + 41 } });
}

static void place_net(struct home *h, struct world *w, struct rng *r, unsigned i)
{
	const struct h_net *n = &h->nets[i];
	struct w_side side;
	struct w_net *net;
	unsigned number = 0;

	if (!rng_percent(r, 85))
		return;
	while (strcmp(net_names[number], n->name) != 0)
		number++;
	fill_side(h, w, r, n, number, &side);
	place_entries(h, w, r, n, &side);
	if (net_define(w, n->name, &side))
		return;
	net = world_net(w, n->name, false);
	net->autostart = n->autostart ? n->autostart == YES : rng_percent(r, 70);
	if (rng_percent(r, 92))
		net_start(w, net);
}

static void fill_dom(struct home *h, struct world *w, struct rng *r,
    const struct h_vm *vm, struct w_domside *side)
{
	struct h_nic nics[H_NICS];
	size_t count = home_nics(h, vm, nics);

	*side = (struct w_domside){ .memory_kib =
					(vm->memory_mib ? vm->memory_mib : 1024) * 1024,
		.vcpus = vm->vcpus ? vm->vcpus : 1,
		.kvm = w->kvm && !(vm->type && strcmp(vm->type, "qemu") == 0),
		.uuid = world_uuid(w) };
	if (rng_percent(r, 50))
		side->mark = world_mark(w, vm->name, side->uuid);
	side->current_kib = side->memory_kib;
	if (side->uuid[35] % 3 == 0)
		side->most_vcpus = 4;
	if (side->uuid[35] % 5 == 0)
		side->memory_kib *= 2;
	side->disk_count = 1;
	if (vm->disk_path)
		side->disks[0] = (struct w_disk){ .path = vm->disk_path };
	else
		side->disks[0] = (struct w_disk){ .pool = "default",
			.volume = arena_printf(w->arena, "%s.qcow2", vm->name) };
	for (size_t i = 0; i < count; i++) {
		char key[80];

		snprintf(key, sizeof(key), "%s/%zu", vm->name, i);
		side->nics[side->nic_count++] =
		    (struct w_nic){ .network = nics[i].network,
			    .mac = nics[i].has_mac ? nics[i].mac
				   : side->mark	   ? mac_derive(key)
						   : world_mac(w) };
	}
	if (!count)
		side->nics[side->nic_count++] =
		    (struct w_nic){ .bridge = "br0", .mac = world_mac(w) };
}

/* Of a domain there is one, mostly as large as it is written; of others sometimes. */
static void place_volume(struct world *w, struct rng *r, const struct h_vm *vm)
{
	const char *name = arena_printf(w->arena, "%s.qcow2", vm->name);
	struct w_dom *d = world_dom(w, home_domain(vm), false);

	if (!vm->disk_path && ((d && d->e.exists) || rng_percent(r, 20)))
		volume_make(w, name, (int64_t)(rng_percent(r, 85) ? 10 : 8) << 30, NULL);
}

static void place_vm(
    struct home *h, struct world *w, struct rng *r, const struct h_vm *vm)
{
	struct w_domside side;
	struct w_dom *d;

	if (!rng_percent(r, 80))
		return;
	fill_dom(h, w, r, vm, &side);
	if (rng_percent(r, 8)) {
		side.disks[side.disk_count++] =
		    (struct w_disk){ .readonly = true, .path = "/images/tools.iso" };
	}
	if (dom_define(w, home_domain(vm), &side))
		return;
	d = world_dom(w, home_domain(vm), false);
	d->autostart = vm->autostart ? vm->autostart == YES : rng_percent(r, 30);
	d->stop_answer = rng_percent(r, 80) ? 0 : rng_between(r, 1, 2);
}

static void start_vms(struct home *h, struct world *w, struct rng *r)
{
	for (size_t i = 0; i < h->vm_count; i++) {
		struct w_dom *d = world_dom(w, home_domain(&h->vms[i]), false);

		if (d && d->e.exists &&
		    (h->vms[i].runs ? h->vms[i].runs == YES : rng_percent(r, 80)) &&
		    rng_percent(r, 95))
			dom_start(w, d, false);
	}
}

static void place_neighbours(struct world *w, struct rng *r)
{
	struct w_side side = { .bridge = "virbr9", .mode = MODE_NAT, .ip_count = 1 };
	struct w_domside dom = { .memory_kib = 524288,
		.current_kib = 524288,
		.vcpus = 1,
		.disk_count = 1,
		.nic_count = 1 };

	side.ips[0] = (struct w_ip){ .cidr = { ip_at(9, 1), 24 }, .dhcp = true };
	side.ips[0].ranges[side.ips[0].range_count++].range =
	    (struct range){ ip_at(9, 10), ip_at(9, 99) };
	if (rng_percent(r, 30) && !net_define(w, "guests", &side))
		net_start(w, world_net(w, "guests", false));
	dom.disks[0].path = "/images/other.qcow2";
	dom.nics[0] = (struct w_nic){ .network = rng_percent(r, 50) ? "lan" : "guests",
		.mac = world_mac(w) };
	if (rng_percent(r, 35) && !dom_define(w, "other", &dom) && rng_percent(r, 70))
		dom_start(w, world_dom(w, "other", false), false);
}

/* All begins at 8:55: most windows open or are shut meanwhile. */
static void maintenance_random(struct h_maintenance *m, struct rng *r)
{
	unsigned from = 8 * 60 + rng_between(r, 53, 58);

	*m = (struct h_maintenance){ 0 };
	if (!rng_percent(r, 25))
		return;
	m->automatic = rng_percent(r, 60) ? AUTOMATIC_WORKERS : AUTOMATIC_ALL;
	if (rng_percent(r, 30))
		return;
	m->from = (int)from;
	m->to = (int)(from + rng_between(r, 1, 4));
}

void home_random(struct home *h, struct world *w, struct rng *r)
{
	struct rng peek;
	unsigned nets = rng_percent(r, 65) ? 1 : rng_between(r, 1, 3);
	unsigned vms = rng_below(r, 9), pools = rng_below(r, 4);

	*h = (struct home){ .prune = rng_percent(r, 40),
		.stop_force = rng_percent(r, 30),
		.observe = rng_percent(r, 25),
		.ordered = rng_percent(r, 50),
		.split = rng_percent(r, 20) };
	/* Of chance that others take as well: homes stay what they were. */
	peek = *r;
	h->remedy = rng_percent(&peek, 70);
	maintenance_random(&h->maintenance, &peek);
	w->kvm = rng_percent(r, 80);
	for (unsigned i = 0; i < nets; i++)
		write_net(h, r, i);
	for (unsigned i = 0; i < vms && i < 8; i++)
		write_vm(h, w, r, i);
	for (unsigned i = 0; i < pools; i++)
		write_pool(h, r, i);
	for (size_t i = 0; i < h->vm_count; i++)
		place_vm(h, w, r, &h->vms[i]);
	volume_make(w, IMAGE, (int64_t)2 << 30, NULL);
	for (size_t i = 0; i < h->vm_count; i++)
		place_volume(w, r, &h->vms[i]);
	for (unsigned i = 0; i < nets; i++)
		place_net(h, w, r, i);
	place_neighbours(w, r);
	start_vms(h, w, r);
	home_random_cluster(h, w, r);
}
