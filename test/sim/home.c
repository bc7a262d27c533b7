/* SPDX-License-Identifier: MIT */
/* home: the model's look-ups, and its YAML. */
#include "test/sim/home.h"

#include <stdio.h>
#include <string.h>

struct h_net *home_net(const struct home *h, const char *name)
{
	for (size_t i = 0; i < h->net_count; i++)
		if (strcmp(h->nets[i].name, name) == 0)
			return (void *)(uintptr_t)(&h->nets[i]);
	return NULL;
}

struct h_vm *home_vm(const struct home *h, const char *name)
{
	for (size_t i = 0; i < h->vm_count; i++)
		if (strcmp(h->vms[i].name, name) == 0)
			return (void *)(uintptr_t)(&h->vms[i]);
	return NULL;
}

const char *home_domain(const struct h_vm *vm)
{
	return vm->domain ? vm->domain : vm->name;
}

struct h_vm *home_vm_of(const struct home *h, const char *domain)
{
	for (size_t i = 0; i < h->vm_count; i++)
		if (strcmp(home_domain(&h->vms[i]), domain) == 0)
			return (void *)(uintptr_t)(&h->vms[i]);
	return NULL;
}

struct h_pool *home_pool(const struct home *h, const char *name)
{
	for (size_t i = 0; i < h->pool_count; i++)
		if (strcmp(h->pools[i].name, name) == 0)
			return (void *)(uintptr_t)(&h->pools[i]);
	return NULL;
}

size_t home_nics(const struct home *h, const struct h_vm *vm, struct h_nic out[H_NICS])
{
	size_t count = vm->nic_count;

	if (!vm->nics_written) {
		if (h->net_count != 1)
			return 0;
		out[0] = (struct h_nic){ .network = h->nets[0].name };
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		out[i] = vm->nics[i];
		if (!out[i].network && !out[i].bridge && h->net_count == 1)
			out[i].network = h->nets[0].name;
	}
	return count;
}

bool home_mac(
    const struct home *h, const struct h_vm *vm, const char *network, struct mac *out)
{
	struct h_nic nics[H_NICS];
	size_t count = home_nics(h, vm, nics);

	for (size_t i = 0; i < count; i++) {
		char key[80];

		if (!nics[i].network || strcmp(nics[i].network, network) != 0)
			continue;
		snprintf(key, sizeof(key), "%s/%zu", vm->name, i);
		*out = nics[i].has_mac ? nics[i].mac : mac_derive(key);
		return true;
	}
	return false;
}

bool home_restarts(const struct home *h, const struct h_vm *vm)
{
	bool critical = vm->role && strcmp(vm->role, "control-plane") == 0;

	return h->maintenance.automatic == AUTOMATIC_ALL ||
	       (h->maintenance.automatic == AUTOMATIC_WORKERS && !critical);
}

bool home_window_is_open(const struct home *h, int64_t wall_ms)
{
	int minute = (int)(wall_ms / 60000 % (24 * 60));
	int from = h->maintenance.from, to = h->maintenance.to;

	if (from < to)
		return from <= minute && minute < to;
	return from == to || from <= minute || minute < to;
}

bool home_exists_in_libvirt(const struct home *h, const struct world *w)
{
	bool there = false;

	for (size_t i = 0; i < NETS; i++)
		there |= w->nets[i].e.exists && home_net(h, w->nets[i].e.name);
	for (size_t i = 0; i < DOMS; i++)
		there |= w->doms[i].e.exists && home_vm_of(h, w->doms[i].e.name);
	return there;
}

bool home_exists_in_cluster(const struct home *h, const struct world *w)
{
	bool there = false;

	for (size_t i = 0; i < OBJECTS; i++)
		there |= w->objects[i].e.exists && w->objects[i].type == OBJECT_POOL &&
			 home_pool(h, w->objects[i].e.name);
	return there;
}

bool home_exists(const struct home *h, const struct world *w)
{
	return home_exists_in_libvirt(h, w) || home_exists_in_cluster(h, w);
}

struct ranges home_pools(struct arena *a, const struct home *h)
{
	struct ranges all = { 0 };

	for (size_t i = 0; i < h->pool_count; i++)
		for (size_t k = 0; k < h->pools[i].range_count; k++)
			ranges_add(a, &all, h->pools[i].ranges[k]);
	return all;
}

/* Printing */

static const char *yes_no(enum tri tri)
{
	return tri == YES ? "true" : "false";
}

static void print_statics(const struct h_net *n, struct text *t)
{
	char ip[IP_TEXT], mac[MAC_TEXT];

	if (!n->static_count)
		return;
	text_add(t, "    static_ips:\n");
	for (size_t i = 0; i < n->static_count; i++) {
		const struct h_static *s = &n->statics[i];

		if (s->has_mac)
			text_add(t, "      %s: {ip: %s, mac: \"%s\"}\n", s->host,
			    ip_text(s->ip, ip), mac_text(s->mac, mac));
		else
			text_add(t, "      %s: %s\n", s->host, ip_text(s->ip, ip));
	}
}

static bool is_empty(const struct h_net *n)
{
	return !n->mode && !n->bridge && !n->mtu && !n->autostart && !n->static_count &&
	       !n->address.address.version && !n->range.first.version;
}

