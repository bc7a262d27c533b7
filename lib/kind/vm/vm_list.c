/* SPDX-License-Identifier: MIT */
/* vm_list: a virtual machine as a row of a list. */
#include "lib/kind/vm/vm_list.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/kind/network/network.h"
#include "lib/kind/node/node.h"
#include "lib/kind/vm/vm_agent.h"
#include "lib/kind/vm/vm_defaults.h"
#include "lib/kind/vm/vm_fields.h"
#include "lib/kind/vm/vm_power.h"
#include "lib/kind/vm/vm_record.h"

static const struct ip *lease_of(const struct network *network, struct mac mac)
{
	for (size_t i = 0; network && i < network->lease_count; i++)
		if (mac_equal(network->leases[i].mac, mac))
			return &network->leases[i].ip;
	return NULL;
}

static const struct node_object *node_of(
    const struct list_input *in, const struct item *item)
{
	const struct item *node = plan_find(in->plan, &node_kind, item->name);

	return node ? (const struct node_object *)node->live : NULL;
}

/* How it is, and its name where that is another. */
static const char *node_text(
    const struct list_input *in, const struct item *item, const struct node_object *node)
{
	const char *ready = node->ready ? "Ready" : "NotReady";

	if (strcmp(node->object.name, item->name) == 0)
		return ready;
	return arena_printf(in->arena, "%s, %s", node->object.name, ready);
}

/* What dnsmasq leases to a NIC of it. */
static const struct ip *leased_to(const struct list_input *in, const struct vm *vm)
{
	const struct vm_interface *nics = vm->interfaces.items;

	for (size_t i = 0; i < vm->interfaces.count; i++) {
		const struct observed *network =
		    nics[i].network
			? observations_find(in->observed, &network_kind, nics[i].network)
			: NULL;
		const struct ip *ip = lease_of(
		    network ? (const struct network *)network->live : NULL, nics[i].mac);

		if (ip)
			return ip;
	}
	return NULL;
}

/* The first of IPv4, as the networks of this home are; else the first. */
static const char *first_of(struct json_object *addresses)
{
	const char *text;

	for (size_t i = 0; i < json_count(addresses); i++) {
		text = json_object_get_string(json_item(addresses, i));
		if (!strchr(text, ':'))
			return text;
	}
	return json_object_get_string(json_item(addresses, 0));
}

/* What is leased to it, else what its guest's agent says, else what its Node does. */
static const char *address_of(const struct list_input *in, const struct vm *vm,
    struct json_object *own, const struct node_object *node)
{
	const struct ip *ip = leased_to(in, vm);

	if (!ip && json_count(own))
		return first_of(own);
	if (!ip && node && node->address_count)
		ip = &node->addresses[0];
	return ip ? ip_text(*ip, arena_alloc(in->arena, IP_TEXT)) : NULL;
}

static bool is_only(struct json_object *own, const char *address)
{
	return json_count(own) == 1 &&
	       strcmp(json_object_get_string(json_item(own, 0)), address) == 0;
}

void vm_list_facts(const struct list_input *in, const struct item *item,
    const struct object *side, struct json_object *shown)
{
	const struct vm *vm = (const struct vm *)side;
	const struct vm_record *record = vm_record_of(item->state);
	const struct node_object *node = node_of(in, item);
	bool runs = vm->facts.id >= 0;
	autojson struct json_object *own = runs ? vm_agent_addresses(in, item, vm) : NULL;
	const char *address = runs ? address_of(in, vm, own, node) : NULL;

	json_put_string(shown, "state", vm_power_text(&vm->facts));
	if (address)
		json_put_string(shown, "address", address);
	if (own && !is_only(own, address))
		json_put(shown, "addresses", json_object_get(own));
	if (node)
		json_put_string(shown, "node", node_text(in, item, node));
	if (runs && record->running_since.ms)
		json_put_string(shown, "running_since",
		    time_text(
			in->arena, in->wall + record->running_since.ms - in->now.ms));
}

void vm_effective(const struct item *item, struct json_object *desired)
{
	const struct vm *want = (const struct vm *)item->desired;
	const struct observed *have = item->observed;
	const struct vm *side =
	    !have ? NULL : (const struct vm *)(have->config ? have->config : have->live);
	struct json_object *as_new;

	if (!want->as_new)
		return;
	if (side) {
		json_put_string(
		    desired, "power", vm_power_words[vm_power_due(want, side)]);
		return;
	}
	as_new = field_json(&vm_kind.fields, want->as_new);
	json_object_object_foreach (as_new, key, value) {
		json_put(desired, key, json_object_get(value));
	}
	json_object_put(as_new);
}
