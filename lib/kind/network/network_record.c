/* SPDX-License-Identifier: MIT */
/* network_record: its table and its changes. */
#include "lib/kind/network/network_record.h"

#include <stdlib.h>
#include <string.h>

#include "lib/state/record.h"

static const struct field rows[] = {
	UPDATE_RECORD_ROWS,
	record_row(struct network_record, "ranges", FIELD_STRING, ranges, FIELD_KEPT),
	record_row(struct network_record, "leases", FIELD_STRING, leases, FIELD_KEPT),
	{ 0 },
};

const struct fields network_record_fields = { rows, sizeof(struct network_record) };

bool network_record_ranges(
    struct arena *a, const struct network_record *record, struct ranges *out)
{
	*out = (struct ranges){ 0 };
	return record->ranges && ranges_read(a, record->ranges, out) == 0 && out->count;
}

void network_record_leases(struct arena *a, const struct network_record *record,
    struct dhcp_lease **leases, size_t *count)
{
	char *rest = NULL, *text = arena_copy(a, record->leases ? record->leases : "");

	for (char *part = strtok_r(text, ", ", &rest); part;
	     part = strtok_r(NULL, ", ", &rest)) {
		const char *address = strtok_r(NULL, ", ", &rest);
		struct dhcp_lease lease = { 0 }, *slot;

		if (!address || mac_parse(part, &lease.mac, NULL) < 0 ||
		    ip_parse(address, &lease.ip, NULL) < 0)
			continue;
		slot = arena_push(a, leases, count, sizeof(*slot));
		*slot = lease;
	}
}

static int compare(const void *x, const void *y)
{
	const struct dhcp_lease *a = x, *b = y;
	int order = memcmp(&a->mac, &b->mac, sizeof(a->mac));

	return order ? order : ip_compare(a->ip, b->ip);
}

/* NULL: there are none. */
static const char *leases_text(struct arena *a, const struct network *side)
{
	size_t count = side->lease_count + side->former_count;
	struct dhcp_lease *all = arena_array(a, count + 1, sizeof(*all));
	autotext struct text text = { 0 };

	for (size_t i = 0; i < count; i++)
		all[i] = i < side->lease_count ? side->leases[i]
					       : side->former[i - side->lease_count];
	qsort(all, count, sizeof(*all), compare);
	for (size_t i = 0; i < count; i++)
		text_add(&text, "%s%s %s", i ? ", " : "",
		    mac_text(all[i].mac, (char[MAC_TEXT]){ 0 }),
		    ip_text(all[i].ip, (char[IP_TEXT]){ 0 }));
	return count ? arena_copy(a, text_get(&text)) : NULL;
}

static bool set_text(char **text, const char *now)
{
	bool same = *text && now ? strcmp(*text, now) == 0 : *text == now;

	if (!same)
		record_set_text(text, now);
	return !same;
}

void network_record_desired(struct object_state *state, const struct object *desired)
{
	struct network_record *record = state->own;

	if (!desired)
		record_set_text(&record->ranges, NULL);
}

/* Where it is gone, what it was stays known. */
bool network_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct network_record *record = state->own;
	const struct network *live, *stored, *side;
	struct arena a = { 0 };
	bool changed;

	(void)want;
	(void)settings;
	(void)now;
	(void)random;
	live = observed ? (const struct network *)observed->live : NULL;
	stored = observed ? (const struct network *)observed->config : NULL;
	if (!live && !stored)
		return false;
	side = stored ? stored : live;
	/* One that has no range now has had one: it comes back with no more than that. */
	changed = side->ranges.count &&
		  set_text(&record->ranges, ranges_text(&a, side->ranges));
	/* Those that libvirt has forgotten are among them (network_follow()). */
	changed |= set_text(&record->leases, leases_text(&a, live ? live : stored));
	arena_done(&a);
	return changed;
}
