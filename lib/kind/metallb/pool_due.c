/* SPDX-License-Identifier: MIT */
/* pool_due: what is applied next, as addresses and as a document. */
#include "lib/kind/metallb/pool_due.h"

#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/metallb/metallb.h"
#include "lib/kind/metallb/pool_record.h"

static const struct pool_record *record_of(struct planner *p, const char *name)
{
	const struct object_state *state = state_find(p->input->state, &pool_kind, name);

	return state ? pool_record_of(state) : NULL;
}

static const char *holder_of(struct planner *p, const char *name, struct ranges addresses)
{
	const struct observed_set *pools =
	    &p->input->observed->kinds[kind_index(&pool_kind)];

	for (size_t i = 0; i < pools->count; i++) {
		const struct pool *other = (const struct pool *)pools->items[i]->live;

		if (other && strcmp(pools->items[i]->name, name) != 0 &&
		    ranges_overlap(other->addresses, addresses))
			return pools->items[i]->name;
	}
	return NULL;
}

/* What the pool had before it was deleted, unless others hold that now. */
static bool had(struct planner *p, const char *name, struct ranges *out)
{
	const struct pool_record *record = record_of(p, name);

	return record && pool_record_addresses(p->arena, record, out) &&
	       !holder_of(p, name, *out);
}

/* One that was deleted holds what it comes back with: else it would come back as what is
 * written, and a change that waits for approval would be made without it. */
static const char *returning(struct planner *p, const char *name, struct ranges addresses)
{
	const struct set *desired = config_get(p->input->desired, &pool_kind);
	struct ranges was;

	for (size_t i = 0; i < desired->count; i++) {
		const char *other = desired->items[i]->name;

		if (strcmp(other, name) != 0 && !planner_entry(p, &pool_kind, other) &&
		    had(p, other, &was) && ranges_overlap(was, addresses))
			return other;
	}
	return NULL;
}

const char *pool_holder(struct planner *p, const struct pool *want)
{
	const char *holder = holder_of(p, want->object.name, want->addresses);

	return holder ? holder : returning(p, want->object.name, want->addresses);
}

/* With another pool in the way it gives up what is to go and takes nothing yet, so that
 * two pools can exchange addresses. */
static struct ranges due_now(
    struct planner *p, const struct pool *want, const struct pool *live)
{
	const char *other = pool_holder(p, want);
	struct ranges common = { 0 };

	if (!other)
		return want->addresses;
	if (!planner_desired(p, &pool_kind, other))
		return common; /* that one never gives way */
	if (live)
		common = ranges_intersect(p->arena, want->addresses, live->addresses);
	if (live && ranges_equal(common, live->addresses))
		common.count = 0;
	return common;
}

struct ranges pool_due(
    struct planner *p, const struct pool *want, const struct pool *live)
{
	struct ranges was;

	return !live && had(p, want->object.name, &was) ? was : due_now(p, want, live);
}

/* New reference; NULL: it is not known. */
static struct json_object *spec_before(struct planner *p, const struct pool *want)
{
	const struct pool_record *record = record_of(p, want->object.name);
	const char *text = record ? record->spec : NULL;

	return text ? json_parse(text, strlen(text), 32, NULL) : NULL;
}

static bool is_bool(const struct pool *want, const char *key, bool value,
    struct json_object *spec, const char *path, bool fallback)
{
	return !field_has(&pool_kind.fields, want, key) ||
	       json_bool_at(spec, path, fallback) == value;
}

bool pool_comes_back(struct planner *p, const struct pool *want)
{
	autojson struct json_object *spec = spec_before(p, want);
	struct ranges was;

	if (!had(p, want->object.name, &was))
		return false;
	return !ranges_equal(was, want->addresses) ||
	       (spec && !(is_bool(want, "auto_assign", want->auto_assign, spec,
			      "autoAssign", true) &&
			    is_bool(want, "avoid_buggy_ips", want->avoid_buggy_ips, spec,
				"avoidBuggyIPs", false)));
}

