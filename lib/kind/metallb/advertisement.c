/* SPDX-License-Identifier: MIT */
/*
 * advertisement: MetalLB's L2Advertisement that makes a pool's addresses answer on the
 * wire. A pool without one is the commonest reason why an assigned address does not work.
 * Any existing advertisement about the pool will do, over BGP too; one of the pool's name
 * is made only where there is none, and for a pool that is not ours only where it is
 * written.
 */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/metallb/pool.h"
#include "lib/kind/metallb/metallb.h"
#include "lib/kind/metallb/pool_record.h"

#define BGP "bgp/" /* before the names of what is advertised over BGP */
#define BGP_MISSING "this MetalLB has no BGP advertisements"

static const struct field rows[] = { { 0 } };

/* Kept between plans: whether somebody else goes on undoing what we do. */
struct advertisement_record {
	struct record record;
	struct contest contest;
};

static const struct field record_rows[] = {
	CONTEST_ROWS(struct advertisement_record),
	{ 0 },
};

static const struct fields record_fields = { record_rows,
	sizeof(struct advertisement_record) };

static struct contest *contest_of(const struct object_state *state)
{
	return &((struct advertisement_record *)state->own)->contest;
}

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

static void read_names(
    struct arena *a, struct advertisement *ad, struct json_object *list)
{
	for (size_t i = 0; i < json_count(list); i++) {
		const char **slot =
		    arena_push(a, &ad->pools, &ad->pool_count, sizeof(*slot));

		*slot = arena_copy(a, json_object_get_string(json_item(list, i)));
	}
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct advertisement *ad = observed_object(observed);
	struct json_object *o = reading->json;
	static const char *const limits[] = { "spec.nodeSelectors", "spec.interfaces",
		"spec.serviceSelectors", "spec.peers" };

	(void)e;
	read_names(&observed->arena, ad, json_at(o, "spec.ipAddressPools"));
	ad->selectors = metallb_selectors(
	    &observed->arena, json_at(o, "spec.ipAddressPoolSelectors"));
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		ad->limited |= json_count(json_at(o, limits[i])) > 0;
	ad->limited |= strncmp(reading->name, BGP, strlen(BGP)) == 0;
	ad->meta = metallb_meta(&observed->arena, o);
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

/* It is ours and names no pool any more, which to MetalLB is every pool: also those that are
 * not to be advertised. */
static bool is_of_all(const struct advertisement *ad)
{
	return ad->meta.owned && !ad->pool_count && !ad->selectors.count;
}

/* What it is instead of an advertisement of its pool, as text; NULL: it is one. Selectors
 * are taken to be right here: pools' labels are not known. */
static const char *differing(
    struct arena *a, const struct advertisement *ad, const char *pool)
{
	const char *text = "pools";

	if (ad->limited)
		return "one within limits";
	if (is_of_all(ad))
		return "one of every pool";
	if (!ad->pool_count || ad->selectors.count || names(ad, pool))
		return NULL;
	for (size_t i = 0; i < ad->pool_count; i++)
		text = arena_printf(a, "%s%s %s", text, i ? "," : "", ad->pools[i]);
	return text;
}

static void record_desired(struct object_state *state, const struct object *desired)
{
	if (!desired)
		contest_anew(contest_of(state), true);
}

static bool record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random)
{
	const struct advertisement *ad =
	    observed ? (const struct advertisement *)observed->live : NULL;
	struct arena a = { 0 };

	(void)settings;
	(void)random;
	if (!observed)
		contest_observed(contest_of(state), CONTEST_NOTHING, now);
	else if (ad)
		contest_observed(contest_of(state), differing(&a, ad, want->name), now);
	arena_done(&a);
	return false;
}

static void record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random)
{
	(void)action;
	(void)arguments;
	(void)settings;
	(void)random;
	if (!failed)
		contest_repaired(contest_of(state), now);
}

static bool record_converged(struct object_state *state, const struct object *want)
{
	(void)want;
	contest_of(state)->good = true;
	return false;
}

static void record_requested(struct object_state *state)
{
	contest_anew(contest_of(state), false);
}

/* Whether it is about the pool; of one that is not there its labels are not known. No
 * names and no selectors mean every pool (MetalLB's rule). */
static bool is_about(struct planner *p, const struct advertisement *ad, const char *pool)
{
	const struct observed *observed = planner_entry(p, &pool_kind, pool);
	const struct pool *live = observed ? (const struct pool *)observed->live : NULL;

	if (!ad->pool_count && !ad->selectors.count)
		return true;
	return names(ad, pool) || (live && metallb_selects(&ad->selectors, &live->meta));
}

