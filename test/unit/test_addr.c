/* SPDX-License-Identifier: MIT */
/* Unit tests of addr: addresses, networks, ranges, and sets against a bitmap. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/addr.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* What a parser makes of a text: the canonical form, or words of the error. */
struct row {
	const char *what;
	const char *text;
	const char *canonical; /* NULL: refused */
	const char *says;      /* refused: in the error */
};

static void judge(
    const struct row *row, int result, const char *canonical, const struct error *e)
{
	if (row->canonical) {
		ck_assert_msg(result == 0, "%s: refused: %s", row->what, e->text);
		ck_assert_msg(strcmp(canonical, row->canonical) == 0, "%s: %s", row->what,
		    canonical);
		ck_assert_msg(e->text[0] == '\0', "%s: an error was set", row->what);
	} else {
		ck_assert_msg(result == -1, "%s: accepted", row->what);
		ck_assert_msg(strstr(e->text, row->says), "%s: %s", row->what, e->text);
	}
}

static const struct row macs[] = {
	{ "lower case", "52:54:00:12:34:ab", "52:54:00:12:34:ab", NULL },
	{ "upper case", "52:54:00:12:34:AB", "52:54:00:12:34:ab", NULL },
	{ "multicast", "01:00:5e:00:00:01", NULL, "multicast" },
	{ "broadcast", "ff:ff:ff:ff:ff:ff", NULL, "multicast" },
	{ "zeros", "00:00:00:00:00:00", NULL, "leave the key out" },
	{ "dashes", "52-54-00-12-34-56", NULL, "no MAC address" },
	{ "no colons", "525400123456", NULL, "no MAC address" },
	{ "short", "52:54:00:12:34", NULL, "no MAC address" },
	{ "long", "52:54:00:12:34:56:78", NULL, "no MAC address" },
	{ "one digit", "52:54:0:12:34:056", NULL, "no MAC address" },
	{ "no hex", "52:54:00:12:34:5g", NULL, "no MAC address" },
	{ "with dashes", "52-54-00-12-34-56", NULL, "write \"52:54:00:12:34:56\"" },
	{ "in threes", "5254.0012.3456", NULL, "write \"52:54:00:12:34:56\"" },
	{ "a digit too many", "52-54-00-12-34-567", NULL, "six pairs" },
	{ "empty", "", NULL, "no MAC address" },
	{ "blank before", " 2:54:00:12:34:56", NULL, "no MAC address" },
	{ "newline after", "52:54:00:12:34:5\n", NULL, "no MAC address" },
	{ "the number YAML 1.1 makes of it", "11452313014", NULL, "no MAC address" },
};

START_TEST(mac_rows)
{
	struct error e = { "" };
	char text[MAC_TEXT];
	struct mac mac = { 0 };
	int result = mac_parse(macs[_i].text, &mac, &e);

	judge(&macs[_i], result, mac_text(mac, text), &e);
}
END_TEST

START_TEST(macs_are_derived)
{
	static const char *const keys[] = { "vm/worker-1/0", "vm/worker-2/0",
		"vm/worker-1/1", "", "a" };
	char text[MAC_TEXT];
	struct mac mac;

	for (int i = 0; i < ROWS(keys); i++) {
		mac = mac_derive(keys[i]);
		ck_assert(mac_equal(mac, mac_derive(keys[i])));
		ck_assert_mem_eq(mac.octet, "\x52\x54\x00", 3);
		ck_assert_int_eq(mac_parse(mac_text(mac, text), &mac, NULL), 0);
		for (int k = 0; k < i; k++)
			ck_assert(!mac_equal(mac, mac_derive(keys[k])));
	}
	/* For ever: FNV-1a of "" is its offset basis, of "a" the published test vector.
	 */
	ck_assert_str_eq(mac_text(mac_derive(""), text), "52:54:00:be:0c:53");
	ck_assert_str_eq(mac_text(mac_derive("a"), text), "52:54:00:dd:0f:69");
}
END_TEST

