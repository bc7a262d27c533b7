/* SPDX-License-Identifier: MIT */
/*
 * reservation_plan: reservations kept as libvirt's <host> entries in the network.
 *
 * What runs (live) and what is stored (config) are looked at and repaired apart, with one
 * call for each entry too many and one for each missing, never libvirt's "modify": that
 * replaces the first entry sharing any key and checks no duplicates. An entry is ours
 * when it carries our MAC or our name. All removals of a network come before all
 * additions, so swaps and chains of addresses go through; an addition whose address a
 * held-back reservation still has waits for it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/network/network_xml.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/network/reservation_record.h"

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool is_ours(const struct host_entry *found, const struct host_entry *want)
{
	return (found->has_mac && mac_equal(found->mac, want->mac)) ||
	       same_text(found->name, want->name);
}

static bool is_exact(const struct host_entry *found, const struct host_entry *want)
{
	return found->has_mac && mac_equal(found->mac, want->mac) &&
	       ip_equal(found->ip, want->ip) && same_text(found->name, want->name);
}

static const char *entry_text(struct arena *a, const struct host_entry *h)
{
	return arena_printf(a, "%s for %s%s%s%s", ip_text(h->ip, (char[IP_TEXT]){ 0 }),
	    h->name ? h->name : "", h->name && h->has_mac ? " (" : "",
	    h->has_mac ? mac_text(h->mac, (char[MAC_TEXT]){ 0 }) : "",
	    h->name && h->has_mac ? ")" : "");
}

static void add_update(struct planner *p, struct item *item,
    const struct reservation *reservation, enum side which, enum update_command command,
    const struct host_entry *entry)
{
	struct step *step = item_step(p, item, STEP_NETWORK_UPDATE, command == UPDATE_ADD,
	    reservation->network, "%s reservation %s in network %s (%s)",
	    command == UPDATE_ADD ? "add" : "remove", entry_text(p->arena, entry),
	    reservation->network, which == SIDE_LIVE ? "live" : "stored");

	step->command = command;
	step->mends = command == UPDATE_ADD;
	step->section = UPDATE_HOST;
	step->side = which;
	step->body = network_xml_host(p->arena, entry);
}

/* Whom an entry that holds our address belongs to: another reservation that is written, or
 * nobody. */
