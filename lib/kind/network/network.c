/* SPDX-License-Identifier: MIT */
/*
 * network: a libvirt network: how it is written, and what follows for its DHCP ranges.
 * What is done about it is in network_plan.c, the documents are in network_xml.c.
 */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/network/network.h"
#include "lib/kind/metallb/pool.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/network/network_import.h"
#include "lib/kind/network/network_plan.h"
#include "lib/kind/network/network_read.h"
#include "lib/kind/network/network_record.h"

static const char *const mode_words[] = { "nat", "route", "open", "isolated", NULL };

#define ADDRESS                                                                          \
	"write the host's own address in the network, with its prefix length: \"address: 192.168.122.1/24\""
#define RESERVATIONS "write \"static_ips: {worker-1: 192.168.122.11}\""
#define NETPLAN                                                                          \
	"this is netplan's format; here the network is libvirt's: \"network: {name: default, address: 192.168.122.1/24}\""

static const struct hint key_hints[] = {
	{ "netmask", ADDRESS, false },
	{ "gateway", ADDRESS, false },
	{ "gateway4", ADDRESS, false },
	{ "subnet", ADDRESS, false },
	{ "cidr", ADDRESS, false },
	{ "ip", ADDRESS, false },
	{ "addresses", ADDRESS, false },
	{ "dhcp_range",
	    "write \"dhcp: {range: {start: 192.168.122.2, end: 192.168.122.254}}\"",
	    false },
	{ "hosts", RESERVATIONS, false },
	{ "reservations", RESERVATIONS, false },
	{ "leases", RESERVATIONS, false },
	{ "ethernets", NETPLAN, true },
	{ "bridges", NETPLAN, true },
	{ "vlans", NETPLAN, true },
	{ "bonds", NETPLAN, true },
	{ "version", NULL, false },
	{ "renderer", NULL, false },
	{ 0 },
};

static const struct hint mode_hints[] = {
	{ "bridge",
	    "a bridge of the host is no network of libvirt's: write \"interfaces: [{bridge: br0}]\" in the VM, and no network for it",
	    false },
	{ "bridged",
	    "a bridge of the host is no network of libvirt's: write \"interfaces: [{bridge: br0}]\" in the VM, and no network for it",
	    false },
	{ "routed", "write route", false },
	{ "none", "write isolated", false },
	{ "private", "write isolated", false },
	{ "internal", "write isolated", false },
	{ 0 },
};

static const struct hint range_hints[] = {
	{ "from", "write \"start: 192.168.122.2\"", false },
	{ "first", "write \"start: 192.168.122.2\"", false },
	{ "begin", "write \"start: 192.168.122.2\"", false },
	{ "min", "write \"start: 192.168.122.2\"", false },
	{ "to", "write \"end: 192.168.122.254\"", false },
	{ "last", "write \"end: 192.168.122.254\"", false },
	{ "stop", "write \"end: 192.168.122.254\"", false },
	{ "max", "write \"end: 192.168.122.254\"", false },
	{ 0 },
};

static const struct field range_rows[] = {
	{ "start", FIELD_IP, at(struct dhcp_range, start), FIELD_NEEDED,
	    .help = "First address handed out.", .example = "192.168.122.2" },
	{ "end", FIELD_IP, at(struct dhcp_range, end), FIELD_NEEDED,
	    .help = "Last address handed out.", .example = "192.168.122.254" },
	{ .hints = range_hints },
};

static const struct fields range_fields = { range_rows, sizeof(struct dhcp_range) };

static const struct hint dhcp_hints[] = {
	{ "enabled", "leave it out: DHCP is on where its range is written", false },
	{ "reservations",
	    "fixed addresses stand in the network itself: \"static_ips: {worker-1: 192.168.122.11}\"",
	    false },
	{ "hosts",
	    "fixed addresses stand in the network itself: \"static_ips: {worker-1: 192.168.122.11}\"",
	    false },
	{ 0 },
};

static const struct field dhcp_rows[] = {
	{ "range", FIELD_GROUP, at(struct dhcp, range), .group = &range_fields,
	    .help = "Addresses for machines without a fixed one." },
	{ "reserve_pools", FIELD_BOOL, at(struct dhcp, reserve_pools), .fallback = "true",
	    .help =
		"Cut MetalLB's pools out of the range, so that no machine is given a Service's address." },
	{ .hints = dhcp_hints },
};

static const struct fields dhcp_fields = { dhcp_rows, sizeof(struct dhcp) };

