/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes addr: lines before the first "=" make one set of ranges, lines after it another.
 * The laws of sets hold, and what is printed is read as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* The other parsers read every line too; what they accept they accept again as printed. */
static void try_others(const char *line)
{
	char text[CIDR_TEXT], again[CIDR_TEXT];
	struct cidr cidr;
	struct mac mac;
	struct ip ip;
	uint8_t prefix;

	if (ip_parse(line, &ip, NULL) == 0) {
		require(ip_parse(ip_text(ip, text), &ip, NULL) == 0);
		require(strcmp(ip_text(ip, again), text) == 0);
	}
	if (cidr_parse(line, &cidr, NULL) == 0) {
		require(cidr_contains(cidr, cidr.address));
		require(cidr_parse(cidr_text(cidr, text), &cidr, NULL) == 0);
		require(strcmp(cidr_text(cidr, again), text) == 0);
	}
	if (mac_parse(line, &mac, NULL) == 0)
		require(mac_parse(mac_text(mac, text), &mac, NULL) == 0);
	netmask_parse(line, &prefix, NULL);
	mac_derive(line);
}

/* IPv4 in IPv6 notation is refused when written, but a network may end there. */
static bool is_mapped(struct ip ip)
{
	return ip.version == 6 && ip.value >> 32 == 0xffff;
}

static void add_line(struct arena *a, struct ranges *set, const char *line)
{
	struct error e = { "" };
	struct range range, again;
	const char *text;

	try_others(line);
	if (range_parse(line, &range, &e) < 0) {
		require(*e.text);
		return;
	}
	require(ip_compare(range.first, range.last) <= 0);
	require(range.first.version == range.last.version);
	text = range_text(a, range);
	if (strchr(text, '-') && !is_mapped(range.first) && !is_mapped(range.last)) {
		require(range_parse(text, &again, NULL) == 0);
		require(ip_equal(range.first, again.first) &&
			ip_equal(range.last, again.last));
	}
	ranges_add(a, set, range);
}

static void check_laws(struct arena *a, struct ranges x, struct ranges y)
{
	struct ranges both = ranges_union(a, x, y), common = ranges_intersect(a, x, y);
	struct ranges only_x = ranges_subtract(a, x, y),
		      only_y = ranges_subtract(a, y, x);

	require(ranges_equal(both, ranges_union(a, y, x)));
	require(ranges_equal(common, ranges_intersect(a, y, x)));
	require(ranges_equal(x, ranges_union(a, only_x, common)));
	require(ranges_equal(y, ranges_union(a, only_y, common)));
	require(
	    ranges_equal(both, ranges_union(a, ranges_union(a, only_x, only_y), common)));
	require(!ranges_overlap(only_x, y) && !ranges_overlap(only_y, x));
	require(ranges_overlap(x, y) == (common.count > 0));
	for (size_t i = 0; i < x.count; i++) {
		require(ranges_contain(both, x.items[i].first));
		require(ranges_contain(x, x.items[i].last));
		require(!ranges_contain(only_y, x.items[i].last));
	}
	require(ranges_size(both) >= ranges_size(x));
	require(*ranges_text(a, both));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	char *text = arena_copy_n(&a, (const char *)data, size), *next = text;
	struct ranges sets[2] = { 0 };
	size_t which = 0;

	while (next) {
		char *line = next;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strcmp(line, "=") == 0)
			which = 1;
		else
			add_line(&a, &sets[which], line);
	}
	check_laws(&a, sets[0], sets[1]);
	arena_done(&a);
	return 0;
}
