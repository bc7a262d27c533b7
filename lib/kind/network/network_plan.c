/* SPDX-License-Identifier: MIT */
/*
 * network_plan: a written network against libvirt's: defined, started, autostarted, its
 * DHCP ranges kept.
 *
 * Ranges change while guests stay attached. Mode, bridge, address and MTU take effect
 * only when the network starts anew, which cuts guests off (libvirt takes the bridge away
 * and their taps stay orphaned): so that waits for approval, and even then the network
 * restarts only once nobody is attached.
 */
#include "lib/kind/network/network_plan.h"

#include <string.h>

#include "lib/kind/network/network_guests.h"
#include "lib/kind/network/network_xml.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/network/reservation_record.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/metallb/pool.h"

static const struct network *side(const struct observed *have, enum side which)
{
	return (const struct network *)(which == SIDE_LIVE ? have->live : have->config);
}

/* Whether a reservation that goes into the definition waits for the domains' list: their
 * MACs are in it. */
static bool waits_for_domains(const struct planner *p, const struct network *want)
{
	const struct set *leases = config_get(p->input->desired, &reservation_kind);

	if (p->input->observed->kinds[kind_index(&vm_kind)].known)
		return false;
	for (size_t i = 0; i < leases->count; i++)
		if (strcmp(((const struct reservation *)leases->items[i])->network,
			want->object.name) == 0)
			return true;
	return false;
}

static void plan_new(struct planner *p, struct item *item, const struct network *want)
{
	struct error e = { "" };
	struct step *step;
	const char *xml;

	if (waits_for_domains(p, want)) {
		item_pending(p, item,
		    "is to be defined; waits until the domains are known, whose MACs go into its reservations");
		return;
	}
	if (!want->address.address.version) {
		item_blocked(p, item,
		    "there is no network %s in libvirt and its address is not written; add `address: 192.168.122.1/24` or a DHCP range",
		    item->name);
		return;
	}
	xml = network_xml_new(p, want, &e);
	if (!xml) {
		item_blocked(p, item, "cannot write its definition: %s", e.text);
		return;
	}
	item_pending(p, item, "is to be defined and started");
	step = item_step(p, item, STEP_NETWORK_DEFINE, 0, item->name,
	    "define network %s, %s, DHCP %s, with its reservations", item->name,
	    cidr_text(want->address, (char[CIDR_TEXT]){ 0 }),
	    ranges_text(p->arena, want->ranges));
	step->body = xml;
	item_step(
	    p, item, STEP_NETWORK_START, 2, item->name, "start network %s", item->name);
	if (want->autostart)
		item_step(p, item, STEP_NETWORK_AUTOSTART, 3, item->name,
		    "start network %s when the host boots", item->name)
		    ->on = true;
}

static bool listed(const struct range *items, size_t count, struct range range)
{
	for (size_t i = 0; i < count; i++)
		if (ip_equal(items[i].first, range.first) &&
		    ip_equal(items[i].last, range.last))
			return true;
	return false;
}

static void update_range(struct planner *p, struct item *item, enum side which,
    enum update_command command, struct range range)
{
	const char *text = range_text(p->arena, range);
	struct step *step = item_step(p, item, STEP_NETWORK_UPDATE, 1, item->name,
	    "%s DHCP range %s (%s)", command == UPDATE_ADD ? "add" : "remove", text,
	    which == SIDE_LIVE ? "live" : "stored");

	step->command = command;
	step->mends = command == UPDATE_ADD;
	step->section = UPDATE_RANGE;
	step->side = which;
	step->body = network_xml_range(p->arena, range);
}

/*
 * Addresses that are to join the range and that a pool of the cluster, as it was last
 * seen, still hands out: the pool's own edit may wait for approval, or have failed. They
 * join once the pool has given them up. What is in the range already is left there: a
 * pool that strays into it is repaired, not made room for.
 */
static struct ranges not_yet_free(
    struct planner *p, const struct network *want, const struct network *have)
{
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges held = { 0 };

	if (!want->dhcp.reserve_pools)
		return held;
	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i]->live;

		for (size_t k = 0; pool && k < pool->addresses.count; k++)
			ranges_add(p->arena, &held, pool->addresses.items[k]);
	}
	return ranges_intersect(
	    p->arena, held, ranges_subtract(p->arena, want->ranges, have->ranges));
}

