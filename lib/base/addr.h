/* SPDX-License-Identifier: MIT */
/*
 * addr: MAC addresses, IP addresses, networks in CIDR notation, and exact arithmetic on
 * sets of addresses. A set is a sorted list of ranges that neither touch nor overlap, so
 * equal sets are equal lists. IPv4 and IPv6 never mix inside one range; in a set IPv4
 * sorts first.
 *
 * Grammar of ranges as MetalLB reads it: "FIRST-LAST" (blanks around the dash allowed) or
 * "ADDRESS/PREFIX", whose host bits are masked off. A bare address is refused there.
 */
#ifndef LIB_BASE_ADDR_H
#define LIB_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/error.h"

struct mac {
	uint8_t octet[6];
};

struct ip {
	uint8_t version; /* 4, 6, or 0 for "none" */
	unsigned __int128 value;
};

struct cidr { /* an address with its network: host bits are kept */
	struct ip address;
	uint8_t prefix;
};

struct range {
	struct ip first, last; /* inclusive */
};

struct ranges {
	struct range *items;
	size_t count;
};

#define MAC_TEXT 18
#define IP_TEXT 46
#define CIDR_TEXT (IP_TEXT + 4)

/* "52:54:00:12:34:56", either case. Multicast addresses and all zeros are refused. */
int mac_parse(const char *text, struct mac *out, struct error *e);
const char *mac_text(struct mac mac, char out[MAC_TEXT]); /* lower case; returns out */
bool mac_equal(struct mac a, struct mac b);

/*
 * A locally administered address with QEMU's prefix 52:54:00 whose last three octets
 * derive from `key` alone: the same key gives the same address for ever. FNV-1a, folded.
 */
struct mac mac_derive(const char *key);

int ip_parse(const char *text, struct ip *out, struct error *e);
const char *ip_text(struct ip ip, char out[IP_TEXT]); /* canonical; "" for none */
int ip_compare(struct ip a, struct ip b);	      /* by version, then value */
bool ip_equal(struct ip a, struct ip b);

/* "192.168.122.1/24". The address may have host bits. */
int cidr_parse(const char *text, struct cidr *out, struct error *e);
const char *cidr_text(struct cidr cidr, char out[CIDR_TEXT]);
struct range cidr_range(struct cidr cidr); /* the whole network, both ends included */
bool cidr_contains(struct cidr cidr, struct ip ip);
/* "255.255.255.0" (or a bare prefix length) to a prefix; -1 when the mask has holes. */
int netmask_parse(const char *text, uint8_t *prefix, struct error *e);

int range_parse(const char *text, struct range *out, struct error *e);
bool range_contains(struct range range, struct ip ip);
bool range_overlaps(
    struct range a, struct range b, struct range *common); /* common may be NULL */
/* "a-b"; a single address where both ends are equal. */
const char *range_text(struct arena *a, struct range range);

/*
 * Adds to a set in place. A set that was copied by assignment shares its list with the
 * original: ranges_union() with an empty set makes a true copy.
 */
void ranges_add(struct arena *a, struct ranges *set, struct range range);
/* Sets. Results are in the arena; operands stay as they are. */
struct ranges ranges_union(struct arena *a, struct ranges x, struct ranges y);
struct ranges ranges_subtract(struct arena *a, struct ranges x, struct ranges y);
struct ranges ranges_intersect(struct arena *a, struct ranges x, struct ranges y);
bool ranges_equal(struct ranges x, struct ranges y);
bool ranges_contain(struct ranges set, struct ip ip);
bool ranges_overlap(struct ranges x, struct ranges y);
/* Number of addresses, saturated at INT64_MAX. */
int64_t ranges_size(struct ranges set);
/* "a-b, c-d", a single address as itself; "none" when empty. */
const char *ranges_text(struct arena *a, struct ranges set);
/* The inverse of ranges_text(). -1 on anything else. */
int ranges_read(struct arena *a, const char *text, struct ranges *out);

#endif
