/* SPDX-License-Identifier: MIT */
/* reservation_lease: leases and running interfaces against entries. */
#include "lib/kind/network/reservation_lease.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/network/network_health.h"
#include "lib/kind/network/reservation_record.h"

/* Reports */

static void report_conflict(struct planner *p, struct item *item,
    const struct host_entry *want, const struct dhcp_lease *lease)
{
	const char *object = arena_printf(p->arena, "reservation/%s", item->short_name);
	const char *text = arena_printf(p->arena, "%s is leased to %s until %s",
	    ip_text(want->ip, (char[IP_TEXT]){ 0 }),
	    mac_text(lease->mac, (char[MAC_TEXT]){ 0 }),
	    time_text(p->arena, lease->expires));

	item_condition(p, item, "LeaseConflict", "%s", text);
	plan_finding(
	    p, SEVERITY_WARNING, "lease-conflict", object, "%s: %s", object, text)
	    ->fix =
	    "release it on that machine (dhclient -r), or wait for the lease to end";
}

static const struct dhcp_lease *former_lease(const struct network *live, struct mac mac)
{
	for (size_t i = 0; live && i < live->former_count; i++)
		if (mac_equal(live->former[i].mac, mac))
			return &live->former[i];
	return NULL;
}

/* Whoever runs with the MAC in the network, whatever is written of it; else its own machine.
 * NULL: none that is known here. */
static const struct observed *holder(
    struct planner *p, const struct reservation_aim *aim, struct mac mac)
{
	const struct nics *nics = reservation_index_nics(reservation_index_get(p));
	const struct observed *runs = nics_running(nics, mac, &aim->place);

	return runs ? runs : aim->machine;
}

/* What its machine holds by a lease that libvirt no longer knows of: it goes on with that
 * until it asks again, which shows as a new lease. */
static const char *held_formerly(struct planner *p, struct item *item,
    const struct reservation_aim *aim, const struct network *live)
{
	const struct host_entry *want = &aim->entries[SIDE_LIVE];
	const struct dhcp_lease *former = former_lease(live, want->mac);
	const struct observed *machine = former ? holder(p, aim, want->mac) : NULL;
	const char *text;

	if (!machine || !machine->live || ip_equal(former->ip, want->ip))
		return NULL;
	text = arena_printf(p->arena,
	    "its machine still holds %s, until it asks for an address again",
	    ip_text(former->ip, (char[IP_TEXT]){ 0 }));
	item_condition(p, item, "LeasePending", "%s", text);
	return text;
}

const char *reservation_lease_report(struct planner *p, struct item *item,
    const struct reservation_aim *aim, const struct network *live)
{
	const struct host_entry *want = &aim->entries[SIDE_LIVE];
	struct reservation_index *index = reservation_index_get(p);
	const struct dhcp_lease *own, *other;
	const struct observed *machine;
	const char *text;

	if (!live || !aim->known[SIDE_LIVE])
		return NULL;
	own = entries_leased(reservation_index_entries(index), live, want->mac, want->ip);
	other = entries_lessee(reservation_index_entries(index), live, want->ip);
	if (other && !mac_equal(other->mac, want->mac))
		report_conflict(p, item, want, other);
	if (!own)
		return held_formerly(p, item, aim, live);
	if (ip_equal(own->ip, want->ip))
		return NULL;
	text = arena_printf(p->arena, "its machine still holds %s until %s",
	    ip_text(own->ip, (char[IP_TEXT]){ 0 }), time_text(p->arena, own->expires));
	item_condition(p, item, "LeasePending", "%s", text);
	machine = holder(p, aim, want->mac);
	return machine && !machine->live ? NULL : text;
}

/* Effects */

static bool has_move(const struct program *program, const struct kind *kind,
    const char *name, const char *from)
{
	for (size_t i = 0; i < program->effect_count; i++)
		if (program->effects[i].kind == kind && program->effects[i].from &&
		    strcmp(program->effects[i].name, name) == 0 &&
		    strcmp(program->effects[i].from, from) == 0)
			return true;
	return false;
}

/* Once for each machine and address: the first says where to. */
static void add_move(struct planner *p, struct program *program, const struct kind *kind,
    const char *name, struct ip from, struct ip to)
{
	const char *text = arena_copy(p->arena, ip_text(from, (char[IP_TEXT]){ 0 }));
	struct effect *effect;

	if (has_move(program, kind, name, text))
		return;
	effect = program_effect(p, program, EFFECT_MOVES_ADDRESS, kind, name);
	effect->from = text;
	if (to.version)
		effect->to = arena_copy(p->arena, ip_text(to, (char[IP_TEXT]){ 0 }));
	effect->in_use = true;
}

static struct ip entry_address(const struct network *side, struct mac mac)
{
	for (size_t i = 0; side && i < side->host_count; i++)
		if (side->hosts[i].has_mac && mac_equal(side->hosts[i].mac, mac))
			return side->hosts[i].ip;
	return (struct ip){ 0 };
}

/*
 * The address the machine has now, as far as is known; version 0 when it has none. One
 * that does not run has none, whatever is leased to it still.
 * libvirt forgets its leases with the network's definition while the machine goes on
 * with its address: so what was once observed in order counts before "no lease", and so
 * does the entry that is in force.
 */
