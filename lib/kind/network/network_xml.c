/* SPDX-License-Identifier: MIT */
/* network_xml: libvirt's network documents as structs, and back. */
#include "lib/kind/network/network_xml.h"

#include <stdlib.h>
#include <string.h>

#include "lib/doc/xml.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/network/network_plan.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"

static const char *const mode_words[] = { "nat", "route", "open", NULL };

static uint64_t bit(const char *key)
{
	return field_bit(&network_kind.fields, key);
}

/* Reading */

static void read_mode(struct arena *a, struct network *n, xmlNode *root)
{
	xmlNode *forward = xml_first(root, "forward");
	const char *mode = xml_attribute(a, forward, NULL, "mode");

	n->object.record.has |= bit("mode");
	n->mode = NETWORK_ISOLATED;
	if (!forward)
		return;
	if (!mode)
		mode = "nat";
	for (int i = 0; mode_words[i]; i++) {
		if (strcmp(mode, mode_words[i]) == 0)
			n->mode = i;
	}
	if (n->mode == NETWORK_ISOLATED) /* bridge, hostdev...: none that we can write */
		n->object.record.has &= ~bit("mode");
}

static bool read_range(struct arena *a, xmlNode *element, struct range *range)
{
	const char *start = xml_attribute(a, element, NULL, "start");
	const char *end = xml_attribute(a, element, NULL, "end");

	return start && end && ip_parse(start, &range->first, NULL) == 0 &&
	       ip_parse(end, &range->last, NULL) == 0 &&
	       ip_compare(range->first, range->last) <= 0;
}

static void read_host(struct arena *a, struct network *n, xmlNode *element)
{
	const char *mac = xml_attribute(a, element, NULL, "mac");
	const char *ip = xml_attribute(a, element, NULL, "ip");
	struct host_entry *h = arena_push(a, &n->hosts, &n->host_count, sizeof(*h));

	h->has_mac = mac && mac_parse(mac, &h->mac, NULL) == 0;
	h->name = xml_attribute(a, element, NULL, "name");
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

static int by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct host_entry *)a)->name, ((const struct host_entry *)b)->name);
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

/* Whether an exact match can be trusted to be the only entry with any of its keys. */
static void sort_hosts(struct network *n)
{
	bool whole = true, pairs;

	if (!n->host_count)
		return;
	for (size_t i = 0; i < n->host_count; i++)
		whole &=
		    n->hosts[i].has_mac && n->hosts[i].name && n->hosts[i].ip.version;
	pairs = has_pairs(n->hosts, n->host_count, by_ip);
	pairs = (whole && has_pairs(n->hosts, n->host_count, by_name)) || pairs;
	pairs = has_pairs(n->hosts, n->host_count, by_mac) || pairs;
	n->hosts_distinct = whole && !pairs;
}

static void read_dhcp(struct arena *a, struct network *n, xmlNode *dhcp)
{
	for (xmlNode *r = xml_first(dhcp, "range"); r; r = xml_next(r)) {
		struct range range, *slot;

		if (!read_range(a, r, &range))
			continue;
		slot = arena_push(a, &n->range_items, &n->range_count, sizeof(*slot));
		*slot = range;
		ranges_add(a, &n->ranges, range);
	}
	for (xmlNode *h = xml_first(dhcp, "host"); h; h = xml_next(h))
		read_host(a, n, h);
	sort_hosts(n);
}

/* The IPv4 <ip> element that serves DHCP, else the first IPv4 one. */
static xmlNode *main_ip(struct arena *a, xmlNode *root)
{
	xmlNode *first = NULL;

	for (xmlNode *ip = xml_first(root, "ip"); ip; ip = xml_next(ip)) {
		const char *family = xml_attribute(a, ip, NULL, "family");

		if (family && strcmp(family, "ipv6") == 0)
			continue;
		if (xml_first(ip, "dhcp"))
			return ip;
		if (!first)
			first = ip;
	}
	return first;
}

