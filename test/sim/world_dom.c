/* SPDX-License-Identifier: MIT */
/* world_dom: libvirt's domains and their guests. */
#include <string.h>

#include "test/sim/world.h"

#define RUNNING 1
#define SHUTOFF 5
#define SHUTOFF_FAILED 6

const char *dom_define(struct world *w, const char *name, const struct w_domside *side)
{
	struct w_dom *d = world_dom(w, name, true);

	if (!d)
		return "too many domains";
	if (d->e.exists) {
		const struct w_domside *old = d->persistent ? &d->config : &d->live;

		if (!side->uuid || strcmp(side->uuid, old->uuid) != 0)
			return "domain already exists with another uuid";
	}
	for (size_t i = 0; side->uuid && i < DOMS; i++)
		if (&w->doms[i] != d && w->doms[i].e.exists &&
		    strcmp(w->doms[i].config.uuid, side->uuid) == 0)
			return "domain is already defined with that uuid";
	if (side->vcpus > WORLD_VCPUS)
		return "Maximum CPUs greater than specified machine type limit";
	if (!d->e.exists) {
		*d = (struct w_dom){ .e = d->e, .id = -1, .state = SHUTOFF };
		d->e.exists = true;
	}
	d->persistent = true;
	d->config = *side;
	if (!d->config.uuid)
		d->config.uuid = world_uuid(w);
	world_touch(&d->e);
	return NULL;
}

static void plug_in(struct world *w, struct w_dom *d)
{
	for (size_t i = 0; i < d->live.nic_count; i++) {
		struct w_nic *nic = &d->live.nics[i];

		nic->tap = arena_printf(w->arena, "vnet%u", ++w->next_uuid);
		nic->index = ++w->next_index;
		nic->on_bridge = true;
		nic->ip = (struct ip){ 0 };
		net_renew(w, nic);
	}
}

const char *dom_attach(struct world *w, struct w_dom *d, const struct w_nic *nic)
{
	struct w_nic *added = &d->live.nics[d->live.nic_count];
	const struct w_net *net = net_of_nic(w, nic);

	if (d->id < 0)
		return "domain is not running";
	if (d->live.nic_count == NICS)
		return "No more available PCI slots";
	if (!net && !(nic->bridge && strcmp(nic->bridge, "br0") == 0))
		return "network is not active";
	if (net && net->bridge_gone)
		return "cannot get interface MTU: no such device";
	*added = *nic;
	added->tap = arena_printf(w->arena, "vnet%u", ++w->next_uuid);
	added->on_bridge = true;
	d->live.nic_count++;
	net_renew(w, added);
	return NULL;
}

void dom_detach(struct w_domside *side, struct mac mac)
{
	size_t kept = 0;

	for (size_t i = 0; i < side->nic_count; i++)
		if (!mac_equal(side->nics[i].mac, mac))
			side->nics[kept++] = side->nics[i];
	side->nic_count = kept;
}

static const char *why_not(struct world *w, const struct w_dom *d)
{
	if (d->broken)
		return "internal error: process exited while connecting to monitor";
	for (size_t i = 0; i < d->config.disk_count; i++)
		if (!d->config.disks[i].path &&
		    !volume_exists(w, d->config.disks[i].volume))
			return "Storage volume not found";
	for (size_t i = 0; i < d->config.nic_count; i++) {
		const struct w_nic *nic = &d->config.nics[i];

		const struct w_net *net = net_of_nic(w, nic);

		if (nic->network && !net)
			return "network is not active";
		if (net && net->bridge_gone)
			return "cannot get interface MTU: no such device";
		if (!nic->network && !net_of_nic(w, nic) &&
		    strcmp(nic->bridge, "br0") != 0)
			return "cannot get interface MTU: no such device";
	}
	return NULL;
}

const char *dom_start(struct world *w, struct w_dom *d, bool fresh)
{
	const char *why = d->id >= 0 ? "domain is already running" : why_not(w, d);

	(void)fresh;
	if (why) {
		if (d->id < 0) {
			d->reason = SHUTOFF_FAILED;
			world_touch(&d->e);
		}
		return why;
	}
	d->id = ++w->next_id;
	d->started_us = w->now_us;
	d->state = RUNNING;
	d->reason = 1;
	d->managed_save = false;
	d->stops_at = 0;
	d->disk_full = false;
	d->live = d->config;
	plug_in(w, d);
	world_touch(&d->e);
	return NULL;
}

const char *dom_shutdown(struct world *w, struct w_dom *d, struct rng *rng)
{
	if (d->id < 0 || d->state != RUNNING)
		return "domain is not running";
	if (d->stops_at || d->stop_answer == 2)
		return NULL;
	d->stops_at = w->now_us + (d->stop_answer ? rng_between(rng, 5, 25) * 1000000
						  : rng_between(rng, 100, 2000) * 1000);
	return NULL;
}

void dom_stopped(struct world *w, struct w_dom *d, int state, int reason)
{
	(void)w;
	d->id = -1;
	d->state = state;
	d->reason = reason;
	d->stops_at = 0;
	d->disk_full = false;
	if (!d->persistent)
		d->e.exists = false;
	world_touch(&d->e);
}

const char *dom_reboot(struct world *w, struct w_dom *d)
{
	(void)w;
	if (d->id < 0 || d->state != RUNNING)
		return "domain is not running";
	world_touch(&d->e);
	return NULL;
}

struct w_object *dom_node_unready(struct world *w, const struct w_dom *d)
{
	const char *uuid = d->persistent ? d->config.uuid : d->live.uuid;

	for (size_t i = 0; uuid && i < OBJECTS; i++) {
		struct w_object *o = &w->objects[i];

		if (o->e.exists && o->type == OBJECT_NODE && !o->ready && o->uuid &&
		    strcmp(o->uuid, uuid) == 0)
			return o;
	}
	return NULL;
}

const char *dom_undefine(struct w_dom *d)
{
	if (!d->persistent)
		return "domain is transient";
	if (d->managed_save)
		return "refusing to undefine while domain managed save image exists";
	d->persistent = d->autostart = false;
	if (d->id < 0)
		d->e.exists = false;
	world_touch(&d->e);
	return NULL;
}

const char *dom_rename(struct world *w, struct w_dom *d, const char *to)
{
	struct w_dom *new = world_dom(w, to, true);
	struct entity e;

	if (!new || new->e.exists)
		return "a domain of that name exists";
	if (d->id >= 0 || !d->persistent)
		return "domain has to be shutoff before renaming";
	e = new->e;
	*new = *d;
	new->e = e;
	new->e.exists = true;
	d->e.exists = false;
	world_touch(&d->e);
	world_touch(&new->e);
	return NULL;
}

/* /links/NAME leads to the volume NAME of the pool "default", kept in /images; so do
 * /images/NAME and the volume itself. */
const char *disk_identity(struct arena *a, const struct w_disk *disk)
{
	if (!disk->path)
		return arena_printf(a, "/images/%s", disk->volume);
	if (strncmp(disk->path, "/links/", 7) == 0)
		return arena_printf(a, "/images/%s", disk->path + 7);
	return disk->path;
}
