/* SPDX-License-Identifier: MIT */
/* judge_converged: I6: what a plan calls converged is so, live and stored. */
#include <stdio.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "test/sim/judge.h"

struct checked { /* what is examined */
	struct sim *s;
	const struct home *home;
	const struct item *item;
	bool strict;
};

static void differs(const struct checked *l, const char *what)
{
	sim_fail(l->s, "I6", "%s/%s is called converged (%s), but %s",
	    l->item->kind->name, l->item->name, l->item->reason, what);
}

static bool knows(const struct checked *l, const struct entity *e)
{
	return e->name && (l->strict || e->read == e->version);
}

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* VMs */

/* In whatever place. */
static bool has_nic(
    const struct w_domside *side, const struct h_nic *nic, bool taken[NICS])
{
	for (size_t i = 0; i < side->nic_count; i++) {
		const struct w_nic *has = &side->nics[i];

		if (taken[i] ||
		    (nic->network && !same_text(nic->network, has->network)) ||
		    (nic->has_mac && !mac_equal(nic->mac, has->mac)))
			continue;
		return taken[i] = true;
	}
	return false;
}

static void check_side(const struct checked *l, const struct h_vm *vm,
    const struct w_domside *side, const char *which)
{
	struct h_nic nics[H_NICS];
	size_t count = home_nics(l->home, vm, nics);
	bool taken[NICS] = { false };

	if (vm->vcpus && side->vcpus != vm->vcpus)
		differs(
		    l, arena_printf(&l->s->judge->scratch, "vcpus differ (%s)", which));
	if (vm->memory_mib && side->current_kib != vm->memory_mib * 1024)
		differs(
		    l, arena_printf(&l->s->judge->scratch, "memory differs (%s)", which));
	if (vm->type && strcmp(vm->type, "qemu") == 0 && side->kvm)
		differs(l, "it runs as kvm, written is qemu");
	if (!vm->nics_written)
		return;
	if (side->nic_count != count)
		differs(l, arena_printf(&l->s->judge->scratch,
			       "its interfaces differ (%s)", which));
	/* First those that only one can be. */
	for (size_t i = 0; i < 2 * count; i++)
		if (nics[i % count].has_mac == (i < count) &&
		    !has_nic(side, &nics[i % count], taken))
			differs(l, arena_printf(&l->s->judge->scratch,
				       "an interface differs (%s)", which));
}

static void check_disk(
    const struct checked *l, const struct h_vm *vm, const struct w_domside *side)
{
	struct arena *a = &l->s->judge->scratch;
	struct w_disk due = { .path = vm->disk_path,
		.pool = vm->disk_pool,
		.volume = arena_printf(a, "%s.qcow2", vm->name) };

	if (!vm->disk_path && !vm->disk_pool)
		return;
	for (size_t i = 0; i < side->disk_count; i++)
		if (strcmp(disk_identity(a, &due), disk_identity(a, &side->disks[i])) ==
		    0)
			return;
	differs(l, "its disk is another");
}

static bool has_word(const struct w_volume *v, const struct h_vm *vm)
{
	return v && v->contents &&
	       strstr(
		   v->contents, arena_printf(sim->world.arena, "{word: %d}", vm->seed));
}

static void check_cd(
    const struct checked *l, const struct h_vm *vm, const struct w_domside *side)
{
	const struct w_disk *disk = dom_seed(side);

	if (vm->seed &&
	    (!disk || !has_word(world_volume(&l->s->world, disk->volume, false), vm)))
		differs(l, "its seed is another");
}

