/* SPDX-License-Identifier: MIT */
/* look_network: one network with the addresses it has leased, and the list of all. */
#include <stdlib.h>

#include "daemon/virt/auto.h"
#include "daemon/virt/look.h"
#include "lib/base/cleanup.h"
#include "lib/kind/network/network.h"

static enum outcome read_flags(
    virConnectPtr conn, virNetworkPtr network, struct sight *sight)
{
	int active = virNetworkIsActive(network), persistent, autostart = 0;

	if (active < 0)
		return look_failed(conn, sight, VIR_ERR_NO_NETWORK);
	persistent = virNetworkIsPersistent(network);
	if (persistent < 0)
		return look_failed(conn, sight, VIR_ERR_NO_NETWORK);
	if (persistent && virNetworkGetAutostart(network, &autostart) < 0)
		return look_failed(conn, sight, VIR_ERR_NO_NETWORK);
	sight->network.active = active > 0;
	sight->network.persistent = persistent > 0;
	sight->network.autostart = autostart > 0;
	return LOOK_SEEN;
}

static enum outcome read_xml(virConnectPtr conn, virNetworkPtr network, unsigned flags,
    const char **out, struct sight *sight)
{
	autofree char *xml = virNetworkGetXMLDesc(network, flags);

	if (!xml)
		return look_failed(conn, sight, VIR_ERR_NO_NETWORK);
	*out = arena_copy(&sight->arena, xml);
	return LOOK_SEEN;
}

/*
 * libvirt's test driver knows no such flag and has one document for both sides. While the
 * network is active that one is the live side, and the stored side is left out: repairing
 * the same document twice would fail.
 */
static enum outcome read_config(
    virConnectPtr conn, virNetworkPtr network, struct sight *sight)
{
	enum outcome outcome = read_xml(
	    conn, network, VIR_NETWORK_XML_INACTIVE, &sight->reading.config_xml, sight);

	if (outcome != LOOK_UNREADABLE || sight->fault.code != VIR_ERR_INVALID_ARG)
		return outcome;
	if (sight->network.active)
		return LOOK_SEEN;
	return read_xml(conn, network, 0, &sight->reading.config_xml, sight);
}

/* False: the MAC (IPv6 may lack it) or the address does not read; it is left out. */
static bool decode_lease(const virNetworkDHCPLease *lease, struct dhcp_lease *fact)
{
	struct error e;

	if (!lease->mac || mac_parse(lease->mac, &fact->mac, &e) < 0)
		return false;
	if (!lease->ipaddr || ip_parse(lease->ipaddr, &fact->ip, &e) < 0)
		return false;
	fact->expires = lease->expirytime * 1000;
	return true;
}

/* Not being able to tell the leases makes them unknown, not the network. */
static enum outcome read_leases(
    virConnectPtr conn, virNetworkPtr network, struct sight *sight)
{
	autofree virNetworkDHCPLeasePtr *leases = NULL;
	int count = virNetworkGetDHCPLeases(network, NULL, &leases, 0);
	struct dhcp_lease *facts;
	enum outcome outcome;

	if (count < 0) {
		outcome = look_failed(conn, sight, VIR_ERR_NO_NETWORK);
		return outcome == LOOK_CHANGED || sight->fault.lost ? outcome : LOOK_SEEN;
	}
	facts = arena_array(&sight->arena, (size_t)count, sizeof(*facts));
	for (int i = 0; i < count; i++) {
		if (decode_lease(leases[i], &facts[sight->network.lease_count]))
			sight->network.lease_count++;
		virNetworkDHCPLeaseFree(leases[i]);
	}
	sight->network.leases = facts;
	sight->network.leases_known = true;
	return LOOK_SEEN;
}

static enum outcome read_network(
    virConnectPtr conn, virNetworkPtr network, struct sight *sight)
{
	enum outcome outcome = read_flags(conn, network, sight);

	if (outcome == LOOK_SEEN && sight->network.persistent)
		outcome = read_config(conn, network, sight);
	if (outcome != LOOK_SEEN || !sight->network.active)
		return outcome;
	outcome = read_xml(conn, network, 0, &sight->reading.live_xml, sight);
	if (outcome == LOOK_SEEN)
		outcome = read_leases(conn, network, sight);
	return outcome;
}

enum outcome look_network(virConnectPtr conn, const char *name, struct sight *sight)
{
	autonetwork virNetworkPtr network = virNetworkLookupByName(conn, name);

	sight->reading.facts = &sight->network;
	if (network)
		return read_network(conn, network, sight);
	fault_take(&sight->fault, conn);
	return sight->fault.code == VIR_ERR_NO_NETWORK ? LOOK_GONE : LOOK_UNREADABLE;
}

int look_networks(virConnectPtr conn, struct arena *a, const char ***names)
{
	autofree virNetworkPtr *networks = NULL;
	int count = virConnectListAllNetworks(conn, &networks, 0);

	if (count > 0)
		*names = arena_array(a, (size_t)count, sizeof(**names));
	for (int i = 0; i < count; i++) {
		(*names)[i] = arena_copy(a, virNetworkGetName(networks[i]));
		virNetworkFree(networks[i]);
	}
	return count;
}
