/* SPDX-License-Identifier: MIT */
/* reservation: a machine's fixed address: how it is written, and the MAC it is for. */
#include "lib/kind/network/reservation_plan.h"

#include <string.h>

#include "lib/kind/network/update_record.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/vm/vm.h"

static const struct field rows[] = {
	{ "ip", FIELD_IP, at(struct reservation, ip), FIELD_NEEDED,
	    .help = "Its address.", .example = "192.168.122.11" },
	{ "mac", FIELD_MAC, at(struct reservation, mac),
	    .help = "Its MAC address; needed for a machine that is no VM of ours.",
	    .example = "\"52:54:00:12:34:56\"" },
	{ 0 },
};

const struct fields reservation_fields = { rows, sizeof(struct reservation) };

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
	struct reservation *reservation;

	if (!name_is_label(key->text)) {
		report_add(report, SEVERITY_ERROR, "bad-name", &key->place,
		    "static_ips: a host name has 1 to 63 of a-z, 0-9 and '-'");
		return;
	}
	reservation = (struct reservation *)config_object(
	    config, &reservation_kind, long_form(a, value), key, name, report);
	if (!reservation)
		return;
	reservation->network = network;
	reservation->host = key->text;
	reservation->mac_given = field_has(&reservation_fields, reservation, "mac");
	if (reservation->ip.version == 6)
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
static const char *domain_of(
    const struct planner *p, const struct reservation *reservation)
{
	const struct vm *vm = (const struct vm *)set_find(
	    config_get(p->input->desired, &vm_kind), reservation->host);

	return vm && vm->domain ? vm->domain : reservation->host;
}

const struct observed *reservation_machine(
    const struct planner *p, const struct reservation *reservation)
{
	return planner_observed(p, &vm_kind, domain_of(p, reservation));
}

const char *reservation_unknown(
    const struct planner *p, const struct reservation *reservation)
{
	const struct observations *o = p->input->observed;
	const struct observed_set *vms = &o->kinds[kind_index(&vm_kind)];
	const struct observed *seen =
	    observations_find(o, &vm_kind, domain_of(p, reservation));

	if (!vms->known)
		return vms->why ? vms->why : "not looked at yet";
	return seen && seen->presence == UNKNOWN ? seen->why : NULL;
}

bool reservation_entry(const struct planner *p, const struct reservation *reservation,
    struct host_entry *out)
{
	const struct vm *vm = (const struct vm *)set_find(
	    config_get(p->input->desired, &vm_kind), reservation->host);
	const struct vm_interface *wanted =
	    vm ? interface_in(vm, reservation->network) : NULL;
	const struct observed *seen = reservation_machine(p, reservation);
	const struct vm_interface *found = NULL;

	*out = (struct host_entry){
		.has_mac = true, .ip = reservation->ip, .name = reservation->host
	};
	if (seen)
		found = interface_in(
		    (const struct vm *)(seen->config ? seen->config : seen->live),
		    reservation->network);
	if (reservation->mac_given)
		out->mac = reservation->mac;
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

static bool converged(struct object_state *state, const struct object *want)
{
	struct ip ip = ((const struct reservation *)want)->ip;

	if (state->reservation.has_ip && ip_equal(state->reservation.ip, ip))
		return false;
	state->reservation.has_ip = true;
	state->reservation.ip = ip;
	return true;
}

static const char *const columns[] = { "ip", "mac", NULL };

const struct kind reservation_kind = {
	.name = "reservation",
	.alias = "lease",
	.plural = "reservations",
	.title = "DHCP reservation",
	.origin = ORIGIN_LIBVIRT,
	.fields = { rows, sizeof(struct reservation) },
	.list_columns = columns,
	.read = read,
	.plan = reservation_plan,
	.settle = reservation_settle,
	.ended = update_record_ended,
	.converged = converged,
};
