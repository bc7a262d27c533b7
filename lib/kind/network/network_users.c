/* SPDX-License-Identifier: MIT */
/* network_users: see the header. */
#include "lib/kind/network/network_users.h"

#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_xml.h"
#include "lib/kind/network/reservation_index.h"

static void block(struct planner *p, struct program *program, const char *text)
{
	item_blocked(p, program->item, "%s", text);
	program_waits(p, program, "%s", text);
}

static void hold_host(struct planner *p, struct program *program,
    const struct network *side, struct ranges addresses)
{
	for (size_t i = 0; i < side->ip_count; i++)
		if (ranges_contain(addresses, side->ips[i].cidr.address))
			block(p, program,
			    arena_printf(p->arena,
				"%s is the host's own address in network/%s; choose other addresses",
				ip_text(side->ips[i].cidr.address, (char[IP_TEXT]){ 0 }),
				side->object.name));
}

/* One of a reservation that is written moves: two may not be given one address. */
static void hold_entry(struct planner *p, struct program *program,
    const struct network *side, enum side which, bool both,
    const struct host_entry *entry)
{
	const char *address = ip_text(entry->ip, (char[IP_TEXT]){ 0 });
	const struct reservation_aim *aim = reservation_index_owner_in(
	    reservation_index_get(p), side->object.name, which, entry);
	char mac[MAC_TEXT];
	const char *whose = entry->name	     ? entry->name
			    : entry->has_mac ? mac_text(entry->mac, mac)
					     : "a machine";

	if (aim && !ip_equal(aim->reservation->ip, entry->ip)) {
		program_waits(p, program,
		    "waits for reservation/%s to give up the address %s",
		    aim->reservation->host, address);
		return;
	}
	block(p, program,
	    arena_printf(p->arena,
		"%s is reserved for %s in network/%s; remove that entry with `virsh net-update %s delete ip-dhcp-host '%s' --parent-index %d%s%s`, or choose other addresses",
		address, whose, side->object.name, side->object.name,
		network_xml_host(p->arena, entry), network_ip_of_entry(side, entry->ip),
		both || which == SIDE_LIVE ? " --live" : "",
		both || which == SIDE_CONFIG ? " --config" : ""));
}

static bool has_entry(const struct network *side, const struct host_entry *entry)
{
	for (size_t i = 0; side && i < side->host_count; i++)
		if (ip_equal(side->hosts[i].ip, entry->ip) &&
		    mac_equal(side->hosts[i].mac, entry->mac))
			return true;
	return false;
}

static void hold_entries(struct planner *p, struct program *program,
    const struct observed *network, enum side which, struct ranges addresses)
{
	const struct object *const sides[] = { network->live, network->config };
	const struct network *side = (const struct network *)sides[which];
	const struct network *other = (const struct network *)sides[!which];

	for (size_t i = 0; side && i < side->host_count; i++) {
		bool both = has_entry(other, &side->hosts[i]);

		if (ranges_contain(addresses, side->hosts[i].ip) &&
		    !(both && which == SIDE_CONFIG))
			hold_entry(p, program, side, which, both, &side->hosts[i]);
	}
}

void network_users_effect(struct planner *p, struct program *program,
    enum effect_what what, const char *network, const struct dhcp_lease *lease,
    const struct observed *domain)
{
	struct effect *effect =
	    program_effect(p, program, what, domain ? &vm_kind : &reservation_kind,
		domain ? nics_vm_name(p, domain)
		       : reservation_name(p->arena, network,
			     mac_text(lease->mac, (char[MAC_TEXT]){ 0 })));

	effect->from = arena_copy(p->arena, ip_text(lease->ip, (char[IP_TEXT]){ 0 }));
	effect->in_use = true;
}

/* It goes on using the address until its lease ends, or it takes another. A lease that
 * libvirt has forgotten counts for a machine that runs. */
static void expose(struct planner *p, struct program *program, const struct network *live,
    const struct dhcp_lease *lease, bool former)
{
	const struct nics *nics = reservation_index_nics(reservation_index_get(p));
	const struct nic_place place = { live->object.name, live->bridge };
	const struct observed *domain = nics_running(nics, lease->mac, &place);

	if (!domain && (former || nics_anywhere(nics, lease->mac)))
		return; /* it is stopped */
	network_users_effect(p, program, EFFECT_EXPOSES, place.network, lease, domain);
}

static void add_leases(struct planner *p, struct program *program,
    const struct network *live, struct ranges addresses)
{
	for (size_t i = 0; i < live->lease_count; i++)
		if (ranges_contain(addresses, live->leases[i].ip))
			expose(p, program, live, &live->leases[i], false);
	for (size_t i = 0; i < live->former_count; i++)
		if (ranges_contain(addresses, live->former[i].ip))
			expose(p, program, live, &live->former[i], true);
}

void network_users_effects(
    struct planner *p, struct program *program, struct ranges addresses)
{
	const struct observed_set *networks =
	    &p->input->observed->kinds[kind_index(&network_kind)];

	for (size_t i = 0; addresses.count && i < networks->count; i++)
		if (networks->items[i]->live)
			add_leases(p, program,
			    (const struct network *)networks->items[i]->live, addresses);
}

void network_users_hold(struct planner *p, struct program *program,
    const struct observed *network, struct ranges addresses)
{
	const struct object *host = network->live ? network->live : network->config;

	if (host)
		hold_host(p, program, (const struct network *)host, addresses);
	hold_entries(p, program, network, SIDE_LIVE, addresses);
	hold_entries(p, program, network, SIDE_CONFIG, addresses);
}
