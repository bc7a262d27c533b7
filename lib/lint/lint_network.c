/* SPDX-License-Identifier: MIT */
/* lint_network: networks and their DHCP ranges, against each other and the cluster's. */
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/cluster/cluster.h"
#include "lib/lint/lint.h"
#include "lib/lint/lint_spans.h"

#define ETHERNET_MTU 1500
#define RANGE_MAX 65535 /* addresses in a range of libvirt's */

static struct finding *add(struct report *report, enum severity severity, const char *id,
    const struct network *network, const char *key, const char *text)
{
	const struct place *place = field_place(network, key);
	struct finding *f;

	if (!strcmp(key, "dhcp")) /* the range itself, where it is written */
		place = network->dhcp.range.record.node
			    ? &network->dhcp.range.record.node->place
			    : place;
	f = report_add(
	    report, severity, id, place, "network %s: %s", network->object.name, text);
	lint_about(report, f, &network->object, NULL);
	return f;
}

static bool has_range(const struct network *network)
{
	return network->dhcp.range.start.version && network->dhcp.range.end.version;
}

/* What no interface can have, or only one of another kind of network. */
static const char *unusable(struct cidr address)
{
	unsigned first = (unsigned)(address.address.value >> 24) & 0xff;
	struct range whole = cidr_range(address);

	if (first == 0 || first == 127 || first >= 224)
		return "is of no network that machines can be in";
	if (address.prefix < 31 && ip_equal(address.address, whole.first))
		return "is the network's own (first) address, not one in it";
	if (address.prefix < 31 && ip_equal(address.address, whole.last))
		return "is the network's last (broadcast) address";
	return NULL;
}

static void lint_own_address(const struct network *network, struct report *report)
{
	const char *why = unusable(network->address);
	struct cidr first = network->address;
	struct finding *f;

	if (!why || network->address.address.version != 4)
		return;
	f = add(report, SEVERITY_ERROR, "network-address-unusable", network, "address",
	    arena_printf(report->arena, "%s %s",
		cidr_text(network->address, (char[CIDR_TEXT]){ 0 }), why));
	first.address.value = cidr_range(first).first.value + 1;
	if (unusable(first))
		cidr_parse("192.168.122.1/24", &first, NULL);
	report_fix(report, f,
	    "write the host's own address in the network: \"address: %s\"",
	    cidr_text(first, (char[CIDR_TEXT]){ 0 }));
}

static void lint_range_in_network(const struct network *network, struct report *report)
{
	const struct dhcp_range *dhcp = &network->dhcp.range;
	struct range whole = cidr_range(network->address);
	char text[CIDR_TEXT];
	struct finding *f;
	const char *message;

	if (!cidr_contains(network->address, dhcp->start) ||
	    !cidr_contains(network->address, dhcp->end)) {
		message = arena_printf(report->arena,
		    "the DHCP range %s is not inside the network %s",
		    range_text(report->arena, (struct range){ dhcp->start, dhcp->end }),
		    range_text(report->arena, whole));
		f = add(report, SEVERITY_ERROR, "dhcp-range-outside-network", network,
		    "dhcp", message);
		report_fix(report, f, "choose start and end inside %s, or change address",
		    cidr_text(network->address, text));
	} else if (network->address.prefix < 31 && (ip_equal(dhcp->start, whole.first) ||
						       ip_equal(dhcp->end, whole.last))) {
		message = arena_printf(report->arena,
		    "the DHCP range takes in the %s address of the network",
		    ip_equal(dhcp->start, whole.first) ? "first (network)"
						       : "last (broadcast)");
		f = add(report, SEVERITY_ERROR, "dhcp-range-takes-network-address",
		    network, "dhcp", message);
		report_fix(report, f, "leave that address out of the range");
	}
}

static void lint_range(const struct network *network, struct report *report)
{
	const struct dhcp_range *dhcp = &network->dhcp.range;
	struct finding *f;

	if (dhcp->start.version != 4 || dhcp->end.version != 4) {
		f = add(report, SEVERITY_ERROR, "dhcp-range-not-ipv4", network, "dhcp",
		    "only IPv4 addresses can be in a DHCP range here");
		report_fix(report, f, "choose IPv4 addresses of the network");
		return;
	}
	if (ip_compare(dhcp->start, dhcp->end) > 0) {
		f = add(report, SEVERITY_ERROR, "dhcp-range-reversed", network, "dhcp",
		    "the DHCP range starts after its end");
		report_fix(report, f, "swap start and end");
		return;
	}
	if (dhcp->end.value - dhcp->start.value >= RANGE_MAX) {
		f = add(report, SEVERITY_ERROR, "dhcp-range-too-large", network, "dhcp",
		    arena_printf(report->arena,
			"the DHCP range has more than %d addresses, which libvirt does not take",
			RANGE_MAX));
		report_fix(report, f, "end it earlier");
		return;
	}
	if (lint_has(&network->object, "address"))
		lint_range_in_network(network, report);
	if (!network->ranges.count) {
		f = add(report, SEVERITY_WARNING, "dhcp-range-empty", network, "dhcp",
		    "nothing is left of the DHCP range once the pools are cut out of it: no machine without a fixed address will get one");
		report_fix(report, f, "make the range larger or move the pools");
	}
}

