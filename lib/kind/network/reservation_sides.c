/* SPDX-License-Identifier: MIT */
/* reservation_sides: one side of a network against the entry a reservation has there. */
#include "lib/kind/network/reservation_sides.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/sorted.h"
#include "lib/kind/actions.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/network/reservation_record.h"

static bool is_right(const struct host_entry *found, const struct host_entry *want)
{
	return found->has_mac && mac_equal(found->mac, want->mac) &&
	       ip_equal(found->ip, want->ip);
}

const char *reservation_entry_text(struct arena *a, const struct host_entry *h)
{
	return arena_printf(a, "%s for %s%s%s%s", ip_text(h->ip, (char[IP_TEXT]){ 0 }),
	    h->name ? h->name : "", h->name && h->has_mac ? " (" : "",
	    h->has_mac ? mac_text(h->mac, (char[MAC_TEXT]){ 0 }) : "",
	    h->name && h->has_mac ? ")" : "");
}

static int64_t run_of(struct planner *p, const struct reservation *reservation)
{
	const struct observed *network =
	    planner_observed(p, &network_kind, reservation->network);
	const struct network *live =
	    network ? (const struct network *)network->live : NULL;

	return live ? live->run : -1;
}

static struct step *add_update(struct planner *p, struct program *program,
    const struct network *side, enum side which, enum update_command command,
    const struct host_entry *entry)
{
	const struct reservation *reservation =
	    (const struct reservation *)program->item->desired;
	struct step *step = program_step(p, program, &network_update_action,
	    reservation->network, "%s reservation %s in network %s (%s)",
	    command == UPDATE_ADD      ? "add"
	    : command == UPDATE_DELETE ? "remove"
				       : "rewrite",
	    reservation_entry_text(p->arena, entry), reservation->network,
	    which == SIDE_LIVE ? "live" : "stored");
	struct network_update *update = step_arguments(step);

	step->removes = command == UPDATE_DELETE;
	update->command = command;
	update->section = UPDATE_HOST;
	update->side = which;
	update->run = run_of(p, reservation);
	update->place = network_ip_of_entry(side, entry->ip);
	update->host = *entry;
	return step;
}

/* An entry as a reservation, for showing. */
static const struct object *as_reservation(struct arena *a, const struct host_entry *h)
{
	struct reservation *reservation = arena_alloc(a, sizeof(*reservation));

	reservation->object.kind = &reservation_kind;
	reservation->object.name = h->name;
	reservation->ip = h->ip;
	reservation->mac = h->mac;
	reservation->object.record.has =
	    field_bit(&reservation_fields, "ip") |
	    (h->has_mac ? field_bit(&reservation_fields, "mac") : 0);
	return &reservation->object;
}

static int by_mac(const void *entry, const void *mac)
{
	return memcmp(&((const struct host_entry *)entry)->mac, mac, sizeof(struct mac));
}

/* The usual case in a home of a thousand reservations: there, and nothing else has its MAC
 * or address. */
static const struct host_entry *only_entry(
    const struct network *have, const struct host_entry *want, size_t *near)
{
	bool found;
	size_t at;

	if (!have->hosts_distinct)
		return NULL;
	at = sorted_near(have->hosts, have->host_count, sizeof(*have->hosts), &want->mac,
	    by_mac, &found, near);
	return found && is_right(&have->hosts[at], want) ? &have->hosts[at] : NULL;
}

/* libvirt takes no entry that has a name or an address of one that stays. One that is written
 * once more may have no name. */
static bool is_in_the_way(struct planner *p, const struct reservation_aim *aim,
    enum side which, const struct host_entry *added, const struct host_entry *h)
{
	struct reservation_index *index = reservation_index_get(p);
	const struct reservation_aim *owner;

