/* SPDX-License-Identifier: MIT */
/* acts_storage: people and accidents among the volumes, and edits of what is made of them. */
#include "test/sim/acts.h"

#define GIB ((int64_t)1 << 30)

static bool is_used(const struct world *w, const char *volume)
{
	for (size_t i = 0; i < DOMS; i++)
		for (size_t k = 0; w->doms[i].id >= 0 && w->doms[i].e.exists &&
				   k < w->doms[i].live.disk_count;
		     k++)
			if (w->doms[i].live.disks[k].volume &&
			    strcmp(w->doms[i].live.disks[k].volume, volume) == 0)
				return true;
	return false;
}

bool act_virsh_vol_delete(struct sim *s, struct rng *r)
{
	size_t first = rng_below(r, VOLUMES);
	struct w_volume *v = NULL;

	for (size_t i = 0; i < VOLUMES && !v; i++) {
		v = &s->world.volumes[(first + i) % VOLUMES];
		if (!v->name || !v->exists || is_used(&s->world, v->name))
			v = NULL;
	}
	if (!v)
		return false;
	v->exists = false;
	sim_say(s, "virsh: volume %s is deleted", v->name);
	virt_storage_event(s);
	return true;
}

bool act_virsh_vol_resize(struct sim *s, struct rng *r)
{
	struct w_volume *v = &s->world.volumes[rng_below(r, VOLUMES)];

	if (!v->name || !v->exists || v->holds != HOLDS_DISK)
		return false;
	v->size += GIB;
	sim_say(s, "virsh: volume %s has a GiB more", v->name);
	virt_storage_event(s);
	return true;
}

static void image_back(struct sim *s, void *arg)
{
	(void)arg;
	world_volume(&s->world, IMAGE, true)->exists = true;
	virt_storage_event(s);
}

bool act_virsh_image_gone(struct sim *s, struct rng *r)
{
	(void)r;
	world_volume(&s->world, IMAGE, true)->exists = false;
	sim_say(s, "virsh: the image is gone");
	virt_storage_event(s);
	sim_at(s, sim_later(s, 5000, 60000), false, image_back, NULL);
	return true;
}

static void pool_back(struct sim *s, void *arg)
{
	(void)arg;
	s->world.pool_off = s->world.pool_full = false;
	virt_storage_event(s);
}

bool act_virsh_pool(struct sim *s, struct rng *r)
{
	if (rng_percent(r, 50))
		s->world.pool_off = true;
	else
		s->world.pool_full = true;
	sim_say(s, "virsh: the storage pool is %s",
	    s->world.pool_off ? "not active" : "full");
	virt_storage_event(s);
	sim_at(s, sim_later(s, 5000, 60000), false, pool_back, NULL);
	return true;
}

static void space_back(struct sim *s, void *arg)
{
	(void)arg;
	s->world.no_space = false;
	sim_say(s, "disk: there is space again");
}

/* Where the disks lie; guests that write meanwhile are paused. */
bool act_virsh_no_space(struct sim *s, struct rng *r)
{
	struct world *w = &s->world;

	if (w->no_space)
		return false;
	w->no_space = true;
	w->no_space_us = s->now_us;
	sim_say(s, "disk: no space is left");
	for (size_t i = 0; i < DOMS; i++) {
		struct w_dom *d = &w->doms[i];

		if (!d->e.exists || d->id < 0 || d->state != 1 || !d->live.disk_count ||
		    rng_percent(r, 30))
			continue;
		d->state = 3;
		d->reason = 5;
		d->disk_full = true;
		world_touch(&d->e);
	}
	sim_at(s, sim_later(s, 5000, 45000), false, space_back, NULL);
	return true;
}

static bool is_stored(const struct world *w, const char *volume)
{
	for (size_t i = 0; i < DOMS; i++) {
		const struct w_disk *disk =
		    w->doms[i].e.exists ? dom_seed(&w->doms[i].config) : NULL;

		if (disk && strcmp(disk->volume, volume) == 0)
			return true;
	}
	return false;
}

/* Somebody keeps something else under the name of a seed that no domain has yet. */
bool act_virsh_seed_other(struct sim *s, struct rng *r)
{
	struct w_volume *v = &s->world.volumes[rng_below(r, VOLUMES)];

	if (!v->name || !v->exists || v->holds != HOLDS_SEED ||
	    is_used(&s->world, v->name) || is_stored(&s->world, v->name))
		return false;
	v->holds = HOLDS_OTHER;
	v->changed++;
	sim_say(s, "virsh: volume %s is written over", v->name);
	virt_storage_event(s);
	return true;
}

bool act_edit_vm_seed(struct sim *s, struct rng *r)
{
	struct h_vm *vm;

	if (!s->home.vm_count)
		return false;
	vm = &s->home.vms[rng_below(r, (unsigned)s->home.vm_count)];
	vm->seed = rng_percent(r, 15) ? 0 : (int)rng_between(r, 1, 4);
	sim_say(s, "edit: vm %s has word %d as its user data", vm->name, vm->seed);
	files_changed(s);
	return true;
}

bool act_edit_vm_volume(struct sim *s, struct rng *r)
{
	struct h_vm *vm;

	if (!s->home.vm_count)
		return false;
	vm = &s->home.vms[rng_below(r, (unsigned)s->home.vm_count)];
	vm->disk_gib = (int)rng_below(r, 4) * 4;
	if (rng_percent(r, 10))
		vm->disk_gib = 1; /* less than the image has */
	vm->disk_image = rng_percent(r, 50) ? IMAGE : NULL;
	sim_say(s, "edit: vm %s has a disk of %d GiB", vm->name, vm->disk_gib);
	files_changed(s);
	return true;
}