static void read_address(struct arena *a, struct network *n, xmlNode *ip)
{
	const char *address = xml_attribute(a, ip, NULL, "address");
	const char *mask = xml_attribute(a, ip, NULL, "netmask");

	if (!mask)
		mask = xml_attribute(a, ip, NULL, "prefix");
	if (!address || !mask || ip_parse(address, &n->address.address, NULL) < 0 ||
	    netmask_parse(mask, &n->address.prefix, NULL) < 0)
		return;
	n->object.record.has |= bit("address");
}

static int64_t number(const char *text)
{
	return text ? strtoll(text, NULL, 10) : 0;
}

static struct network *read_side(
    struct observed *observed, const char *xml, struct error *e)
{
	struct network *n = observed_object(observed);
	struct arena *a = &observed->arena;
	autoxml xmlDoc *doc = xml_parse(xml, e);
	xmlNode *root, *ip;
	const char *mtu;

	if (!doc)
		return NULL;
	root = xml_root(doc);
	n->xml = arena_copy(a, xml);
	n->connections = number(xml_attribute(a, root, NULL, "connections"));
	read_mode(a, n, root);
	n->bridge = xml_attribute(a, root, "bridge", "name");
	if (n->bridge)
		n->object.record.has |= bit("bridge");
	mtu = xml_attribute(a, root, "mtu", "size");
	n->mtu = mtu ? number(mtu) : 1500;
	n->object.record.has |= bit("mtu");
	ip = main_ip(a, root);
	if (ip) {
		read_address(a, n, ip);
		read_dhcp(a, n, xml_first(ip, "dhcp"));
	}
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

static void set_ports(
    struct observed *observed, struct network *live, const struct network_facts *facts)
{
	const char **ports;

	if (!live || !facts->ports_known)
		return;
	ports = arena_array(&observed->arena, facts->port_count + 1, sizeof(*ports));
	for (size_t i = 0; i < facts->port_count; i++)
		ports[i] = arena_copy(&observed->arena, facts->ports[i]);
	live->ports_known = true;
	live->ports = ports;
	live->port_count = facts->port_count;
}

int network_xml_decode(
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
	set_ports(observed, live, reading->facts);
	observed->live = live ? &live->object : NULL;
	observed->config = stored ? &stored->object : NULL;
	return 0;
}

/* Writing */

static void set_mode(xmlNode *root, int mode)
{
	if (mode == NETWORK_ISOLATED)
		xml_remove(xml_first(root, "forward"));
	else
		xml_set_attribute(xml_make(root, "forward"), "mode", mode_words[mode]);
}

static void set_address(struct arena *a, xmlNode *root, struct cidr address)
{
	xmlNode *ip = main_ip(a, root);

	if (!ip)
		ip = xml_append(root, "ip");
	xml_set_attribute(ip, "netmask", NULL);
	xml_set_attribute(ip, "address", ip_text(address.address, (char[IP_TEXT]){ 0 }));
	xml_set_attribute(ip, "prefix", arena_printf(a, "%u", address.prefix));
}

static void set_keys(struct arena *a, const struct network *want, xmlNode *root)
{
	const struct fields *fields = &network_kind.fields;

	if (field_has(fields, want, "mode"))
		set_mode(root, want->mode);
	if (field_has(fields, want, "bridge"))
		xml_set_attribute(xml_make(root, "bridge"), "name", want->bridge);
	if (field_has(fields, want, "mtu"))
		xml_set_attribute(xml_make(root, "mtu"), "size",
		    arena_printf(a, "%lld", (long long)want->mtu));
	if (field_has(fields, want, "address"))
		set_address(a, root, want->address);
}

static void put_range(xmlNode *dhcp, struct range range)
{
	xmlNode *element = xml_append(dhcp, "range");

	xml_set_attribute(element, "start", ip_text(range.first, (char[IP_TEXT]){ 0 }));
	xml_set_attribute(element, "end", ip_text(range.last, (char[IP_TEXT]){ 0 }));
}

static bool is_inside(struct arena *a, xmlNode *element, struct cidr network)
{
	struct range range;

	return read_range(a, element, &range) && cidr_contains(network, range.first) &&
	       cidr_contains(network, range.last);
}

/* libvirt takes no definition with a range outside its network: where the network moves,
 * the written ranges move with it. */
static void move_ranges(struct arena *a, const struct network *want, xmlNode *root)
{
	xmlNode *dhcp = xml_first(main_ip(a, root), "dhcp"), *range;
	bool moves = false;

	for (range = xml_first(dhcp, "range"); range; range = xml_next(range))
		moves |= !is_inside(a, range, want->address);
	if (!moves || !network_has_range(want))
		return;
	while ((range = xml_first(dhcp, "range")))
		xml_remove(range);
	for (size_t i = 0; i < want->ranges.count; i++)
		put_range(dhcp, want->ranges.items[i]);
}

const char *network_xml_patch(
    struct arena *a, const struct network *want, const char *stored, struct error *e)
{
	autoxml xmlDoc *doc = xml_parse(stored, e);