static const struct row ips[] = {
	{ "IPv4", "192.168.122.10", "192.168.122.10", NULL },
	{ "lowest", "0.0.0.0", "0.0.0.0", NULL },
	{ "highest", "255.255.255.255", "255.255.255.255", NULL },
	{ "IPv6", "fd00:0:0:0::1", "fd00::1", NULL },
	{ "IPv6 upper case", "FD00::ABCD", "fd00::abcd", NULL },
	{ "IPv6 lowest", "::", "::", NULL },
	{ "IPv6 longest", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ "mapped IPv4", "::ffff:192.168.122.10", NULL, "write \"192.168.122.10\"" },
	{ "octal look", "192.168.122.010", NULL, "no IP address" },
	{ "three parts", "192.168.10", NULL, "no IP address" },
	{ "five parts", "192.168.1.2.3", NULL, "no IP address" },
	{ "a part too large", "192.168.122.256", NULL, "no IP address" },
	{ "hexadecimal", "0xc0a87a0a", NULL, "no IP address" },
	{ "a prefix", "192.168.122.1/24", NULL, "write \"192.168.122.1\"" },
	{ "a zone", "fe80::1%virbr0", NULL, "write \"fe80::1\"" },
	{ "in brackets", "[fe80::1]", NULL, "write \"fe80::1\"" },
	{ "a number too large", "192.168.300.1", NULL, "from 0 to 255" },
	{ "a port", "192.168.122.1:80", NULL, "no IP address" },
	{ "a name", "worker-1", NULL, "no IP address" },
	{ "empty", "", NULL, "no IP address" },
	{ "blank", " 192.168.122.1", NULL, "no IP address" },
	{ "newline", "192.168.122.1\n", NULL, "no IP address" },
};

START_TEST(ip_rows)
{
	struct error e = { "" };
	struct ip ip = { 0 };
	char text[IP_TEXT];
	int result = ip_parse(ips[_i].text, &ip, &e);

	judge(&ips[_i], result, ip_text(ip, text), &e);
}
END_TEST

static struct ip ip_of(const char *text)
{
	struct ip ip = { 0 };

	ck_assert_msg(ip_parse(text, &ip, NULL) == 0, "%s", text);
	return ip;
}

START_TEST(ips_have_an_order)
{
	static const char *const ascending[] = { "0.0.0.0", "9.255.255.255", "10.0.0.0",
		"192.168.122.9", "192.168.122.10", "255.255.255.255", "::", "::1",
		"fd00::", "fd00:0:0:1::" };
	struct ip none = { 0 };
	char text[IP_TEXT];

	for (int i = 0; i < ROWS(ascending); i++)
		for (int k = 0; k < ROWS(ascending); k++) {
			int order = ip_compare(ip_of(ascending[i]), ip_of(ascending[k]));

			ck_assert_int_eq(order, (i > k) - (i < k));
			ck_assert(ip_equal(ip_of(ascending[i]), ip_of(ascending[k])) ==
				  (i == k));
		}
	ck_assert_str_eq(ip_text(none, text), "");
}
END_TEST

static const struct row cidrs[] = {
	{ "a network", "192.168.122.0/24", "192.168.122.0/24", NULL },
	{ "host bits are kept", "192.168.122.1/24", "192.168.122.1/24", NULL },
	{ "everything", "0.0.0.0/0", "0.0.0.0/0", NULL },
	{ "one address", "10.0.0.1/32", "10.0.0.1/32", NULL },
	{ "IPv6", "fd00::1/64", "fd00::1/64", NULL },
	{ "IPv6, all bits", "fd00::1/128", "fd00::1/128", NULL },
	{ "no prefix", "192.168.122.1", NULL, "no prefix length" },
	{ "prefix too long", "192.168.122.1/33", NULL, "from 0 to 32" },
	{ "IPv6 prefix too long", "fd00::/129", NULL, "from 0 to 128" },
	{ "prefix empty", "192.168.122.1/", NULL, "from 0 to 32" },
	{ "prefix with zero", "192.168.122.1/08", NULL, "from 0 to 32" },
	{ "prefix with sign", "192.168.122.1/+8", NULL, "from 0 to 32" },
	{ "prefix negative", "192.168.122.1/-1", NULL, "from 0 to 32" },
	{ "prefix overflows", "192.168.122.1/4294967320", NULL, "from 0 to 32" },
	{ "a netmask", "192.168.122.1/255.255.255.0", NULL,
	    "write \"192.168.122.1/24\"" },
	{ "a netmask with holes", "192.168.122.1/255.0.255.0", NULL, "from 0 to 32" },
	{ "two prefixes", "192.168.122.1/24/24", NULL, "from 0 to 32" },
	{ "bad address", "192.168.122/24", NULL, "no IP address" },
	{ "address too long",
	    "1111111111111111111111111111111111111111111111111111111111111111/24", NULL,
	    "no IP address" },
	{ "empty", "", NULL, "with a prefix length" },
	{ "slash only", "/", NULL, "no IP address" },
};

