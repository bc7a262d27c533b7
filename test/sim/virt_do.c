/* SPDX-License-Identifier: MIT */
/* virt_do: libvirt's side of each step, as daemon/virt/steps.c calls it. */
#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/vm/vm_patch.h"
#include "test/sim/virt.h"

/* Whose an entry is outlives a new document; of a new network all are ours. */
static void keep_owner(const struct w_net *n, struct w_host *host)
{
	const struct w_host *live = net_reserved(&n->live, host->mac);
	const struct w_host *stored = net_reserved(&n->config, host->mac);

	host->by_us = !n->e.exists || (live && n->active && live->by_us) ||
		      (stored && n->persistent && stored->by_us);
	host->adopted = (live && live->adopted) || (stored && stored->adopted);
}

static void keep_owners(struct sim *s, const char *name, struct w_side *side)
{
	const struct w_net *n = world_net(&s->world, name, true);

	for (size_t i = 0; n && i < side->ip_count; i++)
		for (size_t k = 0; k < side->ips[i].host_count; k++)
			keep_owner(n, &side->ips[i].hosts[k]);
}

static const char *network_define(struct sim *s, const struct call *call)
{
	struct w_side side;
	const char *why = net_parse(&s->world, call->document, &side);

	if (!why)
		keep_owners(s, call->target, &side);
	return why ? why : net_define(&s->world, call->target, &side);
}

static const char *network_update(struct sim *s, struct w_net *n, const struct call *call)
{
	const struct network_update *given = call->arguments;
	struct w_update update = { .live = given->side == SIDE_LIVE,
		.place = given->place };
	struct w_range range;
	struct w_host host;
	const char *why;

	update.command = given->command == UPDATE_ADD	   ? W_ADD
			 : given->command == UPDATE_DELETE ? W_DELETE
							   : W_MODIFY;
	if (given->section == UPDATE_TXT)
		return net_update_txt(n, &update);
	if (given->section == UPDATE_RANGE) {
		why = net_parse_range(&s->arena, call->document, &range);
		return why ? why : net_update_range(n, &update, &range);
	}
	why = net_parse_host(&s->arena, call->document, &host);
	host.by_us = given->command == UPDATE_ADD;
	if (given->command == UPDATE_MODIFY)
		keep_owner(n, &host);
	return why ? why : net_update_host(n, &update, &host);
}

static const char *on_network(struct sim *s, const struct call *call)
{
	struct w_net *n = world_net(&s->world, call->target, false);

	if (!n || !n->e.exists)
		return "Network not found";
	if (call->action == &network_start_action)
		return n->active ? NULL : net_start(&s->world, n);
	if (call->action == &network_stop_action)
		return n->active ? net_stop(&s->world, n) : NULL;
	if (call->action == &network_update_action)
		return network_update(s, n, call);
	if (!n->persistent)
		return "cannot set autostart for transient network";
	n->autostart = ((const struct autostart *)call->arguments)->on;
	world_touch(&n->e);
	return NULL;
}

static const char *domain_define(struct sim *s, const struct call *call)
{
	struct w_domside side;
	const char *name, *why = dom_parse(&s->world, call->document, &name, &side);

	if (!why)
		virt_judge_seed(s, name, &side);
	return why ? why : dom_define(&s->world, name, &side);
}

static const char *domain_destroy(struct sim *s, struct w_dom *d)
{
	if (d->id >= 0)
		dom_stopped(&s->world, d, 5, 2);
	return NULL;
}

/* Where there is no space it pauses again at its next write. */
static const char *revive(struct sim *s, struct w_dom *d, int from)
{
	if (d->state != from)
		return "domain is in another state";
	if (!d->disk_full || !s->world.no_space) {
		d->state = 1;
		d->disk_full = false;
	}
	world_touch(&d->e);
	return NULL;
}

/* What runs is stored again. */
static const char *redefine(struct sim *s, struct w_dom *d)
{
	struct w_domside side = d->live;

	if (d->persistent)
		return NULL;
	for (size_t i = 0; i < side.nic_count; i++) {
		side.nics[i].tap = NULL;
		side.nics[i].ip = (struct ip){ 0 };
	}
	return dom_define(&s->world, d->e.name, &side);
}

static void be_ready(struct sim *s, void *arg)
{
	struct w_object *node = arg;

	if (!node->e.exists || node->ready)
		return;
	node->ready = true;
	node->hangs = 0;
	world_touch(&node->e);
	sim_say(s, "kubelet: node %s is ready again", node->e.name);
}

/* What was done to its guest brings a kubelet back, soon, or is too little for that. */
static const char *cures(struct sim *s, struct w_dom *d, unsigned step, const char *why)
{
	struct w_object *node = why ? NULL : dom_node_unready(&s->world, d);

	if (node && node->hangs <= step)
		sim_at(s, sim_later(s, 1000, 6000), false, be_ready, node);
	return why;
}

