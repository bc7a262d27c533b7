/* SPDX-License-Identifier: MIT */
/* world_kube: the cluster's objects as the API server shows and takes them. */
#include <string.h>

#include "lib/doc/json.h"
#include "test/sim/world.h"

#define OWNER_KEY "app.kubernetes.io/managed-by"
#define OWNER "homek8sd"

void object_managed(struct w_object *o, const char *manager)
{
	for (size_t i = 0; i < o->manager_count; i++)
		if (strcmp(o->managers[i], manager) == 0) {
			memmove(&o->managers[i], &o->managers[i + 1],
			    (--o->manager_count - i) * sizeof(o->managers[0]));
			break;
		}
	if (o->manager_count < MANAGERS)
		o->managers[o->manager_count++] = manager;
}

void object_label(struct w_object *o, const char *key, const char *value)
{
	for (size_t i = 0; i < o->label_count; i++)
		if (strcmp(o->labels[i].key, key) == 0) {
			o->labels[i].value = value;
			return;
		}
	if (o->label_count < LABELS)
		o->labels[o->label_count++] = (struct w_label){ key, value };
}

const char *object_labelled(const struct w_object *o, const char *key)
{
	for (size_t i = 0; i < o->label_count; i++)
		if (strcmp(o->labels[i].key, key) == 0)
			return o->labels[i].value;
	return NULL;
}

bool object_owned(const struct w_object *o)
{
	const char *label = object_labelled(o, OWNER_KEY);
	bool manager = false;

	for (size_t i = 0; i < o->manager_count; i++)
		manager |= strcmp(o->managers[i], OWNER) == 0;
	return manager && o->label_ours && label && strcmp(label, OWNER) == 0;
}

/* Showing */

static struct json_object *texts(const char *const *items, size_t count)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_push_string(list, items[i]);
	return list;
}

/* Of managedFields, as far as anybody reads it. */
static struct json_object *fields(bool label, bool cordon)
{
	struct json_object *all = json_object_new_object();
	struct json_object *spec = json_object_new_object();
	struct json_object *metadata = json_object_new_object();
	struct json_object *labels = json_object_new_object();

	if (label)
		json_put(labels, "f:" OWNER_KEY, json_object_new_object());
	json_put(metadata, "f:labels", labels);
	json_put(all, "f:metadata", metadata);
	if (cordon)
		json_put(spec, "f:unschedulable", json_object_new_object());
	json_put(all, "f:spec", spec);
	return all;
}

static struct json_object *metadata(struct world *w, const struct w_object *o)
{
	struct json_object *m = json_object_new_object(), *list, *labels;
	const char *slash = strchr(o->e.name, '/');

	json_put_string(m, "name", slash ? slash + 1 : o->e.name);
	if (slash)
		json_put_string(m, "namespace",
		    arena_copy_n(w->arena, o->e.name, (size_t)(slash - o->e.name)));
	else if (o->type != OBJECT_NODE)
		json_put_string(m, "namespace", "metallb-system");
	json_put_string(m, "uid", arena_printf(w->arena, "uid-%u", o->uid));
	json_put_string(m, "resourceVersion", arena_printf(w->arena, "%u", o->e.version));
	labels = json_object_new_object();
	for (size_t i = 0; i < o->label_count; i++)
		json_put_string(labels, o->labels[i].key, o->labels[i].value);
	json_put(m, "labels", labels);
	list = json_object_new_array();
	for (size_t i = 0; i < o->manager_count; i++) {
		struct json_object *one = json_object_new_object();
		bool ours = strcmp(o->managers[i], OWNER) == 0;

		json_put_string(one, "manager", o->managers[i]);
		json_put_string(one, "operation", "Apply");
		json_put(one, "fieldsV1",
		    fields(ours && o->label_ours,
			ours && o->unschedulable && !o->cordoned_by_hand));
		json_put_string(
		    one, "time", arena_printf(w->arena, "2026-01-01T00:00:%02zuZ", i));
		json_push(list, one);
	}
	json_put(m, "managedFields", list);
	if (o->finalizer)
		json_put(m, "finalizers", texts(&o->finalizer, 1));
	if (o->deleting)
		json_put_string(m, "deletionTimestamp", "2026-01-01T00:00:00Z");
	return m;
}

static void show_pool(const struct w_object *o, struct json_object *spec)
{
	json_put(spec, "addresses", texts(o->addresses, o->address_count));
	json_put_bool(spec, "autoAssign", o->auto_assign != 0);
	json_put_bool(spec, "avoidBuggyIPs", o->avoid == 1);
	if (o->extra)
		json_put_string(spec, "description", o->extra);
}

static void show_advertisement(
    struct world *w, const struct w_object *o, struct json_object *spec)
{
	const char *equals = o->selector ? strchr(o->selector, '=') : NULL;
	static const char *const interface = "eth0";

	if (o->pool_count)
		json_put(spec, "ipAddressPools", texts(o->pools, o->pool_count));
	if (equals) {
		struct json_object *list = json_object_new_array();
		struct json_object *one = json_object_new_object();
		struct json_object *labels = json_object_new_object();

		json_put_string(labels,
		    arena_copy_n(w->arena, o->selector, (size_t)(equals - o->selector)),
		    equals + 1);
		json_put(one, "matchLabels", labels);
		json_push(list, one);
		json_put(spec, "ipAddressPoolSelectors", list);
	}
	if (o->limited)
		json_put(spec, "interfaces", texts(&interface, 1));
}