	if (reservation_index_owns(index, aim, which, h) ||
	    !(ip_equal(h->ip, added->ip) ||
		(h->name && added->name && strcmp(h->name, added->name) == 0)))
		return false;
	owner = reservation_index_owner(index, aim->reservation, which, h);
	return !owner || (owner->known[which] && is_right(h, &owner->entries[which]));
}

bool reservation_is_suspect(const struct item *item, enum side which)
{
	const struct update_record *record = update_record_of(item->state);

	return which == SIDE_LIVE ? record->suspect_live : record->suspect_config;
}

/* What is in the entry that makes room, and is not ours to change: its lease time, and its
 * name where that is the host's, domain and all, or where only the call is repeated. */
static void carry_over(struct host_entry *added, const struct host_entry *old)
{
	size_t length = strlen(added->name);

	added->lease = old->lease;
	if (is_right(old, added) ||
	    (old->name && strncmp(old->name, added->name, length) == 0 &&
		old->name[length] == '.'))
		added->name = old->name;
}

/* What the other side has of the same reservation; NULL: nothing. */
static const struct host_entry *counterpart(
    struct planner *p, const struct reservation_aim *aim, enum side which)
{
	struct reservation_index *index = reservation_index_get(p);
	enum side other = which == SIDE_LIVE ? SIDE_CONFIG : SIDE_LIVE;
	const struct observed *network =
	    planner_observed(p, &network_kind, aim->reservation->network);
	const struct object *side = !network		 ? NULL
				    : other == SIDE_LIVE ? network->live
							 : network->config;
	const struct host_entry **related;
	size_t count =
	    side ? entries_related(reservation_index_entries(index),
		       (const struct network *)side, &aim->entries[other], &related)
		 : 0;

	for (size_t i = 0; i < count; i++)
		if (ip_equal(related[i]->ip, aim->reservation->ip) &&
		    reservation_index_owns(index, aim, other, related[i]))
			return related[i];
	return NULL;
}

static bool has_name(struct planner *p, const struct network *side, struct host_entry *h)
{
	const struct host_entry **related;
	size_t count = entries_related(
	    reservation_index_entries(reservation_index_get(p)), side, h, &related);

	for (size_t i = 0; i < count; i++)
		if (related[i]->name && strcmp(related[i]->name, h->name) == 0)
			return true;
	return false;
}

/* The entry that is added where the one that makes room (NULL: there is none) was. The name
 * that the other side's has may be taken here: libvirt takes none twice. */
static struct host_entry new_entry(struct planner *p, const struct reservation_aim *aim,
    const struct network *have, enum side which, const struct host_entry *old)
{
	struct host_entry added = aim->entries[which];

	if (old) {
		carry_over(&added, old);
		return added;
	}
	old = counterpart(p, aim, which);
	if (old)
		carry_over(&added, old);
	if (added.name && has_name(p, have, &added))
		added.name = aim->entries[which].name;
	return added;
}

/* The right entry, which shares nothing with any other; NULL: there is none such. It alone is
 * what "modify" finds. */
static const struct host_entry *alone(struct reservation_index *index,
    const struct network *have, const struct host_entry *want,
    const struct host_entry *const *related, size_t count)
{
	const struct host_entry **of_itself;

	if (count != 1 || !is_right(related[0], want) ||
	    entries_related(
		reservation_index_entries(index), have, related[0], &of_itself) != 1)
		return NULL;
	return related[0];
}

/* One side's missing and superfluous entries. A right one of which it is not known whether
 * it is in force is replaced by itself: were it taken away first, a call that fails half
 * way would leave the machine without it. */
static void plan_entries(struct planner *p, struct program *program,
    const struct reservation_aim *aim, const struct network *have, enum side which,
    struct reservation_obstacles *out)
{
	const struct host_entry *want = &aim->entries[which], **related;
	struct reservation_index *index = reservation_index_get(p);
	struct item *item = program->item;
	const struct object **shown = which == SIDE_LIVE ? &item->live : &item->config;
	const struct host_entry *foreign = NULL, *right = NULL, *old = NULL;
	struct host_entry added;
	const struct step *taken = NULL;
	size_t count =
	    entries_related(reservation_index_entries(index), have, want, &related);