static const char *patch(struct sim *s, struct w_dom *d, const struct call *call)
{
	const struct domain_patch *patch = call->arguments;
	const char *xml, *patched, *name, *why;
	struct error e = { "" };
	struct w_domside side;

	if (!d->persistent)
		return "domain is transient";
	xml = dom_xml(&s->world, d, false);
	if (vm_patch_version(xml) != patch->version)
		return "its stored definition was changed meanwhile";
	patched = vm_patch_apply(&s->arena, xml, patch, &e);
	if (!patched)
		return arena_copy(&s->arena, e.text);
	why = dom_parse(&s->world, patched, &name, &side);
	return why ? why : dom_define(&s->world, name, &side);
}

/* A guest without a driver for its balloon is given memory in vain. */
static const char *resize(struct w_dom *d, const struct domain_resize *resize)
{
	if (d->id < 0)
		return "domain is not running";
	if (resize->vcpus) {
		if (resize->vcpus > d->live.most_vcpus && resize->vcpus > d->live.vcpus)
			return "requested vcpus is greater than max allowable vcpus";
		d->live.vcpus = (int)resize->vcpus;
	} else if (resize->memory / 1024 > d->live.memory_kib) {
		return "cannot set memory higher than max memory";
	} else if (d->stop_answer != 2) {
		d->live.current_kib = resize->memory / 1024;
	}
	world_touch(&d->e);
	return NULL;
}

static const char *attach(struct sim *s, struct w_dom *d, const struct call *call)
{
	const struct domain_device *device = call->arguments;
	struct w_nic nic;
	const char *why;

	if (device->disk)
		return dom_attach_disk(
		    &s->world, d, call->document, device->live, device->config);
	why = dom_parse_nic(&s->world, call->document, &nic);

	if (!why && device->config && d->config.nic_count == NICS)
		why = "XML error: too many interfaces";
	if (!why && device->live)
		why = dom_attach(&s->world, d, &nic);
	if (why)
		return why;
	if (device->config)
		d->config.nics[d->config.nic_count++] = nic;
	world_touch(&d->e);
	return NULL;
}

static const char *detach(struct sim *s, struct w_dom *d, const struct call *call)
{
	const struct domain_device *device = call->arguments;
	struct w_nic nic;
	const char *why = dom_parse_nic(&s->world, call->document, &nic);

	if (why)
		return why;
	if (device->config)
		dom_detach(&d->config, nic.mac);
	if (device->live)
		dom_detach(&d->live, nic.mac);
	world_touch(&d->e);
	return NULL;
}

/* libvirt goes by the place alone; what stands there was read before. */
static const char *unplug(struct w_dom *d, const struct call *call)
{
	const struct domain_unplug *unplug_of = call->arguments;
	const char *why = NULL;

	if (unplug_of->config)
		why = dom_unplug(&d->config, unplug_of->target);
	if (!why && unplug_of->live)
		why = dom_unplug(&d->live, unplug_of->target);
	world_touch(&d->e);
	return why;
}

static const char *undefine(struct sim *s, struct w_dom *d, const struct call *call)
{
	const struct domain_undefine *arguments = call->arguments;

	if (d->id >= 0)
		return "it was started meanwhile";
	if (vm_patch_version(dom_xml(&s->world, d, false)) != arguments->version)
		return "it was changed meanwhile";
	return dom_undefine(d);
}

static const char *on_domain(struct sim *s, const struct call *call)
{
	struct w_dom *d = world_dom(&s->world, call->target, false);

	if (!d || !d->e.exists)
		return "Domain not found";
	if (call->action == &domain_start_action)
		return d->id >= 0 ? NULL : cures(s, d, 3, dom_start(&s->world, d, false));
	if (call->action == &domain_reboot_action)
		return cures(s, d, 1, dom_reboot(&s->world, d));
	if (call->action == &domain_reset_action)
		return cures(s, d, 2, dom_reboot(&s->world, d));
	if (call->action == &domain_shutdown_action)
		return dom_shutdown(&s->world, d, &s->rng);
	if (call->action == &domain_destroy_action)
		return domain_destroy(s, d);
	if (call->action == &domain_resume_action)
		return revive(s, d, 3);
	if (call->action == &domain_wakeup_action)
		return revive(s, d, 7);
	if (call->action == &domain_redefine_action)
		return redefine(s, d);
	if (call->action == &domain_seed_action)
		return virt_do_seed(s, d, call);
	if (call->action == &domain_patch_action)
		return patch(s, d, call);
	if (call->action == &domain_resize_action)
		return resize(d, call->arguments);
	if (call->action == &domain_unplug_action)
		return unplug(d, call);
	if (call->action == &domain_undefine_action)
		return undefine(s, d, call);
	if (call->action == &domain_attach_action)
		return attach(s, d, call);
	if (call->action == &domain_detach_action)
		return detach(s, d, call);
	if (!d->persistent)
		return "cannot set autostart for transient domain";
	d->autostart = ((const struct autostart *)call->arguments)->on;
	world_touch(&d->e);
	return NULL;
}

const char *virt_do(struct sim *s, const struct call *call)
{
	if (call->action == &network_define_action)
		return network_define(s, call);
	if (call->action == &domain_define_action)
		return domain_define(s, call);
	if (call->action->target == &volume_kind)
		return virt_do_volume(s, call);
	if (call->action->target == &network_kind)
		return on_network(s, call);
	return on_domain(s, call);
}