static void check_vm(const struct checked *l)
{
	const struct h_vm *vm = home_vm(l->home, l->item->name);
	const struct w_dom *d =
	    vm ? world_dom(&l->s->world, home_domain(vm), false) : NULL;

	if (!vm || !d || !knows(l, &d->e))
		return;
	if (!d->e.exists) {
		differs(l, "there is no such domain");
		return;
	}
	if (!d->persistent)
		differs(l, "it is transient");
	if (vm->runs && (vm->runs == YES) != (d->id >= 0))
		differs(l, d->id >= 0 ? "it runs" : "it does not run");
	if (vm->runs == YES && d->state != 1)
		differs(l, "it is paused");
	if (vm->autostart && d->persistent && (vm->autostart == YES) != d->autostart)
		differs(l, "autostart differs");
	if (d->persistent) {
		check_side(l, vm, &d->config, "stored");
		check_disk(l, vm, &d->config);
		check_cd(l, vm, &d->config);
	}
	if (d->id >= 0) {
		check_side(l, vm, &d->live, "live");
		check_disk(l, vm, &d->live);
		check_cd(l, vm, &d->live);
	}
}

/* Reservations */

static const struct w_nic *nic_in(const struct w_domside *side, const char *net)
{
	for (size_t i = 0; i < side->nic_count; i++)
		if (same_text(side->nics[i].network, net))
			return &side->nics[i];
	return NULL;
}

static void check_entry(const struct checked *l, const struct w_side *side,
    struct mac mac, struct ip ip, const char *which)
{
	const struct w_host *host = net_reserved(side, mac);

	if (!host || !ip_equal(host->ip, ip))
		differs(l, arena_printf(&l->s->judge->scratch,
			       "the MAC has %s address reserved (%s)",
			       host ? "another" : "no", which));
}

static void check_live(const struct checked *l, struct w_net *n,
    const struct h_static *st, const struct w_dom *d, struct mac fallback)
{
	bool runs = d && d->e.exists && d->id >= 0;
	const struct w_nic *nic = runs ? nic_in(&d->live, n->e.name) : NULL;

	if (runs && !nic && !st->has_mac)
		return;
	check_entry(
	    l, &n->live, nic && !st->has_mac ? nic->mac : fallback, st->ip, "live");
	if (nic && nic->ip.version && !ip_equal(nic->ip, st->ip) &&
	    judge_is_leased(n, nic->mac) && mac_equal(nic->mac, fallback))
		differs(l, "the machine still has another address");
}

/* What is found in order is the daemon's to keep from then on. */
static void adopt(struct w_side *side, const struct h_static *st)
{
	struct w_ip *ip = net_main_ip(side);

	for (size_t i = 0; ip && i < ip->host_count; i++)
		ip->hosts[i].adopted |= ip_equal(ip->hosts[i].ip, st->ip);
}

/* Which of several is meant is not written. */
static bool has_several(const struct w_domside *side, const char *net)
{
	size_t count = 0;

	for (size_t i = 0; i < side->nic_count; i++)
		count += same_text(side->nics[i].network, net);
	return count > 1;
}

static void check_reservation(const struct checked *l)
{
	const char *slash = strchr(l->item->name, '/');
	const char *net = arena_copy_n(
	    &l->s->judge->scratch, l->item->name, (size_t)(slash - l->item->name));
	const struct h_net *hn = home_net(l->home, net);
	struct w_net *n = world_net(&l->s->world, net, false);
	const struct h_static *st = NULL;
	const struct h_vm *vm = home_vm(l->home, slash + 1);
	const struct w_dom *d =
	    world_dom(&l->s->world, vm ? home_domain(vm) : slash + 1, false);
	const struct w_nic *nic;
	struct mac mac;

	for (size_t i = 0; hn && i < hn->static_count; i++)
		if (strcmp(hn->statics[i].host, slash + 1) == 0)
			st = &hn->statics[i];
	if (!st || !n || !knows(l, &n->e))
		return;
	if (n->e.exists && d && d->e.exists && !st->has_mac &&
	    (has_several(&d->config, net) || has_several(&d->live, net)))
		return;
	/* Also where its domain has changed since: the daemon goes by what it was. */
	adopt(&n->live, st);
	adopt(&n->config, st);
	if (d && !knows(l, &d->e))
		return;
	if (!n->e.exists) {
		differs(l, "there is no such network");
		return;
	}
	nic = d && d->e.exists && d->persistent ? nic_in(&d->config, net) : NULL;
	if (st->has_mac)
		mac = st->mac;
	else if (nic)
		mac = nic->mac;
	else if (!vm || (d && d->e.exists) || !home_mac(l->home, vm, net, &mac))
		return;
	if (n->persistent)
		check_entry(l, &n->config, mac, st->ip, "stored");
	if (n->active)
		check_live(l, n, st, d, mac);
}

