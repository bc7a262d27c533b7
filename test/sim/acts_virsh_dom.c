/* SPDX-License-Identifier: MIT */
/* acts_virsh_dom: what people do to domains, and what guests do themselves. */
#include <string.h>

#include "test/sim/acts.h"

bool act_virsh_start(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d || d->id >= 0 || dom_start(&s->world, d, false))
		return false;
	sim_say(s, "virsh: start %s", d->e.name);
	return true;
}

bool act_virsh_destroy(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d || d->id < 0)
		return false;
	sim_say(s, "virsh: destroy or shutdown %s", d->e.name);
	dom_stopped(&s->world, d, 5, rng_percent(r, 50) ? 1 : 2);
	kubelet_hangs(s, r);
	return true;
}

bool act_virsh_crash(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d || d->id < 0)
		return false;
	sim_say(s, "guest: %s crashes", d->e.name);
	dom_stopped(&s->world, d, rng_percent(r, 50) ? 6 : 5, 3);
	return true;
}

static void resume(struct sim *s, void *arg)
{
	struct w_dom *d = arg;

	(void)s;

	if (!d->e.exists || d->id < 0 || d->state != 3)
		return;
	d->state = 1;
	world_touch(&d->e);
}

bool act_virsh_suspend(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d || d->id < 0 || d->state != 1)
		return false;
	d->state = 3;
	d->reason = 1;
	world_touch(&d->e);
	sim_say(s, "virsh: suspend %s", d->e.name);
	if (rng_percent(r, 60))
		sim_at(s, sim_later(s, 1000, 9000), false, resume, d);
	return true;
}

bool act_virsh_save(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d || d->id < 0 || !d->persistent)
		return false;
	sim_say(s, "virsh: managedsave %s", d->e.name);
	d->managed_save = true;
	dom_stopped(&s->world, d, 5, 5);
	return true;
}

bool act_virsh_undefine(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d || dom_undefine(d))
		return false;
	sim_say(s, "virsh: undefine %s", d->e.name);
	return true;
}

bool act_virsh_rename(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);
	const char *to = arena_printf(&s->arena, "dom-%u", rng_below(r, 3));

	if (!d || dom_rename(&s->world, d, to))
		return false;
	sim_say(s, "virsh: domrename %s %s", d->e.name, to);
	return true;
}

static void take_turns(struct sim *s, struct w_dom *d, const char *name)
{
	if (d->id >= 0)
		dom_stopped(&s->world, d, 5, 2);
	if (!dom_start(&s->world, world_dom(&s->world, name, false), false))
		sim_say(s, "virsh: start %s, in place of %s", name, d->e.name);
}

/* A copy, with our mark as the original has it, its disk and maybe its MACs. */
bool act_virsh_clone(struct sim *s, struct rng *r)
{
	const struct w_dom *d = pick_dom(s, r);
	struct w_domside side;
	const char *name = arena_printf(&s->arena, "copy-%u", rng_below(r, 3));

	if (!d || !d->persistent)
		return false;
	side = d->config;
	side.uuid = NULL;
	if (rng_percent(r, 50) && side.disk_count)
		side.disks[0] = (struct w_disk){ .path = arena_printf(&s->arena,
						     "/images/%s.qcow2", name) };
	for (size_t i = 0; i < side.nic_count; i++)
		if (rng_percent(r, 60))
			side.nics[i].mac = world_mac(&s->world);
	if (dom_define(&s->world, name, &side))
		return false;
	sim_say(s, "virsh: %s is a copy of %s", name, d->e.name);
	if (rng_percent(r, 40)) /* and runs in its place */
		take_turns(s, world_dom(&s->world, d->e.name, false), name);
	return true;
}