	if (!doc)
		return NULL;
	set_keys(a, want, xml_root(doc));
	if (field_has(&network_kind.fields, want, "address"))
		move_ranges(a, want, xml_root(doc));
	return xml_print(a, doc, e);
}

static void put_host(struct arena *a, xmlNode *dhcp, const struct host_entry *host)
{
	xmlNode *element = xml_append(dhcp, "host");

	(void)a;
	if (host->has_mac)
		xml_set_attribute(
		    element, "mac", mac_text(host->mac, (char[MAC_TEXT]){ 0 }));
	if (host->name)
		xml_set_attribute(element, "name", host->name);
	if (host->ip.version)
		xml_set_attribute(element, "ip", ip_text(host->ip, (char[IP_TEXT]){ 0 }));
}

static void put_dhcp(struct planner *p, const struct network *want, xmlNode *ip)
{
	const struct set *reservations = config_get(p->input->desired, &reservation_kind);
	xmlNode *dhcp = NULL;

	if (want->ranges.count)
		dhcp = xml_make(ip, "dhcp");
	for (size_t i = 0; i < want->ranges.count; i++)
		put_range(dhcp, want->ranges.items[i]);
	for (size_t i = 0; i < reservations->count; i++) {
		const struct reservation *reservation =
		    (const struct reservation *)reservations->items[i];
		struct host_entry entry;

		if (strcmp(reservation->network, want->object.name) != 0 ||
		    reservation_unknown(p, reservation) ||
		    !reservation_entry(p, reservation, &entry))
			continue;
		put_host(p->arena, xml_make(ip, "dhcp"), &entry);
	}
}

static void put_mark(xmlNode *root, const char *name)
{
	xmlNode *owner = xml_append(xml_make(root, "metadata"), "homek8s:owner");

	xml_set_attribute(owner, "xmlns:homek8s", MARK_URI);
	xml_set_attribute(owner, "name", name);
}

const char *network_xml_new(
    struct planner *p, const struct network *want, struct error *e)
{
	autoxml xmlDoc *doc = xml_parse("<network/>", e);
	xmlNode *root;

	if (!doc)
		return NULL;
	root = xml_root(doc);
	xml_set_content(xml_append(root, "name"), want->object.name);
	put_mark(root, want->object.name);
	set_mode(root,
	    field_has(&network_kind.fields, want, "mode") ? want->mode : NETWORK_NAT);
	set_keys(p->arena, want, root);
	set_address(p->arena, root, want->address);
	put_dhcp(p, want, main_ip(p->arena, root));
	return xml_print(p->arena, doc, e);
}

static const char *part(struct arena *a, xmlDoc *doc)
{
	struct error e = { "" };
	const char *text = xml_print_element(a,
	    xml_first(xml_root(doc), "host") ? xml_first(xml_root(doc), "host")
					     : xml_first(xml_root(doc), "range"),
	    &e);

	return text ? text : "";
}

const char *network_xml_host(struct arena *a, const struct host_entry *host)
{
	autoxml xmlDoc *doc = xml_parse("<dhcp/>", NULL);

	put_host(a, xml_root(doc), host);
	return part(a, doc);
}

const char *network_xml_range(struct arena *a, struct range range)
{
	autoxml xmlDoc *doc = xml_parse("<dhcp/>", NULL);

	put_range(xml_root(doc), range);
	return part(a, doc);
}