static struct ip current_address(struct planner *p, const struct item *item,
    const struct reservation_aim *aim, const struct observed *machine, struct mac mac,
    const struct network *live, const struct network *stored)
{
	struct reservation_index *index = reservation_index_get(p);
	const struct dhcp_lease *lease = entries_leased(
	    reservation_index_entries(index), live, mac, aim->reservation->ip);
	struct ip none = { 0 };

	if (machine && !machine->live)
		return none;
	if (!lease && machine)
		lease = former_lease(live, mac);
	if (lease)
		return lease->ip;
	if (!machine)
		return none;
	if (reservation_record_of(item->state)->ip.version)
		return reservation_record_of(item->state)->ip;
	return entry_address(live ? live : stored, mac);
}

/* Who loses the address: a running machine that has the MAC, or, where no machine that is
 * known here has it, whoever has leased it (`leases`: else that is known to be nobody). */
static void add_loss(struct planner *p, struct program *program,
    const struct nic_place *place, const struct network *live,
    const struct host_entry *entry, bool leases)
{
	struct reservation_index *index = reservation_index_get(p);
	const struct nics *nics = reservation_index_nics(index);
	const struct observed *runs;
	const struct dhcp_lease *lease;

	if (!entry->has_mac)
		return;
	runs = nics_running(nics, entry->mac, place);
	lease =
	    entries_leased(reservation_index_entries(index), live, entry->mac, entry->ip);
	if (runs)
		add_move(p, program, &vm_kind, nics_vm_name(p, runs), entry->ip,
		    (struct ip){ 0 });
	else if (leases && lease && ip_equal(lease->ip, entry->ip) &&
		 !nics_anywhere(nics, entry->mac))
		add_move(p, program, &reservation_kind,
		    reservation_name(p->arena, place->network,
			entry->name ? entry->name
				    : arena_copy(p->arena,
					  mac_text(entry->mac, (char[MAC_TEXT]){ 0 }))),
		    entry->ip, (struct ip){ 0 });
}

void reservation_lease_removed(struct planner *p, struct program *program,
    const char *network, const struct network *live, const struct host_entry *entry)
{
	const struct nic_place place = { network, live->bridge };

	add_loss(p, program, &place, live, entry, true);
}

/* The address is leased to another machine than the one it is reserved for, which is not
 * about to move by a reservation of its own. Where the address was the reservation's
 * before, a lease of a MAC that nobody has any more is that of its machine. */
static void add_lessee(struct planner *p, struct program *program,
    const struct reservation_aim *aim, const struct network *live)
{
	const struct host_entry *want = &aim->entries[SIDE_LIVE];
	struct reservation_index *index = reservation_index_get(p);
	const struct dhcp_lease *lease =
	    entries_lessee(reservation_index_entries(index), live, want->ip);
	struct host_entry key = { .has_mac = true, .ip = want->ip };

	if (!lease || mac_equal(lease->mac, want->mac))
		return;
	key.mac = lease->mac;
	if (!reservation_index_owner(index, aim->reservation, SIDE_LIVE, &key))
		add_loss(p, program, &aim->place, live, &key,
		    !ip_equal(reservation_record_of(program->item->state)->ip, want->ip));
}

/* Its own machine: a domain, else one that is not known here. */
static void add_own(struct planner *p, struct program *program,
    const struct reservation_aim *aim, struct mac mac, const struct network *live,
    const struct network *stored)
{
	const struct reservation *self = aim->reservation;
	const struct observed *machine = holder(p, aim, mac);
	const struct vm *vm = machine ? (const struct vm *)machine->live : NULL;
	struct ip now =
	    current_address(p, program->item, aim, machine, mac, live, stored);
	struct effect *effect;

	if (!now.version && live && vm &&
	    network_is_forgotten(live, &aim->place, vm, &mac)) {
		effect = program_effect(
		    p, program, EFFECT_MOVES_ADDRESS, &vm_kind, nics_vm_name(p, machine));
		effect->to =
		    arena_copy(p->arena, ip_text(self->ip, (char[IP_TEXT]){ 0 }));
		effect->in_use = true;
	}
	if (now.version && !ip_equal(now, self->ip))
		add_move(p, program, machine ? &vm_kind : &reservation_kind,
		    machine ? nics_vm_name(p, machine) : self->object.name, now,
		    self->ip);
}

static const struct network_update *update_of(const struct step *step)
{
	return step->action == &network_update_action ? step->arguments : NULL;
}

/* Of live entries with another MAC, which go. A VM has left a MAC behind that none of its
 * interfaces has any more. */
static void add_losses(struct planner *p, struct program *program,
    const struct reservation_aim *aim, const struct network *live)
{
	struct mac own = aim->entries[SIDE_LIVE].mac;
	bool is_vm = aim->machine || planner_desired(p, &vm_kind, aim->reservation->host);

	for (size_t i = 0; i < program->step_count; i++) {
		const struct network_update *update = update_of(program->steps[i]);

		if (update && update->side == SIDE_LIVE &&
		    update->command == UPDATE_DELETE &&
		    !(update->host.has_mac && mac_equal(update->host.mac, own)))
			add_loss(p, program, &aim->place, live, &update->host, !is_vm);
	}
}

void reservation_lease_effects(struct planner *p, struct program *program,
    const struct reservation_aim *aim, enum side which, const struct network *live,
    const struct network *stored)
{
	const struct host_entry *want = &aim->entries[which];
	bool touched = false, added = false;

	for (size_t i = 0; i < program->step_count; i++) {
		const struct network_update *update = update_of(program->steps[i]);

		touched |= update && update->side == which;
		added |= update && update->side == which && update->command == UPDATE_ADD;
	}
	if (touched)
		add_own(p, program, aim, want->mac, live, stored);
	if (live)
		add_losses(p, program, aim, live);
	if (live && added)
		add_lessee(p, program, aim, live);
}