START_TEST(cidr_rows)
{
	struct error e = { "" };
	struct cidr cidr = { 0 };
	char text[CIDR_TEXT];
	int result = cidr_parse(cidrs[_i].text, &cidr, &e);

	judge(&cidrs[_i], result, cidr_text(cidr, text), &e);
}
END_TEST

static struct cidr cidr_of(const char *text)
{
	struct cidr cidr = { 0 };

	ck_assert_msg(cidr_parse(text, &cidr, NULL) == 0, "%s", text);
	return cidr;
}

static const struct network_row {
	const char *what, *network, *range, *inside, *outside;
} networks[] = {
	{ "a home", "192.168.122.1/24", "192.168.122.0-192.168.122.255",
	    "192.168.122.255", "192.168.123.0" },
	{ "below", "192.168.122.1/24", "192.168.122.0-192.168.122.255", "192.168.122.0",
	    "192.168.121.255" },
	{ "Services", "10.96.0.0/12", "10.96.0.0-10.111.255.255", "10.111.255.255",
	    "10.112.0.0" },
	{ "everything", "1.2.3.4/0", "0.0.0.0-255.255.255.255", "255.255.255.255",
	    "::1" },
	{ "one address", "10.0.0.1/32", "10.0.0.1", "10.0.0.1", "10.0.0.2" },
	{ "IPv6", "fd00::5/64", "fd00::-fd00::ffff:ffff:ffff:ffff", "fd00::1",
	    "fd00:0:0:1::" },
	{ "all IPv6", "::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "fd00::", "10.0.0.1" },
};

START_TEST(networks_are_ranges)
{
	const struct network_row *row = &networks[_i];
	struct cidr cidr = cidr_of(row->network);
	struct arena a = { 0 };

	ck_assert_msg(
	    strcmp(range_text(&a, cidr_range(cidr)), row->range) == 0, "%s", row->what);
	ck_assert_msg(cidr_contains(cidr, ip_of(row->inside)), "%s", row->what);
	ck_assert_msg(!cidr_contains(cidr, ip_of(row->outside)), "%s", row->what);
	arena_done(&a);
}
END_TEST

START_TEST(no_network_holds_nothing)
{
	ck_assert(!cidr_contains((struct cidr){ 0 }, (struct ip){ 0 }));
}
END_TEST

static const struct row masks[] = {
	{ "a mask", "255.255.255.0", "24", NULL },
	{ "nothing", "0.0.0.0", "0", NULL },
	{ "all", "255.255.255.255", "32", NULL },
	{ "odd", "255.240.0.0", "12", NULL },
	{ "bare", "24", "24", NULL },
	{ "bare, IPv6", "64", "64", NULL },
	{ "bare, too long", "129", NULL, "no netmask" },
	{ "holes", "255.0.255.0", NULL, "holes" },
	{ "turned round", "0.0.0.255", NULL, "holes" },
	{ "one hole", "255.255.255.253", NULL, "holes" },
	{ "IPv6", "ffff::", NULL, "no netmask" },
	{ "empty", "", NULL, "no netmask" },
	{ "a word", "/24", NULL, "no netmask" },
};

START_TEST(mask_rows)
{
	struct error e = { "" };
	uint8_t prefix = 200;
	int result = netmask_parse(masks[_i].text, &prefix, &e);
	struct arena a = { 0 };

	judge(&masks[_i], result, arena_printf(&a, "%u", prefix), &e);
	arena_done(&a);
}
END_TEST

static const struct row spans[] = {
	{ "ends", "192.168.122.100-192.168.122.150", "192.168.122.100-192.168.122.150",
	    NULL },
	{ "blanks", " 192.168.122.100 - 192.168.122.150\t",
	    "192.168.122.100-192.168.122.150", NULL },
	{ "one address", "10.0.0.1-10.0.0.1", "10.0.0.1", NULL },
	{ "a network", "192.168.10.0/24", "192.168.10.0-192.168.10.255", NULL },
	{ "host bits are masked", "192.168.1.10/24", "192.168.1.0-192.168.1.255", NULL },
	{ "blanks around a network", " 10.0.0.0/31 ", "10.0.0.0-10.0.0.1", NULL },
	{ "/32", "10.0.0.1/32", "10.0.0.1", NULL },
	{ "IPv6 ends", "fd00::1-fd00::ff", "fd00::1-fd00::ff", NULL },
	{ "IPv6 network", "fd00::1/120", "fd00::-fd00::ff", NULL },
	{ "bare", "192.168.122.100", NULL, "write \"192.168.122.100/32\"" },
	{ "bare IPv6", "fd00::1", NULL, "write \"fd00::1/128\"" },
	{ "wrong order", "10.0.0.9-10.0.0.1", NULL, "write \"10.0.0.1-10.0.0.9\"" },
	{ "two families", "10.0.0.1-fd00::1", NULL, "different families" },
	{ "two families, turned", "fd00::1-10.0.0.1", NULL, "different families" },
	{ "short end", "192.168.122.100-150", NULL,
	    "write \"192.168.122.100-192.168.122.150\"" },
	{ "short end too large", "192.168.122.100-300", NULL, "no range" },
	{ "several", "10.0.0.1-10.0.0.2, 10.0.0.4-10.0.0.5", NULL, "an item of its own" },
	{ "no end", "192.168.122.100-", NULL, "no range" },
	{ "no start", "-192.168.122.100", NULL, "no range" },
	{ "two dashes", "10.0.0.1-10.0.0.2-10.0.0.3", NULL, "no range" },
	{ "networks as ends", "10.0.0.0/24-10.0.1.0/24", NULL, "no range" },
	{ "blank inside", "10.0.0. 1-10.0.0.2", NULL, "no range" },
	{ "newline", "10.0.0.1-10.0.0.2\n", NULL, "no range" },
	{ "a word", "auto", NULL, "no range" },
	{ "empty", "", NULL, "no range" },
	{ "dash only", "-", NULL, "no range" },
	{ "far too long",
	    "00000000000000000000000000000000000000000000000000000000000-10.0.0.1", NULL,
	    "no range" },
};

START_TEST(range_rows)
{
	struct error e = { "" };
	struct range range = { 0 };
	struct arena a = { 0 };
	int result = range_parse(spans[_i].text, &range, &e);

	judge(&spans[_i], result, range_text(&a, range), &e);
	arena_done(&a);
}
END_TEST

static struct range range_of(const char *text)
{
	struct range range = { 0 };

	ck_assert_msg(range_parse(text, &range, NULL) == 0, "%s", text);
	return range;
}

static const struct overlap_row {
	const char *what, *a, *b, *common; /* NULL: none */
} overlaps[] = {
	{ "apart", "10.0.0.1-10.0.0.5", "10.0.0.7-10.0.0.9", NULL },
	{ "touching", "10.0.0.1-10.0.0.5", "10.0.0.6-10.0.0.9", NULL },
	{ "one address", "10.0.0.1-10.0.0.5", "10.0.0.5-10.0.0.9", "10.0.0.5" },
	{ "across", "10.0.0.1-10.0.0.7", "10.0.0.5-10.0.0.9", "10.0.0.5-10.0.0.7" },
	{ "inside", "10.0.0.1-10.0.0.9", "10.0.0.3-10.0.0.4", "10.0.0.3-10.0.0.4" },
	{ "equal", "10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9" },
	{ "families", "10.0.0.0/8", "::/0", NULL },
	{ "same value, other family", "0.0.0.1/32", "::1/128", NULL },
};

START_TEST(ranges_meet)
{
	const struct overlap_row *row = &overlaps[_i];
	struct range a = range_of(row->a), b = range_of(row->b), common = { 0 };
	struct arena arena = { 0 };

	ck_assert_msg(range_overlaps(a, b, &common) == !!row->common, "%s", row->what);
	ck_assert_msg(range_overlaps(b, a, NULL) == !!row->common, "%s", row->what);
	if (row->common)
		ck_assert_str_eq(range_text(&arena, common), row->common);
	arena_done(&arena);
}
END_TEST

/* A set from ranges with '|' between. */
static struct ranges set_of(struct arena *a, const char *text)
{
	struct ranges set = { 0 };
	char part[200];

	while (*text) {
		size_t length = strcspn(text, "|");

		ck_assert_uint_lt(length, sizeof(part));
		memcpy(part, text, length);
		part[length] = '\0';
		ranges_add(a, &set, range_of(part));
		text += length + (text[length] == '|');
	}
	return set;
}

#define TOP4 "255.255.255.255"
#define TOP6 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

static const struct set_row {
	const char *what, *x, *y, *both, *without, *common;
} sets[] = {
	{ "nothing", "", "", "none", "none", "none" },
	{ "the home: pool inside the DHCP range", "192.168.122.2-192.168.122.254",
	    "192.168.122.100-192.168.122.150", "192.168.122.2-192.168.122.254",
	    "192.168.122.2-192.168.122.99, 192.168.122.151-192.168.122.254",
	    "192.168.122.100-192.168.122.150" },
	{ "touching ranges are one", "10.0.0.1-10.0.0.5", "10.0.0.6-10.0.0.9",
	    "10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.5", "none" },
	{ "a network in two spellings", "10.0.0.0/25|10.0.0.128/25",
	    "10.0.0.0-10.0.0.255", "10.0.0.0-10.0.0.255", "none", "10.0.0.0-10.0.0.255" },
	{ "several holes", "10.0.0.0/24", "10.0.0.0/32|10.0.0.9/32|10.0.0.255/32",
	    "10.0.0.0-10.0.0.255", "10.0.0.1-10.0.0.8, 10.0.0.10-10.0.0.254",
	    "10.0.0.0, 10.0.0.9, 10.0.0.255" },
	{ "one range over several",
	    "10.0.0.1-10.0.0.3|10.0.0.5-10.0.0.7|10.0.0.9-10.0.0.11",
	    "10.0.0.2-10.0.0.10", "10.0.0.1-10.0.0.11", "10.0.0.1, 10.0.0.11",
	    "10.0.0.2-10.0.0.3, 10.0.0.5-10.0.0.7, 10.0.0.9-10.0.0.10" },
	{ "families stay apart", "255.255.255.0/24|::/120", "255.255.255.255/32|::/128",
	    "255.255.255.0-" TOP4 ", ::-::ff", "255.255.255.0-255.255.255.254, ::1-::ff",
	    TOP4 ", ::" },
	{ "the ends of the world", "0.0.0.0/0|::/0", TOP4 "/32|" TOP6 "/128",
	    "0.0.0.0-" TOP4 ", ::-" TOP6,
	    "0.0.0.0-255.255.255.254, ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
	    TOP4 ", " TOP6 },
	{ "everything without everything", "::/0", "::/0", "::-" TOP6, "none",
	    "::-" TOP6 },
	{ "the last address and the first of IPv6 do not touch", TOP4 "/32", "::/128",
	    TOP4 ", ::", TOP4, "none" },
};

START_TEST(set_rows)
{
	const struct set_row *row = &sets[_i];
	struct arena a = { 0 };
	struct ranges x = set_of(&a, row->x), y = set_of(&a, row->y);
	const char *x_before = ranges_text(&a, x), *y_before = ranges_text(&a, y);

	ck_assert_msg(strcmp(ranges_text(&a, ranges_union(&a, x, y)), row->both) == 0,
	    "%s", row->what);
	ck_assert_msg(strcmp(ranges_text(&a, ranges_union(&a, y, x)), row->both) == 0,
	    "%s", row->what);
	ck_assert_msg(
	    strcmp(ranges_text(&a, ranges_subtract(&a, x, y)), row->without) == 0, "%s",
	    row->what);
	ck_assert_msg(
	    strcmp(ranges_text(&a, ranges_intersect(&a, x, y)), row->common) == 0, "%s",
	    row->what);
	ck_assert(ranges_overlap(x, y) == (strcmp(row->common, "none") != 0));
	ck_assert_str_eq(ranges_text(&a, x), x_before);
	ck_assert_str_eq(ranges_text(&a, y), y_before);
	arena_done(&a);
}
END_TEST

START_TEST(sets_have_a_size)
{
	struct arena a = { 0 };

	ck_assert_int_eq(ranges_size(set_of(&a, "")), 0);
	ck_assert_int_eq(ranges_size(set_of(&a, "10.0.0.1/32")), 1);
	ck_assert_int_eq(ranges_size(set_of(&a, "10.0.0.0/24|10.0.2.0/24")), 512);
	ck_assert_int_eq(ranges_size(set_of(&a, "0.0.0.0/0")), 4294967296);
	ck_assert_int_eq(ranges_size(set_of(&a, "fd00::/66")), INT64_C(1) << 62);
	ck_assert_int_eq(ranges_size(set_of(&a, "fd00::/65")), INT64_MAX);
	ck_assert_int_eq(ranges_size(set_of(&a, "::/0")), INT64_MAX);
	ck_assert_int_eq(
	    ranges_size(set_of(&a, "fd00::/66|fd01::/66|fd02::/66")), INT64_MAX);
	arena_done(&a);
}
END_TEST

/* The model: one bool for each of 96 addresses, 64 of IPv4's last and 32 of IPv6's first.
 */
#define MODEL 96

static struct ip model_ip(unsigned i)
{
	if (i < 64)
		return (struct ip){ 4, 0xffffffffu - 63 + i };
	return (struct ip){ 6, i - 64 };
}

static unsigned draw(uint64_t *state, unsigned below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33) % below;
}

