/* SPDX-License-Identifier: MIT */
/* network_read: what the plan compares, taken out of a document. */
#include "lib/kind/network/network_read.h"

#include <stdlib.h>
#include <string.h>

#include "lib/doc/xml.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_record.h"
#include "lib/kind/network/network_xml.h"

const char *const network_mode_words[] = { "nat", "route", "open", NULL };

#define MTU_OF_ETHERNET 1500

static uint64_t bit(const char *key)
{
	return field_bit(&network_kind.fields, key);
}

static int64_t number(const char *text)
{
	return text ? strtoll(text, NULL, 10) : 0;
}

/* Mode and mark */

int network_read_mode(struct arena *a, xmlNode *forward)
{
	const char *mode = xml_attribute(a, forward, NULL, "mode");

	if (!forward)
		return NETWORK_ISOLATED;
	if (!mode)
		return NETWORK_NAT;
	for (int i = 0; network_mode_words[i]; i++)
		if (strcmp(mode, network_mode_words[i]) == 0)
			return i;
	return -1;
}

static void read_mode(struct arena *a, struct network *n, xmlNode *root)
{
	xmlNode *forward = xml_first(root, "forward");
	int mode = network_read_mode(a, forward);

	if (mode < 0) { /* bridge, hostdev... */
		n->forward = xml_attribute(a, forward, NULL, "mode");
		return;
	}
	n->mode = mode;
	n->object.record.has |= bit("mode");
}

/* A mark that was copied with the rest of a document owns nothing: it names the network it
 * was made for, and networks are never renamed. */
static bool is_marked(struct arena *a, xmlNode *root)
{
	xmlNode *metadata = xml_first(root, "metadata");
	const char *own = xml_content(a, root, "name"), *of;

	for (xmlNode *n = metadata ? metadata->children : NULL; n; n = n->next) {
		if (n->type != XML_ELEMENT_NODE || !n->ns || !n->ns->href ||
		    strcmp((const char *)n->ns->href, MARK_URI) != 0)
			continue;
		of = xml_attribute(a, n, NULL, "name");
		return own && of && strcmp(own, of) == 0;
	}
	return false;
}

/* DHCP */

bool network_read_range(struct arena *a, xmlNode *element, struct range *range)
{
	const char *start = xml_attribute(a, element, NULL, "start");
	const char *end = xml_attribute(a, element, NULL, "end");

	return start && end && ip_parse(start, &range->first, NULL) == 0 &&
	       ip_parse(end, &range->last, NULL) == 0 &&
	       ip_compare(range->first, range->last) <= 0;
}

struct lease_time network_read_lease(struct arena *a, xmlNode *element)
{
	return (struct lease_time){ xml_attribute(a, element, "lease", "expiry"),
		xml_attribute(a, element, "lease", "unit") };
}

static void read_host(struct arena *a, struct network *n, xmlNode *element)
{
	const char *mac = xml_attribute(a, element, NULL, "mac");
	const char *ip = xml_attribute(a, element, NULL, "ip");
	struct host_entry *h = arena_push(a, &n->hosts, &n->host_count, sizeof(*h));

	h->has_mac = mac && mac_parse(mac, &h->mac, NULL) == 0;
	h->name = xml_attribute(a, element, NULL, "name");
	h->lease = network_read_lease(a, element);
	if (ip)
		ip_parse(ip, &h->ip, NULL);
}

static int by_mac(const void *a, const void *b)
{
	return memcmp(&((const struct host_entry *)a)->mac,
	    &((const struct host_entry *)b)->mac, sizeof(struct mac));
}

static int by_ip(const void *a, const void *b)
{
	return ip_compare(
	    ((const struct host_entry *)a)->ip, ((const struct host_entry *)b)->ip);
}

static bool has_pairs(
    struct host_entry *hosts, size_t count, int (*order)(const void *, const void *))
{
	qsort(hosts, count, sizeof(*hosts), order);
	for (size_t i = 1; i < count; i++)
		if (order(&hosts[i - 1], &hosts[i]) == 0)
			return true;
	return false;
}

/* Whether an entry with the right MAC and address can be trusted to be the only one with
 * either. */
static void sort_hosts(struct network *n)
{
	bool whole = true, pairs;

	if (!n->host_count)
		return;
	for (size_t i = 0; i < n->host_count; i++)
		whole &= n->hosts[i].has_mac && n->hosts[i].ip.version;
	pairs = has_pairs(n->hosts, n->host_count, by_ip);
	pairs = has_pairs(n->hosts, n->host_count, by_mac) || pairs;
	n->hosts_distinct = whole && !pairs;
}

