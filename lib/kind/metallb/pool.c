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
#include "lib/kind/actions.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/metallb/pool.h"
#include "lib/kind/metallb/metallb.h"
#include "lib/kind/metallb/pool_due.h"
#include "lib/kind/metallb/pool_import.h"
#include "lib/kind/metallb/pool_record.h"
#include "lib/kind/network/network_users.h"

#define MAX_SPEC                                                                         \
	((size_t)64 * 1024) /* bytes; of what is larger only addresses come back */

static const char *const advertise_words[] = { "layer2", "none", NULL };

#define MANIFEST                                                                         \
	"this is a Kubernetes manifest; here a pool of MetalLB's is written as in \"metallb: {pools: {default-pool: {addresses: [192.168.122.100-192.168.122.150]}}}\""

static const struct hint section_hints[] = {
	{ "apiVersion", MANIFEST, true },
	{ "kind", NULL, false },
	{ "metadata", NULL, false },
	{ "spec", NULL, false },
	{ 0 },
};

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

/* NULL: it is too large. */
static const char *spec_text(struct arena *a, struct json_object *spec)
{
	const char *text = spec ? json_text(spec) : NULL;

	return text && strlen(text) <= MAX_SPEC ? arena_copy(a, text) : NULL;
}

/* What of it our own applies have brought, addresses apart. */
static const char *ours(struct arena *a, struct json_object *o)
{
	struct json_object *fields = metallb_own_fields(o, "f:spec");
	autojson struct json_object *own = json_object_new_object();

	if (!json_object_is_type(fields, json_type_object))
		return NULL;
	json_object_object_foreach (fields, key, value) {
		struct json_object *member;

		(void)value;
		if (strncmp(key, "f:", 2) == 0 && strcmp(key, "f:addresses") != 0 &&
		    json_object_object_get_ex(json_at(o, "spec"), key + 2, &member))
			json_put(own, key + 2, json_object_get(member));
	}
	return spec_text(a, own);
}

static bool is_mark(const char *key, struct json_object *value)
{
	const char *text = json_object_get_string(value);

	return strcmp(key, MARK_LABEL) == 0 && text && strcmp(text, MARK_MANAGER) == 0;
}

/* Those among `fields` (NULL: all). */
static const char *labels_text(
    struct arena *a, struct json_object *o, struct json_object *fields)
{
	struct json_object *all = json_at(o, "metadata.labels");
	autojson struct json_object *out = json_object_new_object();

	if (!json_object_is_type(all, json_type_object))
		return NULL;
	json_object_object_foreach (all, key, value) {
		const char *field = arena_printf(a, "f:%s", key);

		if (!is_mark(key, value) &&
		    (!fields || json_object_object_get_ex(fields, field, NULL)))
			json_put(out, key, json_object_get(value));
	}
	return json_object_object_length(out) ? spec_text(a, out) : NULL;
}

static const char *own_labels(struct arena *a, struct json_object *o)
{
	struct json_object *fields = metallb_own_fields(o, "f:metadata.f:labels");

	return fields ? labels_text(a, o, fields) : NULL;
}

#define ADDRESSES_MAX 1024

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct pool *pool = observed_object(observed);
	struct json_object *o = reading->json, *list = json_at(o, "spec.addresses");

	if (json_count(list) > ADDRESSES_MAX)
		return fail(e,
		    "spec.addresses has %zu ranges, more than the %d of any home",
		    json_count(list), ADDRESSES_MAX);
	for (size_t i = 0; i < json_count(list); i++) {
		const char *text = json_object_get_string(json_item(list, i));
		struct range range;

		if (!text || range_parse(text, &range, e) < 0)
			return fail_in(e, "spec.addresses[%zu]", i);
		ranges_add(&observed->arena, &pool->addresses, range);
	}
	pool->spec = spec_text(&observed->arena, json_at(o, "spec"));
	pool->ours = ours(&observed->arena, o);
	pool->labels = labels_text(&observed->arena, o, NULL);
	pool->own_labels = own_labels(&observed->arena, o);
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

static void report_contest(struct planner *p, struct item *item, struct program *program,
    const struct pool *live)
{
	contest_report(p, item, &pool_record_of(item->state)->contest, program,
	    live ? live->meta.manager : NULL, "metallb.pools");
}