static void print_net(const struct h_net *n, struct text *t)
{
	char first[IP_TEXT], last[IP_TEXT], cidr[CIDR_TEXT];

	text_add(t, "  %s:%s\n", n->name, is_empty(n) ? " {}" : "");
	if (n->mode)
		text_add(t, "    mode: %s\n", n->mode);
	if (n->bridge)
		text_add(t, "    bridge: %s\n", n->bridge);
	if (n->address.address.version)
		text_add(t, "    address: %s\n", cidr_text(n->address, cidr));
	if (n->autostart)
		text_add(t, "    autostart: %s\n", yes_no(n->autostart));
	if (n->mtu)
		text_add(t, "    mtu: %d\n", n->mtu);
	if (n->range.first.version)
		text_add(t, "    dhcp:\n      range: {start: %s, end: %s}\n",
		    ip_text(n->range.first, first), ip_text(n->range.last, last));
	print_statics(n, t);
}

static void print_nics(const struct h_vm *vm, struct text *t)
{
	text_add(t, "    interfaces:%s\n", vm->nic_count ? "" : " []");
	for (size_t i = 0; i < vm->nic_count; i++) {
		const struct h_nic *nic = &vm->nics[i];
		char mac[MAC_TEXT];

		text_add(t, "      - {%s%s%s",
		    nic->bridge	   ? "bridge: "
		    : nic->network ? "network: "
				   : "",
		    nic->bridge	   ? nic->bridge
		    : nic->network ? nic->network
				   : "",
		    nic->has_mac && (nic->bridge || nic->network) ? ", " : "");
		if (nic->has_mac)
			text_add(t, "mac: \"%s\"", mac_text(nic->mac, mac));
		text_add(t, "}\n");
	}
}

static void print_volume(const struct h_vm *vm, struct text *t)
{
	text_add(t, "    disk: {pool: %s", vm->disk_pool);
	if (vm->disk_gib)
		text_add(t, ", size: %dGiB", vm->disk_gib);
	if (vm->disk_image)
		text_add(t, ", image: %s", vm->disk_image);
	text_add(t, "}\n");
}

static void print_vm(const struct h_vm *vm, struct text *t)
{
	text_add(t, "  %s:\n    role: %s\n", vm->name, vm->role ? vm->role : "none");
	if (vm->domain)
		text_add(t, "    domain: %s\n", vm->domain);
	if (vm->vcpus)
		text_add(t, "    vcpus: %d\n", vm->vcpus);
	if (vm->memory_mib)
		text_add(t, "    memory: %dMiB\n", vm->memory_mib);
	if (vm->runs)
		text_add(t, "    state: %s\n", vm->runs == YES ? "running" : "stopped");
	if (vm->power)
		text_add(t, "    power: %s\n", vm->power);
	if (vm->type)
		text_add(t, "    type: %s\n", vm->type);
	if (vm->autostart)
		text_add(t, "    autostart: %s\n", yes_no(vm->autostart));
	if (vm->disk_path)
		text_add(t, "    disk: {path: %s}\n", vm->disk_path);
	else if (vm->disk_pool)
		print_volume(vm, t);
	if (vm->seed)
		text_add(t, "    cloud_init: {user_data: {word: %d}}\n", vm->seed);
	if (vm->nics_written)
		print_nics(vm, t);
}

static void print_pool(const struct h_pool *p, struct text *t)
{
	text_add(t, "    %s:\n      addresses:\n", p->name);
	for (size_t i = 0; i < p->range_count; i++) {
		char first[IP_TEXT], last[IP_TEXT];

		text_add(t, "        - %s-%s\n", ip_text(p->ranges[i].first, first),
		    ip_text(p->ranges[i].last, last));
	}
	if (p->auto_assign)
		text_add(t, "      auto_assign: %s\n", yes_no(p->auto_assign));
	if (p->advertise)
		text_add(t, "      advertise: %s\n", p->advertise);
}

void home_print(const struct home *h, struct text *first, struct text *second)
{
	struct text *vms = h->split ? second : first;

	if (h->net_count)
		text_add(first, "networks:\n");
	for (size_t i = 0; i < h->net_count; i++)
		print_net(&h->nets[i], first);
	if (h->pool_count)
		text_add(first, "metallb:\n  pools:\n");
	for (size_t i = 0; i < h->pool_count; i++)
		print_pool(&h->pools[i], first);
	if (h->vm_count)
		text_add(vms, "vms:\n");
	for (size_t i = 0; i < h->vm_count; i++)
		print_vm(&h->vms[i], vms);
	if (h->remedy)
		text_add(vms,
		    "remediation: {after: 10s, wait: 8s, cool_down: 40s, grace: 5s, max_unhealthy: 2}\n");
	if (h->garbage)
		text_add(first, "%s", h->garbage);
}

static void print_maintenance(const struct h_maintenance *m, struct text *t)
{
	if (!m->automatic)
		return;
	text_add(t, "maintenance: {automatic: %s",
	    m->automatic == AUTOMATIC_ALL ? "all" : "workers");
	if (m->from != m->to)
		text_add(t, ", window: \"daily %02d:%02d-%02d:%02d\"", m->from / 60,
		    m->from % 60, m->to / 60, m->to % 60);
	text_add(t, "}\n");
}

void home_print_settings(const struct home *h, struct text *out)
{
	if (h->ordered)
		text_add(out, "host: {shutdown: ordered, shutdown_timeout: %ds}\n",
		    H_SHUTDOWN_TIMEOUT);
	print_maintenance(&h->maintenance, out);
	text_add(out, "prune: %s\nvm: {stop_force: %s, stop_timeout: %ds}\n",
	    h->prune ? "true" : "false", h->stop_force ? "true" : "false",
	    H_STOP_TIMEOUT);
	text_add(out, "first_start: %s\nkubernetes: {mode: \"%s\"}\n",
	    h->observe ? "observe" : "converge", h->off ? "off" : "on");
}