static const struct reservation *owner_of(const struct planner *p,
    const struct reservation *self, const struct host_entry *found)
{
	const struct set *reservations = config_get(p->input->desired, &reservation_kind);

	for (size_t i = 0; i < reservations->count; i++) {
		const struct reservation *other =
		    (const struct reservation *)reservations->items[i];
		struct host_entry entry;

		if (other != self && strcmp(other->network, self->network) == 0 &&
		    reservation_entry(p, other, &entry) && is_ours(found, &entry))
			return other;
	}
	return NULL;
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

static int by_mac(const void *mac, const void *entry)
{
	return memcmp(mac, &((const struct host_entry *)entry)->mac, sizeof(struct mac));
}

/* The usual case in a home of a thousand reservations: there, and nothing else shares a key of
 * it. */
static const struct host_entry *only_entry(
    const struct network *have, const struct host_entry *want)
{
	const struct host_entry *found;

	if (!have->hosts_distinct)
		return NULL;
	found = bsearch(
	    &want->mac, have->hosts, have->host_count, sizeof(*have->hosts), by_mac);
	return found && is_exact(found, want) ? found : NULL;
}

/* One side's missing and superfluous entries. Returns the foreign entry in the way, if
 * any. */
static const struct host_entry *plan_side(struct planner *p, struct item *item,
    const struct host_entry *want, const struct network *have, enum side which)
{
	const struct reservation *reservation = (const struct reservation *)item->desired;
	const struct update_record *record = update_record_of(item->state);
	bool suspect = which == SIDE_LIVE ? record->suspect_live : record->suspect_config;
	const struct host_entry *foreign = NULL;
	const struct host_entry *only = suspect ? NULL : only_entry(have, want);
	bool right = only;

	if (only)
		*(which == SIDE_LIVE ? &item->live : &item->config) =
		    as_reservation(p->arena, only);
	for (size_t i = 0; !only && i < have->host_count; i++) {
		const struct host_entry *h = &have->hosts[i];

		if (is_ours(h, want))
			*(which == SIDE_LIVE ? &item->live : &item->config) =
			    as_reservation(p->arena, h);
		if (is_exact(h, want) && !right && !suspect) {
			right = true;
		} else if (is_ours(h, want)) {
			add_update(p, item, reservation, which, UPDATE_DELETE, h);
		} else if (ip_equal(h->ip, want->ip) && !owner_of(p, reservation, h)) {
			foreign = h;
		}
	}
	if (right)
		return foreign;
	add_update(p, item, reservation, which, UPDATE_ADD, want);
	return foreign;
}

/* What dnsmasq has leased to the machine; its IPv6 address is none of ours. */
static const struct dhcp_lease *leased_to(
    const struct network *live, const struct host_entry *want)
{
	for (size_t i = 0; live && i < live->lease_count; i++)
		if (mac_equal(live->leases[i].mac, want->mac) &&
		    live->leases[i].ip.version == want->ip.version)
			return &live->leases[i];
	return NULL;
}

/* Addresses somebody holds right now against what is reserved. */
static void conditions(struct planner *p, struct item *item,
    const struct host_entry *want, const struct network *live)
{
	char ip[IP_TEXT], mac[MAC_TEXT];
	const char *object = arena_printf(p->arena, "reservation/%s", item->short_name);

	for (size_t i = 0; live && i < live->lease_count; i++) {
		const struct dhcp_lease *l = &live->leases[i];
		bool same_mac = mac_equal(l->mac, want->mac),
		     same_ip = ip_equal(l->ip, want->ip);
		const char *text;

		if (same_mac == same_ip || l->ip.version != want->ip.version)
			continue;
		text = same_ip
			   ? arena_printf(p->arena, "%s is leased to %s until %s",
				 ip_text(l->ip, ip), mac_text(l->mac, mac),
				 time_text(p->arena, l->expires))
			   : arena_printf(p->arena, "its machine still holds %s until %s",
				 ip_text(l->ip, ip), time_text(p->arena, l->expires));
		item_condition(
		    p, item, same_ip ? "LeaseConflict" : "LeasePending", "%s", text);
		if (same_ip)
			plan_finding(p, SEVERITY_WARNING, "lease-conflict", object,
			    "%s: %s", object, text)
			    ->fix =
			    "release it on that machine (dhclient -r), or wait for the lease to end";
	}
}

/*
 * The address the machine has now, as far as can be told; version 0 when it has none. One
 * that does not run has none, whatever is leased to it still.
 * libvirt forgets its leases with the network's definition while the machine goes on
 * with its address: so what we once saw in order counts before "no lease".
 */
static struct ip current_address(const struct item *item, const struct host_entry *want,
    const struct network *live, const struct network *stored,
    const struct observed *machine)
{
	const struct network *side = live ? live : stored;
	const struct dhcp_lease *fact = leased_to(live, want);
	struct ip none = { 0 };

	if (machine && !machine->live)
		return none;
	if (fact)
		return fact->ip;
	if (!machine)
		return none;
	if (reservation_record_of(item->state)->ip.version)
		return reservation_record_of(item->state)->ip;
	if (live && live->leases_known)
		return none;
	for (size_t i = 0; i < side->host_count; i++)
		if (side->hosts[i].has_mac && mac_equal(side->hosts[i].mac, want->mac))
			return side->hosts[i].ip;
	return none;
}

/* The first side that is not as wanted in this key, told once for both. */
static void tell_key(struct planner *p, struct item *item,
    const struct reservation *const sides[2], const char *key, const char *want)
{
	for (int i = 0; i < 2; i++) {
		const char *have =
		    field_text_at(p->arena, &reservation_fields, sides[i], key);

		if (!have || strcmp(have, want) != 0) {
			item_difference(p, item, key, want, have);
			return;
		}
	}
}

static void tell_differences(struct planner *p, struct item *item,
    const struct host_entry *want, bool live, bool stored)
{
	static const struct reservation missing = { 0 };
	const struct reservation *sides[2] = {
		item->live ? (const struct reservation *)item->live : &missing,
		item->config ? (const struct reservation *)item->config : &missing,
	};

	/* A side that does not exist, such as what runs of a stopped network, has no say.
	 */
	if (!live)
		sides[0] = sides[1];
	if (!stored)
		sides[1] = sides[0];
	tell_key(p, item, sides, "ip",
	    arena_copy(p->arena, ip_text(want->ip, (char[IP_TEXT]){ 0 })));
	tell_key(p, item, sides, "mac",
	    arena_copy(p->arena, mac_text(want->mac, (char[MAC_TEXT]){ 0 })));
}

/* A reservation outside its network is of no use to dnsmasq: it waits until the network
 * has moved, or for ever. */
static bool fits(const struct network *network, struct ip ip)
{
	return !field_has(&network_kind.fields, network, "address") ||
	       cidr_contains(network->address, ip);
}

static void decide(struct planner *p, struct item *item, const struct host_entry *want,
    const struct network *live, const struct network *stored)
{
	const struct reservation *reservation = (const struct reservation *)item->desired;
	const struct host_entry *foreign = NULL, *f;
	const struct network *elsewhere = NULL;
	struct ip now;
	char a[IP_TEXT], b[IP_TEXT];

	if (live && !fits(live, want->ip))
		elsewhere = live;
	else if (live)
		foreign = plan_side(p, item, want, live, SIDE_LIVE);
	if (stored && !fits(stored, want->ip)) {
		elsewhere = stored;
	} else if (stored) {
		f = plan_side(p, item, want, stored, SIDE_CONFIG);
		foreign = foreign ? foreign : f;
	}
	conditions(p, item, want, live);
	if (item->step_count)
		tell_differences(p, item, want, live, stored);
	if (foreign) {
		item_blocked(p, item,
		    "its address is reserved by an entry that is not ours: %s; remove that one with `virsh net-update %s delete ip-dhcp-host`, or write it in static_ips",
		    entry_text(p->arena, foreign), reservation->network);
		item->held = true;
		return;
	}
	if (!item->step_count && elsewhere) {
		item_blocked(p, item,
		    "its address is not inside network/%s, which has %s",
		    reservation->network,
		    cidr_text(elsewhere->address, (char[CIDR_TEXT]){ 0 }));
		return;
	}
	if (!item->step_count) {
		item_ok(item);
		return;
	}
	if (update_record_of(item->state)->suspect_live ||
	    update_record_of(item->state)->suspect_config)
		item_pending(p, item,
		    "an update of it failed, and what libvirt shows since may not be so; it is done once more");
	else
		item_pending(p, item, "%s", item->steps[0]->text);
	now = current_address(
	    item, want, live, stored, reservation_machine(p, reservation));
	if (now.version && !ip_equal(now, want->ip))
		item_consent(p, item, "moves the running machine %s from %s to %s",
		    reservation->host, ip_text(now, a), ip_text(want->ip, b));
}

void reservation_plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct reservation *want = (const struct reservation *)object;
	const struct observations *o = p->input->observed;
	const struct observed_set *networks = &o->kinds[kind_index(&network_kind)];
	const struct observed *network =
	    observations_find(o, &network_kind, want->network);
	const char *unknown = reservation_unknown(p, want);
	struct host_entry entry;

	(void)have;
	if (!networks->known) {
		item_unknown(
		    p, item, "%s", networks->why ? networks->why : "not looked at yet");
		return;
	}
	if (unknown) {
		item_unknown(p, item, "its machine: %s", unknown);
		return;
	}
	if (network && network->presence == UNKNOWN) {
		item_unknown(p, item, "network/%s: %s", want->network, network->why);
		return;
	}
	if (!reservation_entry(p, want, &entry)) {
		item_blocked(p, item,
		    "its MAC is not known: there is no VM %s with an interface in network %s; write {ip, mac}",
		    want->host, want->network);
		return;
	}
	if (!network) {
		item_pending(p, item, "comes with network/%s", want->network);
		return;
	}
	decide(p, item, &entry, (const struct network *)network->live,
	    (const struct network *)network->config);
}

