/* SPDX-License-Identifier: MIT */
/*
 * pool: MetalLB's IPAddressPool: the addresses Services may get.
 *
 * Compared as a set of addresses: "192.168.122.128/25" and the same as a range are equal.
 * Since MetalLB 0.14.2 an edit re-assigns the addresses of Services no longer inside any
 * pool, so an edit that would do so names them and waits for approval. MetalLB's webhook
 * judges overlap against the pools that exist, so addresses that move from one pool to
 * another are first taken from the one, observed gone, and then given to the other.
 */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/metallb/pool.h"
#include "lib/kind/metallb/metallb.h"
#include "lib/kind/metallb/pool_record.h"
#include "lib/kind/network/network_ranges.h"

static const char *const advertise_words[] = { "layer2", "none", NULL };

static const struct field rows[] = {
	{ "addresses", FIELD_RANGES, at(struct pool, addresses),
	    FIELD_NEEDED | FIELD_COMPARED,
	    .help = "What the pool holds: a list of FIRST-LAST or ADDRESS/PREFIX.",
	    .example = "[192.168.122.100-192.168.122.150]" },
	{ "auto_assign", FIELD_BOOL, at(struct pool, auto_assign), FIELD_COMPARED,
	    .help = "Whether Services that ask for no pool get an address of it.",
	    .example = "true" },
	{ "avoid_buggy_ips", FIELD_BOOL, at(struct pool, avoid_buggy_ips), FIELD_COMPARED,
	    .help = "Leave out addresses ending in .0 and .255.", .example = "false" },
	{ "advertise", FIELD_WORD, at(struct pool, advertise), .words = advertise_words,
	    .fallback = "layer2",
	    .help = "With layer2 an L2Advertisement of the same name comes with it." },
	{ 0 },
};

static const struct fields pool_fields = { rows, sizeof(struct pool) };

static const struct section sections[] = {
	{ .path = "metallb.pools", .shape = SECTION_MAP },
};

/* Reading */

/* The addresses as written, for the API. */
static void read_object(struct config *config, struct object *object,
    const struct node *map, struct report *report)
{
	struct pool *pool = (struct pool *)object;
	const struct node *list = node_get(map, "addresses");

	(void)report;
	pool->advertise_given = node_get(map, "advertise");
	for (size_t i = 0; list && list->type == NODE_LIST && i < list->count; i++) {
		const char **slot = arena_push(&config->arena, &pool->address_texts,
		    &pool->address_text_count, sizeof(*slot));

		*slot = list->items[i]->text;
	}
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct pool *pool = observed_object(observed);
	struct json_object *o = reading->json, *list = json_at(o, "spec.addresses");

	for (size_t i = 0; i < json_count(list); i++) {
		const char *text = json_object_get_string(json_item(list, i));
		struct range range;

		if (!text || range_parse(text, &range, e) < 0)
			return fail_in(e, "spec.addresses[%zu]", i);
		ranges_add(&observed->arena, &pool->addresses, range);
	}
	pool->auto_assign = json_bool_at(o, "spec.autoAssign", true);
	pool->avoid_buggy_ips = json_bool_at(o, "spec.avoidBuggyIPs", false);
	pool->object.record.has = field_bit(&pool_kind.fields, "addresses") |
				  field_bit(&pool_kind.fields, "auto_assign") |
				  field_bit(&pool_kind.fields, "avoid_buggy_ips");
	pool->meta = metallb_meta(&observed->arena, o);
	observed->live = &pool->object;
	return 0;
}

/* Planning */

/* What of the pool's addresses is applied now: all, or what it keeps while others wait
 * to be given up by another pool. */
static struct ranges due_now(
    struct planner *p, const struct pool *want, const struct pool *live);
static const struct observed *holder_of(
    struct planner *p, const char *name, struct ranges addresses);

/* What a pool that is gone is created with: see pool_record.h. */
static struct ranges due_new(struct planner *p, const char *name, const struct pool *want)
{
	const struct object_state *state = state_find(p->input->state, &pool_kind, name);
	struct ranges was;

	if (!state || !pool_record_addresses(p->arena, pool_record_of(state), &was) ||
	    holder_of(p, name, was))
		return due_now(p, want, NULL);
	return was;
}

