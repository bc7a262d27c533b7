/* SPDX-License-Identifier: MIT */
/* world_node: Nodes: their kubelet, cordons, Pods and the disruption budget of some. */
#include <string.h>

#include "lib/doc/json.h"
#include "test/sim/world.h"

#define MARK "homek8s.io/drain"
#define EXCLUDE "node.kubernetes.io/exclude-from-external-load-balancers"
#define BOOT_US 4000000

static struct w_dom *machine(struct world *w, const struct w_object *o)
{
	for (size_t i = 0; o->uuid && i < DOMS; i++)
		if (w->doms[i].e.exists && w->doms[i].config.uuid &&
		    strcmp(w->doms[i].config.uuid, o->uuid) == 0)
			return &w->doms[i];
	return NULL;
}

/* Some time after its machine has started its kubelet says so. */
void node_advance(struct world *w, struct w_object *o)
{
	const struct w_dom *d = o->type == OBJECT_NODE ? machine(w, o) : NULL;

	if (!o->e.exists || !d || d->id < 0) {
		o->boots_at = 0;
		return;
	}
	if (d->id != o->booted) {
		o->booted = d->id;
		o->boots_at = w->now_us + BOOT_US;
	}
	if (!o->boots_at || o->boots_at > w->now_us || o->never_back)
		return;
	o->boots_at = 0;
	o->boots++;
	o->ready = true;
	world_touch(&o->e);
}

int64_t node_next(const struct world *w, const struct w_object *o)
{
	const struct w_dom *d =
	    o->type == OBJECT_NODE ? machine((struct world *)(uintptr_t)w, o) : NULL;

	if (!o->e.exists || !d || d->id < 0)
		return INT64_MAX;
	if (d->id != o->booted)
		return w->now_us;
	return o->boots_at && !o->never_back ? o->boots_at : INT64_MAX;
}

const struct w_dom *node_machine(struct world *w, const struct w_object *o)
{
	return machine(w, o);
}

/* Showing */

void node_show(struct world *w, const struct w_object *o, struct json_object *metadata,
    struct json_object *spec, struct json_object *info)
{
	struct json_object *annotations = json_object_new_object();

	if (o->mark)
		json_put_string(annotations, MARK, o->mark);
	json_put(metadata, "annotations", annotations);
	if (o->excluded)
		json_put_string(json_at(metadata, "labels"), EXCLUDE, "");
	if (o->unschedulable)
		json_put_bool(spec, "unschedulable", true);
	json_put_string(info, "bootID", arena_printf(w->arena, "boot-%u", o->boots));
}

static struct json_object *pod(
    struct world *w, const struct w_object *o, unsigned i, bool kept)
{
	struct json_object *pod = json_object_new_object();
	struct json_object *m = json_object_new_object();
	struct json_object *owners = json_object_new_array();
	struct json_object *owner = json_object_new_object();
	struct json_object *labels = json_object_new_object();

	json_put_string(owner, "kind", "ReplicaSet");
	json_put_bool(owner, "controller", true);
	json_push(owners, owner);
	json_put_string(m, "name", arena_printf(w->arena, "%s-%u", o->e.name, i));
	json_put_string(m, "namespace", "apps");
	json_put_string(m, "uid", arena_printf(w->arena, "pod-%u-%u", o->pod_uids, i));
	json_put_string(labels, "app", kept ? "db" : "web");
	json_put(m, "labels", labels);
	json_put(m, "ownerReferences", owners);
	json_put(pod, "metadata", m);
	return pod;
}

struct json_object *node_pods(struct world *w, const char *name)
{
	const struct w_object *o = world_object(w, OBJECT_NODE, name, false);
	struct json_object *all = json_object_new_object();
	struct json_object *items = json_object_new_array();

	for (unsigned i = 0; o && o->e.exists && i < o->pods; i++)
		json_push(items, pod(w, o, i, i == 0));
	json_put(all, "items", items);
	return all;
}

struct json_object *node_budgets(const struct world *w)
{
	static const char budget[] =
	    "{\"items\": [{\"metadata\": {\"name\": \"db\", \"namespace\": \"apps\"}, "
	    "\"spec\": {\"selector\": {\"matchLabels\": {\"app\": \"db\"}}}, "
	    "\"status\": {\"disruptionsAllowed\": %d}}]}";
	struct arena a = { 0 };
	const char *text = arena_printf(&a, budget, w->budget_blocks ? 0 : 1);
	struct json_object *all = json_parse(text, strlen(text), 16, NULL);

	arena_done(&a);
	return all;
}

/* MetalLB on each worker announces a Service of its own until it is excluded: mostly it soon
 * does no more, sometimes later than anybody waits. */
static bool announces(const struct world *w, const struct w_object *o)
{
	static const int64_t after_us[] = { 300000, 900000, 6000000, INT64_MAX };
	size_t which;

	if (o->type != OBJECT_NODE || !o->e.exists || !o->ready)
		return false;
	which = (strlen(o->e.name) + (size_t)o->e.name[strlen(o->e.name) - 1]) % 4;
	return !o->excluded || w->now_us - o->excluded_at < after_us[which];
}

struct json_object *node_announcements(const struct world *w)
{
	struct json_object *all = json_object_new_object();
	struct json_object *items = json_object_new_array();

	for (size_t i = 0; i < OBJECTS; i++) {
		struct json_object *item, *status;

		if (!announces(w, &w->objects[i]))
			continue;
		item = json_object_new_object();
		status = json_object_new_object();
		json_put_string(status, "node", w->objects[i].e.name);
		json_put_string(status, "serviceNamespace", "apps");
		json_put_string(status, "serviceName", "web");
		json_put(item, "status", status);
		json_object_array_add(items, item);
	}
	json_put(all, "items", items);
	return all;
}

/* Taking */

const char *node_patch(
    struct world *w, struct w_object *o, struct json_object *body, int *status)
{
	const char *version = json_string_at(body, "metadata.resourceVersion");
	struct json_object *of, *value;
	bool was_excluded = o->excluded;

	*status = 409;
	if (version && strcmp(version, arena_printf(w->arena, "%u", o->e.version)) != 0)
		return "the object has been modified";
	of = json_at(body, "metadata.annotations");
	if (of && json_object_object_get_ex(of, MARK, &value))
		o->mark =
		    value ? arena_copy(w->arena, json_object_get_string(value)) : NULL;
	of = json_at(body, "metadata.labels");
	if (of && json_object_object_get_ex(of, EXCLUDE, &value))
		o->excluded = value;
	if (o->excluded && !was_excluded)
		o->excluded_at = w->now_us;
	of = json_at(body, "spec");
	if (of && json_object_object_get_ex(of, "unschedulable", &value))
		o->unschedulable = value && json_object_get_boolean(value);
	if (!o->unschedulable)
		o->cordoned_by_hand = false;
	object_managed(o, "homek8sd");
	world_touch(&o->e);
	*status = 200;
	return NULL;
}

const char *node_evict(struct world *w, struct w_object *o, const char *path, int *status)
{
	const char *dash = strrchr(path, '-');
	unsigned i = dash ? (unsigned)(dash[1] - '0') : 0;

	if (i >= o->pods)
		return NULL; /* it is gone: 404 */
	*status = 429;
	if (i == 0 && w->budget_blocks)
		return "429 Too Many Requests: the disruption budget db needs 1 healthy pods";
	/* The others have its place; the one that a budget keeps goes last. */
	o->pods--;
	o->pod_uids++;
	return NULL;
}