/* Added before removed: between the two calls every machine still finds a range. */
static void plan_ranges(struct planner *p, struct item *item,
    const struct network *written, const struct network *have, enum side which)
{
	struct ranges held = not_yet_free(p, written, have);
	struct network due = *written;
	const struct network *want = &due;
	const struct update_record *record = update_record_of(item->state);
	bool suspect = which == SIDE_LIVE ? record->suspect_live : record->suspect_config;

	if (!network_has_range(want))
		return;
	if (held.count && (which == SIDE_LIVE || !item->observed->live))
		item_condition(p, item, "RangeWaits",
		    "%s joins the DHCP range once no pool hands it out",
		    ranges_text(p->arena, held));
	due.ranges = ranges_subtract(p->arena, written->ranges, held);
	if (ranges_equal(want->ranges, have->ranges) && !suspect)
		return;
	for (size_t i = 0; suspect && i < want->ranges.count; i++)
		if (listed(have->range_items, have->range_count, want->ranges.items[i]))
			update_range(
			    p, item, which, UPDATE_DELETE, want->ranges.items[i]);
	for (size_t i = 0; i < want->ranges.count; i++)
		if (suspect ||
		    !listed(have->range_items, have->range_count, want->ranges.items[i]))
			update_range(p, item, which, UPDATE_ADD, want->ranges.items[i]);
	for (size_t i = 0; i < have->range_count; i++)
		if (!listed(want->ranges.items, want->ranges.count, have->range_items[i]))
			update_range(p, item, which, UPDATE_DELETE, have->range_items[i]);
	item_difference(p, item, "dhcp.range", ranges_text(p->arena, want->ranges),
	    ranges_text(p->arena, have->ranges));
}

static bool is_written(const struct planner *p, const char *network, const char *host)
{
	return set_find(config_get(p->input->desired, &reservation_kind),
	    reservation_name(p->arena, network, host));
}

static bool was_made_by_us(
    const struct planner *p, const char *network, const struct host_entry *h)
{
	const char *name = reservation_name(p->arena, network, h->name);
	const struct object_state *state =
	    state_find(p->input->state, &reservation_kind, name);
	const struct reservation_record *record =
	    state ? reservation_record_of(state) : NULL;

	return record && record->owned && ip_equal(record->ip, h->ip);
}

/* Entries we added for a lease that is no longer written: removed only with prune. */
static void plan_prune(
    struct planner *p, struct item *item, const struct network *have, enum side which)
{
	if (!p->input->desired->settings.prune)
		return;
	for (size_t i = 0; i < have->host_count; i++) {
		const struct host_entry *h = &have->hosts[i];
		struct step *step;

		if (!h->name || is_written(p, item->name, h->name) ||
		    !was_made_by_us(p, item->name, h))
			continue;
		step = item_step(p, item, STEP_NETWORK_UPDATE, 1, item->name,
		    "remove reservation %s of %s, which is no longer written (%s)",
		    ip_text(h->ip, (char[IP_TEXT]){ 0 }), h->name,
		    which == SIDE_LIVE ? "live" : "stored");
		step->command = UPDATE_DELETE;
		step->section = UPDATE_HOST;
		step->side = which;
		step->body = network_xml_host(p->arena, h);
	}
}

static void stop_and_start(struct planner *p, struct item *item)
{
	item_step(
	    p, item, STEP_NETWORK_STOP, 2, item->name, "stop network %s", item->name);
	item_step(
	    p, item, STEP_NETWORK_START, 2, item->name, "start network %s", item->name)
	    ->mends = true;
}

static const char *names_of(struct planner *p, const struct differences *differences)
{
	const char *text = differences->items[0].field;

	for (size_t i = 1; i < differences->count; i++)
		text =
		    arena_printf(p->arena, "%s, %s", text, differences->items[i].field);
	return text;
}

/*
 * Keys that need the network to start anew. Stored side first; once that is right, what
 * runs follows when nobody is attached. True when it decided the item's verdict.
 */