	right = reservation_is_suspect(item, which)
		    ? alone(index, have, want, related, count)
		    : NULL;
	if (right) {
		*shown = as_reservation(p->arena, right);
		add_update(p, program, have, which, UPDATE_MODIFY, right);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct host_entry *h = related[i];
		bool owned = reservation_index_owns(index, aim, which, h);

		if (owned)
			*shown = as_reservation(p->arena, h);
		if (is_right(h, want) && !right && !reservation_is_suspect(item, which)) {
			right = h;
		} else if (owned) {
			taken = add_update(p, program, have, which, UPDATE_DELETE, h);
			old = h;
		}
	}
	if (right) {
		*shown = as_reservation(p->arena, right);
		return;
	}
	added = new_entry(p, aim, have, which, old);
	add_update(p, program, have, which, UPDATE_ADD, &added)->restores = taken;
	for (size_t i = 0; i < count; i++)
		if (is_in_the_way(p, aim, which, &added, related[i]))
			foreign = related[i];
	if (foreign) {
		out->foreign = foreign;
		out->by_name = !ip_equal(foreign->ip, want->ip);
		out->sides[which] = true;
		out->place = network_ip_of_entry(have, foreign->ip);
	}
}

/* A reservation outside its network is of no use to dnsmasq: it waits until the network
 * has moved, or for ever. */
static const char *unfit(
    struct planner *p, const struct reservation *self, const struct network *side)
{
	const char *taken = network_ip_taken(side, self->ip);

	if (!taken && network_ip_serving(side, self->ip) >= 0)
		return NULL;
	if (taken)
		return arena_printf(p->arena,
		    "%s is %s in network %s; write another one in static_ips",
		    ip_text(self->ip, (char[IP_TEXT]){ 0 }), taken, self->network);
	if (!network_subnets(p->arena, side).count)
		return arena_printf(p->arena,
		    "libvirt serves no DHCP in network %s%s%s: it has no IPv4 address there; reserve it in the DHCP server of that network, and take it out of static_ips",
		    self->network, side->forward ? ", whose mode is " : "",
		    side->forward ? side->forward : "");
	return arena_printf(p->arena,
	    ranges_contain(network_subnets(p->arena, side), self->ip)
		? "its address is in network/%s, but not where libvirt serves DHCP there, which it does in one IPv4 subnet of a network: %s; write an address of that one"
		: "its address is not inside network/%s, which has %s",
	    self->network, cidr_text(side->address, (char[CIDR_TEXT]){ 0 }));
}

/* The live side is planned first, and mostly says the same. */
static bool is_shown_as(const struct object *live, const struct host_entry *h)
{
	const struct reservation *shown = (const struct reservation *)live;

	return live && h->has_mac && mac_equal(shown->mac, h->mac) &&
	       ip_equal(shown->ip, h->ip) && live->name && h->name &&
	       strcmp(live->name, h->name) == 0;
}

void reservation_side_plan(struct planner *p, struct program *program,
    const struct reservation_aim *aim, const struct network *have, enum side which,
    struct reservation_obstacles *out)
{
	struct item *item = program->item;
	const struct host_entry *only = NULL;
	const char *why;

	if (!have || !aim->known[which])
		return;
	why = unfit(p, aim->reservation, have);
	if (why) {
		out->unfit = why;
		return;
	}
	if (!reservation_is_suspect(item, which))
		only = only_entry(have, &aim->entries[which], &out->near);
	if (!only) {
		plan_entries(p, program, aim, have, which, out);
		return;
	}
	if (which == SIDE_LIVE)
		item->live = as_reservation(p->arena, only);
	else
		item->config = is_shown_as(item->live, only)
				   ? item->live
				   : as_reservation(p->arena, only);
}
