/* SPDX-License-Identifier: MIT */
/*
 * pool: MetalLB's IPAddressPool: the addresses Services may get.
 *
 * Compared as a set of addresses: "192.168.122.128/25" and the same as a range are equal.
 * Since MetalLB 0.14.2 an edit re-assigns the addresses of Services no longer inside any
 * pool, so an edit that would do so names them and waits for approval. MetalLB's webhook
 * judges overlap against the pools that exist, so addresses that move from one pool to
 * another are first taken from the one, seen gone, and then given to the other.
 */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/metallb/pool.h"
#include "lib/kind/metallb/metallb.h"

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
	for (size_t i = 0; list && list->type == NODE_LIST && i < list->count; i++) {
		const char **slot = arena_push(&config->arena, &pool->address_texts,
		    &pool->address_text_count, sizeof(*slot));

		*slot = list->items[i]->text;
	}
}

static int decode(struct observed *seen, const struct reading *reading, struct error *e)
{
	struct pool *pool = observed_object(seen);
	struct json_object *o = reading->json, *list = json_at(o, "spec.addresses");

	for (size_t i = 0; i < json_count(list); i++) {
		const char *text = json_object_get_string(json_item(list, i));
		struct range range;

		if (!text || range_parse(text, &range, e) < 0)
			return fail_in(e, "spec.addresses[%zu]", i);
		ranges_add(&seen->arena, &pool->addresses, range);
	}
	pool->auto_assign = json_bool_at(o, "spec.autoAssign", true);
	pool->avoid_buggy_ips = json_bool_at(o, "spec.avoidBuggyIPs", false);
	pool->object.record.has = field_bit(&pool_kind.fields, "addresses") |
				  field_bit(&pool_kind.fields, "auto_assign") |
				  field_bit(&pool_kind.fields, "avoid_buggy_ips");
	pool->marked = metallb_marked(o);
	pool->uid = arena_copy(&seen->arena, json_string_at(o, "metadata.uid"));
	seen->live = &pool->object;
	return 0;
}

/* Planning */

static const char *body_of(struct planner *p, const struct pool *want,
    const struct pool *live, const struct ranges *instead)
{
	struct json_object *spec = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; instead && i < instead->count; i++)
		json_push_string(
		    list, arena_printf(p->arena, "%s-%s",
			      ip_text(instead->items[i].first, (char[IP_TEXT]){ 0 }),
			      ip_text(instead->items[i].last, (char[IP_TEXT]){ 0 })));
	for (size_t i = 0; !instead && i < want->address_text_count; i++)
		json_push_string(list, want->address_texts[i]);
	json_put(spec, "addresses", list);
	if (field_has(&pool_fields, want, "auto_assign"))
		json_put_bool(spec, "autoAssign", want->auto_assign);
	if (field_has(&pool_fields, want, "avoid_buggy_ips"))
		json_put_bool(spec, "avoidBuggyIPs", want->avoid_buggy_ips);
	return metallb_body(
	    p, "IPAddressPool", want->object.name, !live || live->marked, spec);
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
	const struct observed_set *seen =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges all = { 0 };

	if (own)
		add_all(p, &all, own);
	for (size_t i = 0; i < seen->count; i++) {
		const struct pool *pool = (const struct pool *)seen->items[i]->live;

		if (pool && strcmp(seen->items[i]->name, item->name) != 0)
			add_all(p, &all, pool);
	}
	return all;
}

/* Services that would lose their address if `lost` left every pool; "" for none. */
static const char *services_in(struct planner *p, struct ranges lost)
{
	const struct observed_set *services =
	    &p->input->observed->kinds[kind_index(&service_kind)];
	const char *text = "";

	for (size_t i = 0; i < services->count; i++) {
		const struct service *s =
		    (const struct service *)services->items[i]->live;

		for (size_t k = 0; s && k < s->address_count; k++)
			if (ranges_contain(lost, s->addresses[k]))
				text = arena_printf(p->arena, "%s%s%s (%s)", text,
				    *text ? ", " : "", s->object.name,
				    ip_text(s->addresses[k], (char[IP_TEXT]){ 0 }));
	}
	return text;
}

static void ask_for_services(
    struct planner *p, struct item *item, struct ranges have, struct ranges stays)
{
	const struct observed_set *services =
	    &p->input->observed->kinds[kind_index(&service_kind)];
	struct ranges lost = ranges_subtract(p->arena, have, stays);
	const char *who;

	if (!lost.count)
		return;
	if (!services->known) {
		item->held = true;
		item_unknown(p, item,
		    "gives up %s, and which Services live there is not known: %s",
		    ranges_text(p->arena, lost),
		    services->why ? services->why : "not looked at yet");
		return;
	}
	who = services_in(p, lost);
	if (*who)
		item_consent(p, item, "takes the address of %s", who);
}

static void plan_new(struct planner *p, struct item *item, const struct pool *want)
{
	const char *text = arena_printf(p->arena, "create pool %s with %s", item->name,
	    ranges_text(p->arena, want->addresses));

	metallb_apply(p, item, 1, "ipaddresspools", body_of(p, want, NULL, NULL), text);
	item_pending(p, item, "is to be created");
}