static struct ranges draw_set(struct arena *a, uint64_t *state, bool model[MODEL])
{
	struct ranges set = { 0 };
	unsigned count = draw(state, 12);

	memset(model, 0, MODEL * sizeof(*model));
	while (count--) {
		unsigned half = draw(state, 2), base = half ? 64 : 0,
			 size = half ? 32 : 64;
		unsigned first = base + draw(state, size);
		unsigned last = first + draw(state, base + size - first);

		if (draw(state, 2)) /* many short ones, a few long ones */
			last = first + (last - first) / 8;
		ranges_add(a, &set, (struct range){ model_ip(first), model_ip(last) });
		for (unsigned i = first; i <= last; i++)
			model[i] = true;
	}
	return set;
}

/* The set has exactly the model's addresses, and no two ranges touch. */
static void check_model(struct ranges set, const bool model[MODEL], unsigned round)
{
	int64_t size = 0;

	for (unsigned i = 0; i < MODEL; i++) {
		size += model[i];
		ck_assert_msg(ranges_contain(set, model_ip(i)) == model[i],
		    "round %u, %u", round, i);
	}
	ck_assert_msg(ranges_size(set) == size, "round %u: size", round);
	for (size_t i = 0; i < set.count; i++) {
		struct range *r = &set.items[i];

		ck_assert_msg(ip_compare(r->first, r->last) <= 0, "round %u", round);
		ck_assert_msg(
		    i == 0 || ip_compare(r[-1].last, r->first) < 0, "round %u", round);
		ck_assert_msg(i == 0 || r[-1].last.version != r->first.version ||
				  r->first.value - r[-1].last.value > 1,
		    "round %u: ranges touch", round);
	}
}