static void add_addresses(struct planner *p, struct json_object *list,
    const struct pool *want, struct ranges due)
{
	bool whole = ranges_equal(due, want->addresses);

	for (size_t i = 0; whole && i < want->address_text_count; i++)
		json_push_string(list, want->address_texts[i]);
	for (size_t i = 0; !whole && i < due.count; i++)
		json_push_string(
		    list, arena_printf(p->arena, "%s-%s",
			      ip_text(due.items[i].first, (char[IP_TEXT]){ 0 }),
			      ip_text(due.items[i].last, (char[IP_TEXT]){ 0 })));
}

static const char *document(struct planner *p, const struct step *step, struct error *e)
{
	const struct pool *want =
	    (const struct pool *)planner_desired(p, &pool_kind, step->name);
	const struct observed *have = planner_entry(p, &pool_kind, step->name);
	const struct pool *live = have ? (const struct pool *)have->live : NULL;
	struct json_object *spec, *list;

	if (!want) {
		fail(e, "pool/%s is no longer written", step->name);
		return NULL;
	}
	spec = json_object_new_object();
	list = json_object_new_array();
	add_addresses(
	    p, list, want, live ? due_now(p, want, live) : due_new(p, step->name, want));
	json_put(spec, "addresses", list);
	if (field_has(&pool_fields, want, "auto_assign"))
		json_put_bool(spec, "autoAssign", want->auto_assign);
	if (field_has(&pool_fields, want, "avoid_buggy_ips"))
		json_put_bool(spec, "avoidBuggyIPs", want->avoid_buggy_ips);
	return metallb_body(p, step, "IPAddressPool", !live || live->meta.owned, spec);
}

static void add_all(struct planner *p, struct ranges *set, const struct pool *pool)
{
	for (size_t i = 0; i < pool->addresses.count; i++)
		ranges_add(p->arena, set, pool->addresses.items[i]);
}

/*
 * The addresses that stay in some pool throughout: `own` and what the other pools hold
 * now. What another one is to get does not count: it comes later, and MetalLB gives a
 * Service whose address is in no pool another one at once.
 */
static struct ranges kept(
    struct planner *p, const struct item *item, const struct pool *own)
{
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges all = { 0 };

	if (own)
		add_all(p, &all, own);
	for (size_t i = 0; i < observed->count; i++) {
		const struct pool *pool = (const struct pool *)observed->items[i]->live;

		if (pool && strcmp(observed->items[i]->name, item->name) != 0)
			add_all(p, &all, pool);
	}
	return all;
}

static void add_services(
    struct planner *p, struct program *program, struct ranges have, struct ranges stays)
{
	struct ranges lost = ranges_subtract(p->arena, have, stays);

	if (metallb_services_known(p, program, lost))
		metallb_effects(p, program, EFFECT_MOVES_ADDRESS, lost);
}

/* One that somebody has deleted comes back as it was, unless others hold that now. */
static void plan_new(struct planner *p, struct item *item, const struct pool *want)
{
	struct ranges first = due_new(p, item->name, want);
	bool as_it_was = !ranges_equal(first, want->addresses);

	item_pending(p, item,
	    as_it_was ? "is gone, and comes back as it was first" : "is to be created");
	metallb_apply(p, item,
	    arena_printf(p->arena, "create pool %s with %s%s", item->name,
		ranges_text(p->arena, first), as_it_was ? ", as it was" : ""));
}

static void plan_unwritten(struct planner *p, struct item *item, const struct pool *live)
{
	struct program *program = metallb_unwritten(p, item, &live->meta);

	if (program)
		add_services(p, program, live->addresses, kept(p, item, NULL));
}

/* False: nobody goes on undoing what we do. */
static bool report_contest(struct planner *p, struct item *item, const struct pool *live)
{
	const struct pool_record *record = pool_record_of(item->state);
	const char *who = live->meta.manager ? live->meta.manager : "another client";

	if (!pool_record_is_contested(record, p->input->now))
		return false;
	item->reason = arena_printf(p->arena,
	    "%s changes it back to %s again and again (%lld times in a row)", who,
	    record->undone_to, (long long)record->undone);
	plan_finding(p, SEVERITY_WARNING, "contested",
	    arena_printf(p->arena, "pool/%s", item->name), "pool/%s: %s", item->name,
	    item->reason)
	    ->fix = arena_printf(p->arena,
	    "have one of the two keep it: take it out of what %s applies, or out of metallb.pools here",
	    who);
	return true;
}