/* A copy has the MAC which the next interface of one of our VMs would be given. */
bool act_virsh_clone_ahead(struct sim *s, struct rng *r)
{
	const struct w_dom *d = pick_dom(s, r);
	struct h_vm *vm = pick_vm(s, r);
	const struct h_net *n = pick_net(s, r);
	struct h_nic nics[H_NICS];
	struct w_domside side;
	size_t next;

	if (!d || !vm || !n || !d->persistent || !d->config.nic_count)
		return false;
	next = home_nics(&s->home, vm, nics);
	side = d->config;
	side.uuid = side.mark = NULL;
	side.disk_count = 0;
	for (size_t i = 0; i < side.nic_count; i++)
		side.nics[i].mac = world_mac(&s->world);
	side.nics[0] = (struct w_nic){ .network = n->name,
		.mac = mac_derive(arena_printf(&s->arena, "%s/%zu", vm->name, next)) };
	if (dom_define(&s->world, "ahead", &side))
		return false;
	if (rng_percent(r, 60))
		dom_start(&s->world, world_dom(&s->world, "ahead", false), false);
	sim_say(s, "virsh: ahead is a copy of %s with the next MAC of vm %s", d->e.name,
	    vm->name);
	if (next == H_NICS || rng_percent(r, 40))
		return true;
	memcpy(vm->nics, nics, sizeof(nics));
	vm->nics_written = true;
	vm->nics[next] = (struct h_nic){ .network = n->name };
	vm->nic_count = next + 1;
	sim_say(s, "edit: vm %s has %zu interfaces", vm->name, next + 1);
	files_changed(s);
	return true;
}

/* A NIC of a network or of that network's bridge. */
bool act_virsh_attach(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);
	const struct w_net *n = pick_world_net(s, r);
	struct w_nic *nic;

	if (!d || !n || !n->active || n->bridge_gone || d->id < 0 ||
	    d->live.nic_count == NICS)
		return false;
	nic = &d->live.nics[d->live.nic_count++];
	*nic = (struct w_nic){ .mac = world_mac(&s->world),
		.on_bridge = true,
		.tap = arena_printf(&s->arena, "vnet%u", ++s->world.next_uuid),
		.index = ++s->world.next_index };
	if (rng_percent(r, 70))
		nic->network = n->e.name;
	else
		nic->bridge = n->live.bridge;
	net_renew(&s->world, nic);
	if (rng_percent(r, 50) && d->persistent && d->config.nic_count < NICS) {
		d->config.nics[d->config.nic_count] = *nic;
		d->config.nics[d->config.nic_count].ip = (struct ip){ 0 };
		d->config.nics[d->config.nic_count++].tap = NULL;
	}
	world_touch(&d->e);
	sim_say(s, "virsh: attach-interface %s %s", d->e.name, n->e.name);
	return true;
}

bool act_virsh_stored_mac(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d || !d->persistent || !d->config.nic_count)
		return false;
	d->config.nics[0].mac = world_mac(&s->world);
	if (rng_percent(r, 30)) {
		const struct w_net *n = pick_world_net(s, r);

		if (n && d->config.nics[0].network)
			d->config.nics[0].network = n->e.name;
	}
	world_touch(&d->e);
	sim_say(s, "virsh: edit %s: another MAC is stored", d->e.name);
	return true;
}

bool act_virsh_stored_size(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);
	bool live = rng_percent(r, 40);

	if (!d || !d->persistent)
		return false;
	d->config.vcpus = (int)rng_between(r, 1, 4);
	d->config.most_vcpus = rng_percent(r, 40) ? 4 : 0;
	if (live && d->id >= 0 && d->live.most_vcpus && rng_percent(r, 50))
		d->live.vcpus = (int)rng_between(r, 1, (unsigned)d->live.most_vcpus);
	if (rng_percent(r, 50))
		d->config.current_kib = d->config.memory_kib / 2;
	if (live && d->id >= 0)
		d->live.current_kib = d->live.memory_kib / 2;
	world_touch(&d->e);
	sim_say(s, "virsh: setvcpus or setmem %s", d->e.name);
	return true;
}

bool act_virsh_autostart(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d || !d->persistent)
		return false;
	d->autostart = !d->autostart;
	world_touch(&d->e);
	sim_say(s, "virsh: autostart %s: %s", d->e.name, d->autostart ? "on" : "off");
	return true;
}

static void mend(struct sim *s, void *arg)
{
	(void)s;
	((struct w_dom *)arg)->broken = false;
}

/* Its disk cannot be read, for a while. */
bool act_virsh_breaks(struct sim *s, struct rng *r)
{
	struct w_dom *d = pick_dom(s, r);

	if (!d)
		return false;
	d->broken = true;
	sim_say(s, "disk: %s cannot be started", d->e.name);
	sim_at(s, sim_later(s, 5000, 60000), false, mend, d);
	return true;
}
