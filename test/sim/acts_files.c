/* SPDX-License-Identifier: MIT */
/* acts_files: edits of reservations and VMs. */
#include <string.h>

#include "test/sim/acts.h"

static bool saved(struct sim *s)
{
	files_changed(s);
	return true;
}

static struct h_static *pick_static(struct sim *s, struct rng *r, struct h_net **net)
{
	*net = pick_net(s, r);
	if (!*net || !(*net)->static_count)
		return NULL;
	return &(*net)->statics[rng_below(r, (unsigned)(*net)->static_count)];
}

static struct ip some_ip(struct rng *r, const struct h_net *n)
{
	struct ip ip = { 4, 0xc0a86400U };

	if (strcmp(n->name, "dmz") == 0)
		ip.value += 256;
	if (strcmp(n->name, "lab") == 0)
		ip.value += 512;
	ip.value += rng_percent(r, 90) ? rng_between(r, 10, 60) : rng_between(r, 1, 130);
	return ip;
}

bool act_edit_static_ip(struct sim *s, struct rng *r)
{
	struct h_net *n;
	struct h_static *st = pick_static(s, r, &n);

	if (!st)
		return false;
	st->ip = some_ip(r, n);
	sim_say(s, "edit: %s/%s has another address", n->name, st->host);
	return saved(s);
}

/* All of a network by the same step: chains of addresses that give way to each other. */
bool act_edit_static_shift(struct sim *s, struct rng *r)
{
	struct h_net *n = pick_net(s, r);
	int by = rng_percent(r, 50) ? 1 : 10;

	if (!n || n->static_count < 2)
		return false;
	for (size_t i = 0; i < n->static_count; i++)
		n->statics[i].ip.value += (unsigned)by;
	sim_say(s, "edit: all addresses of %s are %d higher", n->name, by);
	return saved(s);
}

bool act_edit_static_mac(struct sim *s, struct rng *r)
{
	struct h_net *n;
	struct h_static *st = pick_static(s, r, &n);

	if (!st)
		return false;
	st->has_mac = !st->has_mac || rng_percent(r, 50);
	if (st->has_mac)
		st->mac = world_mac(&s->world);
	sim_say(s, "edit: the MAC of %s/%s is %s", n->name, st->host,
	    st->has_mac ? "another" : "not written");
	return saved(s);
}

bool act_edit_static_remove(struct sim *s, struct rng *r)
{
	struct h_net *n;
	struct h_static *st = pick_static(s, r, &n);

	if (!st)
		return false;
	sim_say(s, "edit: %s/%s is not written any more", n->name, st->host);
	*st = n->statics[--n->static_count];
	return saved(s);
}

bool act_edit_static_add(struct sim *s, struct rng *r)
{
	struct h_net *n = pick_net(s, r);
	struct h_vm *vm = pick_vm(s, r);
	struct h_static *st;

	if (!n || n->static_count == H_STATICS)
		return false;
	st = &n->statics[n->static_count];
	*st = (struct h_static){ .ip = some_ip(r, n) };
	if (vm && rng_percent(r, 75)) {
		st->host = vm->name;
	} else {
		st->host = arena_printf(&s->arena, "box-%u", rng_below(r, 3));
		st->has_mac = true;
		st->mac = world_mac(&s->world);
	}
	for (size_t i = 0; i < n->static_count; i++)
		if (strcmp(n->statics[i].host, st->host) == 0)
			return false;
	n->static_count++;
	sim_say(s, "edit: %s/%s is written", n->name, st->host);
	return saved(s);
}

bool act_edit_static_swap(struct sim *s, struct rng *r)
{
	struct h_net *n;
	struct h_static *a = pick_static(s, r, &n), *b;
	struct ip ip;

	if (!a || n->static_count < 2)
		return false;
	b = &n->statics[rng_below(r, (unsigned)n->static_count)];
	if (a == b)
		return false;
	ip = a->ip;
	a->ip = b->ip;
	b->ip = ip;
	sim_say(s, "edit: %s and %s exchange their addresses", a->host, b->host);
	return saved(s);
}