START_TEST(sets_agree_with_a_bitmap)
{
	uint64_t state = 20260731;
	bool x_model[MODEL], y_model[MODEL], want[MODEL], any;

	for (unsigned round = 0; round < 4000; round++) {
		struct arena a = { 0 };
		struct ranges x = draw_set(&a, &state, x_model);
		struct ranges y = draw_set(&a, &state, y_model);

		check_model(x, x_model, round);
		for (unsigned i = 0; i < MODEL; i++)
			want[i] = x_model[i] || y_model[i];
		check_model(ranges_union(&a, x, y), want, round);
		for (unsigned i = 0; i < MODEL; i++)
			want[i] = x_model[i] && !y_model[i];
		check_model(ranges_subtract(&a, x, y), want, round);
		any = false;
		for (unsigned i = 0; i < MODEL; i++)
			any |= want[i] = x_model[i] && y_model[i];
		check_model(ranges_intersect(&a, x, y), want, round);
		ck_assert(ranges_overlap(x, y) == any);
		ck_assert(ranges_equal(x, y) ==
			  (memcmp(x_model, y_model, sizeof(x_model)) == 0));
		/* The operands are as they were; what was taken away and put back is
		 * there. */
		check_model(x, x_model, round);
		check_model(y, y_model, round);
		ck_assert(ranges_equal(x, ranges_union(&a, ranges_subtract(&a, x, y),
					      ranges_intersect(&a, x, y))));
		arena_done(&a);
	}
}
END_TEST

