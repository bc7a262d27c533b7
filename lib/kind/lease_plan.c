/* SPDX-License-Identifier: MIT */
/*
 * lease_plan: reservations kept as libvirt's <host> entries in the network.
 *
 * What runs (live) and what is stored (config) are looked at and repaired apart, with one
 * call for each entry too many and one for each missing, never libvirt's "modify": that
 * replaces the first entry sharing any key and checks no duplicates. An entry is ours
 * when it carries our MAC or our name. All removals of a network come before all
 * additions, so swaps and chains of addresses go through; an addition whose address a
 * held-back lease still has waits for it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/kind/lease.h"
#include "lib/kind/network_xml.h"

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

static void add_update(struct planner *p, struct item *item, const struct lease *lease,
    enum side which, enum update_command command, const struct host_entry *entry)
{
	struct step *step = item_step(p, item, STEP_NETWORK_UPDATE, command == UPDATE_ADD,
	    lease->network, "%s reservation %s in network %s (%s)",
	    command == UPDATE_ADD ? "add" : "remove", entry_text(p->arena, entry),
	    lease->network, which == SIDE_LIVE ? "live" : "stored");

	step->command = command;
	step->mends = command == UPDATE_ADD;
	step->section = UPDATE_HOST;
	step->side = which;
	step->body = network_xml_host(p->arena, entry);
}

/* Whom an entry that holds our address belongs to: another lease that is written, or
 * nobody. */
static const struct lease *owner_of(
    const struct planner *p, const struct lease *self, const struct host_entry *found)
{
	const struct set *leases = config_get(p->input->want, &lease_kind);

	for (size_t i = 0; i < leases->count; i++) {
		const struct lease *other = (const struct lease *)leases->items[i];
		struct host_entry entry;

		if (other != self && strcmp(other->network, self->network) == 0 &&
		    lease_entry(p, other, &entry) && is_ours(found, &entry))
			return other;
	}
	return NULL;
}

/* An entry as a lease, for showing. */
static const struct object *as_lease(struct arena *a, const struct host_entry *h)
{
	struct lease *lease = arena_alloc(a, sizeof(*lease));

	lease->object.kind = &lease_kind;
	lease->object.name = h->name;
	lease->ip = h->ip;
	lease->mac = h->mac;
	lease->object.record.has = field_bit(&lease_fields, "ip") |
				   (h->has_mac ? field_bit(&lease_fields, "mac") : 0);
	return &lease->object;
}

static int by_mac(const void *mac, const void *entry)
{
	return memcmp(mac, &((const struct host_entry *)entry)->mac, sizeof(struct mac));
}