/* Networks */

static struct ranges due_ranges(const struct checked *l, const struct h_net *hn)
{
	struct arena *a = &l->s->judge->scratch;
	struct ranges due = { 0 };

	ranges_add(a, &due, hn->range);
	return ranges_subtract(a, due, home_pools(a, l->home));
}

static void check_net_side(const struct checked *l, const struct h_net *hn,
    struct w_side *side, const char *which)
{
	struct arena *a = &l->s->judge->scratch;
	const struct w_ip *ip = net_main_ip(side);
	struct ranges has = { 0 };

	if (hn->mode &&
	    side->mode != (strcmp(hn->mode, "route") == 0 ? MODE_ROUTE : MODE_NAT))
		differs(l, "its mode is another");
	if (hn->bridge && strcmp(hn->bridge, side->bridge) != 0)
		differs(l, "its bridge is another");
	if (hn->mtu && side->mtu != hn->mtu)
		differs(l, "its MTU is another");
	if (hn->address.address.version &&
	    (!ip || !ip_equal(ip->cidr.address, hn->address.address) ||
		ip->cidr.prefix != hn->address.prefix))
		differs(l, "its address is another");
	if (!hn->range.first.version || !ip)
		return;
	for (size_t i = 0; i < ip->range_count; i++)
		ranges_add(a, &has, ip->ranges[i].range);
	if (ranges_subtract(a, has, due_ranges(l, hn)).count)
		differs(l, arena_printf(
			       a, "its %s DHCP range is %s", which, ranges_text(a, has)));
}

static void check_guests(const struct checked *l, const struct w_net *n)
{
	struct plugged plugged[DOMS * NICS];
	size_t count = judge_plugged(&l->s->world, plugged);

	for (size_t i = 0; i < count; i++)
		if (plugged[i].net == n && !plugged[i].nic->on_bridge &&
		    knows(l, &plugged[i].dom->e))
			differs(l, "a guest is cut off from its bridge");
}

/* An adopted network of which nothing is written but the name need not run. */
static bool is_idle(const struct h_net *hn, const struct w_net *n)
{
	return !n->config.marked && !hn->mode && !hn->bridge && !hn->mtu &&
	       !hn->address.address.version && !hn->range.first.version &&
	       !hn->static_count && hn->autostart != YES;
}

static void check_network(const struct checked *l)
{
	const struct h_net *hn = home_net(l->home, l->item->name);
	struct w_net *n = world_net(&l->s->world, l->item->name, false);

	if (!hn || !n || !knows(l, &n->e))
		return;
	if (!n->e.exists) {
		differs(l, "there is no such network");
		return;
	}
	if (!n->active && !is_idle(hn, n))
		differs(l, "it is not active");
	if (!n->persistent)
		differs(l, "it is transient");
	if (hn->autostart && n->persistent && (hn->autostart == YES) != n->autostart)
		differs(l, "autostart differs");
	if (n->bridge_gone || n->dnsmasq_dead)
		differs(l, "its bridge or its dnsmasq is gone");
	if (n->persistent)
		check_net_side(l, hn, &n->config, "stored");
	if (n->active) {
		check_net_side(l, hn, &n->live, "live");
		check_guests(l, n);
	}
}

/* Storage */