static bool plan_restart(struct planner *p, struct item *item, const struct network *want,
    const struct network *live, const struct network *stored)
{
	struct differences config = { 0 }, running = { 0 };
	struct error e = { "" };
	struct step *step;
	int64_t guests;

	if (stored)
		field_compare(&network_kind.fields, want, stored, p->arena, &config);
	if (live)
		field_compare(&network_kind.fields, want, live, p->arena, &running);
	if (!config.count && !running.count)
		return false;
	item->differences = running.count ? running : config;
	if (config.count) {
		const char *xml = network_xml_patch(p->arena, want, stored->xml, &e);

		if (!xml) {
			item_blocked(p, item, "cannot patch its definition: %s", e.text);
			return true;
		}
		step = item_step(p, item, STEP_NETWORK_DEFINE, 0, item->name,
		    "change %s of network %s in its stored definition",
		    names_of(p, &config), item->name);
		step->body = xml;
	}
	if (!running.count) { /* nothing that runs is touched */
		item_pending(p, item, "%s to be changed", names_of(p, &config));
		return true;
	}
	if (!live->persistent) {
		item_blocked(p, item,
		    "%s changes only when it starts anew, and it is transient: it would be gone; store it with `virsh net-dumpxml %s | virsh net-define /dev/stdin`",
		    names_of(p, &running), item->name);
		return true;
	}
	guests = network_guests(p, item->name, live);
	if (guests && !config.count) {
		item_blocked(p, item,
		    "%s changes when the network next starts; %lld guest%s attached, stop %s first",
		    names_of(p, &running), (long long)guests,
		    guests == 1 ? " is" : "s are", guests == 1 ? "it" : "them");
		return true;
	}
	/* Not in one go with the definition: who is attached is looked at in between. */
	if (!config.count)
		stop_and_start(p, item);
	item_pending(p, item, "%s to be changed", names_of(p, &item->differences));
	item_consent(p, item,
	    "changing %s (%s to %s) needs network %s to start anew, which cuts off its guests; it is done once none is attached",
	    item->differences.items[0].field,
	    item->differences.items[0].have ? item->differences.items[0].have : "none",
	    item->differences.items[0].want, item->name);
	return true;
}

static bool has_mac(const struct vm *vm, struct mac mac)
{
	const struct vm_interface *nics = vm->interfaces.items;

	for (size_t i = 0; i < vm->interfaces.count; i++)
		if (mac_equal(nics[i].mac, mac))
			return true;
	return false;
}

/* The running VM of ours that has the MAC and no fixed address in the network. */
static const struct object *roamer(
    const struct planner *p, const char *network, struct mac mac)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];
		const struct observed *seen = planner_observed(p, &vm_kind, vm->domain);

		if (seen && seen->live && has_mac((const struct vm *)seen->live, mac) &&
		    !is_written(p, network, vm->object.name))
			return &vm->object;
	}
	return NULL;
}

/* At its next renewal a machine loses an address that is in no range any more. */
static void ask_for_roamers(struct planner *p, struct item *item,
    const struct network *want, const struct network *live)
{
	struct ranges lost = ranges_subtract(p->arena, live->ranges, want->ranges);

	if (!network_has_range(want))
		return;
	for (size_t i = 0; i < live->lease_count; i++) {
		const struct dhcp_lease *lease = &live->leases[i];
		const struct object *vm;

		if (!ranges_contain(lost, lease->ip))
			continue;
		if (!p->input->observed->kinds[kind_index(&vm_kind)].known) {
			item_pending(p, item, "%s; waits until the domains are known",
			    item->steps[0]->text);
			item->held = true;
			return;
		}
		vm = roamer(p, item->name, lease->mac);
		if (!vm)
			continue;
		item_consent(p, item,
		    "takes %s, the address of the running VM %s, out of the DHCP range",
		    ip_text(lease->ip, (char[IP_TEXT]){ 0 }), vm->name);
		return;
	}
}

static void plan_sides(struct planner *p, struct item *item, const struct network *want,
    const struct network *live, const struct network *stored)
{
	const struct network *facts = live ? live : stored;

	if (live) {
		plan_ranges(p, item, want, live, SIDE_LIVE);
		plan_prune(p, item, live, SIDE_LIVE);
	}
	if (stored) {
		plan_ranges(p, item, want, stored, SIDE_CONFIG);
		plan_prune(p, item, stored, SIDE_CONFIG);
	}
	if (!facts->active)
		item_step(p, item, STEP_NETWORK_START, 2, item->name, "start network %s",
		    item->name);
	if (!facts->persistent)
		item_condition(p, item, "TransientNetwork",
		    "it is transient: it vanishes when it stops; store it with `virsh net-dumpxml %s | virsh net-define /dev/stdin`",
		    item->name);
	else if (field_has(&network_kind.fields, want, "autostart") &&
		 want->autostart != facts->autostart)
		item_step(p, item, STEP_NETWORK_AUTOSTART, 3, item->name,
		    want->autostart ? "start network %s when the host boots"
				    : "no longer start network %s when the host boots",
		    item->name)
		    ->on = want->autostart;
}

void network_plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct network *want = (const struct network *)object, *live, *stored;

	if (!want)
		return;
	if (!have) {
		plan_new(p, item, want);
		return;
	}
	live = side(have, SIDE_LIVE);
	stored = side(have, SIDE_CONFIG);
	if (live)
		network_guests_tell(p, item, live);
	if (plan_restart(p, item, want, live, stored))
		return;
	plan_sides(p, item, want, live, stored);
	if (!item->step_count) {
		item_ok(item);
		return;
	}
	item_pending(p, item, "%s", item->steps[0]->text);
	if (live)
		ask_for_roamers(p, item, want, live);
}
