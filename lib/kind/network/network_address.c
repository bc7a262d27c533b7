/* SPDX-License-Identifier: MIT */
/* network_address: looks through the <ip> elements. */
#include "lib/kind/network/network_address.h"

int network_natural_prefix(struct ip address)
{
	unsigned first = (unsigned)(address.value >> 24) & 0xff;

	if (address.version != 4 || first >= 224)
		return -1;
	return first < 128 ? 8 : first < 192 ? 16 : 24;
}

int network_ip_meant(const struct network *side, struct cidr address)
{
	int with_dhcp = -1, last = -1, count = 0;

	for (size_t i = 0; i < side->ip_count; i++) {
		const struct network_ip *ip = &side->ips[i];

		if (ip->cidr.address.version != 4)
			continue;
		if (ip_equal(ip->cidr.address, address.address))
			return (int)i;
		if (ip->dhcp)
			with_dhcp = (int)i;
		last = (int)i;
		count++;
	}
	if (with_dhcp >= 0)
		return with_dhcp;
	return count > 1 ? -2 : last;
}

int network_ip_serving(const struct network *side, struct ip address)
{
	int found = -1;

	for (size_t i = 0; i < side->ip_count; i++) {
		const struct network_ip *ip = &side->ips[i];
		bool inside = cidr_contains(ip->cidr, address);

		if (ip->cidr.address.version != address.version)
			continue;
		if (ip->dhcp)
			return inside ? (int)i : -1;
		if (inside && found < 0)
			found = (int)i;
	}
	return found;
}

int network_ip_of_entry(const struct network *side, struct ip address)
{
	for (size_t i = 0; i < side->ip_count; i++)
		if (side->ips[i].dhcp && side->ips[i].cidr.address.version == 4)
			return (int)i;
	return network_ip_serving(side, address);
}

const char *network_ip_taken(const struct network *side, struct ip address)
{
	for (size_t i = 0; i < side->ip_count; i++) {
		struct cidr cidr = side->ips[i].cidr;
		struct range whole;

		if (ip_equal(cidr.address, address))
			return "the host's own address";
		if (cidr.address.version != 4 || cidr.prefix > 30)
			continue;
		whole = cidr_range(cidr);
		if (ip_equal(whole.first, address))
			return "the address of the network itself";
		if (ip_equal(whole.last, address))
			return "the broadcast address";
	}
	return NULL;
}

static const char *range_unfit(
    struct arena *a, const struct network *side, struct range range)
{
	int place = network_ip_serving(side, range.first);
	struct range whole;

	if (place < 0 || place != network_ip_serving(side, range.last))
		return arena_printf(a, "is not inside the network, which has %s",
		    side->address.address.version
			? cidr_text(side->address, (char[CIDR_TEXT]){ 0 })
			: "no IPv4 address");
	if (side->ips[place].cidr.prefix > 30)
		return NULL;
	whole = cidr_range(side->ips[place].cidr);
	if (ip_equal(range.first, whole.first))
		return "takes in the network's own (first) address";
	if (ip_equal(range.last, whole.last))
		return "takes in the network's last (broadcast) address";
	return NULL;
}

const char *network_ranges_unfit(
    struct arena *a, const struct network *side, struct ranges ranges)
{
	const char *why = NULL;

	for (size_t i = 0; !why && i < ranges.count; i++)
		why = range_unfit(a, side, ranges.items[i]);
	return why;
}

struct ranges network_subnets(struct arena *a, const struct network *network)
{
	struct ranges all = { 0 };

	for (size_t i = 0; i < network->ip_count; i++)
		if (network->ips[i].cidr.address.version == 4)
			ranges_add(a, &all, cidr_range(network->ips[i].cidr));
	if (!network->ip_count && network->address.address.version == 4)
		ranges_add(a, &all, cidr_range(network->address));
	return all;
}