static void read_dhcp(struct arena *a, struct network *n, xmlNode *dhcp)
{
	for (xmlNode *r = xml_first(dhcp, "range"); r; r = xml_next(r)) {
		struct range range;
		struct range_entry *slot;

		if (!network_read_range(a, r, &range))
			continue;
		slot = arena_push(a, &n->range_items, &n->range_count, sizeof(*slot));
		*slot = (struct range_entry){ range, network_read_lease(a, r) };
		ranges_add(a, &n->ranges, range);
	}
	for (xmlNode *h = xml_first(dhcp, "host"); h; h = xml_next(h))
		read_host(a, n, h);
	if (n->host_count)
		n->first_host = n->hosts[0];
}

/* Never compared, and never ours to change: only what pools have to keep clear of. */
static void read_dhcp6(struct arena *a, struct network *n, xmlNode *dhcp)
{
	for (xmlNode *r = xml_first(dhcp, "range"); r; r = xml_next(r)) {
		struct range range;

		if (network_read_range(a, r, &range))
			ranges_add(a, &n->served6, range);
	}
	for (xmlNode *h = xml_first(dhcp, "host"); h; h = xml_next(h)) {
		const char *text = xml_attribute(a, h, NULL, "ip");
		struct ip ip;

		if (text && ip_parse(text, &ip, NULL) == 0)
			ranges_add(a, &n->served6, (struct range){ ip, ip });
	}
}

/* Addresses */

/* One without a mask has the natural one of its class, or of IPv6 64 bits. */
static bool read_cidr(struct arena *a, xmlNode *ip, struct cidr *out)
{
	const char *address = xml_attribute(a, ip, NULL, "address");
	const char *mask = xml_attribute(a, ip, NULL, "netmask");
	int natural;

	if (!mask)
		mask = xml_attribute(a, ip, NULL, "prefix");
	if (!address || ip_parse(address, &out->address, NULL) < 0)
		return false;
	if (mask && out->address.version == 6) { /* netmask_parse() is of IPv4 */
		out->prefix = (uint8_t)number(mask);
		return out->prefix <= 128;
	}
	if (mask)
		return netmask_parse(mask, &out->prefix, NULL) == 0;
	natural = out->address.version == 6 ? 64 : network_natural_prefix(out->address);
	out->prefix = natural < 0 ? 0 : (uint8_t)natural;
	return natural >= 0;
}

/* Every <ip>, also one that does not read: places count. */
static void read_ips(struct arena *a, struct network *n, xmlNode *root)
{
	for (xmlNode *e = xml_first(root, "ip"); e; e = xml_next(e)) {
		struct network_ip *ip = arena_push(a, &n->ips, &n->ip_count, sizeof(*ip));
		xmlNode *dhcp = xml_first(e, "dhcp");

		if (!read_cidr(a, e, &ip->cidr))
			ip->cidr = (struct cidr){ 0 };
		ip->dhcp = xml_first(dhcp, "range") || xml_first(dhcp, "host");
		if (ip->dhcp && ip->cidr.address.version == 4)
			read_dhcp(a, n, dhcp);
		else if (ip->dhcp)
			read_dhcp6(a, n, dhcp);
	}
	sort_hosts(n);
}

static void read_routes(struct arena *a, struct network *n, xmlNode *root)
{
	for (xmlNode *e = xml_first(root, "route"); e; e = xml_next(e)) {
		const char *text = xml_attribute(a, e, NULL, "gateway");
		struct ip ip;

		if (text && ip_parse(text, &ip, NULL) == 0 && ip.version == 4)
			*(struct ip *)arena_push(
			    a, &n->gateways, &n->gateway_count, sizeof(ip)) = ip;
	}
}

/* The one that is shown, and compared where no other is meant. */
static void set_address(struct network *n)
{
	const struct network_ip *shown = NULL;

	for (size_t i = 0; i < n->ip_count; i++)
		if (n->ips[i].cidr.address.version == 4 &&
		    (!shown || (n->ips[i].dhcp && !shown->dhcp)))
			shown = &n->ips[i];
	if (!shown)
		return;
	n->address = shown->cidr;
	n->object.record.has |= bit("address");
}

/* Sides */

static bool has_txt(struct arena *a, xmlNode *dns)
{
	for (xmlNode *txt = xml_first(dns, "txt"); txt; txt = xml_next(txt)) {
		const char *name = xml_attribute(a, txt, NULL, "name");

		if (name && strcmp(name, NETWORK_TXT) == 0)
			return true;
	}
	return false;
}

static struct network *read_side(
    struct observed *observed, const char *xml, struct error *e)
{
	struct network *n = observed_object(observed);
	struct arena *a = &observed->arena;
	autoxml xmlDoc *doc = xml_parse(xml, e);
	const char *mtu;
	xmlNode *root;

