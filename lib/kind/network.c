/* SPDX-License-Identifier: MIT */
/*
 * network: a libvirt network: defined, started, autostarted, its DHCP ranges kept.
 *
 * Ranges change while guests stay attached. Mode, bridge, address and MTU take effect
 * only when the network starts anew, which cuts guests off (libvirt takes the bridge away
 * and their taps stay orphaned): so that waits for approval, and even then the network
 * restarts only once nobody is attached.
 */
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/lease.h"
#include "lib/kind/lint.h"
#include "lib/kind/network_guests.h"
#include "lib/kind/network_xml.h"
#include "lib/plan/memory_update.h"
#include "lib/plan/plan.h"

static const char *const mode_words[] = { "nat", "route", "open", "isolated", NULL };

static const struct field range_rows[] = {
	{ "start", FIELD_IP, at(struct dhcp_range, start), FIELD_NEEDED,
	    .help = "First address handed out.", .example = "192.168.122.2" },
	{ "end", FIELD_IP, at(struct dhcp_range, end), FIELD_NEEDED,
	    .help = "Last address handed out.", .example = "192.168.122.254" },
	{ 0 },
};

static const struct fields range_fields = { range_rows, sizeof(struct dhcp_range) };

static const struct field dhcp_rows[] = {
	{ "range", FIELD_GROUP, at(struct dhcp, range), .group = &range_fields,
	    .help = "Addresses for machines without a fixed one." },
	{ "reserve_pools", FIELD_BOOL, at(struct dhcp, reserve_pools), .fallback = "true",
	    .help = "Cut MetalLB's pools out of the range, so that no machine is given a "
		    "Service's address." },
	{ 0 },
};

static const struct fields dhcp_fields = { dhcp_rows, sizeof(struct dhcp) };

static const struct field rows[] = {
	{ "name", FIELD_NAME, at(struct network, object.name), .fallback = "default",
	    .help = "The network's name in libvirt. In `networks:` the key is the name.",
	    .example = "default" },
	{ "mode", FIELD_WORD, at(struct network, mode), FIELD_COMPARED,
	    .words = mode_words,
	    .help = "How guests reach the outside. A new network is made with nat.",
	    .example = "nat" },
	{ "bridge", FIELD_LABEL, at(struct network, bridge), FIELD_COMPARED,
	    .help = "Name of the bridge on the host.", .example = "virbr0" },
	{ "address", FIELD_CIDR, at(struct network, address), FIELD_COMPARED,
	    .help =
		"The host's own address in the network, with the prefix. A new network "
		"without it gets the first address of the /24 its DHCP range begins in.",
	    .example = "192.168.122.1/24" },
	{ "autostart", FIELD_BOOL, at(struct network, autostart), .fallback = "true",
	    .help = "Start it when the host boots." },
	{ "mtu", FIELD_INT, at(struct network, mtu), FIELD_COMPARED, .minimum = 68,
	    .maximum = 65535, .help = "Largest packet on the bridge.",
	    .example = "1500" },
	{ "dhcp", FIELD_GROUP, at(struct network, dhcp), .group = &dhcp_fields,
	    .help = "The DHCP service on it." },
	{ "static_ips", FIELD_ELSEWHERE, .group = &lease_fields,
	    .help = "Fixed addresses: a VM's name and its address, or {ip, mac} for a "
		    "machine "
		    "that is no VM of ours.",
	    .example = "{worker-1: 192.168.122.11}" },
	{ 0 },
};

/* Reading */

static void read_one(struct config *config, const struct node *map,
    const struct node *key, const char *name, struct report *report)
{
	struct network *n = (struct network *)config_object(
	    config, &network_kind, map, key, name, report);

	if (n && strcmp(n->object.name, name) != 0 && key) {
		const struct node *written = node_get(map, "name");

		if (written)
			report_add(report, SEVERITY_ERROR, "bad-name", &written->place,
			    "the network is called %s by its key and %s here", name,
			    n->object.name);
		n->object.name = name;
	}
}

static void read(struct config *config, const struct node *root, struct report *report)
{
	const struct node *one = node_get(root, "network"),
			  *many = node_get(root, "networks");
	const struct node *name = node_get(one, "name");

	if (one && many)
		report_add(report, SEVERITY_ERROR, "duplicate-key",
		    &node_key(root, "networks")->place,
		    "both network and networks are written; keep one of them");
	if (one && one->type != NODE_MAP)
		report_add(report, SEVERITY_ERROR, "wrong-type", &one->place,
		    "network must be a map, it is %s", node_what(one));
	else if (one)
		read_one(config, one, NULL,
		    name && name->type == NODE_SCALAR ? name->text : "default", report);
	if (many && many->type != NODE_MAP)
		report_add(report, SEVERITY_ERROR, "wrong-type", &many->place,
		    "networks must be a map of names to networks, it is %s",
		    node_what(many));
	for (size_t i = 0; many && many->type == NODE_MAP && i < many->count; i++)
		read_one(
		    config, many->items[i], many->keys[i], many->keys[i]->text, report);
}

static bool has_range(const struct network *n)
{
	return n->dhcp.range.start.version == 4 && n->dhcp.range.end.version == 4 &&
	       ip_compare(n->dhcp.range.start, n->dhcp.range.end) <= 0;
}

