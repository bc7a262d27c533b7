/* SPDX-License-Identifier: MIT */
/* network_health: parts that are gone, and guests that are cut off. */
#include "lib/kind/network/network_health.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/network_pools.h"
#include "lib/kind/network/network_xml.h"

/* Guests */

struct count {
	int64_t interfaces;
	int64_t taps;	 /* of them, those that have one and belong on the bridge */
	int64_t cut_off; /* of these, not on it */
	int64_t unknown; /* domains that cannot be read */
};

static int compare_texts(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool is_stray(const struct network *live, const char *tap)
{
	return live->stray_count && bsearch(tap, live->strays, live->stray_count,
					sizeof(*live->strays), compare_texts);
}

static bool is_older(const struct network *live, const char *tap)
{
	return live->older_count && bsearch(tap, live->older, live->older_count,
					sizeof(*live->older), compare_texts);
}

static void add_domain(struct count *count, const struct nic_place *place,
    const struct network *live, const struct observed *observed)
{
	const struct vm *vm = (const struct vm *)observed->live;
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	count->unknown += observed->presence == UNKNOWN;
	for (size_t i = 0; vm && i < vm->interfaces.count; i++) {
		if (!nic_is_in(&nics[i], place))
			continue;
		count->interfaces++;
		count->taps += nics[i].target != NULL;
		count->cut_off += nics[i].target && is_stray(live, nics[i].target);
	}
}

static struct count count_on(
    const struct planner *p, const char *network, const struct network *live)
{
	const struct observed_set *vms = &p->input->observed->kinds[kind_index(&vm_kind)];
	const struct nic_place place = { network, live->bridge };
	struct count count = { .unknown = !vms->known };

	for (size_t i = 0; i < vms->count; i++)
		add_domain(&count, &place, live, vms->items[i]);
	return count;
}

/* Somebody may have started a domain since libvirt's own count was read. */
int64_t network_guests(
    const struct planner *p, const char *name, const struct network *live)
{
	struct count count = count_on(p, name, live);
	int64_t guests = count.interfaces + count.unknown;

	return guests > live->connections ? guests : live->connections;
}

static bool has_address(const struct network *live, struct mac mac)
{
	for (size_t i = 0; i < live->lease_count; i++)
		if (mac_equal(live->leases[i].mac, mac))
			return true;
	for (size_t i = 0; i < live->former_count; i++)
		if (mac_equal(live->former[i].mac, mac))
			return true;
	for (size_t i = 0; i < live->host_count; i++)
		if (live->hosts[i].has_mac && mac_equal(live->hosts[i].mac, mac))
			return true;
	return false;
}

/* Whether it has an interface in the network whose address is not known, and which is cut off
 * or older, where that is meant. */
static bool has_unknown(const struct vm *vm, const struct nic_place *place,
    const struct network *live, const struct mac *mac, bool stray, bool older)
{
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	for (size_t i = 0; vm && i < vm->interfaces.count; i++)
		if (nic_is_in(&nics[i], place) && nics[i].target &&
		    (!mac || mac_equal(nics[i].mac, *mac)) &&
		    (!stray || is_stray(live, nics[i].target)) &&
		    (!older || is_older(live, nics[i].target)) &&
		    !has_address(live, nics[i].mac))
			return true;
	return false;
}

bool network_is_forgotten(const struct network *live, const struct nic_place *place,
    const struct vm *vm, const struct mac *mac)
{
	return has_unknown(vm, place, live, mac, false, true);
}

const struct observed *network_next_unknown(struct planner *p, const char *name,
    const struct network *live, bool stray, size_t *at)
{
	const struct observed_set *vms = &p->input->observed->kinds[kind_index(&vm_kind)];
	const struct nic_place place = { name, live->bridge };
	size_t taps = stray ? live->stray_count : live->older_count;

	while (taps && *at < vms->count) {
		const struct observed *domain = vms->items[(*at)++];
		const struct vm *vm = (const struct vm *)domain->live;
		bool cut_off = has_unknown(vm, &place, live, NULL, true, false);

		if (stray ? cut_off
			  : !cut_off && network_is_forgotten(live, &place, vm, NULL))
			return domain;
	}
	return NULL;
}

#define REATTACH                                                                         \
	"restart libvirtd, which attaches them again while they run, or stop and start the guests"

/*
 * A network that stops takes its bridge away; the guests' taps are left behind, and
 * starting it again does not bring them back. Somebody may take a tap off by hand, too.
 */
static void plan_guests(struct planner *p, struct item *item, const struct network *live)
{
	struct count count =
	    live->stray_count ? count_on(p, item->name, live) : (struct count){ 0 };
	const char *text;

	if (!count.cut_off)
		return;
	text = arena_printf(p->arena,
	    "%lld of %lld guest interfaces in network %s are not on its bridge %s: they are cut off",
	    (long long)count.cut_off, (long long)count.taps, item->name, live->bridge);
	item_condition(p, item, "GuestsCutOff", "%s", text);
	plan_finding(p, SEVERITY_WARNING, "guests-cut-off",
	    arena_printf(p->arena, "network/%s", item->name), "%s", text)
	    ->fix = REATTACH;
	if (verdict_rank(item->verdict) < verdict_rank(VERDICT_BLOCKED))
		item_blocked(p, item, "%s; " REATTACH, text);
}

/* The bridge */

static bool plan_bridge(struct planner *p, struct item *item, const struct network *want,
    const struct network *live, const struct network *stored)
{
	const char *name = item->name, *why;
	struct program *program;
	const struct step *stop;
	bool blocked = false;

	if (live->bridge_state != PART_GONE)
		return false;
	if (live->forward) {
		item_blocked(p, item,
		    "the bridge %s is not there, and network %s does not make it; make it in the host's own network configuration",
		    live->bridge, name);
		return false;
	}
	if (!live->persistent) {
		item_blocked(p, item,
		    "its bridge %s is gone, and it is transient: it would be gone as well; store it with `virsh net-dumpxml %s | virsh net-define /dev/stdin`",
		    live->bridge, name);
		return false;
	}
	item_pending(p, item, "its bridge %s is gone", live->bridge);
	program = item_program(p, item, "start network %s anew, whose bridge %s is gone",
	    name, live->bridge);
	stop = program_step(p, program, &network_stop_action, name,
	    "stop network %s, whose bridge %s is gone", name, live->bridge);
	program_step(p, program, &network_start_action, name, "start network %s", name)
	    ->restores = stop;
	why = network_pools_hold_start(p, want, stored ? stored : live, &blocked);
	if (blocked)
		item_blocked(p, item,
		    "its bridge %s is gone, and it is not started anew: %s", live->bridge,
		    why);
	if (why)
		program_waits(p, program, "%s", why);
	if (stored)
		network_pools_expose(
		    p, program, ranges_subtract(p->arena, stored->ranges, live->ranges));
	return true;
}

/* dnsmasq */

/* An update of what runs; "START network NAME REST". */
static struct step *add_update(struct planner *p, struct program *program,
    enum update_section section, enum update_command command, const char *start,
    const char *rest)
{
	struct step *step = program_step(p, program, &network_update_action,
	    program->item->name, "%s network %s%s", start, program->item->name, rest);
	struct network_update *update = step_arguments(step);

	update->section = section;
	update->command = command;
	update->side = SIDE_LIVE;
	update->place = -1;
	return step;
}

#define STARTS_IT ", which starts its dnsmasq (live)"

static void rewrite_host(
    struct planner *p, struct program *program, const struct network *live)
{
	struct network_update *update = step_arguments(add_update(p, program, UPDATE_HOST,
	    UPDATE_MODIFY, "write the first reservation of", " once more" STARTS_IT));

	update->host = live->first_host;
	update->place = network_ip_of_entry(live, live->first_host.ip);
}

static struct step *add_record(struct planner *p, struct program *program)
{
	return add_update(p, program, UPDATE_TXT, UPDATE_ADD,
	    "add the DNS record " NETWORK_TXT " to", STARTS_IT);
}

static struct step *remove_record(struct planner *p, struct program *program)
{
	return add_update(p, program, UPDATE_TXT, UPDATE_DELETE,
	    "remove the DNS record " NETWORK_TXT " from", " (live)");
}

/*
 * libvirt starts a dnsmasq that is dead at the next update of the network. The first entry
 * is replaced by itself, which is the one that "modify" finds; where there is none, a
 * record that means nothing is added and taken away.
 */
static void plan_dnsmasq(struct planner *p, struct item *item, const struct network *live)
{
	struct program *program;
	const struct step *added;

	if (live->dnsmasq != PART_GONE)
		return;
	item_pending(p, item,
	    "dnsmasq, which answers DHCP and DNS in network %s, has died", item->name);
	program = item_program(p, item, "start dnsmasq of network %s again", item->name);
	if (live->first_host.ip.version) {
		rewrite_host(p, program, live);
	} else if (live->txt) { /* left behind: its removal does as well */
		remove_record(p, program);
	} else {
		added = add_record(p, program);
		remove_record(p, program)->restores = added;
	}
}

void network_health_plan(struct planner *p, struct item *item, const struct network *want,
    const struct network *live, const struct network *stored)
{
	if (plan_bridge(p, item, want, live, stored))
		return;
	plan_dnsmasq(p, item, live);
	if (live->txt && live->dnsmasq != PART_GONE)
		remove_record(p, item_program(p, item, NULL));
	plan_guests(p, item, live);
}

/* Updates beside the one that starts dnsmasq */

static const struct network_update *update_of(const struct step *step)
{
	return step->action == &network_update_action ? step->arguments : NULL;
}

/* The program that writes an entry once more as it was observed; NULL: there is none. */
static struct program *rewriting(const struct item *item)
{
	for (size_t i = 0; i < item->program_count; i++) {
		const struct program *program = item->programs[i];
		const struct network_update *update =
		    program->step_count ? update_of(program->steps[0]) : NULL;

		if (update && update->command == UPDATE_MODIFY)
			return item->programs[i];
	}
	return NULL;
}

static bool updates_live(const struct item *item, const struct program *except)
{
	for (size_t i = 0; i < item->program_count; i++) {
		const struct program *program = item->programs[i];

		if (program == except || program->gate != GATE_OPEN)
			continue;
		for (size_t k = 0; k < program->step_count; k++) {
			const struct network_update *update =
			    update_of(program->steps[k]);

			if (update && update->side == SIDE_LIVE)
				return true;
		}
	}
	return false;
}

static bool any_reservation_updates(const struct planner *p, const struct item *network)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&reservation_kind)];
	size_t length = strlen(network->name);

	for (size_t i = range->first; i < range->end; i++) {
		const struct item *item = p->plan->items[i];

		if (strncmp(item->name, network->name, length) == 0 &&
		    item->name[length] == '/' &&
		    (item->state->busy || updates_live(item, NULL)))
			return true;
	}
	return false;
}

void network_health_settle(struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&network_kind)];

	for (size_t i = range->first; i < range->end; i++) {
		const struct item *item = p->plan->items[i];
		struct program *program = rewriting(item);

		if (program &&
		    (updates_live(item, program) || any_reservation_updates(p, item)))
			program_waits(p, program,
			    "waits for the other updates of the network, any of which starts it");
	}
}
