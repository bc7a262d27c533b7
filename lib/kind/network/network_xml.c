/* SPDX-License-Identifier: MIT */
/* network_xml: libvirt's network documents, written and patched. */
#include "lib/kind/network/network_xml.h"

#include <string.h>

#include "lib/doc/xml.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_read.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/network/reservation_index.h"

static void remove_all(xmlNode *parent, const char *name)
{
	xmlNode *child;

	while ((child = xml_first(parent, name)))
		xml_remove(child);
}

/* What another mode needs and this one refuses goes with it: libvirt takes no <nat> but
 * with nat, and no device with open. */
static void set_mode(struct arena *a, xmlNode *root, int mode)
{
	xmlNode *forward = xml_first(root, "forward");

	if (forward && network_read_mode(a, forward) == mode)
		return;
	if (mode == NETWORK_ISOLATED) {
		if (forward)
			xml_remove(forward);
		return;
	}
	forward = xml_make(root, "forward");
	xml_set_attribute(forward, "mode", network_mode_words[mode]);
	if (mode != NETWORK_NAT)
		remove_all(forward, "nat");
	if (mode != NETWORK_OPEN)
		return;
	xml_set_attribute(forward, "dev", NULL);
	remove_all(forward, "interface");
}

static xmlNode *nth_ip(xmlNode *root, int place)
{
	xmlNode *ip = xml_first(root, "ip");

	while (ip && place-- > 0)
		ip = xml_next(ip);
	return ip;
}

static xmlNode *set_address(
    struct arena *a, xmlNode *root, struct cidr address, int place)
{
	xmlNode *ip = place < 0 ? NULL : nth_ip(root, place);

	if (!ip)
		ip = xml_append(root, "ip");
	xml_set_attribute(ip, "netmask", NULL);
	xml_set_attribute(ip, "address", ip_text(address.address, (char[IP_TEXT]){ 0 }));
	xml_set_attribute(ip, "prefix", arena_printf(a, "%u", address.prefix));
	return ip;
}

/* Mode, bridge and MTU, where they are written. */
static void set_keys(struct arena *a, const struct network *want, xmlNode *root)
{
	const struct fields *fields = &network_kind.fields;

	if (field_has(fields, want, "mode"))
		set_mode(a, root, want->mode);
	if (field_has(fields, want, "bridge"))
		xml_set_attribute(xml_make(root, "bridge"), "name", want->bridge);
	if (field_has(fields, want, "mtu"))
		xml_set_attribute(xml_make(root, "mtu"), "size",
		    arena_printf(a, "%lld", (long long)want->mtu));
}

static void put_lease(xmlNode *element, struct lease_time lease)
{
	xmlNode *child;

	if (!lease.expiry)
		return;
	child = xml_append(element, "lease");
	xml_set_attribute(child, "expiry", lease.expiry);
	xml_set_attribute(child, "unit", lease.unit);
}

static void put_range(xmlNode *dhcp, const struct range_entry *entry)
{
	xmlNode *element = xml_append(dhcp, "range");

	xml_set_attribute(
	    element, "start", ip_text(entry->range.first, (char[IP_TEXT]){ 0 }));
	xml_set_attribute(
	    element, "end", ip_text(entry->range.last, (char[IP_TEXT]){ 0 }));
	put_lease(element, entry->lease);
}

static bool is_inside(struct arena *a, xmlNode *element, struct cidr network)
{
	struct range range;

	return network_read_range(a, element, &range) &&
	       cidr_contains(network, range.first) && cidr_contains(network, range.last);
}

/* libvirt takes no definition with a range outside its network: where the network moves,
 * the ranges move with it. What is left of a lease time is that of the first. */
static void move_ranges(
    struct arena *a, struct cidr address, struct ranges ranges, xmlNode *ip)
{
	xmlNode *dhcp = xml_first(ip, "dhcp"), *range = xml_first(dhcp, "range");
	struct lease_time lease =
	    range ? network_read_lease(a, range) : (struct lease_time){ 0 };
	bool moves = false;