static const struct field rows[] = {
	{ "name", FIELD_NAME, at(struct network, object.name), .fallback = "default",
	    .help = "The network's name in libvirt. In `networks:` the key is the name.",
	    .example = "default" },
	{ "mode", FIELD_WORD, at(struct network, mode), FIELD_COMPARED,
	    .words = mode_words, .hints = mode_hints,
	    .help = "How guests reach the outside. A new network has nat.",
	    .example = "nat" },
	{ "bridge", FIELD_DEVICE, at(struct network, bridge), FIELD_COMPARED,
	    .help = "Name of the bridge on the host, at most 15 characters.",
	    .example = "virbr0" },
	{ "address", FIELD_CIDR, at(struct network, address), FIELD_COMPARED,
	    .help =
		"The host's own IPv4 address in the network, with the prefix. A new network without it gets the first address of the /24 its DHCP range begins in.",
	    .example = "192.168.122.1/24" },
	{ "autostart", FIELD_BOOL, at(struct network, autostart), .fallback = "true",
	    .help =
		"Start it when the host boots. Left out, that of a network homek8sd did not define stays as it is." },
	{ "mtu", FIELD_INT, at(struct network, mtu), FIELD_COMPARED, .minimum = 68,
	    .maximum = 65535, .help = "Largest packet on the bridge.",
	    .example = "1500" },
	{ "dhcp", FIELD_GROUP, at(struct network, dhcp), .group = &dhcp_fields,
	    .help = "The DHCP service on it." },
	{ .hints = key_hints },
};

static const struct section sections[] = {
	{ .path = "network", .shape = SECTION_ONE },
	{ .path = "networks", .shape = SECTION_MAP },
};

bool network_has_range(const struct network *n)
{
	return n->dhcp.range.start.version == 4 && n->dhcp.range.end.version == 4 &&
	       ip_compare(n->dhcp.range.start, n->dhcp.range.end) <= 0;
}

static void cut_pools(struct arena *a, struct network *n, struct ranges pools)
{
	struct ranges whole = { 0 };

	ranges_add(a, &whole, (struct range){ n->dhcp.range.start, n->dhcp.range.end });
	n->ranges = whole;
	if (!n->dhcp.reserve_pools)
		return;
	n->reserved = ranges_intersect(a, whole, pools);
	n->ranges = ranges_subtract(a, whole, n->reserved);
}

static struct ranges all_pools(struct config *config)
{
	const struct set *pools = config_get(config, &pool_kind);
	struct ranges all = { 0 };

	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i];

		for (size_t k = 0; k < pool->addresses.count; k++)
			ranges_add(&config->arena, &all, pool->addresses.items[k]);
	}
	return all;
}

/* IFNAMSIZ of the kernel, with the NUL. */
#define BRIDGE_NAME_SIZE 16

static void read_object(struct config *config, struct object *object,
    const struct node *map, struct report *report)
{
	const struct network *n = (const struct network *)object;
	struct finding *f;

	(void)config;
	(void)map;
	if (n->bridge && strlen(n->bridge) >= BRIDGE_NAME_SIZE) {
		f = report_add(report, SEVERITY_ERROR, "bad-value",
		    field_place(n, "bridge"),
		    "bridge: the name has more than %d characters, which the kernel does not take",
		    BRIDGE_NAME_SIZE - 1);
		report_fix(report, f, "choose a shorter one, such as virbr7");
	}
	if (n->address.address.version == 6) {
		f = report_add(report, SEVERITY_ERROR, "bad-value",
		    field_place(n, "address"),
		    "address: only an IPv4 address can be written here");
		report_fix(report, f,
		    "write the network's IPv4 address; an IPv6 one that it has in libvirt is left as it is");
	}
}

static void derive(struct config *config, struct report *report)
{
	const struct set *networks = config_get(config, &network_kind);
	struct ranges pools = all_pools(config);

	(void)report;
	for (size_t i = 0; i < networks->count; i++) {
		struct network *n = (struct network *)networks->items[i];

		if (!network_has_range(n))
			continue;
		cut_pools(&config->arena, n, pools);
		if (!n->address.address.version) {
			n->address.prefix = 24;
			n->address.address = n->dhcp.range.start;
			n->address.address.value &= ~(unsigned __int128)0xff;
			n->address.address.value |= 1;
		}
	}
}

static void facts(const struct object *side, struct json_object *shown)
{
	const struct network *n = (const struct network *)side;
	struct json_object *list = json_object_new_array();
	struct arena a = { 0 };

	for (size_t i = 0; i < n->ranges.count; i++)
		json_push_string(list, range_text(&a, n->ranges.items[i]));
	json_put(shown, "dhcp_ranges", list);
	arena_done(&a);
}

static const char *const columns[] = { "mode", "bridge", "address", "dhcp_ranges", NULL };

const struct kind network_kind = {
	.row = &network_row,
	.name = "network",
	.plural = "networks",
	.title = "network",
	.source = &libvirt_source,
	.fields = { rows, sizeof(struct network) },
	.sections = sections,
	.section_count = 2,
	.list_columns = columns,
	.read_object = read_object,
	.derive = derive,
	.decode = network_read,
	.follow = network_follow,
	.facts = facts,
	.plan = network_plan,
	.import = network_import,
	.state_fields = &network_record_fields,
	.desired = network_record_desired,
	.observed = network_record_observed,
	.ended = update_record_ended,
	.old_state = "lease",
};