/* The usual case in a home of a thousand leases: there, and nothing else shares a key of
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
	const struct lease *lease = (const struct lease *)item->want;
	bool suspect = which == SIDE_LIVE ? item->memo->lease.suspect_live
					  : item->memo->lease.suspect_config;
	const struct host_entry *foreign = NULL;
	const struct host_entry *only = suspect ? NULL : only_entry(have, want);
	bool right = only;

	if (only)
		*(which == SIDE_LIVE ? &item->live : &item->config) =
		    as_lease(p->arena, only);
	for (size_t i = 0; !only && i < have->host_count; i++) {
		const struct host_entry *h = &have->hosts[i];

		if (is_ours(h, want))
			*(which == SIDE_LIVE ? &item->live : &item->config) =
			    as_lease(p->arena, h);
		if (is_exact(h, want) && !right && !suspect) {
			right = true;
		} else if (is_ours(h, want)) {
			add_update(p, item, lease, which, UPDATE_DELETE, h);
		} else if (ip_equal(h->ip, want->ip) && !owner_of(p, lease, h)) {
			foreign = h;
		}
	}
	if (right)
		return foreign;
	add_update(p, item, lease, which, UPDATE_ADD, want);
	return foreign;
}

/* What dnsmasq has leased to the machine; its IPv6 address is none of ours. */
static const struct lease_fact *leased_to(
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
	const char *object = arena_printf(p->arena, "lease/%s", item->name);

	for (size_t i = 0; live && i < live->lease_count; i++) {
		const struct lease_fact *l = &live->leases[i];
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
    const struct network *live, const struct network *stored, const struct seen *machine)
{
	const struct network *side = live ? live : stored;
	const struct lease_fact *fact = leased_to(live, want);
	struct ip none = { 0 };

	if (machine && !machine->live)
		return none;
	if (fact)
		return fact->ip;
	if (!machine)
		return none;
	if (item->memo->lease.has_ip)
		return item->memo->lease.ip;
	if (live && live->leases_known)
		return none;
	for (size_t i = 0; i < side->host_count; i++)
		if (side->hosts[i].has_mac && mac_equal(side->hosts[i].mac, want->mac))
			return side->hosts[i].ip;
	return none;
}

/* The first side that is not as wanted in this key, told once for both. */
static void tell_key(struct planner *p, struct item *item,
    const struct lease *const sides[2], const char *key, const char *want)
{
	for (int i = 0; i < 2; i++) {
		const char *have = field_text_at(p->arena, &lease_fields, sides[i], key);

		if (!have || strcmp(have, want) != 0) {
			item_difference(p, item, key, want, have);
			return;
		}
	}
}

static void tell_differences(struct planner *p, struct item *item,
    const struct host_entry *want, bool live, bool stored)
{
	static const struct lease missing = { 0 };
	const struct lease *sides[2] = {
		item->live ? (const struct lease *)item->live : &missing,
		item->config ? (const struct lease *)item->config : &missing,
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
	const struct lease *lease = (const struct lease *)item->want;
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
		    entry_text(p->arena, foreign), lease->network);
		item->held = true;
		return;
	}
	if (!item->step_count && elsewhere) {
		item_blocked(p, item,
		    "its address is not inside network/%s, which has %s", lease->network,
		    cidr_text(elsewhere->address, (char[CIDR_TEXT]){ 0 }));
		return;
	}
	if (!item->step_count) {
		item_ok(item);
		return;
	}
	if (item->memo->lease.suspect_live || item->memo->lease.suspect_config)
		item_pending(p, item,
		    "an update of it failed, and what libvirt shows since may not be so; it is done once more");
	else
		item_pending(p, item, "%s", item->steps[0]->text);
	now = current_address(item, want, live, stored, lease_machine(p, lease));
	if (now.version && !ip_equal(now, want->ip))
		item_consent(p, item, "moves the running machine %s from %s to %s",
		    lease->host, ip_text(now, a), ip_text(want->ip, b));
}

void lease_plan(struct planner *p, struct item *item, const struct object *object,
    const struct seen *have)
{
	const struct lease *want = (const struct lease *)object;
	const struct observed *o = p->input->have;
	const struct observed_kind *networks = &o->kinds[kind_index(&network_kind)];
	const struct seen *network = observed_find(o, &network_kind, want->network);
	const char *unknown = lease_unknown(p, want);
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
	if (!lease_entry(p, want, &entry)) {
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

static bool has_address(const struct network *n, const struct lease *other,
    const struct planner *p, struct ip ip)
{
	struct host_entry entry;

	if (!n || !lease_entry(p, other, &entry))
		return false;
	for (size_t i = 0; i < n->host_count; i++)
		if (ip_equal(n->hosts[i].ip, ip) && is_ours(&n->hosts[i], &entry))
			return true;
	return false;
}

/* A held lease of the same network that still has the address in its entry. */
static const struct item *held_owner(struct planner *p, const struct item *item)
{
	const struct lease *want = (const struct lease *)item->want;
	const struct span *span = &p->plan->spans[kind_index(&lease_kind)];
	const struct seen *network = planner_seen(p, &network_kind, want->network);

	for (size_t i = span->first; network && i < span->end; i++) {
		const struct item *other = p->plan->items[i];
		const struct lease *lease = (const struct lease *)other->want;

		if (other == item || !other->held ||
		    strcmp(lease->network, want->network) != 0)
			continue;
		if (has_address(
			(const struct network *)network->live, lease, p, want->ip) ||
		    has_address(
			(const struct network *)network->config, lease, p, want->ip))
			return other;
	}
	return NULL;
}

void lease_settle(struct planner *p)
{
	const struct span *span = &p->plan->spans[kind_index(&lease_kind)];
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
			item_pending(p, item, "waits for lease/%s to give up its address",
			    owner->name);
			again = true;
		}
	}
}