/* Machines that have what it is to be given next. */
static void add_users(struct planner *p, struct program *program, const struct pool *want,
    const struct pool *live)
{
	struct ranges due = pool_due(p, want, live);

	if (live)
		due = ranges_subtract(p->arena, due, live->addresses);
	network_users_effects(p, program, due);
}

/* One that somebody has deleted comes back as it was, unless others hold that now. */
static void plan_new(struct planner *p, struct item *item, const struct pool *want)
{
	struct ranges due = pool_due(p, want, NULL);
	struct ranges first = due.count ? due : want->addresses;
	bool as_it_was = pool_comes_back(p, want);

	item_pending(p, item,
	    as_it_was ? "is gone, and comes back as it was first" : "is to be created");
	metallb_apply(p, item, NULL,
	    arena_printf(p->arena, "create pool %s with %s%s", item->name,
		ranges_text(p->arena, first), as_it_was ? ", as it was" : ""));
	program_change(p, item->programs[0], "addresses", ranges_text(p->arena, first));
	add_users(p, item->programs[0], want, NULL);
	report_contest(p, item, item->programs[0], NULL);
}

static void plan_unwritten(struct planner *p, struct item *item, const struct pool *live)
{
	struct program *program = metallb_unwritten(p, item, &live->meta);

	if (program)
		add_services(p, program, live->addresses, kept(p, item, NULL));
}

/* Addresses ending in .0 and .255 that Services have of the pool. */
static struct ranges buggy_in_use(struct planner *p, const struct pool *live)
{
	const struct observed_set *services =
	    &p->input->observed->kinds[kind_index(&service_kind)];
	struct ranges all = { 0 };

	for (size_t i = 0; i < services->count; i++) {
		const struct service *s =
		    (const struct service *)services->items[i]->live;

		for (size_t k = 0; s && k < s->address_count; k++) {
			struct ip ip = s->addresses[k];
			unsigned last = (unsigned)ip.value & 0xff;

			if (ip.version == 4 && (last == 0 || last == 255) &&
			    ranges_contain(live->addresses, ip))
				ranges_add(p->arena, &all, (struct range){ ip, ip });
		}
	}
	return all;
}

static const char *change_text(struct planner *p, const struct item *item,
    const struct pool *want, const struct difference *d)
{
	if (strcmp(d->field, "addresses") == 0)
		return arena_printf(p->arena, "change pool %s to %s", item->name,
		    ranges_text(p->arena, want->addresses));
	return arena_printf(
	    p->arena, "change %s of pool %s to %s", d->field, item->name, d->want);
}

/* One key. What needs approval, or waits, keeps no other key from being put right. */
static void plan_change(struct planner *p, struct item *item, const struct pool *want,
    const struct pool *live, const struct difference *d)
{
	struct program *program =
	    metallb_apply(p, item, &live->meta, change_text(p, item, want, d));
	struct kube_request *request = step_arguments(program->steps[0]);

	request->only = field_bit(&pool_fields, d->field);
	program_change(p, program, d->field, d->want);
	if (strcmp(d->field, "addresses") == 0) {
		add_services(p, program, live->addresses, kept(p, item, want));
		add_users(p, program, want, live);
	} else if (strcmp(d->field, "avoid_buggy_ips") == 0 && want->avoid_buggy_ips &&
		   metallb_services_known(p, program, live->addresses)) {
		/* MetalLB takes them from the Services that have them. */
		metallb_effects(p, program, EFFECT_MOVES_ADDRESS, buggy_in_use(p, live));
	}
	report_contest(p, item, program, live);
}

static void plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct pool *want = (const struct pool *)object, *live;

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
		report_contest(p, item, NULL, live);
		return;
	}
	item_pending(p, item, "differs in %s", item->differences.items[0].field);
	for (size_t i = 0; i < item->differences.count; i++)
		plan_change(p, item, want, live, &item->differences.items[i]);
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
	.section_hints = section_hints,
	.sections = sections,
	.section_count = 1,
	.list_columns = columns,
	.watches = watches,
	.watch_count = 1,
	.watch_in = metallb_watch_in,
	.read_object = read_object,
	.decode = decode,
	.plan = plan,
	.import = pool_import,
	.state_fields = &pool_record_fields,
	.remembers_all = true,
	.desired = pool_record_desired,
	.observed = pool_record_observed,
	.ended = pool_record_ended,
	.converged = pool_record_converged,
	.requested = pool_record_requested,
	.document = pool_document,
	.settle = pool_settle,
	.is_owned = is_owned,
};