	for (; range; range = xml_next(range))
		moves |= !is_inside(a, range, address);
	if (!moves)
		return;
	remove_all(dhcp, "range");
	for (size_t i = 0; i < ranges.count; i++)
		put_range(dhcp, &(struct range_entry){ ranges.items[i], lease });
}

const char *network_xml_patch(struct arena *a, const struct network *want,
    const struct network *stored, struct ranges ranges, struct error *e)
{
	autoxml xmlDoc *doc = xml_parse(stored->xml, e);
	int place;

	if (!doc)
		return NULL;
	xml_set_attribute(xml_root(doc), "connections", NULL); /* of what runs */
	set_keys(a, want, xml_root(doc));
	if (field_has(&network_kind.fields, want, "address")) {
		place = network_ip_meant(stored, want->address);
		move_ranges(a, want->address, ranges,
		    set_address(a, xml_root(doc), want->address, place));
	}
	return xml_print(a, doc, e);
}

static void put_host(xmlNode *dhcp, const struct host_entry *host)
{
	xmlNode *element = xml_append(dhcp, "host");

	if (host->has_mac)
		xml_set_attribute(
		    element, "mac", mac_text(host->mac, (char[MAC_TEXT]){ 0 }));
	if (host->name)
		xml_set_attribute(element, "name", host->name);
	if (host->ip.version)
		xml_set_attribute(element, "ip", ip_text(host->ip, (char[IP_TEXT]){ 0 }));
	put_lease(element, host->lease);
}

static void put_dhcp(
    struct planner *p, const struct network *want, struct ranges ranges, xmlNode *ip)
{
	const struct set *reservations = config_get(p->input->desired, &reservation_kind);

	for (size_t i = 0; i < ranges.count; i++)
		put_range(xml_make(ip, "dhcp"),
		    &(struct range_entry){ .range = ranges.items[i] });
	for (size_t i = 0; i < reservations->count; i++) {
		const struct reservation *reservation =
		    (const struct reservation *)reservations->items[i];
		struct host_entry entry;

		if (strcmp(reservation->network, want->object.name) == 0 &&
		    reservation_entry_of_new(p, reservation, want, &entry))
			put_host(xml_make(ip, "dhcp"), &entry);
	}
}

static void put_mark(xmlNode *root, const char *name)
{
	xmlNode *owner = xml_append(xml_make(root, "metadata"), "homek8s:owner");

	xml_set_attribute(owner, "xmlns:homek8s", MARK_URI);
	xml_set_attribute(owner, "name", name);
}

const char *network_xml_new(
    struct planner *p, const struct network *want, struct ranges ranges, struct error *e)
{
	autoxml xmlDoc *doc = xml_parse("<network/>", e);
	xmlNode *root;

	if (!doc)
		return NULL;
	root = xml_root(doc);
	xml_set_content(xml_append(root, "name"), want->object.name);
	put_mark(root, want->object.name);
	set_mode(p->arena, root,
	    field_has(&network_kind.fields, want, "mode") ? want->mode : NETWORK_NAT);
	set_keys(p->arena, want, root);
	put_dhcp(p, want, ranges, set_address(p->arena, root, want->address, -1));
	return xml_print(p->arena, doc, e);
}

static const char *part(struct arena *a, xmlNode *element)
{
	struct error e = { "" };
	const char *text = xml_print_element(a, element, &e);

	return text ? text : "";
}

const char *network_xml_host(struct arena *a, const struct host_entry *host)
{
	autoxml xmlDoc *doc = xml_parse("<dhcp/>", NULL);

	put_host(xml_root(doc), host);
	return part(a, xml_first(xml_root(doc), "host"));
}

const char *network_xml_range(struct arena *a, const struct range_entry *range)
{
	autoxml xmlDoc *doc = xml_parse("<dhcp/>", NULL);

	put_range(xml_root(doc), range);
	return part(a, xml_first(xml_root(doc), "range"));
}

const char *network_xml_txt(struct arena *a)
{
	autoxml xmlDoc *doc = xml_parse("<dns/>", NULL);
	xmlNode *txt = xml_append(xml_root(doc), "txt");

	xml_set_attribute(txt, "name", NETWORK_TXT);
	xml_set_attribute(txt, "value", "restarts dnsmasq");
	return part(a, txt);
}