static void check_seed(const struct checked *l, const struct h_vm *vm)
{
	struct world *w = &l->s->world;
	const char *begin = vm ? arena_printf(w->arena, "%s.seed-", vm->name) : NULL;

	if (!vm || !vm->seed || !l->strict)
		return;
	for (size_t i = 0; i < VOLUMES && w->volumes[i].name; i++)
		if (strncmp(w->volumes[i].name, begin, strlen(begin)) == 0 &&
		    w->volumes[i].exists && w->volumes[i].holds == HOLDS_SEED &&
		    has_word(&w->volumes[i], vm))
			return;
	differs(l, "there is no whole seed with what is written");
}

static void check_volume(const struct checked *l)
{
	const char *file = strchr(l->item->name, '/') + 1;
	const struct w_volume *v = world_volume(&l->s->world, file, false);
	char name[80];
	const struct h_vm *vm;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "."), file);
	vm = home_vm(l->home, name);
	if (strstr(file, ".seed")) {
		check_seed(l, vm);
		return;
	}
	if (!vm || !vm->disk_pool || !l->strict)
		return;
	if (!v || !v->exists)
		differs(l, "there is no such volume");
	else if (vm->disk_gib && v->size != (int64_t)vm->disk_gib << 30)
		differs(l, "its size differs");
}

/* The cluster */

static void check_pool(const struct checked *l)
{
	struct arena *a = &l->s->judge->scratch;
	const struct h_pool *p = home_pool(l->home, l->item->name);
	const struct w_object *o =
	    world_object(&l->s->world, OBJECT_POOL, l->item->name, false);
	struct ranges due = { 0 }, is;

	if (!p || !o || !knows(l, &o->e))
		return;
	if (!object_ranges(a, o, &is)) {
		differs(l, "there is no such pool");
		return;
	}
	for (size_t i = 0; i < p->range_count; i++)
		ranges_add(a, &due, p->ranges[i]);
	if (!ranges_equal(due, is))
		differs(l, "its addresses are others");
	if (p->auto_assign && (p->auto_assign == YES) != (o->auto_assign != 0))
		differs(l, "auto_assign differs");
	if (o->deleting)
		differs(l, "it is being deleted");
}

static void check_advertisement(const struct checked *l)
{
	const struct world *w = &l->s->world;
	const struct w_object *pool =
	    world_object(&l->s->world, OBJECT_POOL, l->item->name, false);
	const struct w_object *own =
	    world_object(&l->s->world, OBJECT_L2, l->item->name, false);

	if (own && own->e.exists && object_owned(own) && !own->deleting &&
	    knows(l, &own->e) && !own->pool_count && !own->selector && !own->limited)
		differs(l, "it advertises every pool");
	if (!home_pool(l->home, l->item->name) || *l->item->reason || !pool ||
	    !pool->e.exists || !knows(l, &pool->e))
		return;
	for (size_t i = 0; i < OBJECTS; i++) {
		if (w->objects[i].e.name && w->objects[i].type != OBJECT_SERVICE &&
		    !knows(l, &w->objects[i].e))
			return;
		if (!w->objects[i].deleting && adv_covers(w, &w->objects[i], pool))
			return;
	}
	differs(l, "nothing advertises its pool");
}

void judge_converged(struct sim *s, const struct plan *plan, bool strict)
{
	static const struct {
		const struct kind *kind;
		void (*check)(const struct checked *l);
	} checks[] = {
		{ &vm_kind, check_vm },
		{ &volume_kind, check_volume },
		{ &reservation_kind, check_reservation },
		{ &network_kind, check_network },
		{ &pool_kind, check_pool },
		{ &advertisement_kind, check_advertisement },
	};

	for (size_t i = 0; i < plan->item_count; i++) {
		struct checked l = { s, s->in_force, plan->items[i], strict };

		if (plan->items[i]->verdict != VERDICT_CONVERGED ||
		    !plan->items[i]->desired)
			continue;
		for (size_t k = 0; k < sizeof(checks) / sizeof(checks[0]); k++)
			if (checks[k].kind == plan->items[i]->kind)
				checks[k].check(&l);
	}
}
