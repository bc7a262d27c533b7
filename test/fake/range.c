/* SPDX-License-Identifier: MIT */
/* range: CIDR and first-last notation as pairs of addresses. */
#include "test/fake/range.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "test/fake/buf.h"

static bool address(char *text, bool *v6, unsigned char *out)
{
	while (*text == ' ')
		text++;
	for (size_t n = strlen(text); n && text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
	*v6 = strchr(text, ':') != NULL;
	return inet_pton(*v6 ? AF_INET6 : AF_INET, text, out) == 1;
}

static bool network(char *text, char *slash, struct range *r)
{
	char *end;
	unsigned long bits, all;

	*slash++ = '\0';
	bits = strtoul(slash, &end, 10);
	if (!address(text, &r->v6, r->lo) || !*slash || *end || *slash == '-' ||
	    *slash == '+')
		return false;
	all = r->v6 ? 128 : 32;
	if (bits > all)
		return false;
	memcpy(r->hi, r->lo, sizeof(r->hi));
	for (unsigned long i = bits; i < all; i++) {
		unsigned char bit = (unsigned char)(0x80 >> i % 8);

		r->lo[i / 8] = (unsigned char)(r->lo[i / 8] & ~bit);
		r->hi[i / 8] |= bit;
	}
	return true;
}

static bool span(char *text, char *dash, struct range *r)
{
	bool last_v6;

	*dash++ = '\0';
	if (!address(text, &r->v6, r->lo) || !address(dash, &last_v6, r->hi))
		return false;
	if (r->v6 != last_v6) {
		memset(r->lo, 0xff, sizeof(r->lo));
		memset(r->hi, 0, sizeof(r->hi));
		return true;
	}
	return memcmp(r->lo, r->hi, sizeof(r->lo)) <= 0;
}

bool range_read(const char *text, struct range *out)
{
	char *copy = xstrdup(text), *slash = strchr(copy, '/'), *dash = strchr(copy, '-');
	bool ok = false;

	*out = (struct range){ 0 };
	if (slash)
		ok = network(copy, slash, out);
	else if (dash)
		ok = span(copy, dash, out);
	free(copy);
	return ok;
}

bool ranges_overlap(const struct range *a, const struct range *b)
{
	return a->v6 == b->v6 && memcmp(a->lo, b->hi, sizeof(a->lo)) <= 0 &&
	       memcmp(b->lo, a->hi, sizeof(a->lo)) <= 0;
}
