/* SPDX-License-Identifier: MIT */
/* world_net_xml: networks as libvirt prints them, and what it takes. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/xml.h"
#include "test/sim/world.h"

static const char *const modes[] = { "nat", "route", "open", NULL };

/* Printing */

static void print_host(struct text *t, const struct w_host *h)
{
	char buffer[IP_TEXT];

	text_add(t, "<host");
	if (h->has_mac)
		text_add(t, " mac='%s'", mac_text(h->mac, (char[MAC_TEXT]){ 0 }));
	if (h->name)
		text_add(t, " name='%s'", h->name);
	if (h->ip.version)
		text_add(t, " ip='%s'", ip_text(h->ip, buffer));
	text_add(t, h->extra ? ">%s</host>" : "/>", h->extra);
}

static void print_dhcp(struct text *t, const struct w_ip *ip)
{
	char first[IP_TEXT], last[IP_TEXT];

	text_add(t, "<dhcp>");
	for (size_t i = 0; i < ip->range_count; i++) {
		const struct w_range *r = &ip->ranges[i];

		text_add(t, "<range start='%s' end='%s'", ip_text(r->range.first, first),
		    ip_text(r->range.last, last));
		text_add(t, r->extra ? ">%s</range>" : "/>", r->extra);
	}
	for (size_t i = 0; i < ip->host_count; i++)
		print_host(t, &ip->hosts[i]);
	text_add(t, "</dhcp>");
}

static const char *mask_text(struct arena *a, unsigned prefix)
{
	uint32_t mask = prefix ? 0xffffffffU << (32 - prefix) : 0;

	return arena_printf(a, "%u.%u.%u.%u", mask >> 24, (mask >> 16) & 255,
	    (mask >> 8) & 255, mask & 255);
}

static void print_ip(struct arena *a, struct text *t, const struct w_ip *ip)
{
	bool six = ip->cidr.address.version == 6;

	text_add(t, "<ip %saddress='%s' ", six ? "family='ipv6' " : "",
	    ip_text(ip->cidr.address, (char[IP_TEXT]){ 0 }));
	if (ip->netmask)
		text_add(t, "netmask='%s'>", mask_text(a, ip->cidr.prefix));
	else
		text_add(t, "prefix='%u'>", ip->cidr.prefix);
	if (ip->dhcp || ip->range_count || ip->host_count)
		print_dhcp(t, ip);
	text_add(t, "</ip>");
}

/* With the record, inside the <dns> that is there or one of its own. */
static void print_extra(struct text *t, const struct w_side *s)
{
	static const char txt[] =
	    "<txt name='homek8sd.invalid' value='restarts dnsmasq'/>";
	const char *dns = s->extra ? strstr(s->extra, "<dns>") : NULL;

	if (!s->txt)
		text_add(t, "%s", s->extra ? s->extra : "");
	else if (dns)
		text_add(
		    t, "%.*s<dns>%s%s", (int)(dns - s->extra), s->extra, txt, dns + 5);
	else
		text_add(t, "%s<dns>%s</dns>", s->extra ? s->extra : "", txt);
}

static int connections(struct world *w, const struct w_net *n)
{
	int count = 0;

	for (size_t i = 0; i < DOMS; i++)
		for (size_t k = 0; w->doms[i].id >= 0 && k < w->doms[i].live.nic_count;
		     k++)
			count += w->doms[i].live.nics[k].network &&
				 strcmp(w->doms[i].live.nics[k].network, n->e.name) == 0;
	return count;
}

const char *net_xml(struct world *w, const struct w_net *n, bool live)
{
	const struct w_side *s = live ? &n->live : &n->config;
	autotext struct text t = { 0 };

	text_add(&t, "<network");
	if (live && connections(w, n))
		text_add(&t, " connections='%d'", connections(w, n));
	text_add(&t, "><name>%s</name><uuid>%s</uuid>", n->e.name, s->uuid);
	if (s->marked)
		text_add(&t,
		    "<metadata><homek8s:owner xmlns:homek8s='urn:homek8s:owner:1' name='%s'/></metadata>",
		    n->e.name);
	if (s->mode != MODE_ISOLATED)
		text_add(&t, "<forward mode='%s'>%s</forward>", modes[s->mode],
		    s->forward_extra ? s->forward_extra : "");
	text_add(&t, "<bridge name='%s' stp='on' delay='0'/>", s->bridge);
	if (s->mtu)
		text_add(&t, "<mtu size='%d'/>", s->mtu);
	text_add(&t, "<mac address='%s'/>", s->mac);
	print_extra(&t, s);
	for (size_t i = 0; i < s->ip_count; i++)
		print_ip(w->arena, &t, &s->ips[i]);
	text_add(&t, "</network>");
	return arena_copy_n(w->arena, text_get(&t), t.length);
}

/* Reading */

/* An element as libvirt would print it: blanks between elements do not count. */
static const char *printed(struct arena *a, xmlNode *element)
{
	struct error e = { "" };
	char *text = arena_copy(a, xml_print_element(a, element, &e)), *to = text;

	for (char *from = text; from && *from; from++) {
		if (strchr(" \t\n", *from) && to > text && to[-1] == '>')
			continue;
		*to++ = *from;
	}
	if (to)
		*to = '\0';
	return text;
}

/* What stands inside an element, as text; NULL: nothing. */
static const char *inside(struct arena *a, xmlNode *element)
{
	const char *all = NULL;

	for (xmlNode *n = element->children; n; n = n->next) {
		const char *one = n->type == XML_ELEMENT_NODE ? printed(a, n) : NULL;

		if (one)
			all = all ? arena_printf(a, "%s%s", all, one) : one;
	}
	return all;
}