/* VMs */

bool act_edit_vm_mac(struct sim *s, struct rng *r)
{
	struct h_vm *vm = pick_vm(s, r);
	struct h_nic *nic;

	if (!vm)
		return false;
	if (!vm->nics_written) {
		vm->nics_written = true;
		vm->nic_count = home_nics(&s->home, vm, vm->nics);
		if (s->home.net_count == 1) {
			vm->nic_count = 1;
			vm->nics[0] = (struct h_nic){ .network = s->home.nets[0].name };
		}
	}
	if (!vm->nic_count)
		return false;
	nic = &vm->nics[rng_below(r, (unsigned)vm->nic_count)];
	nic->has_mac = !nic->has_mac || rng_percent(r, 60);
	if (nic->has_mac)
		nic->mac = world_mac(&s->world);
	sim_say(s, "edit: vm %s has another MAC", vm->name);
	return saved(s);
}

bool act_edit_vm_network(struct sim *s, struct rng *r)
{
	struct h_vm *vm = pick_vm(s, r);
	struct h_net *n = pick_net(s, r);

	if (!vm || !n)
		return false;
	vm->nics_written = true;
	vm->nic_count = vm->nic_count ? vm->nic_count : 1;
	vm->nics[0].network = rng_percent(r, 85) ? n->name : "guests";
	vm->nics[0].bridge = NULL;
	if (rng_percent(r, 15) && vm->nic_count < 2)
		vm->nics[vm->nic_count++] = (struct h_nic){ .network = n->name };
	sim_say(s, "edit: vm %s is in network %s", vm->name, vm->nics[0].network);
	return saved(s);
}

/* One more, before or after the others, or one less. */
bool act_edit_vm_nics(struct sim *s, struct rng *r)
{
	struct h_vm *vm = pick_vm(s, r);
	struct h_net *n = pick_net(s, r);
	size_t at;

	if (!vm || !n)
		return false;
	if (!vm->nics_written)
		vm->nic_count = home_nics(&s->home, vm, vm->nics);
	vm->nics_written = true;
	at = rng_below(r, (unsigned)vm->nic_count + 1);
	if (rng_percent(r, 60) && vm->nic_count < H_NICS) {
		memmove(&vm->nics[at + 1], &vm->nics[at],
		    (vm->nic_count++ - at) * sizeof(vm->nics[0]));
		vm->nics[at] = (struct h_nic){ .network = n->name };
	} else if (at < vm->nic_count) {
		memmove(&vm->nics[at], &vm->nics[at + 1],
		    (--vm->nic_count - at) * sizeof(vm->nics[0]));
	} else {
		return false;
	}
	sim_say(s, "edit: vm %s has %zu interfaces", vm->name, vm->nic_count);
	return saved(s);
}

/* With its reservation, or without; with its domain, or as a new one. */
bool act_edit_vm_rename(struct sim *s, struct rng *r)
{
	struct h_vm *vm = pick_vm(s, r);
	bool domain = rng_percent(r, 60), too = rng_percent(r, 70);
	const char *old, *new;

	if (!vm)
		return false;
	old = vm->name;
	new = arena_printf(&s->arena, "new-%u", rng_below(r, 4));
	if (home_vm(&s->home, new))
		return false;
	if (domain && !vm->domain)
		vm->domain = old;
	vm->name = new;
	for (size_t i = 0; too && i < s->home.net_count; i++)
		for (size_t k = 0; k < s->home.nets[i].static_count; k++)
			if (strcmp(s->home.nets[i].statics[k].host, old) == 0)
				s->home.nets[i].statics[k].host = new;
	sim_say(s, "edit: vm %s is called %s, domain %s", old, new, home_domain(vm));
	return saved(s);
}

bool act_edit_vm_state(struct sim *s, struct rng *r)
{
	struct h_vm *vm = pick_vm(s, r);

	if (!vm)
		return false;
	vm->runs = rng_percent(r, 50) ? NO : rng_percent(r, 80) ? YES : UNWRITTEN;
	sim_say(s, "edit: vm %s is to be %s", vm->name,
	    vm->runs == NO    ? "stopped"
	    : vm->runs == YES ? "running"
			      : "as it is");
	return saved(s);
}