static void plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct pool *want = (const struct pool *)object, *live;
	struct program *program;

	if (!want) {
		if (have)
			plan_unwritten(p, item, (const struct pool *)have->live);
		return;
	}
	if (!have) {
		plan_new(p, item, want);
		return;
	}
	live = (const struct pool *)have->live;
	if (live->meta.deleting) {
		item_pending(p, item, "%s; it is created anew once it is gone",
		    live->meta.deleting);
		return;
	}
	field_compare(&pool_fields, want, live, p->arena, &item->differences);
	if (!item->differences.count) {
		item_ok(item);
		report_contest(p, item, live);
		return;
	}
	item_pending(p, item, "differs in %s", item->differences.items[0].field);
	program = metallb_apply(p, item,
	    arena_printf(p->arena, "change pool %s to %s", item->name,
		ranges_text(p->arena, want->addresses)));
	for (size_t i = 0; i < item->differences.count; i++)
		program_change(p, program, item->differences.items[i].field,
		    item->differences.items[i].want);
	add_services(p, program, live->addresses, kept(p, item, want));
	if (report_contest(p, item, live)) {
		program_waits_until(
		    p, item, program, pool_record_next(pool_record_of(item->state)));
		item->verdict = VERDICT_BLOCKED;
	}
}

/* Moving addresses between pools */

/* Another pool that holds, right now, some of these addresses. */
static const struct observed *holder_of(
    struct planner *p, const char *name, struct ranges addresses)
{
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];

	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *other = (const struct pool *)pools->items[i]->live;

		if (other && strcmp(pools->items[i]->name, name) != 0 &&
		    ranges_overlap(other->addresses, addresses))
			return pools->items[i];
	}
	return NULL;
}

static const struct observed *holder(struct planner *p, const struct pool *want)
{
	return holder_of(p, want->object.name, want->addresses);
}

/* With another pool in the way it gives up what is to go and takes nothing yet, so that
 * two pools can exchange addresses. Empty: it can do neither. */
static struct ranges due_now(
    struct planner *p, const struct pool *want, const struct pool *live)
{
	const struct observed *other = holder(p, want);
	struct ranges common = { 0 };

	if (!other)
		return want->addresses;
	if (!planner_desired(p, &pool_kind, other->name))
		return common; /* that one never gives way */
	if (live)
		common = ranges_intersect(p->arena, want->addresses, live->addresses);
	if (live && ranges_equal(common, live->addresses))
		common.count = 0;
	return common;
}

static void wait_for(struct planner *p, struct item *item, const struct observed *other)
{
	if (planner_desired(p, &pool_kind, other->name)) {
		program_waits(p, item->programs[0],
		    "waits for pool/%s to give up its addresses", other->name);
		return;
	}
	item_blocked(p, item,
	    "overlaps pool %s, which is not written here; write it too or delete it",
	    other->name);
	program_waits(p, item->programs[0], "%s", item->reason);
}

/* The place in the range of the pool that the one at `index` waits for, or its end. */
static size_t waits_for(
    struct planner *p, const struct item_range *range, const bool *waits, size_t index)
{
	const struct observed *other =
	    waits[index - range->first]
		? holder(p, (const struct pool *)p->plan->items[index]->desired)
		: NULL;
	size_t i = other ? range->first : range->end;

	while (i < range->end && strcmp(p->plan->items[i]->name, other->name) != 0)
		i++;
	return i;
}

/* A ring of pools each of which waits for the next would wait for ever: none can give up
 * all it has, for MetalLB takes no empty pool. */
static void report_ring(
    struct planner *p, const struct item_range *range, const bool *waits, size_t index)
{
	size_t first = waits_for(p, range, waits, index), next = first;

	for (size_t n = range->first; n < range->end && next != index; n++) {
		if (next == range->end)
			return;
		next = waits_for(p, range, waits, next);
	}
	if (next == index)
		item_blocked(p, p->plan->items[index],
		    "waits for pool/%s in a ring of pools that exchange all their addresses, which MetalLB takes in no order: give one of them others in between",
		    p->plan->items[first]->name);
}