static struct json_object *address_list(
    struct planner *p, const struct pool *want, struct ranges due)
{
	struct json_object *list = json_object_new_array();
	bool whole = ranges_equal(due, want->addresses);

	for (size_t i = 0; whole && i < want->address_text_count; i++)
		json_push_string(list, want->address_texts[i]);
	for (size_t i = 0; !whole && i < due.count; i++)
		json_push_string(
		    list, arena_printf(p->arena, "%s-%s",
			      ip_text(due.items[i].first, (char[IP_TEXT]){ 0 }),
			      ip_text(due.items[i].last, (char[IP_TEXT]){ 0 })));
	return list;
}

/* As they stand there. */
static struct json_object *addresses_now(
    struct planner *p, const struct pool *want, const struct pool *live)
{
	autojson struct json_object *spec =
	    live->spec ? json_parse(live->spec, strlen(live->spec), 32, NULL) : NULL;
	struct json_object *list = json_at(spec, "addresses");

	return list ? json_object_get(list) : address_list(p, want, live->addresses);
}

static bool changes(uint64_t only, const char *key)
{
	return !only || (only & field_bit(&pool_kind.fields, key));
}

/*
 * What is not written keeps its value: an apply takes away what our earlier one has
 * brought and it has not, be it a field that came back with the pool, or one that was
 * written once. So does what is not to change now.
 */
static struct json_object *spec_due(
    struct planner *p, const struct pool *want, const struct pool *live, uint64_t only)
{
	struct json_object *spec = NULL;

	if (!live)
		spec = spec_before(p, want);
	else if (live->ours)
		spec = json_parse(live->ours, strlen(live->ours), 32, NULL);
	if (!live && spec && pool_comes_back(p, want))
		return spec;
	if (!json_object_is_type(spec, json_type_object)) {
		json_object_put(spec);
		spec = json_object_new_object();
	}
	json_put(spec, "addresses",
	    live && !changes(only, "addresses")
		? addresses_now(p, want, live)
		: address_list(p, want, pool_due(p, want, live)));
	if (!live && pool_comes_back(p, want))
		return spec;
	if (field_has(&pool_kind.fields, want, "auto_assign") &&
	    changes(only, "auto_assign"))
		json_put_bool(spec, "autoAssign", want->auto_assign);
	if (field_has(&pool_kind.fields, want, "avoid_buggy_ips") &&
	    changes(only, "avoid_buggy_ips"))
		json_put_bool(spec, "avoidBuggyIPs", want->avoid_buggy_ips);
	return spec;
}

/* Labels may be what an advertisement selects it by: they come back with it, and stay. */
static struct json_object *labels_due(
    struct planner *p, const struct pool *want, const struct pool *live)
{
	const struct pool_record *record = record_of(p, want->object.name);
	const char *text = live ? live->own_labels : record ? record->labels : NULL;

	return text ? json_parse(text, strlen(text), 32, NULL) : NULL;
}

const char *pool_document(struct planner *p, const struct step *step, struct error *e)
{
	const struct pool *want =
	    (const struct pool *)planner_desired(p, &pool_kind, step->name);
	const struct observed *have = planner_entry(p, &pool_kind, step->name);
	const struct pool *live = have ? (const struct pool *)have->live : NULL;
	const struct pool_record *record;
	bool owned;

	if (!want) {
		fail(e, "pool/%s is no longer written", step->name);
		return NULL;
	}
	record = record_of(p, want->object.name);
	owned = live ? live->meta.owned : !record || !record->adopted;
	return metallb_body(p, step,
	    &(struct metallb_body){ "IPAddressPool", live ? &live->meta : NULL, owned,
		spec_due(
		    p, want, live, ((const struct kube_request *)step->arguments)->only),
		labels_due(p, want, live) },
	    e);
}