bool act_edit_vm_remove(struct sim *s, struct rng *r)
{
	struct h_vm *vm = pick_vm(s, r);

	if (!vm)
		return false;
	sim_say(s, "edit: vm %s is not written any more", vm->name);
	*vm = s->home.vms[--s->home.vm_count];
	return saved(s);
}

bool act_edit_vm_add(struct sim *s, struct rng *r)
{
	struct h_vm *vm = &s->home.vms[s->home.vm_count];
	struct h_net *n = pick_net(s, r);

	if (!n || s->home.vm_count == H_VMS)
		return false;
	*vm = (struct h_vm){ .name = arena_printf(&s->arena, "extra-%u", rng_below(r, 4)),
		.vcpus = 1,
		.memory_mib = 512,
		.disk_pool = "default",
		.disk_gib = 10,
		.nics_written = true,
		.nic_count = 1 };
	vm->nics[0].network = n->name;
	if (home_vm(&s->home, vm->name))
		return false;
	if (rng_percent(r, 30)) { /* a domain that is there and was not written */
		const struct w_dom *d = pick_dom(s, r);

		if (d && !home_vm_of(&s->home, d->e.name))
			vm->domain = d->e.name;
	}
	s->home.vm_count++;
	sim_say(s, "edit: vm %s is written, domain %s", vm->name, home_domain(vm));
	return saved(s);
}

bool act_edit_vm_size(struct sim *s, struct rng *r)
{
	struct h_vm *vm = pick_vm(s, r);

	if (!vm)
		return false;
	vm->vcpus = rng_percent(r, 5) ? 2 * WORLD_VCPUS : (int)rng_below(r, 4);
	vm->memory_mib = (int)rng_below(r, 4) * 1024;
	sim_say(s, "edit: vm %s has other vcpus or memory", vm->name);
	return saved(s);
}

bool act_edit_vm_flags(struct sim *s, struct rng *r)
{
	static const char *const powers[] = { "always", "on-failure", "manual", NULL };
	static const char *const roles[] = { "control-plane", "worker", NULL };
	struct h_vm *vm = pick_vm(s, r);

	if (!vm)
		return false;
	vm->autostart = (enum tri)rng_below(r, 3);
	if (rng_percent(r, 50))
		vm->power = powers[rng_below(r, 4)];
	if (rng_percent(r, 50))
		vm->role = roles[rng_below(r, 3)];
	sim_say(s, "edit: vm %s has another role, power or autostart", vm->name);
	return saved(s);
}

/* Also one that another has, by one of its names. */
bool act_edit_vm_disk(struct sim *s, struct rng *r)
{
	struct h_vm *vm = pick_vm(s, r), *other = pick_vm(s, r);
	unsigned how = rng_below(r, 4);

	if (!vm)
		return false;
	vm->disk_path = vm->disk_pool = NULL;
	if (how == 0)
		vm->disk_pool = "default";
	else if (how == 1)
		vm->disk_path = arena_printf(&s->arena, "/images/%s.qcow2", other->name);
	else if (how == 2)
		vm->disk_path = arena_printf(&s->arena, "/links/%s.qcow2", other->name);
	sim_say(s, "edit: vm %s has disk %s", vm->name,
	    vm->disk_path ? vm->disk_path : "default");
	return saved(s);
}

bool act_edit_vm_domain(struct sim *s, struct rng *r)
{
	struct h_vm *vm = pick_vm(s, r);
	const struct w_dom *d = pick_dom(s, r);

	if (!vm)
		return false;
	vm->domain = d && rng_percent(r, 50)
			 ? d->e.name
			 : arena_printf(&s->arena, "dom-%u", rng_below(r, 3));
	sim_say(s, "edit: vm %s is domain %s", vm->name, vm->domain);
	return saved(s);
}
