/* SPDX-License-Identifier: MIT */
/* network_import: networks and their reservations, as `homek8sctl import` writes them. */
#include "lib/kind/network/network_import.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kind/metallb/pool.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/import.h"

#define MTU_OF_ETHERNET 1500

static const struct network *side_of(const struct observed *observed)
{
	return (
	    const struct network *)(observed->config ? observed->config : observed->live);
}

static const struct fields *group(const struct fields *fields, const char *key)
{
	const struct field *row = fields->rows;

	while (strcmp(row->key, key) != 0)
		row++;
	return row->group;
}

static struct ranges observed_pools(const struct importer *i)
{
	const struct observed_set *set =
	    &i->planner.input->observed->kinds[kind_index(&pool_kind)];
	struct ranges all = { 0 };

	for (size_t k = 0; k < set->count; k++) {
		const struct pool *pool = (const struct pool *)set->items[k]->live;

		for (size_t n = 0; pool && n < pool->addresses.count; n++)
			ranges_add(i->arena, &all, pool->addresses.items[n]);
	}
	return all;
}

static void write_range(struct network *n, struct range range)
{
	const struct fields *dhcp = group(&network_kind.fields, "dhcp");
	const struct fields *fields = group(dhcp, "range");

	n->dhcp.range.start = range.first;
	n->dhcp.range.end = range.last;
	n->dhcp.range.record.has = field_bit(fields, "start") | field_bit(fields, "end");
	n->dhcp.record.has |= field_bit(dhcp, "range");
	n->object.record.has |= field_bit(&network_kind.fields, "dhcp");
}

/* One range is written, out of which pools may be cut. Several are one where nothing but
 * pools is between them. */
static void import_ranges(struct importer *i, struct imported *object)
{
	struct network *n = object->record;
	struct ranges have = n->ranges, pools = observed_pools(i), whole = { 0 };
	struct range range;

	if (!have.count)
		return;
	range = (struct range){ have.items[0].first, have.items[have.count - 1].last };
	ranges_add(i->arena, &whole, range);
	if (ranges_equal(ranges_subtract(i->arena, whole, pools), have)) {
		write_range(n, range);
	} else if (have.count > 1) {
		import_note(i, object,
		    "its DHCP ranges %s are left as they are: one range can be written",
		    ranges_text(i->arena, have));
	} else {
		write_range(n, range);
		n->dhcp.reserve_pools = false;
		n->dhcp.record.has |=
		    field_bit(group(&network_kind.fields, "dhcp"), "reserve_pools");
		import_note(i, object,
		    "MetalLB's %s is in its DHCP range, so that a machine may be given a Service's address: without `reserve_pools: false` it is cut out of the range",
		    ranges_text(i->arena, ranges_intersect(i->arena, whole, pools)));
	}
}

/* Of a network's entries, in the order of addresses. */
static int by_address(const void *x, const void *y)
{
	const struct host_entry *a = x, *b = y;
	int order = ip_compare(a->ip, b->ip);

	return order ? order : memcmp(&a->mac, &b->mac, sizeof(a->mac));
}

/* The only interface of the machine in the network. */
static const struct vm_interface *only_nic(const struct vm *vm, const char *network)
{
	const struct vm_interface *nics = vm->interfaces.items, *only = NULL;

	for (size_t k = 0; k < vm->interfaces.count; k++) {
		if (!nics[k].network || strcmp(nics[k].network, network) != 0)
			continue;
		if (only)
			return NULL;
		only = &nics[k];
	}
	return only;
}

/* The machine whose only interface in the network has that MAC; else NULL. */
static const struct observed *machine_of(
    const struct importer *i, const char *network, struct mac mac)
{
	const struct observed_set *set =
	    &i->planner.input->observed->kinds[kind_index(&vm_kind)];

	for (size_t k = 0; k < set->count; k++) {
		const struct observed *o = set->items[k];
		const struct vm *vm =
		    (const struct vm *)(o->config ? o->config : o->live);
		const struct vm_interface *nic = vm ? only_nic(vm, network) : NULL;

		if (nic && mac_equal(nic->mac, mac))
			return o;
	}
	return NULL;
}

/* Under the name of the machine it is for, whose MAC need not be written; else under its
 * own. */
static void import_host(
    struct importer *i, struct imported *network, const struct host_entry *host)
{
	const struct observed *vm =
	    host->has_mac ? machine_of(i, network->external, host->mac) : NULL;
	const char *name = host->name ? host->name : vm ? vm->name : "host";
	bool short_form = vm && strcmp(name, vm->name) == 0 && name_is_label(name);
	struct reservation r = { .ip = host->ip, .mac = host->mac };
	struct imported *object;

	if (host->ip.version)
		r.object.record.has |= field_bit(&reservation_kind.fields, "ip");
	if (host->has_mac && !short_form)
		r.object.record.has |= field_bit(&reservation_kind.fields, "mac");
	object = import_add(i, &reservation_kind, network,
	    import_key(i, &reservation_kind, network, name), name, &r);
	if (!host->ip.version || !host->has_mac)
		import_off(i, object, "an entry without MAC or address is left as it is");
}

/* Those of both sides, sorted; what stands on both twice. */
static void import_hosts(struct importer *i, struct imported *network)
{
	const struct observed *observed = observations_find(
	    i->planner.input->observed, &network_kind, network->external);
	const struct network *sides[] = { (const struct network *)observed->config,
		(const struct network *)observed->live };
	struct host_entry *hosts = NULL;
	size_t count = 0;

	for (size_t s = 0; s < 2; s++)
		for (size_t k = 0; sides[s] && k < sides[s]->host_count; k++)
			*(struct host_entry *)arena_push(i->arena, &hosts, &count,
			    sizeof(*hosts)) = sides[s]->hosts[k];
	if (count)
		qsort(hosts, count, sizeof(*hosts), by_address);
	for (size_t k = 0; k < count; k++)
		if (!k || by_address(&hosts[k - 1], &hosts[k]) != 0)
			import_host(i, network, &hosts[k]);
}

void network_import(struct importer *i)
{
	const struct observed_set *set =
	    &i->planner.input->observed->kinds[kind_index(&network_kind)];

	for (size_t k = 0; k < set->count; k++) {
		const struct observed *observed = set->items[k];
		struct imported *object;
		struct network *n;

		if (observed->presence != PRESENT)
			continue;
		object = import_add(i, &network_kind, NULL, observed->name,
		    observed->name, side_of(observed));
		n = object->record;
		if (n->mtu == MTU_OF_ETHERNET)
			n->object.record.has &= ~field_bit(&network_kind.fields, "mtu");
		import_ranges(i, object);
		if (!name_is_label(observed->name))
			import_off(i, object,
			    "a name like this cannot be written; the network is left as it is");
		else if (!n->active)
			import_off(
			    i, object, "it is not active; written, it would be started");
	}
}

void reservation_import(struct importer *i)
{
	size_t count = i->count;

	for (size_t k = 0; k < count; k++)
		if (i->items[k]->kind == &network_kind)
			import_hosts(i, i->items[k]);
}