/* It answers for the pool everywhere, and goes on doing so. */
static bool covers(struct planner *p, const struct advertisement *ad, const char *pool)
{
	return !ad->limited && !ad->meta.deleting && is_about(p, ad, pool);
}

/* It goes too: nobody writes it, it is ours, and what is ours is pruned. */
static bool is_to_go(const struct planner *p, const struct advertisement *ad)
{
	return ad->meta.owned && p->input->desired->settings.prune &&
	       !planner_desired(p, &advertisement_kind, ad->object.name);
}

/* Another advertisement than `self` that stays and is about the pool, unlimited or
 * limited; or NULL. */
static const char *find_other(
    struct planner *p, const char *self, const char *pool, bool limited)
{
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(&advertisement_kind)];

	for (size_t i = 0; i < observed->count; i++) {
		const struct advertisement *ad =
		    (const struct advertisement *)observed->items[i]->live;

		if (ad && strcmp(ad->object.name, self) != 0 && !ad->meta.deleting &&
		    ad->limited == limited && is_about(p, ad, pool) && !is_to_go(p, ad))
			return ad->object.name;
	}
	return NULL;
}

bool advertisement_covers(struct planner *p, const char *pool)
{
	return find_other(p, "", pool, false);
}

/* The list is replaced as a whole: what others wrote into it stays in it. */
static const char *document(struct planner *p, const struct step *step, struct error *e)
{
	const struct observed *have = planner_entry(p, &advertisement_kind, step->name);
	const struct advertisement *live =
	    have ? (const struct advertisement *)have->live : NULL;
	struct json_object *spec = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; live && i < live->pool_count; i++)
		json_push_string(list, live->pools[i]);
	json_push_string(list, step->name);
	json_put(spec, "ipAddressPools", list);
	return metallb_body(p, step,
	    &(struct metallb_body){ "L2Advertisement", live ? &live->meta : NULL,
		!live || live->meta.owned, spec, NULL },
	    e);
}

/* Addresses of the pools it is about, but for `kept` (or NULL), that no other advertisement
 * goes on covering. */
static struct ranges announced_alone(
    struct planner *p, const struct advertisement *live, const char *kept)
{
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges all = { 0 };

	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *pool = (const struct pool *)pools->items[i]->live;

		if (!pool || (kept && strcmp(pool->object.name, kept) == 0) ||
		    !is_about(p, live, pool->object.name) ||
		    find_other(p, live->object.name, pool->object.name, false))
			continue;
		for (size_t k = 0; k < pool->addresses.count; k++)
			ranges_add(p->arena, &all, pool->addresses.items[k]);
	}
	return all;
}

/* What the program takes from pools other than `kept`. */
static void add_unannounced(struct planner *p, struct program *program,
    const struct advertisement *live, const char *kept)
{
	struct ranges alone = announced_alone(p, live, kept);

	if (metallb_services_known(p, program, alone))
		metallb_effects(p, program, EFFECT_UNANNOUNCES, alone);
}

static void plan_unwritten(
    struct planner *p, struct item *item, const struct advertisement *live)
{
	struct program *program = metallb_unwritten(p, item, &live->meta);

	if (program)
		add_unannounced(p, program, live, NULL);
}

/* A limit is meant: advertisements add up, and one without it would undo it. */
static void report_limited(struct planner *p, struct item *item, const char *by)
{
	item_converged(p, item, "advertised by %s, within limits of its own", by);
	plan_finding(p, SEVERITY_INFO, "advertisement-limited",
	    arena_printf(p->arena, "pool/%s", item->name),
	    "pool/%s is advertised by %s, which is limited (to BGP, nodes, interfaces, peers or Services); no other advertisement is made beside it",
	    item->name, by)
	    ->fix = arena_printf(p->arena,
	    "write `advertise: none` for the pool if that is meant, else delete %s with kubectl",
	    by);
}

/* The pool is not ours, or was not before it was deleted, and nothing is written of how it
 * is advertised. */
static bool is_adopted(struct planner *p, const struct item *item)
{
	const struct observed *observed = planner_entry(p, &pool_kind, item->name);
	const struct pool *live = observed ? (const struct pool *)observed->live : NULL;
	const struct pool *want =
	    (const struct pool *)planner_desired(p, &pool_kind, item->name);

	const struct object_state *state =
	    state_find(p->input->state, &pool_kind, item->name);
	bool foreign = live && !live->meta.owned;

	foreign |= state && pool_record_of(state)->adopted;
	return foreign && want && !want->advertise_given;
}

static void report_adopted(struct planner *p, struct item *item)
{
	item_converged(p, item, "nobody advertises the pool, which is foreign");
	plan_finding(p, SEVERITY_WARNING, "pool-not-advertised",
	    arena_printf(p->arena, "pool/%s", item->name),
	    "nobody advertises pool/%s; it was not created by homek8sd, and `advertise` is not written",
	    item->name)
	    ->fix = "write `advertise: layer2` (or `none`) for the pool";
}