/* Waiting for each other */

static bool has_address(const struct network *n, const struct reservation *other,
    const struct planner *p, struct ip ip)
{
	struct host_entry entry;

	if (!n || !reservation_entry(p, other, &entry))
		return false;
	for (size_t i = 0; i < n->host_count; i++)
		if (ip_equal(n->hosts[i].ip, ip) && is_ours(&n->hosts[i], &entry))
			return true;
	return false;
}

/* A held reservation of the same network that still has the address in its entry. */
static const struct item *held_owner(struct planner *p, const struct item *item)
{
	const struct reservation *want = (const struct reservation *)item->desired;
	const struct span *span = &p->plan->spans[kind_index(&reservation_kind)];
	const struct observed *network =
	    planner_observed(p, &network_kind, want->network);

	for (size_t i = span->first; network && i < span->end; i++) {
		const struct item *other = p->plan->items[i];
		const struct reservation *reservation =
		    (const struct reservation *)other->desired;

		if (other == item || !other->held ||
		    strcmp(reservation->network, want->network) != 0)
			continue;
		if (has_address((const struct network *)network->live, reservation, p,
			want->ip) ||
		    has_address((const struct network *)network->config, reservation, p,
			want->ip))
			return other;
	}
	return NULL;
}

void reservation_settle(struct planner *p)
{
	const struct span *span = &p->plan->spans[kind_index(&reservation_kind)];
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = span->first; i < span->end; i++) {
			struct item *item = p->plan->items[i];
			const struct item *owner;

			if (!item->step_count || item->held)
				continue;
			owner = held_owner(p, item);
			if (!owner)
				continue;
			item->held = true;
			item_pending(p, item,
			    "waits for reservation/%s to give up its address",
			    owner->short_name);
			again = true;
		}
	}
}
