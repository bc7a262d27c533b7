/* SPDX-License-Identifier: MIT */
/* ranges: sets of addresses. Every operation is one walk over sorted lists. */
#include "lib/base/addr.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/sorted.h"

/* Whether nothing lies between the end of one range and the start of the next. */
static bool reaches(struct ip last, struct ip first)
{
	if (last.version != first.version)
		return false;
	return first.value <= last.value || first.value - last.value == 1;
}

static struct ip later(struct ip a, struct ip b)
{
	return ip_compare(a, b) > 0 ? a : b;
}

static struct ip earlier(struct ip a, struct ip b)
{
	return ip_compare(a, b) < 0 ? a : b;
}

/* Appends a range that begins no earlier than any in the list. */
static void append(struct arena *a, struct ranges *set, struct range range)
{
	struct range *last = set->count ? &set->items[set->count - 1] : NULL;
	struct range *new;

	if (last && reaches(last->last, range.first)) {
		last->last = later(last->last, range.last);
		return;
	}
	new = arena_push(a, &set->items, &set->count, sizeof(*new));
	*new = range;
}

void ranges_add(struct arena *a, struct ranges *set, struct range range)
{
	size_t from = set->count, to;

	/* Most lists are written in order, so the place is near the end. */
	while (from && (ip_compare(set->items[from - 1].first, range.first) > 0 ||
			   reaches(set->items[from - 1].last, range.first)))
		from--;
	for (to = from; to < set->count && reaches(range.last, set->items[to].first);
	     to++) {
		range.first = earlier(range.first, set->items[to].first);
		range.last = later(range.last, set->items[to].last);
	}
	if (to == from) {
		arena_push(a, &set->items, &set->count, sizeof(range));
		memmove(&set->items[from + 1], &set->items[from],
		    (set->count - 1 - from) * sizeof(range));
	} else {
		memmove(&set->items[from + 1], &set->items[to],
		    (set->count - to) * sizeof(range));
		set->count -= to - from - 1;
	}
	set->items[from] = range;
}

struct ranges ranges_union(struct arena *a, struct ranges x, struct ranges y)
{
	struct ranges out = { 0 };
	size_t i = 0, j = 0;

	while (i < x.count || j < y.count) {
		bool from_x = j == y.count || (i < x.count && ip_compare(x.items[i].first,
								  y.items[j].first) <= 0);

		append(a, &out, from_x ? x.items[i++] : y.items[j++]);
	}
	return out;
}

struct ranges ranges_subtract(struct arena *a, struct ranges x, struct ranges y)
{
	struct ranges out = { 0 };
	size_t j = 0;

	for (size_t i = 0; i < x.count; i++) {
		struct range rest = x.items[i];
		bool left = true;

		while (j < y.count && ip_compare(y.items[j].last, rest.first) < 0)
			j++;
		/* A range of y may reach into the next of x, so j does not go
		 * along with k. */
		for (size_t k = j;
		     left && k < y.count && range_overlaps(rest, y.items[k], NULL); k++) {
			struct range before = { rest.first, y.items[k].first };

			if (ip_compare(rest.first, y.items[k].first) < 0) {
				before.last.value--;
				append(a, &out, before);
			}
			left = ip_compare(y.items[k].last, rest.last) < 0;
			rest.first = y.items[k].last;
			rest.first.value += left;
		}
		if (left)
			append(a, &out, rest);
	}
	return out;
}

struct ranges ranges_intersect(struct arena *a, struct ranges x, struct ranges y)
{
	struct ranges out = { 0 };
	struct range common;
	size_t i = 0, j = 0;

	while (i < x.count && j < y.count) {
		if (range_overlaps(x.items[i], y.items[j], &common))
			append(a, &out, common);
		if (ip_compare(x.items[i].last, y.items[j].last) < 0)
			i++;
		else
			j++;
	}
	return out;
}

bool ranges_equal(struct ranges x, struct ranges y)
{
	if (x.count != y.count)
		return false;
	for (size_t i = 0; i < x.count; i++)
		if (!ip_equal(x.items[i].first, y.items[i].first) ||
		    !ip_equal(x.items[i].last, y.items[i].last))
			return false;
	return true;
}

static int ends_before(const void *element, const void *ip)
{
	return ip_compare(((const struct range *)element)->last, *(const struct ip *)ip);
}

bool ranges_contain(struct ranges set, struct ip ip)
{
	size_t i = sorted_position(
	    set.items, set.count, sizeof(*set.items), &ip, ends_before, NULL);

	return i < set.count && range_contains(set.items[i], ip);
}

bool ranges_overlap(struct ranges x, struct ranges y)
{
	size_t i = 0, j = 0;

	while (i < x.count && j < y.count) {
		if (range_overlaps(x.items[i], y.items[j], NULL))
			return true;
		if (ip_compare(x.items[i].last, y.items[j].last) < 0)
			i++;
		else
			j++;
	}
	return false;
}

int64_t ranges_size(struct ranges set)
{
	int64_t total = 0;

	for (size_t i = 0; i < set.count; i++) {
		unsigned __int128 gap =
		    set.items[i].last.value - set.items[i].first.value;

		if (gap >= INT64_MAX ||
		    __builtin_add_overflow(total, (int64_t)gap + 1, &total))
			return INT64_MAX;
	}
	return total;
}

const char *ranges_text(struct arena *a, struct ranges set)
{
	const size_t each = 2 * IP_TEXT + 2;
	char *out, first[IP_TEXT], last[IP_TEXT];
	size_t used = 0, room = set.count * each;

	if (!set.count)
		return "none";
	out = arena_alloc(a, room);
	for (size_t i = 0; i < set.count; i++) {
		struct range range = set.items[i];
		bool single = ip_equal(range.first, range.last);

		used += (size_t)snprintf(out + used, room - used, "%s%s%s%s",
		    i ? ", " : "", ip_text(range.first, first), single ? "" : "-",
		    single ? "" : ip_text(range.last, last));
	}
	return out;
}

int ranges_read(struct arena *a, const char *text, struct ranges *out)
{
	char *rest = NULL;

	*out = (struct ranges){ 0 };
	if (strcmp(text, "none") == 0)
		return 0;
	for (char *part = strtok_r(arena_copy(a, text), ", ", &rest); part;
	     part = strtok_r(NULL, ", ", &rest)) {
		struct range range;

		if (ip_parse(part, &range.first, NULL) == 0)
			range.last = range.first;
		else if (range_parse(part, &range, NULL) < 0)
			return -1;
		ranges_add(a, out, range);
	}
	return out->count ? 0 : -1;
}
