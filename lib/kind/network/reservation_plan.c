/* SPDX-License-Identifier: MIT */
/*
 * reservation_plan: reservations kept as libvirt's <host> entries in the network.
 *
 * What runs (live) and what is stored (config) are compared and repaired apart, with one
 * call for each entry too many and one for each missing, never libvirt's "modify": that
 * replaces the first entry sharing any key and checks no duplicates. An entry is owned
 * when it carries our MAC or our name. All removals of a network come before all
 * additions, so swaps and chains of addresses go through; an addition whose address a
 * held-back reservation still has waits for it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/kind/network/reservation_plan.h"

#include "lib/kind/actions.h"
#include "lib/kind/network/network_xml.h"
#include "lib/kind/network/reservation_index.h"
#include "lib/kind/network/reservation_record.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
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

static struct step *add_update(struct planner *p, struct program *program,
    enum side which, enum update_command command, const struct host_entry *entry)
{
	const struct reservation *reservation =
	    (const struct reservation *)program->item->desired;
	struct step *step = program_step(p, program, &network_update_action,
	    reservation->network, "%s reservation %s in network %s (%s)",
	    command == UPDATE_ADD ? "add" : "remove", entry_text(p->arena, entry),
	    reservation->network, which == SIDE_LIVE ? "live" : "stored");
	struct network_update *update = step_arguments(step);

	step->removes = command == UPDATE_DELETE;
	update->command = command;
	update->section = UPDATE_HOST;
	update->side = which;
	update->host = *entry;
	return step;
}

static struct reservation_index *index_of(const struct planner *p)
{
	return p->prepared[kind_index(&reservation_kind)];
}

void *reservation_prepare(struct planner *p)
{
	return reservation_index_make(p);
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

/* One side's missing and superfluous entries: removals into `out`, additions into `in`.
 * Returns the foreign entry in the way, if any. */
static const struct host_entry *plan_side(struct planner *p, struct program *program,
    const struct host_entry *want, const struct network *have, enum side which)
{
	struct item *item = program->item;
	const struct reservation *self = (const struct reservation *)item->desired;
	const struct update_record *record = update_record_of(item->state);
	bool suspect = which == SIDE_LIVE ? record->suspect_live : record->suspect_config;
	const struct object **shown = which == SIDE_LIVE ? &item->live : &item->config;
	const struct host_entry *foreign = NULL, **related;
	const struct host_entry *only = suspect ? NULL : only_entry(have, want);
	const struct step *taken = NULL;
	bool right = only;
	size_t count = 0;

	if (only)
		*shown = as_reservation(p->arena, only);
	else
		count = reservation_index_related(index_of(p), have, want, &related);
	for (size_t i = 0; i < count; i++) {
		const struct host_entry *h = related[i];
		bool owned = reservation_owns(want, h);

		if (owned)
			*shown = as_reservation(p->arena, h);
		if (is_exact(h, want) && !right && !suspect)
			right = true;
		else if (owned)
			taken = add_update(p, program, which, UPDATE_DELETE, h);
		else if (ip_equal(h->ip, want->ip) &&
			 !reservation_index_owner(index_of(p), self, h))
			foreign = h;
	}
	if (!right)
		add_update(p, program, which, UPDATE_ADD, want)->restores = taken;
	return foreign;
}

/* What dnsmasq has leased to the machine; its IPv6 address does not count. */
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
 * The address the machine has now, as far as is known; version 0 when it has none. One
 * that does not run has none, whatever is leased to it still.
 * libvirt forgets its leases with the network's definition while the machine goes on
 * with its address: so what was once observed in order counts before "no lease".
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