#define MOVED_SHOWN 5

/* A pool was not there for a while: MetalLB has taken its addresses from Services. */
static bool any_was_gone(const struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&pool_kind)];

	for (size_t i = range->first; i < range->end; i++)
		if (pool_record_of(p->plan->items[i]->state)->gone)
			return true;
	return false;
}

/* Services that were given other addresses while a pool was gone, and ask for none. There
 * may be thousands, which is why they are gone through only then. */
static void report_moved(struct planner *p)
{
	const struct observed_set *services =
	    &p->input->observed->kinds[kind_index(&service_kind)];
	size_t count = 0;

	for (size_t i = 0; i < services->count; i++) {
		const struct service *s =
		    (const struct service *)services->items[i]->live;
		const char *name, *slash;

		if (!s || !s->moved_from || s->pinned || count++ >= MOVED_SHOWN)
			continue;
		name = s->object.name;
		slash = strchr(name, '/');
		plan_finding(p, SEVERITY_WARNING, "service-moved",
		    arena_printf(p->arena, "service/%s", name),
		    "service/%s had the address %s and was given %s; nothing in it says which it is to have",
		    name, s->moved_from, s->last)
		    ->fix = arena_printf(p->arena,
		    "kubectl -n %.*s annotate service %s metallb.universe.tf/loadBalancerIPs=%s",
		    (int)(slash - name), name, slash + 1, s->moved_from);
	}
	if (count > MOVED_SHOWN)
		plan_finding(p, SEVERITY_WARNING, "service-moved", "service",
		    "%zu more Services were given other addresses", count - MOVED_SHOWN);
}

/* What it is about to be given joins no pool before it has left every DHCP range. */
static void hold(
    struct planner *p, struct item *item, const struct pool *live, struct ranges due)
{
	if (live)
		due = ranges_subtract(p->arena, due, live->addresses);
	network_ranges_hold(p, item->programs[0], due);
}

static void settle(struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&pool_kind)];
	bool *waits = arena_array(p->arena, range->end - range->first, sizeof(*waits));

	for (size_t i = range->first; i < range->end; i++) {
		struct item *item = p->plan->items[i];
		const struct pool *want = (const struct pool *)item->desired, *live;
		const struct observed *other;
		struct ranges due;

		if (!want || !item_acts(item))
			continue;
		live = item->observed ? (const struct pool *)item->observed->live : NULL;
		other = holder(p, want);
		due = live ? due_now(p, want, live) : due_new(p, item->name, want);
		if (due.count)
			hold(p, item, live, due);
		if (!other || (due.count && !live)) /* as it was: nobody holds that */
			continue;
		if (due.count) {
			item->programs[0]->steps[0]->text =
			    arena_printf(p->arena, "shrink pool %s to %s first",
				item->name, ranges_text(p->arena, due));
			continue;
		}
		wait_for(p, item, other);
		waits[i - range->first] = true;
	}
	for (size_t i = range->first; i < range->end; i++)
		report_ring(p, range, waits, i);
	if (any_was_gone(p))
		report_moved(p);
}

static const char *const columns[] = { "addresses", "auto_assign", NULL };

static const struct watch watches[] = {
	{ .path = METALLB_PATH("v1beta1", "ipaddresspools"),
	    .prefix = "",
	    .missing = METALLB_MISSING("v1beta1") },
};

static bool is_owned(const struct observed *observed)
{
	return ((const struct pool *)observed->live)->meta.owned;
}

const struct kind pool_kind = {
	.row = &pool_row,
	.name = "pool",
	.plural = "pools",
	.title = "MetalLB address pool",
	.source = &kubernetes_source,
	.fields = { rows, sizeof(struct pool) },
	.sections = sections,
	.section_count = 1,
	.list_columns = columns,
	.watches = watches,
	.watch_count = 1,
	.watch_in = metallb_watch_in,
	.read_object = read_object,
	.decode = decode,
	.plan = plan,
	.state_fields = &pool_record_fields,
	.desired = pool_record_desired,
	.observed = pool_record_observed,
	.ended = pool_record_ended,
	.converged = pool_record_converged,
	.requested = pool_record_requested,
	.document = document,
	.settle = settle,
	.is_owned = is_owned,
};