static void report_contest(struct planner *p, struct item *item, struct program *program,
    const struct advertisement *live)
{
	contest_report(p, item, contest_of(item->state), program,
	    live ? live->meta.manager : NULL, "metallb.pools");
}

/* It never names a pool that is not there: that may be kept from being created for long; and
 * only of one that is there is it known which advertisements select it by its labels. */
static void wait_for_pool(struct planner *p, struct item *item, struct program *program)
{
	if (!planner_entry(p, &pool_kind, item->name))
		program_waits_for(p, program, &pool_kind, item->name);
}

static void plan_repair(
    struct planner *p, struct item *item, const struct advertisement *live)
{
	bool all = live && is_of_all(live);
	struct program *program;

	if (live && !live->meta.owned) {
		item_blocked(p, item,
		    "the advertisement %s is foreign and for other pools: add this pool to its ipAddressPools with kubectl, or write `advertise: none`",
		    item->name);
		return;
	}
	if (all)
		item_pending(p, item, "names no pool, and so advertises every pool");
	else
		item_pending(
		    p, item, live ? "does not name its pool" : "is to be created");
	item_difference(p, item, "pools", item->name,
	    all	   ? "every pool"
	    : live ? "another"
		   : NULL);
	program = metallb_apply(p, item, live ? &live->meta : NULL,
	    arena_printf(p->arena, "%s advertisement %s of pool %s",
		live ? "repair" : "create", item->name, item->name));
	program_change(p, program, "pools", item->name);
	if (all)
		add_unannounced(p, program, live, item->name);
	wait_for_pool(p, item, program);
	report_contest(p, item, program, live);
}

/* What is not known of what decides whether one is to be created, and why; NULL: all is
 * known, or MetalLB has no advertisements over BGP. */
static const char *unknown_yet(const struct planner *p, const char *pool)
{
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(&advertisement_kind)];
	const char *why;

	if (!planner_knows(p, &pool_kind, pool))
		return "its pool: not observed yet";
	if (observed_known(observed, BGP, &why) || (why && strcmp(why, BGP_MISSING) == 0))
		return NULL;
	return arena_printf(
	    p->arena, "whether BGP advertises it: %s", why ? why : "not observed yet");
}

static void plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have)
{
	const struct advertisement *live =
	    have ? (const struct advertisement *)have->live : NULL;
	const char *other, *unknown;

	if (!want) {
		if (live)
			plan_unwritten(p, item, live);
		return;
	}
	other = find_other(p, item->name, item->name, false);
	if (live && live->meta.deleting && !other) {
		item_pending(p, item, "%s; it is created anew once it is gone",
		    live->meta.deleting);
		return;
	}
	if (live && is_of_all(live) && !live->meta.deleting && !live->limited) {
		plan_repair(p, item, live);
		return;
	}
	if (live && covers(p, live, item->name)) {
		item_ok(item);
		report_contest(p, item, NULL, live);
		return;
	}
	if (other) {
		item_converged(p, item, "advertised by %s", other);
		return;
	}
	other = live && is_about(p, live, item->name)
		    ? item->name
		    : find_other(p, item->name, item->name, true);
	unknown = unknown_yet(p, item->name);
	if (other)
		report_limited(p, item, other);
	else if (unknown)
		item_unknown(p, item, "%s", unknown);
	else if (!live && is_adopted(p, item))
		report_adopted(p, item);
	else
		plan_repair(p, item, live);
}

static const struct watch watches[] = {
	{ .path = METALLB_PATH("v1beta1", "l2advertisements"),
	    .prefix = "",
	    .missing = METALLB_MISSING("v1beta1") },
	{ .path = METALLB_PATH("v1beta1", "bgpadvertisements"),
	    .prefix = BGP,
	    .missing = BGP_MISSING },
};

static bool is_owned(const struct observed *observed)
{
	return ((const struct advertisement *)observed->live)->meta.owned;
}

const struct kind advertisement_kind = {
	.row = &advertisement_row,
	.name = "advertisement",
	.plural = "advertisements",
	.title = "MetalLB layer 2 advertisement",
	.source = &kubernetes_source,
	.fields = { rows, sizeof(struct advertisement) },
	.watches = watches,
	.watch_count = 2,
	.watch_in = metallb_watch_in,
	.derive = derive,
	.decode = decode,
	.plan = plan,
	.state_fields = &record_fields,
	.desired = record_desired,
	.observed = record_observed,
	.ended = record_ended,
	.converged = record_converged,
	.requested = record_requested,
	.is_owned = is_owned,
	.document = document,
};