START_TEST(a_copy_is_not_shared)
{
	struct arena a = { 0 };
	struct ranges set = set_of(&a, "10.0.0.1/32|10.0.0.5/32|10.0.0.9/32");
	struct ranges copy = ranges_union(&a, set, (struct ranges){ 0 });

	ranges_add(&a, &copy, range_of("10.0.0.3/32"));
	ck_assert_str_eq(ranges_text(&a, set), "10.0.0.1, 10.0.0.5, 10.0.0.9");
	ck_assert_str_eq(ranges_text(&a, copy), "10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.9");
	ck_assert(!ranges_equal(set, copy));
	ck_assert(ranges_equal(set, set));
	arena_done(&a);
}
END_TEST

START_TEST(a_set_as_text_is_read_again)
{
	static const char *const texts[] = { "none", "10.0.0.1", "10.0.0.1-10.0.0.9",
		"10.0.0.1, 10.0.0.5-10.0.0.9, fd00::1-fd00::9", "fd00::1" };
	static const char *const wrong[] = { "", "10.0.0", "10.0.0.1-",
		"10.0.0.1, none" };
	struct arena a = { 0 };
	struct ranges set;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_int_eq(ranges_read(&a, texts[i], &set), 0);
		ck_assert_str_eq(ranges_text(&a, set), texts[i]);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(ranges_read(&a, wrong[i], &set), -1);
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("addr");
	TCase *tests = tcase_create("addr");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, mac_rows, 0, ROWS(macs));
	tcase_add_test(tests, macs_are_derived);
	tcase_add_loop_test(tests, ip_rows, 0, ROWS(ips));
	tcase_add_test(tests, ips_have_an_order);
	tcase_add_loop_test(tests, cidr_rows, 0, ROWS(cidrs));
	tcase_add_loop_test(tests, networks_are_ranges, 0, ROWS(networks));
	tcase_add_test(tests, no_network_holds_nothing);
	tcase_add_loop_test(tests, mask_rows, 0, ROWS(masks));
	tcase_add_loop_test(tests, range_rows, 0, ROWS(spans));
	tcase_add_loop_test(tests, ranges_meet, 0, ROWS(overlaps));
	tcase_add_loop_test(tests, set_rows, 0, ROWS(sets));
	tcase_add_test(tests, sets_have_a_size);
	tcase_add_test(tests, sets_agree_with_a_bitmap);
	tcase_add_test(tests, a_copy_is_not_shared);
	tcase_add_test(tests, a_set_as_text_is_read_again);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