static struct json_object *service_status(const struct w_object *o)
{
	struct json_object *status = json_object_new_object();
	struct json_object *balancer = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < o->address_count; i++) {
		struct json_object *one = json_object_new_object();

		json_put_string(one, "ip", o->addresses[i]);
		json_push(list, one);
	}
	json_put(balancer, "ingress", list);
	json_put(status, "loadBalancer", balancer);
	return status;
}

static struct json_object *node_status(const struct w_object *o)
{
	struct json_object *status = json_object_new_object();
	struct json_object *list = json_object_new_array(), *one, *info;

	for (size_t i = 0; i < o->address_count; i++) {
		one = json_object_new_object();
		json_put_string(one, "type", "InternalIP");
		json_put_string(one, "address", o->addresses[i]);
		json_push(list, one);
	}
	json_put(status, "addresses", list);
	list = json_object_new_array();
	one = json_object_new_object();
	json_put_string(one, "type", "Ready");
	json_put_string(one, "status", o->ready ? "True" : "False");
	json_push(list, one);
	json_put(status, "conditions", list);
	info = json_object_new_object();
	json_put_string(info, "systemUUID", o->uuid);
	json_put_string(info, "kubeletVersion", "v1.29.0");
	json_put(status, "nodeInfo", info);
	return status;
}

struct json_object *object_json(struct world *w, const struct w_object *o)
{
	struct json_object *all = json_object_new_object();
	struct json_object *spec = json_object_new_object();

	json_put(all, "metadata", metadata(w, o));
	switch (o->type) {
	case OBJECT_POOL:
		show_pool(o, spec);
		break;
	case OBJECT_L2:
	case OBJECT_BGP:
		show_advertisement(w, o, spec);
		break;
	case OBJECT_SERVICE:
		json_put_string(spec, "type", "LoadBalancer");
		if (o->pinned)
			json_put_string(spec, "loadBalancerIP", o->pinned);
		json_put(all, "status", service_status(o));
		break;
	case OBJECT_NODE:
	case TYPES:
		json_put(all, "status", node_status(o));
		node_show(w, o, json_at(all, "metadata"), spec,
		    json_at(all, "status.nodeInfo"));
		break;
	}
	json_put(all, "spec", spec);
	return all;
}

/* Taking */

static const char *take_texts(
    struct arena *a, struct json_object *list, const char **items, size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < json_count(list); i++) {
		if (*count == ADDRESSES)
			return "too many items";
		items[(*count)++] =
		    arena_copy(a, json_object_get_string(json_item(list, i)));
	}
	return NULL;
}

/* MetalLB's webhook: ranges that read, at least one, none of another pool. */
static const char *judge_pool(struct world *w, const struct w_object *o)
{
	struct ranges own, other;

	if (!o->address_count || !object_ranges(w->arena, o, &own))
		return "admission webhook denied the request: pool has no valid addresses";
	for (size_t i = 0; i < OBJECTS; i++)
		if (w->objects[i].e.exists && w->objects[i].type == OBJECT_POOL &&
		    strcmp(w->objects[i].e.name, o->e.name) != 0 &&
		    object_ranges(w->arena, &w->objects[i], &other) &&
		    ranges_overlap(own, other))
			return "admission webhook denied the request: CIDR overlaps with already defined CIDR";
	return NULL;
}

static const char *take_spec(
    struct world *w, struct w_object *o, struct json_object *spec)
{
	struct json_object *list;
	const char *why = NULL;

	if (json_object_object_get_ex(spec, "addresses", &list))
		why = take_texts(w->arena, list, o->addresses, &o->address_count);
	if (!why && json_object_object_get_ex(spec, "ipAddressPools", &list))
		why = take_texts(w->arena, list, o->pools, &o->pool_count);
	if (json_object_object_get_ex(spec, "autoAssign", NULL))
		o->auto_assign = json_bool_at(spec, "autoAssign", true);
	if (json_object_object_get_ex(spec, "avoidBuggyIPs", NULL))
		o->avoid = json_bool_at(spec, "avoidBuggyIPs", false);
	if (!why && o->type == OBJECT_POOL)
		why = judge_pool(w, o);
	return why;
}

const char *object_apply(struct world *w, struct w_object *o, struct json_object *body,
    const char *manager, int *status)
{
	struct w_object next = *o;
	struct json_object *labels = json_at(body, "metadata.labels");
	const char *why;

	*status = 422;
	if (!next.e.exists) {
		next = (struct w_object){ .e = o->e,
			.type = o->type,
			.auto_assign = -1,
			.avoid = -1,
			.had = o->had,
			.had_in = o->had_in,
			.uid = ++w->next_uuid };
		next.e.exists = true;
	}
	if (labels) {
		next.label_ours |= json_object_object_get_ex(labels, OWNER_KEY, NULL);
		json_object_object_foreach (labels, key, value)
			object_label(&next, arena_copy(w->arena, key),
			    arena_copy(w->arena, json_object_get_string(value)));
	}
	why = take_spec(w, &next, json_at(body, "spec"));
	if (why)
		return why;
	object_managed(&next, manager);
	*o = next;
	world_touch(&o->e);
	w->metallb_due = true;
	*status = 200;
	return NULL;
}

void object_delete(struct world *w, struct w_object *o, struct rng *rng)
{
	if (o->finalizer) {
		o->deleting = true;
		o->gone_at = w->now_us + rng_between(rng, 1, 20) * 1000000;
	} else {
		o->e.exists = false;
		w->metallb_due = true;
	}
	world_touch(&o->e);
}