	if (!doc)
		return NULL;
	root = xml_root(doc);
	n->xml = arena_copy(a, xml);
	n->connections = number(xml_attribute(a, root, NULL, "connections"));
	n->marked = is_marked(a, root);
	read_mode(a, n, root);
	n->bridge = xml_attribute(a, root, "bridge", "name");
	if (n->bridge)
		n->object.record.has |= bit("bridge");
	n->txt = has_txt(a, xml_first(root, "dns"));
	mtu = xml_attribute(a, root, "mtu", "size");
	n->mtu = mtu ? number(mtu) : MTU_OF_ETHERNET;
	n->object.record.has |= bit("mtu");
	read_ips(a, n, root);
	read_routes(a, n, root);
	set_address(n);
	return n;
}

static void set_facts(
    struct observed *observed, struct network *n, const struct network_facts *facts)
{
	if (!n)
		return;
	n->active = facts->active;
	n->persistent = facts->persistent;
	n->autostart = facts->autostart;
	n->object.record.has |= bit("autostart");
	n->leases_known = facts->leases_known;
	n->leases = arena_array(&observed->arena, facts->lease_count, sizeof(*n->leases));
	n->lease_count = facts->lease_count;
	for (size_t i = 0; i < facts->lease_count; i++)
		n->leases[i] = facts->leases[i];
}

static int compare_texts(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static const char *const *sorted(struct arena *a, const char *const *names, size_t count)
{
	const char **copy = arena_array(a, count + 1, sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] = arena_copy(a, names[i]);
	qsort(copy, count, sizeof(*copy), compare_texts);
	return copy;
}

static void set_parts(
    struct observed *observed, struct network *live, const struct network_facts *facts)
{
	if (!live)
		return;
	live->bridge_state = facts->bridge;
	live->dnsmasq = facts->dnsmasq;
	live->run = facts->run;
	live->strays = sorted(&observed->arena, facts->strays, facts->stray_count);
	live->stray_count = facts->stray_count;
	live->older = sorted(&observed->arena, facts->older, facts->older_count);
	live->older_count = facts->older_count;
}

int network_read(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct network *live = NULL, *stored = NULL;

	if (reading->live_xml) {
		live = read_side(observed, reading->live_xml, e);
		if (!live)
			return fail_in(e, "its live definition cannot be read");
	}
	if (reading->config_xml) {
		stored = read_side(observed, reading->config_xml, e);
		if (!stored)
			return fail_in(e, "its stored definition cannot be read");
	}
	if (!live && !stored)
		return fail(e, "libvirt gave no definition of it");
	set_facts(observed, live, reading->facts);
	set_facts(observed, stored, reading->facts);
	set_parts(observed, live, reading->facts);
	observed->live = live ? &live->object : NULL;
	observed->config = stored ? &stored->object : NULL;
	return 0;
}

/* Leases that are gone */

#define FORMER_MAX 4096 /* of more machines than that the last ones are forgotten */

static struct network *any_side(const struct observed *observed)
{
	return (struct network *)(observed->live ? observed->live : observed->config);
}

static int compare_leases(const void *x, const void *y)
{
	return memcmp(&((const struct dhcp_lease *)x)->mac,
	    &((const struct dhcp_lease *)y)->mac, sizeof(struct mac));
}

/* Those of `from` whose MAC has none now. */
static void add_former(struct arena *a, struct network *now,
    const struct dhcp_lease *leased, const struct dhcp_lease *from, size_t count)
{
	for (size_t i = 0; i < count && now->former_count < FORMER_MAX; i++) {
		struct dhcp_lease *slot;

		if (from[i].ip.version != 4 ||
		    (now->lease_count && bsearch(&from[i], leased, now->lease_count,
					     sizeof(*leased), compare_leases)))
			continue;
		slot = arena_push(a, &now->former, &now->former_count, sizeof(*slot));
		*slot = from[i];
	}
}

void network_follow(struct observed *observed, const struct observed *before,
    const struct object_state *state)
{
	struct network *now = any_side(observed), remembered = { 0 };
	const struct network *was = before ? any_side(before) : NULL;
	struct dhcp_lease *leased;

	if (!was && state) {
		network_record_leases(&observed->arena, network_record_of(state),
		    &remembered.leases, &remembered.lease_count);
		was = &remembered;
	}
	if (!now || !was || (!was->lease_count && !was->former_count))
		return;
	leased = arena_array(&observed->arena, now->lease_count + 1, sizeof(*leased));
	for (size_t i = 0; i < now->lease_count; i++)
		leased[i] = now->leases[i];
	qsort(leased, now->lease_count, sizeof(*leased), compare_leases);
	add_former(&observed->arena, now, leased, was->leases, was->lease_count);
	add_former(&observed->arena, now, leased, was->former, was->former_count);
}
