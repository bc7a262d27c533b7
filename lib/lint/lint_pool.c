/* SPDX-License-Identifier: MIT */
/* lint_pool: MetalLB's pools against each other, DHCP ranges and the networks' own ends.
 */
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/metallb/pool.h"
#include "lib/lint/lint.h"
#include "lib/lint/lint_spans.h"

static bool same_24(struct ip x, struct ip y)
{
	return x.version == 4 && y.version == 4 && x.value >> 8 == y.value >> 8;
}

/* ".2-.99, .151-.254" where all is inside one /24, else in full; the first few of many.
 */
static const char *short_ranges(struct arena *a, struct ranges set)
{
	const size_t most = 8;
	size_t count = set.count < most ? set.count : most;
	bool same = count > 0;
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		same = same && same_24(set.items[0].first, set.items[i].last);
	for (size_t i = 0; same && i < count; i++) {
		unsigned first = (unsigned)set.items[i].first.value & 0xff;
		unsigned last = (unsigned)set.items[i].last.value & 0xff;

		text = arena_printf(a, "%s%s.%u", text, i ? ", " : "", first);
		if (first != last)
			text = arena_printf(a, "%s-.%u", text, last);
	}
	if (!same)
		text = ranges_text(a, (struct ranges){ set.items, count });
	return set.count > most
		   ? arena_printf(a, "%s and %zu more", text, set.count - most)
		   : text;
}

static void pool_in_range(const struct span *pool, const struct network *network,
    struct range common, struct report *report)
{
	struct arena *a = report->arena;
	struct finding *f;

	if (network->dhcp.reserve_pools) {
		f = report_add(report, SEVERITY_INFO, "pool-in-dhcp-range", pool->place,
		    "%s takes %s out of the DHCP range of network %s; the range is cut to %s (reserve_pools)",
		    pool->what, range_text(a, common), network->object.name,
		    short_ranges(a, network->ranges));
		report_fix(report, f,
		    "nothing must be done; to be rid of this, end the DHCP range before the pool");
	} else {
		f = report_add(report, SEVERITY_WARNING, "pool-in-dhcp-range",
		    pool->place,
		    "%s has %s in the DHCP range of network %s: a machine may be given a Service's address",
		    pool->what, range_text(a, common), network->object.name);
		report_fix(report, f,
		    "set dhcp.reserve_pools to true in network %s, or move the pool",
		    network->object.name);
	}
	lint_about(report, f, pool->object, &network->object);
}

static void lint_dhcp(
    const struct spans *pools, const struct network *network, struct report *report)
{
	struct range range = { network->dhcp.range.start, network->dhcp.range.end };
	struct range common;

	if (!range.first.version || !range.last.version ||
	    ip_compare(range.first, range.last) > 0)
		return;
	for (size_t i = spans_from(pools, range.first);
	     i < pools->count && ip_compare(pools->items[i].range.first, range.last) <= 0;
	     i++) {
		if (range_overlaps(pools->items[i].range, range, &common))
			pool_in_range(&pools->items[i], network, common, report);
	}
}

static bool left_out_by_metallb(const struct span *pool, struct ip ip)
{
	unsigned last = (unsigned)ip.value & 0xff;

	return ((const struct pool *)pool->object)->avoid_buggy_ips &&
	       (last == 0 || last == 255);
}

static void lint_address(const struct spans *pools, const struct network *network,
    struct ip ip, const char *what, const char *id, enum severity severity,
    struct report *report)
{
	const struct span *pool = spans_find(pools, ip);
	char text[IP_TEXT];
	struct finding *f;

	if (!pool || left_out_by_metallb(pool, ip))
		return;
	f = report_add(report, severity, id, pool->place, "%s contains %s, the %s of %s",
	    pool->what, ip_text(ip, text), what,
	    arena_printf(report->arena, "network %s", network->object.name));
	report_fix(report, f, "leave %s out of the pool", text);
	lint_about(report, f, pool->object, &network->object);
}