/* The first side that is not as desired in this key, reported once for both. */
static void report_key(struct planner *p, struct item *item,
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

static void report_differences(struct planner *p, struct item *item,
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
	report_key(p, item, sides, "ip",
	    arena_copy(p->arena, ip_text(want->ip, (char[IP_TEXT]){ 0 })));
	report_key(p, item, sides, "mac",
	    arena_copy(p->arena, mac_text(want->mac, (char[MAC_TEXT]){ 0 })));
}

/* A reservation outside its network is of no use to dnsmasq: it waits until the network
 * has moved, or for ever. */
static bool fits(const struct network *network, struct ip ip)
{
	return !field_has(&network_kind.fields, network, "address") ||
	       cidr_contains(network->address, ip);
}

/* Both sides' steps; the foreign entry in the way, and the side whose network is
 * elsewhere, or NULL. */
static const struct host_entry *plan_sides(struct planner *p, struct program *program,
    const struct host_entry *want, const struct network *live,
    const struct network *stored, const struct network **elsewhere)
{
	const struct host_entry *foreign = NULL, *f;

	*elsewhere = NULL;
	if (live && !fits(live, want->ip))
		*elsewhere = live;
	else if (live)
		foreign = plan_side(p, program, want, live, SIDE_LIVE);
	if (stored && !fits(stored, want->ip)) {
		*elsewhere = stored;
	} else if (stored) {
		f = plan_side(p, program, want, stored, SIDE_CONFIG);
		foreign = foreign ? foreign : f;
	}
	return foreign;
}

/* A machine that runs on another address: of a VM that is written, else of nobody's. */
static void add_move(
    struct planner *p, struct program *program, struct ip now, struct ip then)
{
	const struct reservation *self =
	    (const struct reservation *)program->item->desired;
	bool is_vm = planner_desired(p, &vm_kind, self->host);
	struct effect *effect;

	if (!now.version || ip_equal(now, then))
		return;
	effect = program_effect(p, program, EFFECT_MOVES_ADDRESS,
	    is_vm ? &vm_kind : &reservation_kind,
	    is_vm ? self->host : program->item->name);
	effect->from = arena_copy(p->arena, ip_text(now, (char[IP_TEXT]){ 0 }));
	effect->to = arena_copy(p->arena, ip_text(then, (char[IP_TEXT]){ 0 }));
	effect->in_use = true;
}

static void add_changes(
    struct planner *p, struct program *program, const struct host_entry *want)
{
	program_change(p, program, "ip", ip_text(want->ip, (char[IP_TEXT]){ 0 }));
	program_change(p, program, "mac", mac_text(want->mac, (char[MAC_TEXT]){ 0 }));
}

static void decide(struct planner *p, struct item *item, const struct host_entry *want,
    const struct network *live, const struct network *stored)
{
	const struct reservation *self = (const struct reservation *)item->desired;
	struct program *program = item_program(p, item, "reserve %s for %s",
	    ip_text(want->ip, (char[IP_TEXT]){ 0 }), self->host);
	const struct network *elsewhere;
	const struct host_entry *foreign =
	    plan_sides(p, program, want, live, stored, &elsewhere);

	conditions(p, item, want, live);
	if (!program->step_count && !foreign) {
		item->program_count = 0;
		if (elsewhere)
			item_blocked(p, item,
			    "its address is not inside network/%s, which has %s",
			    self->network,
			    cidr_text(elsewhere->address, (char[CIDR_TEXT]){ 0 }));
		else
			item_ok(item);
		return;
	}
	report_differences(p, item, want, live, stored);
	if (foreign) {
		item_blocked(p, item,
		    "its address is reserved by a foreign entry: %s; remove that one with `virsh net-update %s delete ip-dhcp-host`, or write it in static_ips",
		    entry_text(p->arena, foreign), self->network);
		program_waits(p, program, "%s", item->reason);
		return;
	}
	if (update_record_of(item->state)->suspect_live ||
	    update_record_of(item->state)->suspect_config)
		item_pending(p, item,
		    "an update of it failed, and what libvirt shows since may not be so; it is done once more");
	else
		item_pending(p, item, "%s", program->steps[0]->text);
	add_changes(p, program, want);
	add_move(p, program,
	    current_address(item, want, live, stored, reservation_machine(p, self)),
	    want->ip);
}

void reservation_plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct reservation *want = (const struct reservation *)object;
	const struct observations *o = p->input->observed;
	const struct observed_set *networks = &o->kinds[kind_index(&network_kind)];
	const struct observed *network = planner_entry(p, &network_kind, want->network);
	const char *unknown = reservation_unknown(p, want);
	const struct host_entry *entry;

	(void)have;
	if (!networks->known) {
		item_unknown(
		    p, item, "%s", networks->why ? networks->why : "not observed yet");
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
	entry = reservation_index_entry(index_of(p), want);
	if (!entry) {
		item_blocked(p, item,
		    "its MAC is not known: there is no VM %s with an interface in network %s; write {ip, mac}",
		    want->host, want->network);
		return;
	}
	if (!network) {
		item_pending(p, item, "comes with network/%s", want->network);
		return;
	}
	decide(p, item, entry, (const struct network *)network->live,
	    (const struct network *)network->config);
}

/* Waiting for each other */

enum standing { NOT_ASKED, BEING_ASKED, FREE, HELD };

struct settling {
	struct planner *p;
	const struct item_range *range;
	enum standing *standing; /* by place in the range */
};

static const struct item *is_held_by(struct settling *s, const struct item *item);

/* Whether the item cannot give up what it has now. A ring of swaps is free: removals of
 * all come first. */
static bool is_held(struct settling *s, const struct item *item)
{
	enum standing *standing = &s->standing[item->index - s->range->first];

	if (*standing == NOT_ASKED) {
		*standing = BEING_ASKED;
		*standing =
		    (item_has_steps(item) && !item_acts(item)) || is_held_by(s, item)
			? HELD
			: FREE;
	}
	return *standing == HELD;
}

static const struct item *holder_on(
    struct settling *s, const struct item *item, const struct object *side)
{
	const struct reservation *self = (const struct reservation *)item->desired;
	struct reservation_index *index = index_of(s->p);
	const struct host_entry key = { .ip = self->ip }, **related;
	size_t count = side ? reservation_index_related(
				  index, (const struct network *)side, &key, &related)
			    : 0;

	for (size_t i = 0; i < count; i++) {
		const struct reservation *owner =
		    reservation_index_owner(index, self, related[i]);
		const struct item *other =
		    owner ? planner_item(s->p, &reservation_kind, owner->object.name)
			  : NULL;

		if (other && is_held(s, other))
			return other;
	}
	return NULL;
}

/* A held reservation of the same network that still has the address in its entry. */
static const struct item *is_held_by(struct settling *s, const struct item *item)
{
	const struct reservation *self = (const struct reservation *)item->desired;
	const struct observed *network =
	    item_acts(item) ? planner_observed(s->p, &network_kind, self->network) : NULL;
	const struct item *other;

	if (!network)
		return NULL;
	other = holder_on(s, item, network->live);
	return other ? other : holder_on(s, item, network->config);
}

void reservation_settle(struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&reservation_kind)];
	struct settling s = { p, range,
		arena_array(
		    p->arena, range->end - range->first + 1, sizeof(enum standing)) };

	for (size_t i = range->first; i < range->end; i++)
		is_held(&s, p->plan->items[i]);
	for (size_t i = range->first; i < range->end; i++) {
		struct item *item = p->plan->items[i];
		const struct item *other = is_held_by(&s, item);

		if (other)
			program_waits(p, item->programs[0],
			    "waits for reservation/%s to give up its address",
			    other->short_name);
	}
}