static void cut_pools(struct arena *a, struct network *n, struct ranges pools)
{
	struct ranges whole = { 0 };

	ranges_add(a, &whole, (struct range){ n->dhcp.range.start, n->dhcp.range.end });
	n->ranges = whole;
	if (!n->dhcp.reserve_pools)
		return;
	n->reserved = ranges_intersect(a, whole, pools);
	n->ranges = ranges_subtract(a, whole, n->reserved);
}

static struct ranges all_pools(struct config *config)
{
	const struct set *pools = config_get(config, &pool_kind);
	struct ranges all = { 0 };

	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i];

		for (size_t k = 0; k < pool->addresses.count; k++)
			ranges_add(&config->arena, &all, pool->addresses.items[k]);
	}
	return all;
}

static void derive(struct config *config, struct report *report)
{
	const struct set *networks = config_get(config, &network_kind);
	struct ranges pools = all_pools(config);

	(void)report;
	for (size_t i = 0; i < networks->count; i++) {
		struct network *n = (struct network *)networks->items[i];

		if (!has_range(n))
			continue;
		cut_pools(&config->arena, n, pools);
		if (!n->address.address.version) {
			n->address.prefix = 24;
			n->address.address = n->dhcp.range.start;
			n->address.address.value &= ~(unsigned __int128)0xff;
			n->address.address.value |= 1;
		}
	}
}

/* Planning */

static const struct network *side(const struct seen *have, enum side which)
{
	return (const struct network *)(which == SIDE_LIVE ? have->live : have->config);
}

static void plan_new(struct planner *p, struct item *item, const struct network *want)
{
	struct error e = { "" };
	struct step *step;
	const char *xml;

	if (!want->address.address.version) {
		item_blocked(p, item,
		    "there is no network %s in libvirt and its address is not written; "
		    "add "
		    "`address: 192.168.122.1/24` or a DHCP range",
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
	step->section = UPDATE_RANGE;
	step->side = which;
	step->body = network_xml_range(p->arena, range);
}

/* Added before removed: between the two calls every machine still finds a range. */
static void plan_ranges(struct planner *p, struct item *item, const struct network *want,
    const struct network *have, enum side which)
{
	bool suspect = which == SIDE_LIVE ? item->memo->lease.suspect_live
					  : item->memo->lease.suspect_config;

	if (!has_range(want) || (ranges_equal(want->ranges, have->ranges) && !suspect))
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

/* Entries we added for a lease that is no longer written: removed only with prune. */
static void plan_prune(
    struct planner *p, struct item *item, const struct network *have, enum side which)
{
	const struct set *leases = config_get(p->input->want, &lease_kind);

	if (!p->input->want->settings.prune)
		return;
	for (size_t i = 0; i < have->host_count; i++) {
		const struct host_entry *h = &have->hosts[i];
		const struct memo *memo =
		    h->name ? memory_find(p->input->memory, &lease_kind, h->name) : NULL;
		struct step *step;

		if (!memo || !memo->lease.owned || set_find(leases, h->name))
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
	    p, item, STEP_NETWORK_START, 2, item->name, "start network %s", item->name);
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
	guests = network_guests(p, item->name, live);
	if (guests && !config.count) {
		item_blocked(p, item,
		    "%s changes when the network next starts; %lld guest%s attached, "
		    "stop "
		    "%s first",
		    names_of(p, &running), (long long)guests,
		    guests == 1 ? " is" : "s are", guests == 1 ? "it" : "them");
		return true;
	}
	/* Not in one go with the definition: who is attached is looked at in between. */
	if (!config.count)
		stop_and_start(p, item);
	item_pending(p, item, "%s to be changed", names_of(p, &item->differences));
	item_consent(p, item,
	    "changing %s (%s to %s) needs network %s to start anew, which cuts "
	    "off its guests; it is done once none is attached",
	    item->differences.items[0].field,
	    item->differences.items[0].have ? item->differences.items[0].have : "none",
	    item->differences.items[0].want, item->name);
	return true;
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
		    "it is transient: it vanishes when it stops; store it with "
		    "`virsh net-dumpxml %s | virsh net-define /dev/stdin`",
		    item->name);
	else if (field_has(&network_kind.fields, want, "autostart") &&
		 want->autostart != facts->autostart)
		item_step(p, item, STEP_NETWORK_AUTOSTART, 3, item->name,
		    want->autostart ? "start network %s when the host boots"
				    : "no longer start network %s when the host boots",
		    item->name)
		    ->on = want->autostart;
}

static void plan(struct planner *p, struct item *item, const struct object *object,
    const struct seen *have)
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
	if (item->step_count)
		item_pending(p, item, "%s", item->steps[0]->text);
	else
		item_ok(item);
}

static const char *const columns[] = { "mode", "bridge", "address", "dhcp.range", NULL };

const struct kind network_kind = {
	.name = "network",
	.plural = "networks",
	.title = "network",
	.origin = ORIGIN_LIBVIRT,
	.fields = { rows, sizeof(struct network) },
	.section = "network",
	.other_section = "networks",
	.list_columns = columns,
	.read = read,
	.derive = derive,
	.lint = lint_network,
	.decode = network_xml_decode,
	.plan = plan,
	.ended = memory_update_ended,
};
