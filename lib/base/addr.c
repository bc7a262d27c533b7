/* SPDX-License-Identifier: MIT */
/* addr: reading, printing and comparing single addresses, networks and ranges. */
#include "lib/base/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Six pairs of digits with colons between; false on anything else. */
static bool read_mac(const char *text, struct mac *out)
{
	if (strlen(text) != MAC_TEXT - 1)
		return false;
	for (size_t i = 0; i < 6; i++) {
		int high = hex_digit(text[i * 3]), low = hex_digit(text[i * 3 + 1]);

		if (high < 0 || low < 0 || (i < 5 && text[i * 3 + 2] != ':'))
			return false;
		out->octet[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Twelve digits with other signs between, or none, as Windows and switches write it. */
static bool read_other_mac(const char *text, struct mac *out)
{
	char even[MAC_TEXT];
	size_t digits = 0;

	for (; *text; text++) {
		if (strchr("-.:", *text))
			continue;
		if (hex_digit(*text) < 0 || digits == 12)
			return false;
		even[digits / 2 * 3 + digits % 2] = *text;
		even[digits / 2 * 3 + 2] = ':';
		digits++;
	}
	even[MAC_TEXT - 1] = '\0';
	return digits == 12 && read_mac(even, out);
}

int mac_parse(const char *text, struct mac *out, struct error *e)
{
	const struct mac zero = { 0 };
	char even[MAC_TEXT];
	struct mac mac;

	if (!read_mac(text, &mac) && read_other_mac(text, &mac))
		return fail(e, "\"%.40s\" is no MAC address; write \"%s\"", text,
		    mac_text(mac, even));
	if (!read_mac(text, &mac))
		return fail(e,
		    "\"%.40s\" is no MAC address; write six pairs of hex digits, as in \"52:54:00:12:34:56\"",
		    text);
	if (mac.octet[0] & 1)
		return fail(e,
		    "\"%s\" is a multicast address and no machine's own; its first pair must be even, as in \"52:54:00:12:34:56\"",
		    text);
	if (mac_equal(mac, zero))
		return fail(e,
		    "\"%s\" is the address of no interface; leave the key out to have one derived",
		    text);
	*out = mac;
	return 0;
}

const char *mac_text(struct mac mac, char out[MAC_TEXT])
{
	const uint8_t *o = mac.octet;

	snprintf(out, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", o[0], o[1], o[2], o[3],
	    o[4], o[5]);
	return out;
}

bool mac_equal(struct mac a, struct mac b)
{
	return memcmp(a.octet, b.octet, sizeof(a.octet)) == 0;
}

struct mac mac_derive(const char *key)
{
	uint64_t hash = 0xcbf29ce484222325;
	uint32_t tail;

	for (const unsigned char *p = (const unsigned char *)key; *p; p++)
		hash = (hash ^ *p) * 0x100000001b3;
	tail = (uint32_t)((hash >> 48 ^ hash >> 24 ^ hash) & 0xffffff);
	return (struct mac){ { 0x52, 0x54, 0x00, (uint8_t)(tail >> 16),
	    (uint8_t)(tail >> 8), (uint8_t)tail } };
}

static unsigned bits(struct ip ip)
{
	return ip.version == 4 ? 32 : 128;
}

/* All ones in the last `count` bits. */
static unsigned __int128 low_ones(unsigned count)
{
	return count >= 128 ? ~(unsigned __int128)0 : ((unsigned __int128)1 << count) - 1;
}

static struct ip from_bytes(uint8_t version, const uint8_t *bytes, size_t count)
{
	struct ip ip = { .version = version };

	for (size_t i = 0; i < count; i++)
		ip.value = ip.value << 8 | bytes[i];
	return ip;
}

/* Four numbers: one is too large, or has zeros before it. */
static bool is_nearly_ipv4(const char *text)
{
	size_t dots = 0;

	for (const char *c = text; *c; c++)
		dots += *c == '.';
	return dots == 3 && !text[strspn(text, "0123456789.")];
}

static int refuse_ip(const char *text, struct error *e)
{
	const char *end = strpbrk(text, "/%");

	if (end && end > text)
		return fail(e, "\"%.60s\" has more than an IP address; write \"%.*s\"",
		    text, (int)(end - text), text);
	if (*text == '[')
		return fail(e, "\"%.60s\" is no IP address; write \"%.*s\"", text,
		    (int)strcspn(text + 1, "]"), text + 1);
	if (is_nearly_ipv4(text))
		return fail(e,
		    "\"%.60s\" is no IP address: its numbers go from 0 to 255, without zeros before them; write it as in \"192.168.122.10\"",
		    text);
	return fail(
	    e, "\"%.60s\" is no IP address; write it as in \"192.168.122.10\"", text);
}

int ip_parse(const char *text, struct ip *out, struct error *e)
{
	char plain[IP_TEXT];
	uint8_t bytes[16];
	struct ip ip;

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*out = from_bytes(4, bytes, 4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return refuse_ip(text, e);
	ip = from_bytes(6, bytes, 16);
	if (ip.value >> 32 == 0xffff)
		return fail(e, "\"%s\" is an IPv4 address in IPv6 notation; write \"%s\"",
		    text, ip_text(from_bytes(4, bytes + 12, 4), plain));
	*out = ip;
	return 0;
}

const char *ip_text(struct ip ip, char out[IP_TEXT])
{
	unsigned __int128 rest = ip.value;
	size_t count = bits(ip) / 8;
	uint8_t bytes[16];

	out[0] = '\0';
	if (ip.version == 0)
		return out;
	for (size_t i = count; i-- > 0; rest >>= 8)
		bytes[i] = (uint8_t)rest;
	inet_ntop(ip.version == 4 ? AF_INET : AF_INET6, bytes, out, IP_TEXT);
	return out;
}

int ip_compare(struct ip a, struct ip b)
{
	if (a.version != b.version)
		return a.version < b.version ? -1 : 1;
	if (a.value != b.value)
		return a.value < b.value ? -1 : 1;
	return 0;
}

bool ip_equal(struct ip a, struct ip b)
{
	return ip_compare(a, b) == 0;
}

/* A decimal number of at most three digits without leading zeros, up to `limit`; or -1.
 */
static int short_number(const char *text, unsigned limit)
{
	unsigned value = 0;
	size_t length = strlen(text);

	if (length < 1 || length > 3 || (text[0] == '0' && length > 1))
		return -1;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return -1;
		value = value * 10 + (unsigned)(*text - '0');
	}
	return value <= limit ? (int)value : -1;
}

/* An address alone, or what is none. */
static int refuse_cidr(const char *text, struct error *e)
{
	struct ip ip;

	if (ip_parse(text, &ip, NULL) == 0)
		return fail(e, "\"%s\" has no prefix length; write it as in \"%s/%d\"",
		    text, text, ip.version == 4 ? 24 : 64);
	return fail(e,
	    "\"%.60s\" is no IP address with a prefix length; write it as in \"192.168.122.1/24\"",
	    text);
}

int cidr_parse(const char *text, struct cidr *out, struct error *e)
{
	const char *slash = strchr(text, '/');
	char address[IP_TEXT];
	struct cidr cidr;
	uint8_t mask;
	int prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return refuse_cidr(text, e);
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	if (ip_parse(address, &cidr.address, NULL) < 0)
		return refuse_cidr(text, e);
	prefix = short_number(slash + 1, bits(cidr.address));
	if (prefix < 0 && strchr(slash, '.') &&
	    netmask_parse(slash + 1, &mask, NULL) == 0)
		return fail(e,
		    "\"%.60s\" has a netmask where a prefix length is due; write \"%s/%u\"",
		    text, address, mask);
	if (prefix < 0)
		return fail(e,
		    "the prefix length of \"%.60s\" must be a number from 0 to %u", text,
		    bits(cidr.address));
	cidr.prefix = (uint8_t)prefix;
	*out = cidr;
	return 0;
}

const char *cidr_text(struct cidr cidr, char out[CIDR_TEXT])
{
	char address[IP_TEXT];

	out[0] = '\0';
	if (cidr.address.version)
		snprintf(
		    out, CIDR_TEXT, "%s/%u", ip_text(cidr.address, address), cidr.prefix);
	return out;
}

struct range cidr_range(struct cidr cidr)
{
	unsigned __int128 hosts = low_ones(bits(cidr.address) - cidr.prefix);
	struct range range = { cidr.address, cidr.address };

	range.first.value &= ~hosts;
	range.last.value |= hosts;
	return range;
}

bool cidr_contains(struct cidr cidr, struct ip ip)
{
	return cidr.address.version && range_contains(cidr_range(cidr), ip);
}

int netmask_parse(const char *text, uint8_t *prefix, struct error *e)
{
	int length = short_number(text, 128);
	uint32_t holes;
	struct ip mask;

	if (length >= 0) {
		*prefix = (uint8_t)length;
		return 0;
	}
	if (ip_parse(text, &mask, NULL) < 0 || mask.version != 4)
		return fail(e,
		    "\"%.60s\" is no netmask; write it as in \"255.255.255.0\" or as a prefix length",
		    text);
	holes = ~(uint32_t)mask.value;
	if (holes & (holes + 1))
		return fail(e,
		    "the netmask \"%s\" has holes: its ones must come before its zeros",
		    text);
	*prefix = (uint8_t)__builtin_popcount((uint32_t)mask.value);
	return 0;
}

/* Copies without the blanks at both ends; false when it does not fit. */
static bool trimmed(const char *text, size_t length, char *out, size_t room)
{
	while (length && strchr(BLANKS, text[length - 1]))
		length--;
	while (length && strchr(BLANKS, text[0])) {
		text++;
		length--;
	}
	if (length >= room)
		return false;
	memcpy(out, text, length);
	out[length] = '\0';
	return true;
}

static int refuse_range(const char *text, struct error *e)
{
	if (strchr(text, ','))
		return fail(e,
		    "\"%.60s\" is several ranges; write each as an item of its own: \"[192.168.122.100-192.168.122.110, 192.168.122.120-192.168.122.130]\"",
		    text);
	return fail(e,
	    "\"%.60s\" is no range of addresses; write it as in \"192.168.122.100-192.168.122.150\" or \"192.168.122.96/28\"",
	    text);
}

/* "192.168.122.100-150": the whole of the last address, or NULL. */
static const char *whole_end(const char *first, const char *last, char out[2 * IP_TEXT])
{
	const char *dot = strrchr(first, '.');

	if (!dot || !*last || last[strspn(last, "0123456789")])
		return NULL;
	snprintf(out, (size_t)2 * IP_TEXT, "%.*s.%s", (int)(dot - first), first, last);
	return ip_parse(out, &(struct ip){ 0 }, NULL) == 0 ? out : NULL;
}

static int parse_ends(const char *text, struct range *out, struct error *e)
{
	const char *dash = strchr(text, '-');
	char first[IP_TEXT], last[IP_TEXT], whole[2 * IP_TEXT];
	struct range range;

	if (!trimmed(text, (size_t)(dash - text), first, sizeof(first)) ||
	    !trimmed(dash + 1, strlen(dash + 1), last, sizeof(last)))
		return refuse_range(text, e);
	if (whole_end(first, last, whole))
		return fail(e,
		    "the range \"%.100s\" ends with part of an address; write \"%s-%s\"",
		    text, first, whole);
	if (ip_parse(first, &range.first, NULL) < 0 ||
	    ip_parse(last, &range.last, NULL) < 0)
		return refuse_range(text, e);
	if (range.first.version != range.last.version)
		return fail(e,
		    "the range \"%.100s\" begins and ends in different families; both ends must be IPv4 or both IPv6",
		    text);
	if (ip_compare(range.first, range.last) > 0)
		return fail(e,
		    "the range \"%.100s\" ends before it begins; write \"%s-%s\"", text,
		    last, first);
	*out = range;
	return 0;
}

int range_parse(const char *text, struct range *out, struct error *e)
{
	char network[CIDR_TEXT];
	struct cidr cidr;

	if (strchr(text, '-'))
		return parse_ends(text, out, e);
	if (!trimmed(text, strlen(text), network, sizeof(network)))
		return refuse_range(text, e);
	if (!strchr(network, '/')) {
		if (ip_parse(network, &cidr.address, NULL) < 0)
			return refuse_range(text, e);
		return fail(e,
		    "\"%s\" is a single address where a range is due; write \"%s/%u\"",
		    network, network, bits(cidr.address));
	}
	if (cidr_parse(network, &cidr, e) < 0)
		return -1;
	*out = cidr_range(cidr);
	return 0;
}

bool range_contains(struct range range, struct ip ip)
{
	return ip.version == range.first.version && ip.value >= range.first.value &&
	       ip.value <= range.last.value;
}

bool range_overlaps(struct range a, struct range b, struct range *common)
{
	struct range both = { ip_compare(a.first, b.first) > 0 ? a.first : b.first,
		ip_compare(a.last, b.last) < 0 ? a.last : b.last };

	if (a.first.version != b.first.version || ip_compare(both.first, both.last) > 0)
		return false;
	if (common)
		*common = both;
	return true;
}

const char *range_text(struct arena *a, struct range range)
{
	char first[IP_TEXT], last[IP_TEXT];

	ip_text(range.first, first);
	if (ip_equal(range.first, range.last))
		return arena_copy(a, first);
	return arena_printf(a, "%s-%s", first, ip_text(range.last, last));
}