static void plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct pool *want = (const struct pool *)object, *live;

	if (!want) {
		live = (const struct pool *)have->live;
		metallb_unwritten(p, item, "ipaddresspools", live->marked, live->uid);
		if (item->step_count)
			ask_for_services(p, item, live->addresses, kept(p, item, NULL));
		return;
	}
	if (!have) {
		plan_new(p, item, want);
		return;
	}
	live = (const struct pool *)have->live;
	field_compare(&pool_fields, want, live, p->arena, &item->differences);
	if (!item->differences.count) {
		item_ok(item);
		return;
	}
	item_pending(p, item, "differs in %s", item->differences.items[0].field);
	metallb_apply(p, item, 1, "ipaddresspools", body_of(p, want, live, NULL),
	    arena_printf(p->arena, "change pool %s to %s", item->name,
		ranges_text(p->arena, want->addresses)));
	ask_for_services(p, item, live->addresses, kept(p, item, want));
}

/* Moving addresses between pools */

/* Another pool that holds, right now, addresses this one is to get. */
static const struct observed *holder(struct planner *p, const struct item *item)
{
	const struct observed_set *seen =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	const struct pool *want = (const struct pool *)item->desired;

	for (size_t i = 0; i < seen->count; i++) {
		const struct pool *other = (const struct pool *)seen->items[i]->live;

		if (other && strcmp(seen->items[i]->name, item->name) != 0 &&
		    ranges_overlap(other->addresses, want->addresses))
			return seen->items[i];
	}
	return NULL;
}

/* Gives up what is to go and takes nothing yet, so that two pools can exchange addresses.
 */
static bool shrink_first(struct planner *p, struct item *item)
{
	const struct pool *want = (const struct pool *)item->desired;
	const struct pool *live =
	    item->observed ? (const struct pool *)item->observed->live : NULL;
	struct ranges common;

	if (!live)
		return false;
	common = ranges_intersect(p->arena, want->addresses, live->addresses);
	if (!common.count || ranges_equal(common, live->addresses))
		return false;
	item->steps[0]->body = body_of(p, want, live, &common);
	item->steps[0]->text = arena_printf(p->arena, "shrink pool %s to %s first",
	    item->name, ranges_text(p->arena, common));
	return true;
}

static void hold_for(struct planner *p, struct item *item, const struct observed *other)
{
	item->held = true;
	if (set_find(config_get(p->input->desired, &pool_kind), other->name))
		item_pending(
		    p, item, "waits for pool/%s to give up its addresses", other->name);
	else
		item_blocked(p, item,
		    "overlaps pool %s, which is not written here; write it too or delete it",
		    other->name);
}

/* The pool of the span that the one at `index` waits for, or the span's end. */
static size_t waits_for(
    struct planner *p, const struct span *span, const bool *waits, size_t index)
{
	const struct observed *other =
	    waits[index - span->first] ? holder(p, p->plan->items[index]) : NULL;
	size_t i = other ? span->first : span->end;

	while (i < span->end && strcmp(p->plan->items[i]->name, other->name) != 0)
		i++;
	return i;
}

/* A ring of pools each of which waits for the next would wait for ever: none can give up
 * all it has, for MetalLB takes no empty pool. */
static void break_ring(
    struct planner *p, const struct span *span, const bool *waits, size_t index)
{
	size_t at = waits_for(p, span, waits, index), next = at;

	for (size_t n = span->first; n < span->end && next != index; n++) {
		if (next == span->end)
			return;
		next = waits_for(p, span, waits, next);
	}
	if (next == index)
		item_blocked(p, p->plan->items[index],
		    "waits for pool/%s in a ring of pools that exchange all their addresses, which MetalLB takes in no order: give one of them others in between",
		    p->plan->items[at]->name);
}

static void settle(struct planner *p)
{
	const struct span *span = &p->plan->spans[kind_index(&pool_kind)];
	bool *waits = arena_array(p->arena, span->end - span->first, sizeof(*waits));

	for (size_t i = span->first; i < span->end; i++) {
		struct item *item = p->plan->items[i];
		const struct observed *other;

		if (!item->desired || !item->step_count || item->held)
			continue;
		other = holder(p, item);
		if (!other || shrink_first(p, item))
			continue;
		hold_for(p, item, other);
		waits[i - span->first] = true;
	}
	for (size_t i = span->first; i < span->end; i++)
		break_ring(p, span, waits, i);
}

static const char *const columns[] = { "addresses", "auto_assign", NULL };

static const struct watch watches[] = {
	{ .path = METALLB_API "ipaddresspools",
	    .prefix = "",
	    .missing = METALLB_MISSING },
};

const struct kind pool_kind = {
	.row = &pool_row,
	.name = "pool",
	.plural = "pools",
	.title = "MetalLB address pool",
	.origin = ORIGIN_KUBERNETES,
	.fields = { rows, sizeof(struct pool) },
	.sections = sections,
	.section_count = 1,
	.list_columns = columns,
	.watches = watches,
	.watch_count = 1,
	.read_object = read_object,
	.decode = decode,
	.plan = plan,
	.settle = settle,
};
