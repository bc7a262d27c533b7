/* SPDX-License-Identifier: MIT */
/* lease: a machine's fixed address: how it is written, and the MAC it is for. */
#include "lib/kind/lease.h"

#include <string.h>

#include "lib/kind/lint.h"
#include "lib/plan/memory_update.h"

static const struct field rows[] = {
	{ "ip", FIELD_IP, at(struct lease, ip), FIELD_NEEDED, .help = "Its address.",
	    .example = "192.168.122.11" },
	{ "mac", FIELD_MAC, at(struct lease, mac),
	    .help = "Its MAC address; needed for a machine that is no VM of ours.",
	    .example = "\"52:54:00:12:34:56\"" },
	{ 0 },
};

const struct fields lease_fields = { rows, sizeof(struct lease) };

/* Reading */

/* "worker-1: 192.168.122.11" is short for "worker-1: {ip: 192.168.122.11}". */
static const struct node *long_form(struct arena *a, const struct node *value)
{
	struct node *map, *key;

	if (value->type != NODE_SCALAR)
		return value;
	map = arena_alloc(a, sizeof(*map));
	key = arena_alloc(a, sizeof(*key));
	*key = (struct node){ .type = NODE_SCALAR, .place = value->place, .text = "ip" };
	*map = (struct node){ .type = NODE_MAP, .place = value->place, .count = 1 };
	map->keys = arena_alloc(a, sizeof(struct node *));
	map->items = arena_alloc(a, sizeof(struct node *));
	map->keys[0] = key;
	map->items[0] = (struct node *)value;
	return map;
}

static void read_one(struct config *config, const char *network, bool only,
    const struct node *key, const struct node *value, struct report *report)
{
	struct arena *a = &config->arena;
	const char *name =
	    only ? key->text : arena_printf(a, "%s/%s", network, key->text);
	struct lease *lease;

	if (!name_is_label(key->text)) {
		report_add(report, SEVERITY_ERROR, "bad-name", &key->place,
		    "static_ips: a host name has 1 to 63 of a-z, 0-9 and '-'");
		return;
	}
	lease = (struct lease *)config_object(
	    config, &lease_kind, long_form(a, value), key, name, report);
	if (!lease)
		return;
	lease->network = network;
	lease->host = key->text;
	lease->mac_given = field_has(&lease_fields, lease, "mac");
	if (lease->ip.version == 6)
		report_add(report, SEVERITY_ERROR, "bad-value", &value->place,
		    "static_ips.%s: only IPv4 addresses can be reserved by MAC",
		    key->text);
}

static void read_network(struct config *config, const struct node *map,
    const char *network, bool only, struct report *report)
{
	const struct node *ips = node_get(map, "static_ips");

	if (!ips || ips->type == NODE_NULL)
		return;
	if (ips->type != NODE_MAP) {
		report_add(report, SEVERITY_ERROR, "wrong-type", &ips->place,
		    "static_ips must be a map of names to addresses, it is %s",
		    node_what(ips));
		return;
	}
	for (size_t i = 0; i < ips->count; i++)
		read_one(config, network, only, ips->keys[i], ips->items[i], report);
}

static void read(struct config *config, const struct node *root, struct report *report)
{
	const struct node *one = node_get(root, "network"),
			  *many = node_get(root, "networks");
	const struct node *name = node_get(one, "name");

	read_network(config, one,
	    name && name->type == NODE_SCALAR ? name->text : "default", true, report);
	for (size_t i = 0; many && many->type == NODE_MAP && i < many->count; i++)
		read_network(config, many->items[i], many->keys[i]->text,
		    many->count == 1, report);
}

/* The first interface a VM has in the network. */
static const struct vm_interface *interface_in(const struct vm *vm, const char *network)
{
	const struct vm_interface *nics = vm->interfaces.items;

	for (size_t i = 0; i < vm->interfaces.count; i++)
		if (nics[i].network && strcmp(nics[i].network, network) == 0)
			return &nics[i];
	return NULL;
}

/* libvirt's name of the machine's domain. */
static const char *domain_of(const struct planner *p, const struct lease *lease)
{
	const struct vm *vm = (const struct vm *)set_find(
	    config_get(p->input->want, &vm_kind), lease->host);

	return vm && vm->domain ? vm->domain : lease->host;
}

const struct seen *lease_machine(const struct planner *p, const struct lease *lease)
{
	return planner_seen(p, &vm_kind, domain_of(p, lease));
}

const char *lease_unknown(const struct planner *p, const struct lease *lease)
{
	const struct observed *o = p->input->have;
	const struct observed_kind *vms = &o->kinds[kind_index(&vm_kind)];
	const struct seen *seen = observed_find(o, &vm_kind, domain_of(p, lease));

	if (!vms->known)
		return vms->why ? vms->why : "not looked at yet";
	return seen && seen->presence == UNKNOWN ? seen->why : NULL;
}

bool lease_entry(
    const struct planner *p, const struct lease *lease, struct host_entry *out)
{
	const struct vm *vm = (const struct vm *)set_find(
	    config_get(p->input->want, &vm_kind), lease->host);
	const struct vm_interface *wanted = vm ? interface_in(vm, lease->network) : NULL;
	const struct seen *seen = lease_machine(p, lease);
	const struct vm_interface *found = NULL;

	*out =
	    (struct host_entry){ .has_mac = true, .ip = lease->ip, .name = lease->host };
	if (seen)
		found = interface_in(
		    (const struct vm *)(seen->config ? seen->config : seen->live),
		    lease->network);
	if (lease->mac_given)
		out->mac = lease->mac;
	else if (wanted && wanted->mac_given)
		out->mac = wanted->mac;
	else if (found)
		out->mac = found->mac;
	else if (wanted)
		out->mac = wanted->mac;
	else
		return false;
	return true;
}

static bool converged(struct memo *memo, const struct object *want)
{
	struct ip ip = ((const struct lease *)want)->ip;

	if (memo->lease.has_ip && ip_equal(memo->lease.ip, ip))
		return false;
	memo->lease.has_ip = true;
	memo->lease.ip = ip;
	return true;
}

static const char *const columns[] = { "ip", "mac", NULL };

const struct kind lease_kind = {
	.name = "lease",
	.plural = "leases",
	.title = "DHCP reservation",
	.origin = ORIGIN_LIBVIRT,
	.fields = { rows, sizeof(struct lease) },
	.list_columns = columns,
	.read = read,
	.lint = lint_lease,
	.plan = lease_plan,
	.settle = lease_settle,
	.ended = memory_update_ended,
	.converged = converged,
};
