/* SPDX-License-Identifier: MIT */
/* virt_picture: pictures of networks and domains as readings, as daemon/virt makes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/vm/vm.h"
#include "test/sim/virt.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_leases(struct sim *s, const struct w_net *n, struct network_facts *facts)
{
	struct dhcp_lease *leases = arena_array(&s->arena, LEASES, sizeof(*leases));

	for (size_t i = 0; i < n->lease_count; i++)
		leases[i] = (struct dhcp_lease){ n->leases[i].mac, n->leases[i].ip,
			s->wall_ms + s->now_us / MS + 3600000 };
	facts->leases = leases;
	facts->lease_count = n->lease_count;
	facts->leases_known = true;
}

/* Taps of guests that are not on the bridge, and those that are older, in order. */
static void add_taps(
    struct sim *s, struct world *w, const struct w_net *n, struct network_facts *facts)
{
	const char **strays = arena_array(&s->arena, DOMS * NICS, sizeof(*strays));
	const char **older = arena_array(&s->arena, DOMS * NICS, sizeof(*older));

	facts->bridge = n->bridge_gone ? PART_GONE : PART_THERE;
	facts->dnsmasq = n->dnsmasq_dead ? PART_GONE : PART_THERE;
	facts->dnsmasq_pid = n->dnsmasq_dead ? 0 : 1000;
	facts->run = n->index;
	facts->strays = strays;
	facts->older = older;
	for (size_t i = 0; i < DOMS; i++)
		for (size_t k = 0; w->doms[i].id >= 0 && k < w->doms[i].live.nic_count;
		     k++) {
			const struct w_nic *nic = &w->doms[i].live.nics[k];

			if (!nic->on_bridge && nic->tap)
				strays[facts->stray_count++] = nic->tap;
			if (nic->index < n->index && nic->tap)
				older[facts->older_count++] = nic->tap;
		}
	qsort(strays, facts->stray_count, sizeof(*strays), by_text);
	qsort(older, facts->older_count, sizeof(*older), by_text);
}

static const void *net_picture(struct sim *s, const struct w_net *n, struct reading *out)
{
	struct network_facts *facts = arena_alloc(&s->arena, sizeof(*facts));

	facts->active = n->active;
	facts->persistent = n->persistent;
	facts->autostart = n->persistent && n->autostart;
	if (n->persistent)
		out->config_xml = net_xml(&s->world, n, false);
	if (n->active) {
		out->live_xml = net_xml(&s->world, n, true);
		add_leases(s, n, facts);
		add_taps(s, &s->world, n, facts);
	}
	return facts;
}

static const void *dom_picture(struct sim *s, const struct w_dom *d, struct reading *out)
{
	struct domain_facts *facts = arena_alloc(&s->arena, sizeof(*facts));

	*facts = (struct domain_facts){
		.id = d->id,
		.state = d->state,
		.reason = d->reason,
		.persistent = d->persistent,
		.autostart = d->persistent && d->autostart,
		.managed_save = d->managed_save,
	};
	if (d->disk_full) {
		struct disk_error *error = arena_alloc(&s->arena, sizeof(*error));

		*error = (struct disk_error){ "vda", true };
		facts->disk_errors = error;
		facts->disk_error_count = 1;
	}
	if (d->persistent)
		out->config_xml = dom_xml(&s->world, d, false);
	if (d->id >= 0)
		out->live_xml = dom_xml(&s->world, d, true);
	return facts;
}

struct picture *virt_picture(struct sim *s, bool domain, size_t place)
{
	struct picture *p = arena_alloc(&s->arena, sizeof(*p));
	const struct w_net *n = &s->world.nets[domain ? 0 : place];
	const struct w_dom *d = &s->world.doms[domain ? place : 0];
	const struct entity *e = domain ? &d->e : &n->e;

	*p = (struct picture){ domain ? &vm_kind : &network_kind, place, e->version,
		e->exists, { .name = e->name } };
	if (e->exists)
		p->reading.facts = domain ? dom_picture(s, d, &p->reading)
					  : net_picture(s, n, &p->reading);
	return p;
}

void virt_give_host(struct sim *s, const struct inbox *inbox)
{
	static const struct machine_type machines[] = { { "q35", WORLD_VCPUS, NULL } };
	struct host_facts facts = { .kvm = s->world.kvm,
		.machines = machines,
		.machine_count = 1,
		.machine = "q35",
		.arch = "x86_64",
		.libvirt_version = 9000000 };
	struct reading reading = { .name = HYPERVISOR_NAME, .facts = &facts };
	const char *const names[] = { HYPERVISOR_NAME };

	snprintf(facts.domain_type, sizeof(facts.domain_type), "%s",
	    s->world.kvm ? "kvm" : "qemu");
	inbox->observed(inbox->arg, &hypervisor_kind, &reading);
	inbox->listed(inbox->arg, &hypervisor_kind, "", names, 1);
}