static int compare_texts(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The networks of all reservations, sorted: how often one stands there is how many it has. */
static const char **networks_of_reservations(
    struct arena *a, const struct config *config, size_t *count)
{
	const struct set *reservations = config_get(config, &reservation_kind);
	const char **names = arena_array(a, reservations->count, sizeof(*names));

	*count = reservations->count;
	for (size_t i = 0; i < reservations->count; i++)
		names[i] = ((const struct reservation *)reservations->items[i])->network;
	qsort(names, *count, sizeof(*names), compare_texts);
	return names;
}

static void lint_sizes(const struct config *config, struct report *report)
{
	const struct set *networks = config_get(config, &network_kind);
	struct arena a = { 0 };
	size_t count, at = 0;
	const char **names = networks_of_reservations(&a, config, &count);

	for (size_t i = 0; i < networks->count; i++) {
		const struct network *network =
		    (const struct network *)networks->items[i];
		const char *name = network->object.name;
		int64_t reservations = 0, room = ranges_size(network->ranges);
		struct finding *f;

		for (; at < count && strcmp(names[at], name) <= 0; at++)
			reservations += !strcmp(names[at], name);
		if (!has_range(network) || !room || room >= reservations)
			continue;
		f = add(report, SEVERITY_INFO, "dhcp-too-small", network, "dhcp",
		    arena_printf(&a,
			"its DHCP range has %lld addresses for %lld reservations",
			(long long)room, (long long)reservations));
		report_fix(report, f, "make the range larger");
	}
	arena_done(&a);
}

static void add_network_span(struct arena *a, struct spans *spans, struct cidr cidr,
    const struct object *object, const char *what, const struct place *place)
{
	spans_add(a, spans,
	    (struct span){
		.range = cidr_range(cidr),
		.object = object,
		.what = what,
		.place = place,
	    });
}

/* The pod and Service networks; the cluster is one object at most. */
static void add_cluster_spans(
    struct arena *a, struct spans *spans, const struct config *config)
{
	const struct set *clusters = config_get(config, &cluster_kind);

	for (size_t i = 0; i < clusters->count; i++) {
		const struct cluster *c = (const struct cluster *)clusters->items[i];

		if (c->pod_network.cidr.address.version)
			add_network_span(a, spans, c->pod_network.cidr, &c->object,
			    "the pod network", field_place(&c->pod_network, "cidr"));
		if (c->service_network.cidr.address.version)
			add_network_span(a, spans, c->service_network.cidr, &c->object,
			    "the Service network",
			    field_place(&c->service_network, "cidr"));
	}
}

static void lint_overlaps(const struct config *config, struct report *report)
{
	const struct set *networks = config_get(config, &network_kind);
	struct arena a = { 0 };
	struct spans spans = { 0 };

	for (size_t i = 0; i < networks->count; i++) {
		const struct network *n = (const struct network *)networks->items[i];

		if (lint_has(&n->object, "address"))
			add_network_span(&a, &spans, n->address, &n->object,
			    arena_printf(&a, "network %s", n->object.name),
			    field_place(n, "address"));
	}
	add_cluster_spans(&a, &spans, config);
	spans_sort(&spans);
	spans_report_overlaps(&spans, "networks-overlap",
	    "give each network addresses of its own: packets could go either way",
	    report);
	arena_done(&a);
}

static int by_bridge(const void *x, const void *y)
{
	const struct network *a = *(const struct network *const *)x;
	const struct network *b = *(const struct network *const *)y;
	int order = strcmp(a->bridge, b->bridge);

	return order ? order : strcmp(a->object.name, b->object.name);
}

static void lint_bridges(const struct config *config, struct report *report)
{
	const struct set *networks = config_get(config, &network_kind);
	struct arena a = { 0 };
	const struct network **with = arena_array(&a, networks->count, sizeof(*with));
	size_t count = 0;

	for (size_t i = 0; i < networks->count; i++)
		if (lint_has(networks->items[i], "bridge"))
			with[count++] = (const struct network *)networks->items[i];
	if (count > 1)
		qsort(with, count, sizeof(*with), by_bridge);
	for (size_t i = 1; i < count; i++) {
		struct finding *f;

		if (strcmp(with[i - 1]->bridge, with[i]->bridge) != 0)
			continue;
		f = add(report, SEVERITY_ERROR, "duplicate-bridge", with[i], "bridge",
		    arena_printf(report->arena, "its bridge %s is that of network %s",
			with[i]->bridge, with[i - 1]->object.name));
		report_fix(report, f, "give each network a bridge of its own");
		lint_about(report, f, &with[i]->object, &with[i - 1]->object);
	}
	arena_done(&a);
}

void lint_network(const struct config *config, struct report *report)
{
	const struct set *networks = config_get(config, &network_kind);

	for (size_t i = 0; i < networks->count; i++) {
		const struct network *network =
		    (const struct network *)networks->items[i];

		if (lint_has(&network->object, "address"))
			lint_own_address(network, report);
		if (has_range(network))
			lint_range(network, report);
	}
	lint_sizes(config, report);
	lint_bridges(config, report);
	lint_overlaps(config, report);
}

/* The smallest MTU of the networks that nodes may be in. */
static int64_t smallest_mtu(const struct config *config)
{
	const struct set *networks = config_get(config, &network_kind);
	int64_t mtu = networks->count ? INT64_MAX : ETHERNET_MTU;

	for (size_t i = 0; i < networks->count; i++) {
		const struct network *n = (const struct network *)networks->items[i];
		int64_t own = lint_has(&n->object, "mtu") ? n->mtu : ETHERNET_MTU;

		mtu = own < mtu ? own : mtu;
	}
	return mtu;
}

/* What the overlay puts around every packet; flannel's usual backend where none is
 * written. */
static int64_t overhead(struct arena *a, const struct cluster *cluster)
{
	static const struct {
		const char *backend;
		int64_t bytes;
	} table[] = { { "vxlan", 50 }, { "wireguard", 80 }, { "host-gw", 0 } };
	const char *backend =
	    field_text_at(a, &cluster_kind.fields, cluster, "pod_network.backend");

	for (size_t i = 0; backend && i < sizeof(table) / sizeof(table[0]); i++) {
		if (!strcmp(backend, table[i].backend))
			return table[i].bytes;
	}
	return table[0].bytes;
}

static void lint_overlay(
    const struct config *config, const struct cluster *cluster, struct report *report)
{
	const struct pod_network *pod = &cluster->pod_network;
	int64_t added = overhead(report->arena, cluster);
	int64_t room = smallest_mtu(config) - added;
	struct finding *f;

	if (!pod->mtu || pod->mtu <= room)
		return;
	f = report_add(report, SEVERITY_WARNING, "overlay-mtu-too-large",
	    field_place(pod, "mtu"),
	    "the pod network's MTU %lld does not fit: the network carries %lld and the overlay adds %lld, so at most %lld",
	    (long long)pod->mtu, (long long)(room + added), (long long)added,
	    (long long)room);
	report_fix(
	    report, f, "set mtu to %lld, or raise the network's mtu", (long long)room);
	lint_about(report, f, &cluster->object, NULL);
}

static void lint_service_address(const struct cluster *cluster, const char *key,
    struct ip ip, const char *what, const char *id, struct report *report)
{
	const struct service_network *service = &cluster->service_network;
	char network[CIDR_TEXT], address[IP_TEXT];
	struct finding *f;

	if (!ip.version || !service->cidr.address.version ||
	    cidr_contains(service->cidr, ip))
		return;
	f = report_add(report, SEVERITY_ERROR, id, field_place(service, key),
	    "the %s address %s is outside the Service network %s", what,
	    ip_text(ip, address), cidr_text(service->cidr, network));
	report_fix(report, f, "it must be one of the addresses of %s", network);
	lint_about(report, f, &cluster->object, NULL);
}

static void lint_pools_in_cluster(const struct config *config, struct report *report)
{
	struct arena a = { 0 };
	struct spans pools = spans_of_pools(&a, config), networks = { 0 };

	add_cluster_spans(&a, &networks, config);
	for (size_t n = 0; n < networks.count; n++) {
		const struct span *network = &networks.items[n];

		for (size_t i = spans_from(&pools, network->range.first);
		     i < pools.count &&
		     ip_compare(pools.items[i].range.first, network->range.last) <= 0;
		     i++) {
			const struct span *pool = &pools.items[i];
			struct range common;
			struct finding *f;

			if (!range_overlaps(pool->range, network->range, &common))
				continue;
			f = report_add(report, SEVERITY_ERROR, "pool-in-cluster-network",
			    pool->place, "%s takes %s, which belong to %s", pool->what,
			    range_text(&a, common), network->what);
			report_fix(report, f,
			    "choose addresses of the network the nodes are in");
			lint_about(report, f, pool->object, network->object);
		}
	}
	arena_done(&a);
}

void lint_cluster(const struct config *config, struct report *report)
{
	const struct set *clusters = config_get(config, &cluster_kind);

	for (size_t i = 0; i < clusters->count; i++) {
		const struct cluster *c = (const struct cluster *)clusters->items[i];

		lint_overlay(config, c, report);
		lint_service_address(c, "dns", c->service_network.dns, "DNS",
		    "service-dns-outside", report);
		lint_service_address(c, "api", c->service_network.api, "API server's",
		    "service-api-outside", report);
	}
	lint_pools_in_cluster(config, report);
}