static const char *parse_range(struct arena *a, xmlNode *element, struct w_range *out)
{
	const char *start = xml_attribute(a, element, NULL, "start");
	const char *end = xml_attribute(a, element, NULL, "end");

	*out = (struct w_range){ .extra = inside(a, element) };
	if (!start || !end || ip_parse(start, &out->range.first, NULL) < 0 ||
	    ip_parse(end, &out->range.last, NULL) < 0 ||
	    ip_compare(out->range.first, out->range.last) > 0)
		return "XML error: invalid range";
	return NULL;
}

static const char *parse_host(struct arena *a, xmlNode *element, struct w_host *out)
{
	const char *mac = xml_attribute(a, element, NULL, "mac");
	const char *ip = xml_attribute(a, element, NULL, "ip");

	*out = (struct w_host){ .name = xml_attribute(a, element, NULL, "name"),
		.extra = inside(a, element) };
	if (mac && mac_parse(mac, &out->mac, NULL) < 0)
		return "XML error: cannot parse MAC address";
	out->has_mac = mac != NULL;
	if (ip && ip_parse(ip, &out->ip, NULL) < 0)
		return "XML error: invalid IP address";
	return mac || out->name ? NULL : "XML error: host needs a MAC or a name";
}

static const char *parse_ip(struct arena *a, xmlNode *element, struct w_ip *out)
{
	const char *address = xml_attribute(a, element, NULL, "address");
	const char *mask = xml_attribute(a, element, NULL, "netmask");
	const char *prefix = xml_attribute(a, element, NULL, "prefix"), *why = NULL;
	xmlNode *dhcp = xml_first(element, "dhcp");

	*out = (struct w_ip){ .dhcp = dhcp, .netmask = mask };
	if (!address || ip_parse(address, &out->cidr.address, NULL) < 0)
		return "XML error: invalid network address";
	if (mask && prefix)
		return "XML error: netmask and prefix are both given";
	out->cidr.prefix = 24;
	if (mask && netmask_parse(mask, &out->cidr.prefix, NULL) < 0)
		return "XML error: invalid netmask";
	if (prefix)
		out->cidr.prefix = (uint8_t)strtol(prefix, NULL, 10);
	for (xmlNode *n = xml_first(dhcp, "range"); !why && n; n = xml_next(n))
		why = out->range_count == RANGES
			  ? "too many ranges"
			  : parse_range(a, n, &out->ranges[out->range_count++]);
	for (xmlNode *n = xml_first(dhcp, "host"); !why && n; n = xml_next(n))
		why = out->host_count == HOSTS
			  ? "too many hosts"
			  : parse_host(a, n, &out->hosts[out->host_count++]);
	return why;
}

static const char *parse_forward(struct arena *a, xmlNode *element, struct w_side *out)
{
	const char *mode = element ? xml_attribute(a, element, NULL, "mode") : NULL;

	out->mode = MODE_ISOLATED;
	if (!element)
		return NULL;
	out->forward_extra = inside(a, element);
	out->mode = MODE_NAT;
	for (int i = 0; mode && modes[i]; i++)
		if (strcmp(mode, modes[i]) == 0)
			out->mode = (enum w_mode)i;
	if (out->forward_extra && strstr(out->forward_extra, "<nat") &&
	    out->mode != MODE_NAT)
		return "XML error: <nat> is only allowed with forward mode nat";
	return NULL;
}

static bool is_known(const char *name)
{
	static const char *const known[] = { "name", "uuid", "metadata", "forward",
		"bridge", "mtu", "mac", "ip", NULL };

	for (int i = 0; known[i]; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

static void parse_rest(struct arena *a, xmlNode *root, struct w_side *out)
{
	for (xmlNode *n = root->children; n; n = n->next) {
		const char *one;

		if (n->type != XML_ELEMENT_NODE || is_known((const char *)n->name))
			continue;
		one = printed(a, n);
		out->extra = out->extra ? arena_printf(a, "%s%s", out->extra, one) : one;
	}
}

const char *net_parse(struct world *w, const char *xml, struct w_side *out)
{
	struct arena *a = w->arena;
	autoxml xmlDoc *doc = xml_parse(xml, NULL);
	xmlNode *root = doc ? xml_root(doc) : NULL;
	const char *why, *mtu;

	*out = (struct w_side){ 0 };
	if (!root || strcmp((const char *)root->name, "network") != 0)
		return "XML error: no <network>";
	out->uuid = xml_content(a, root, "uuid");
	out->bridge = xml_attribute(a, root, "bridge", "name");
	out->mac = xml_attribute(a, root, "mac", "address");
	mtu = xml_attribute(a, root, "mtu", "size");
	out->mtu = mtu ? (int)strtol(mtu, NULL, 10) : 0;
	out->marked = xml_find(root, "metadata/owner") != NULL;
	why = parse_forward(a, xml_first(root, "forward"), out);
	for (xmlNode *n = xml_first(root, "ip"); !why && n; n = xml_next(n))
		why = out->ip_count == IPS ? "too many <ip> elements"
					   : parse_ip(a, n, &out->ips[out->ip_count++]);
	if (out->bridge && strlen(out->bridge) > 15)
		why = "bridge name is too long";
	parse_rest(a, root, out);
	return why;
}

const char *net_parse_host(struct arena *a, const char *xml, struct w_host *out)
{
	autoxml xmlDoc *doc = xml_parse(xml, NULL);

	return doc ? parse_host(a, xml_root(doc), out) : "XML error: no document";
}

const char *net_parse_range(struct arena *a, const char *xml, struct w_range *out)
{
	autoxml xmlDoc *doc = xml_parse(xml, NULL);

	return doc ? parse_range(a, xml_root(doc), out) : "XML error: no document";
}
