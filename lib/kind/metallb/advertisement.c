/* SPDX-License-Identifier: MIT */
/*
 * advertisement: MetalLB's L2Advertisement that makes a pool's addresses answer on the
 * wire. A pool without one is the commonest reason why an assigned address does not work.
 * Any existing advertisement that covers the pool will do; one of the pool's name is made
 * only where there is none.
 */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/metallb/pool.h"
#include "lib/kind/metallb/metallb.h"

static const struct field rows[] = { { 0 } };

static void derive(struct config *config, struct report *report)
{
	const struct set *pools = config_get(config, &pool_kind);

	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i];
		struct advertisement *a;

		if (pool->advertise != 0)
			continue;
		a = (struct advertisement *)config_object(
		    config, &advertisement_kind, pool->object.name, report);
		if (!a)
			continue;
		a->object.record.node = pool->object.record.node;
		a->pools = arena_alloc(&config->arena, sizeof(char *));
		a->pools[0] = pool->object.name;
		a->pool_count = 1;
	}
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct advertisement *ad = observed_object(observed);
	struct json_object *o = reading->json, *list = json_at(o, "spec.ipAddressPools");
	static const char *const selectors[] = { "spec.ipAddressPoolSelectors",
		"spec.nodeSelectors", "spec.interfaces", "spec.serviceSelectors" };

	(void)e;
	for (size_t i = 0; i < json_count(list); i++) {
		const char **slot = arena_push(
		    &observed->arena, &ad->pools, &ad->pool_count, sizeof(*slot));

		*slot = arena_copy(
		    &observed->arena, json_object_get_string(json_item(list, i)));
	}
	for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++)
		ad->selective |= json_count(json_at(o, selectors[i])) > 0;
	ad->marked = metallb_marked(o);
	ad->uid = arena_copy(&observed->arena, json_string_at(o, "metadata.uid"));
	observed->live = &ad->object;
	return 0;
}

static bool names(const struct advertisement *ad, const char *pool)
{
	for (size_t i = 0; i < ad->pool_count; i++)
		if (ad->pools[i] && strcmp(ad->pools[i], pool) == 0)
			return true;
	return false;
}

/* No pools and no selectors mean every pool (MetalLB's rule). */
static bool covers(const struct advertisement *ad, const char *pool)
{
	return !ad->selective && (!ad->pool_count || names(ad, pool));
}

/* Another advertisement than `self` that covers the pool, or NULL. */
static const char *other_cover(struct planner *p, const char *self, const char *pool)
{
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(&advertisement_kind)];

	for (size_t i = 0; i < observed->count; i++) {
		const struct advertisement *ad =
		    (const struct advertisement *)observed->items[i]->live;

		if (ad && strcmp(ad->object.name, self) != 0 && covers(ad, pool))
			return ad->object.name;
	}
	return NULL;
}

/* The list is replaced as a whole: what is foreign in it stays in it. */
static const char *document(struct planner *p, const struct step *step, struct error *e)
{
	const struct observed *have = planner_entry(p, &advertisement_kind, step->name);
	const struct advertisement *live =
	    have ? (const struct advertisement *)have->live : NULL;
	struct json_object *spec = json_object_new_object();
	struct json_object *list = json_object_new_array();

	(void)e;
	/* An owned one says what is written and no more; a foreign one keeps its own. */
	for (size_t i = 0; live && !live->marked && i < live->pool_count; i++)
		json_push_string(list, live->pools[i]);
	json_push_string(list, step->name);
	json_put(spec, "ipAddressPools", list);
	return metallb_body(p, step, "L2Advertisement", !live || live->marked, spec);
}

/* Addresses of the pools it names that no other advertisement covers. */
static struct ranges announced_alone(struct planner *p, const struct advertisement *live)
{
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges all = { 0 };

	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i]->live;

		if (!pool || (live->pool_count && !names(live, pool->object.name)) ||
		    other_cover(p, live->object.name, pool->object.name))
			continue;
		for (size_t k = 0; k < pool->addresses.count; k++)
			ranges_add(p->arena, &all, pool->addresses.items[k]);
	}
	return all;
}

static void plan_unwritten(
    struct planner *p, struct item *item, const struct advertisement *live)
{
	struct program *program = metallb_unwritten(p, item, live->marked, live->uid);
	struct ranges alone;

	if (!program)
		return;
	alone = announced_alone(p, live);
	if (metallb_services_known(p, program, alone))
		metallb_effects(p, program, EFFECT_UNANNOUNCES, alone);
}

static void plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have)
{
	const struct advertisement *live =
	    have ? (const struct advertisement *)have->live : NULL;
	const char *verb = live ? "repair" : "create", *other;
	struct program *program;

	if (!want) {
		plan_unwritten(p, item, live);
		return;
	}
	if (live && covers(live, item->name)) {
		item_ok(item);
		return;
	}
	other = other_cover(p, item->name, item->name);
	if (other) {
		item_converged(p, item, "advertised by %s", other);
		return;
	}
	if (live && names(live, item->name)) {
		item_converged(p, item, "limited to some nodes, interfaces or Services");
		return;
	}
	item_pending(p, item, live ? "does not name its pool" : "is to be created");
	item_difference(p, item, "pools", item->name, live ? "another" : NULL);
	program = metallb_apply(p, item,
	    arena_printf(p->arena, "%s advertisement %s of pool %s", verb, item->name,
		item->name));
	program_change(p, program, "pools", item->name);
}

static const struct watch watches[] = {
	{ .path = METALLB_PATH("v1beta1", "l2advertisements"),
	    .prefix = "",
	    .missing = METALLB_MISSING("v1beta1") },
};

const struct kind advertisement_kind = {
	.row = &advertisement_row,
	.name = "advertisement",
	.plural = "advertisements",
	.title = "MetalLB layer 2 advertisement",
	.source = &kubernetes_source,
	.fields = { rows, sizeof(struct advertisement) },
	.watches = watches,
	.watch_count = 1,
	.derive = derive,
	.decode = decode,
	.plan = plan,
	.document = document,
};
