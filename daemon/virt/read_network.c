/* SPDX-License-Identifier: MIT */
/* read_network: one network with the addresses it has leased, and the list of all. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/clock.h"
#include "daemon/host/dnsmasq.h"
#include "daemon/host/links.h"
#include "daemon/virt/auto.h"
#include "daemon/virt/read.h"
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/kind/network/network.h"

static enum outcome read_flags(virConnectPtr conn, virNetworkPtr network,
    struct network_facts *facts, struct raw *answer)
{
	int active = virNetworkIsActive(network), persistent, autostart = 0;

	if (active < 0)
		return read_failed(conn, answer, VIR_ERR_NO_NETWORK);
	persistent = virNetworkIsPersistent(network);
	if (persistent < 0)
		return read_failed(conn, answer, VIR_ERR_NO_NETWORK);
	if (persistent && virNetworkGetAutostart(network, &autostart) < 0)
		return read_failed(conn, answer, VIR_ERR_NO_NETWORK);
	facts->active = active > 0;
	facts->persistent = persistent > 0;
	facts->autostart = autostart > 0;
	return READ_FOUND;
}

static enum outcome read_xml(virConnectPtr conn, virNetworkPtr network, unsigned flags,
    const char **out, struct raw *answer)
{
	autofree char *xml = virNetworkGetXMLDesc(network, flags);

	if (!xml)
		return read_failed(conn, answer, VIR_ERR_NO_NETWORK);
	*out = arena_copy(&answer->arena, xml);
	return READ_FOUND;
}

/*
 * libvirt's test driver knows no such flag and has one document for both sides. While the
 * network is active that one is the live side, and the stored side is left out: repairing
 * the same document twice would fail.
 */
static enum outcome read_config(
    virConnectPtr conn, virNetworkPtr network, bool active, struct raw *answer)
{
	enum outcome outcome = read_xml(
	    conn, network, VIR_NETWORK_XML_INACTIVE, &answer->reading.config_xml, answer);

	if (outcome != READ_FAILED || answer->fault.code != VIR_ERR_INVALID_ARG)
		return outcome;
	if (active)
		return READ_FOUND;
	return read_xml(conn, network, 0, &answer->reading.config_xml, answer);
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

/* Not being able to say the leases makes them unknown, not the network. */
static enum outcome read_leases(virConnectPtr conn, virNetworkPtr network,
    struct network_facts *facts, struct raw *answer)
{
	autofree virNetworkDHCPLeasePtr *leases = NULL;
	int count = virNetworkGetDHCPLeases(network, NULL, &leases, 0);
	struct dhcp_lease *known;
	enum outcome outcome;

	if (count < 0) {
		outcome = read_failed(conn, answer, VIR_ERR_NO_NETWORK);
		return outcome == READ_CHANGED || answer->fault.lost ? outcome
								     : READ_FOUND;
	}
	known = arena_array(&answer->arena, (size_t)count, sizeof(*known));
	for (int i = 0; i < count; i++) {
		if (decode_lease(leases[i], &known[facts->lease_count]))
			facts->lease_count++;
		virNetworkDHCPLeaseFree(leases[i]);
	}
	facts->leases = known;
	facts->leases_known = true;
	return READ_FOUND;
}

/* It is this host's: a hypervisor here, with nothing simulated. */
static bool is_local(const char *uri)
{
	return strstr(uri, ":///") && strncmp(uri, "test", 4) != 0;
}

/* libvirt makes the bridge anew whenever it starts the network. */
static int64_t run_of(unsigned bridge)
{
	const char *boot = clock_boot();
	uint64_t hash = hash_bytes(HASH_START, &bridge, sizeof(bridge));

	if (!boot || !bridge)
		return 0;
	return (int64_t)(hash_bytes(hash, boot, strlen(boot)) >> 1);
}

static void read_bridge(
    virNetworkPtr network, struct network_facts *facts, struct raw *answer)
{
	autofree char *bridge = virNetworkGetBridgeName(network);
	struct bridge_links links;

	if (!bridge || !links_read(bridge, &answer->arena, &links))
		return;
	facts->bridge = links.gone ? PART_GONE : PART_THERE;
	facts->run = run_of(links.index);
	facts->strays = links.strays;
	facts->stray_count = links.stray_count;
	facts->older = links.older;
	facts->older_count = links.older_count;
}

#define DNSMASQ_TRIES 5
#define DNSMASQ_PAUSE_US 100000

/*
 * libvirt runs one where a network serves DHCP. While it starts it anew, which it does at
 * every change of a range, there is none for a moment: so one that seems dead is
 * read again a few times.
 */
static void read_dnsmasq(
    virNetworkPtr network, struct network_facts *facts, const struct raw *answer)
{
	const char *name = virNetworkGetName(network);
	autofree char *bridge = virNetworkGetBridgeName(network);
	bool serves = strstr(answer->reading.live_xml, "<dhcp>");
	bool alive = false;
	int pid = dnsmasq_pid(name, serves ? bridge : NULL, &alive);

	for (int i = 1; i < DNSMASQ_TRIES && pid >= 0 && !alive && serves; i++) {
		usleep(DNSMASQ_PAUSE_US);
		pid = dnsmasq_pid(name, bridge, &alive);
	}
	if (pid < 0 || (!pid && !serves))
		return;
	facts->dnsmasq = alive ? PART_THERE : PART_GONE;
	facts->dnsmasq_pid = alive ? pid : 0;
}

/* What libvirt does not report, from the host itself. */
static enum outcome read_parts(virConnectPtr conn, virNetworkPtr network,
    struct network_facts *facts, struct raw *answer)
{
	autofree char *uri = virConnectGetURI(conn);

	if (!uri || !is_local(uri))
		return READ_FOUND;
	read_bridge(network, facts, answer);
	if (strstr(uri, ":///system"))
		read_dnsmasq(network, facts, answer);
	return READ_FOUND;
}

static enum outcome read_all(virConnectPtr conn, virNetworkPtr network,
    struct network_facts *facts, struct raw *answer)
{
	enum outcome outcome = read_flags(conn, network, facts, answer);

	if (outcome == READ_FOUND && facts->persistent)
		outcome = read_config(conn, network, facts->active, answer);
	if (outcome != READ_FOUND || !facts->active)
		return outcome;
	outcome = read_xml(conn, network, 0, &answer->reading.live_xml, answer);
	if (outcome == READ_FOUND)
		outcome = read_leases(conn, network, facts, answer);
	if (outcome == READ_FOUND)
		outcome = read_parts(conn, network, facts, answer);
	return outcome;
}

enum outcome read_network(virConnectPtr conn, const char *name, struct raw *answer)
{
	autonetwork virNetworkPtr network = virNetworkLookupByName(conn, name);
	struct network_facts *facts = arena_alloc(&answer->arena, sizeof(*facts));

	answer->reading.facts = facts;
	if (!network)
		return read_missed(conn, answer, VIR_ERR_NO_NETWORK);
	return read_all(conn, network, facts, answer);
}

int list_networks(virConnectPtr conn, struct arena *a, const char ***names)
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