static void lint_ends(
    const struct spans *pools, const struct network *network, struct report *report)
{
	struct range whole = cidr_range(network->address);

	lint_address(pools, network, network->address.address, "gateway",
	    "pool-contains-gateway", SEVERITY_ERROR, report);
	if (network->address.address.version != 4 || network->address.prefix > 30)
		return;
	lint_address(pools, network, whole.first, "network address",
	    "pool-contains-network-address", SEVERITY_WARNING, report);
	lint_address(pools, network, whole.last, "broadcast address",
	    "pool-contains-broadcast", SEVERITY_WARNING, report);
}

/* The addresses of all networks that are written, as spans. */
static struct spans spans_of_networks(struct arena *a, const struct config *config)
{
	const struct set *networks = config_get(config, &network_kind);
	struct spans spans = { 0 };

	for (size_t i = 0; i < networks->count; i++) {
		const struct network *n = (const struct network *)networks->items[i];

		if (lint_has(&n->object, "address"))
			spans_add(a, &spans,
			    (struct span){ .range = cidr_range(n->address),
				.object = &n->object,
				.what = n->object.name });
	}
	spans_sort(&spans);
	return spans;
}

static bool has_version(const struct spans *spans, uint8_t version)
{
	/* Sorted: IPv4 first. */
	return spans->count &&
	       (spans->items[0].range.first.version == version ||
		   spans->items[spans->count - 1].range.first.version == version);
}

/* Layer 2 answers only for addresses of a network that nodes are in. */
static void lint_outside(
    const struct config *config, const struct spans *pools, struct report *report)
{
	struct arena a = { 0 };
	struct spans networks = spans_of_networks(&a, config);

	for (size_t i = 0; i < pools->count; i++) {
		const struct span *pool = &pools->items[i];
		const struct span *network = spans_find(&networks, pool->range.first);
		struct finding *f;

		if (!has_version(&networks, pool->range.first.version) ||
		    (network && range_contains(network->range, pool->range.last)))
			continue;
		f = report_add(report, SEVERITY_WARNING, "pool-outside-networks",
		    pool->place, "%s: %s is not inside any network", pool->what,
		    range_text(&a, pool->range));
		report_fix(
		    report, f, "choose free addresses of the network the nodes are in");
		lint_about(report, f, pool->object, NULL);
	}
	arena_done(&a);
}

static void lint_one(const struct pool *pool, struct report *report)
{
	struct finding *f;

	if (lint_has(&pool->object, "addresses") && !pool->addresses.count) {
		f = report_add(report, SEVERITY_ERROR, "pool-empty",
		    field_place(pool, "addresses"), "pool %s has no addresses",
		    pool->object.name);
		report_fix(report, f,
		    "list ranges such as 192.168.122.100-192.168.122.150, or remove the pool");
		lint_about(report, f, &pool->object, NULL);
	}
	if (pool->advertise != 0) {
		f = report_add(report, SEVERITY_WARNING, "pool-not-advertised",
		    field_place(pool, "advertise"),
		    "pool %s is not to be advertised from here: unless something else does it, its addresses are assigned but do not answer",
		    pool->object.name);
		report_fix(report, f,
		    "remove advertise: none, unless BGP or an L2Advertisement of your own covers the pool");
		lint_about(report, f, &pool->object, NULL);
	}
}

void lint_pool(const struct config *config, struct report *report)
{
	const struct set *pools = config_get(config, &pool_kind);
	const struct set *networks = config_get(config, &network_kind);
	struct arena a = { 0 };
	struct spans spans = spans_of_pools(&a, config);

	for (size_t i = 0; i < pools->count; i++)
		lint_one((const struct pool *)pools->items[i], report);
	for (size_t i = 0; i < networks->count; i++) {
		const struct network *network =
		    (const struct network *)networks->items[i];

		lint_dhcp(&spans, network, report);
		if (lint_has(&network->object, "address"))
			lint_ends(&spans, network, report);
	}
	spans_report_overlaps(&spans, "pools-overlap",
	    "give every address to one pool only: MetalLB refuses overlapping pools",
	    report);
	lint_outside(config, &spans, report);
	arena_done(&a);
}
