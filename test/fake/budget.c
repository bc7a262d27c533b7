/* SPDX-License-Identifier: MIT */
/* budget: counting a budget's pods, and judging evictions by the counts. */
#include "test/fake/budget.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/managed.h"
#include "test/fake/tree.h"

struct counts {
	int64_t expected, healthy, desired, allowed;
};

static bool lists(struct json_object *values, const char *value)
{
	for (size_t i = 0; value && i < json_object_array_length(values); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(values, i)),
			value))
			return true;
	return false;
}

/* One of matchExpressions: {key, operator, values}. */
static bool expression_holds(struct json_object *e, struct json_object *labels)
{
	const char *how = tree_str(e, "operator", NULL);
	struct json_object *values = tree_get(e, "values", NULL);
	struct json_object *v = tree_get(labels, tree_str(e, "key", NULL), NULL);
	const char *value = v ? json_object_get_string(v) : NULL;

	if (!strcmp(how, "Exists"))
		return v != NULL;
	if (!strcmp(how, "DoesNotExist"))
		return v == NULL;
	if (!json_object_is_type(values, json_type_array))
		return false;
	return lists(values, value) == !strcmp(how, "In");
}

static bool selects(struct json_object *budget, struct json_object *pod)
{
	struct json_object *selector = tree_get(budget, "spec", "selector", NULL);
	struct json_object *labels = tree_get(pod, "metadata", "labels", NULL);
	struct json_object *match = tree_get(selector, "matchLabels", NULL);
	struct json_object *expressions = tree_get(selector, "matchExpressions", NULL);

	if (!selector || strcmp(tree_str(budget, "metadata", "namespace", NULL),
			     tree_str(pod, "metadata", "namespace", NULL)))
		return false;
	if (match) {
		json_object_object_foreach (match, key, value)
			if (strcmp(tree_str(labels, key, NULL),
				json_object_get_string(value)))
				return false;
	}
	for (size_t i = 0; expressions && i < json_object_array_length(expressions); i++)
		if (!expression_holds(json_object_array_get_idx(expressions, i), labels))
			return false;
	return true;
}

static bool is_ready(struct json_object *pod)
{
	struct json_object *list = tree_get(pod, "status", "conditions", NULL);

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);

		if (!strcmp(tree_str(c, "type", NULL), "Ready"))
			return !strcmp(tree_str(c, "status", NULL), "True");
	}
	return false;
}

/* A number, or a percentage of n rounded up. */
static int64_t share(struct json_object *v, int64_t n)
{
	const char *text = json_object_get_string(v);

	if (!json_object_is_type(v, json_type_string))
		return json_object_get_int64(v);
	return (strtoll(text, NULL, 10) * n + 99) / 100;
}

/* The replicas of the pod's controller, once for all its pods; 1 for a pod without. */
static int64_t owned(struct fake *f, struct json_object *pod, struct json_object *owners)
{
	struct json_object *list = tree_get(pod, "metadata", "ownerReferences", NULL);
	struct json_object *ref = NULL, *obj, *replicas;
	const char *ns = tree_str(pod, "metadata", "namespace", NULL);
	const struct resource *res;
	struct version *v;
	int64_t n;

	if (json_object_is_type(list, json_type_array))
		ref = json_object_array_get_idx(list, 0);
	res = resource_by_kind(
	    tree_str(ref, "apiVersion", NULL), tree_str(ref, "kind", NULL));
	v = res ? store_find(f->store, res, ns, tree_str(ref, "name", NULL)) : NULL;
	if (!v)
		return 1;
	if (tree_get(owners, v->key, NULL))
		return 0;
	tree_set(owners, v->key, "");
	obj = store_object(v);
	replicas = tree_get(obj, "spec", "replicas", NULL);
	n = replicas ? json_object_get_int64(replicas) : 1;
	json_object_put(obj);
	return n;
}

static struct counts count(struct fake *f, struct json_object *budget)
{
	struct json_object *least = tree_get(budget, "spec", "minAvailable", NULL);
	struct json_object *most = tree_get(budget, "spec", "maxUnavailable", NULL);
	struct json_object *owners = json_object_new_object();
	struct counts c = { 0 };
	size_t n;
	struct version **all =
	    store_at(f->store, resource_by_name("pods"), store_rv(f->store), &n);

	for (size_t i = 0; i < n; i++) {
		struct json_object *pod = store_object(all[i]);

		if (selects(budget, pod)) {
			c.expected += owned(f, pod, owners);
			c.healthy += is_ready(pod) && !tree_get(pod, "metadata",
							  "deletionTimestamp", NULL);
		}
		json_object_put(pod);
	}
	store_release(all, n);
	json_object_put(owners);
	if (least)
		c.desired = share(least, c.expected);
	else if (most)
		c.desired = c.expected - share(most, c.expected);
	if (c.desired < 0)
		c.desired = 0;
	c.allowed = c.expected && c.healthy > c.desired ? c.healthy - c.desired : 0;
	return c;
}

/* Pods that are not running, or on their way out, are nobody's to protect. */
static bool is_free(struct json_object *pod)
{
	const char *phase = tree_str(pod, "status", "phase", NULL);

	return !strcmp(phase, "Pending") || !strcmp(phase, "Succeeded") ||
	       !strcmp(phase, "Failed") ||
	       tree_get(pod, "metadata", "deletionTimestamp", NULL);
}

static struct json_object *judge(
    struct fake *f, struct json_object *budget, struct json_object *pod)
{
	const char *policy = tree_str(budget, "spec", "unhealthyPodEvictionPolicy", NULL);
	struct counts c = count(f, budget);
	struct json_object *st;
	char *why;

	if (!is_ready(pod) && !strcmp(policy, "AlwaysAllow"))
		return NULL;
	if (!is_ready(pod) && c.desired && c.healthy >= c.desired)
		return NULL;
	if (c.allowed > 0)
		return NULL;
	why = xfmt("The disruption budget %s needs %lld healthy pods and has %lld "
		   "currently",
	    tree_str(budget, "metadata", "name", NULL), (long long)c.desired,
	    (long long)c.healthy);
	st = status_new(429, "TooManyRequests",
	    "Cannot evict pod as it would violate the pod's disruption budget.");
	status_cause(st, "DisruptionBudget", why, NULL);
	free(why);
	return st;
}

struct json_object *budget_check(struct fake *f, struct json_object *pod)
{
	struct json_object *found = NULL, *st = NULL;
	size_t n, matching = 0;
	struct version **all;

	if (is_free(pod))
		return NULL;
	all = store_at(
	    f->store, resource_by_name("poddisruptionbudgets"), store_rv(f->store), &n);
	for (size_t i = 0; i < n; i++) {
		struct json_object *budget = store_object(all[i]);

		if (selects(budget, pod) && !matching++)
			found = json_object_get(budget);
		json_object_put(budget);
	}
	store_release(all, n);
	if (matching > 1)
		st = status_new(500, NULL,
		    "This pod has more than one PodDisruptionBudget, which the eviction "
		    "subresource does not support.");
	else if (found)
		st = judge(f, found, pod);
	json_object_put(found);
	return st;
}

/* The condition keeps the time of its last change of status. */
static struct json_object *conditions(
    struct json_object *was, bool allowed, int64_t generation)
{
	struct json_object *list = json_object_new_array(), *c = json_object_new_object();
	struct json_object *old = was ? json_object_array_get_idx(was, 0) : NULL;
	bool same = !strcmp(tree_str(old, "status", NULL), allowed ? "True" : "False");

	tree_set(c, "lastTransitionTime",
	    same ? tree_str(old, "lastTransitionTime", NULL) : time_now());
	tree_set(c, "message", "");
	tree_set_int(c, "observedGeneration", generation);
	tree_set(c, "reason", allowed ? "SufficientPods" : "InsufficientPods");
	tree_set(c, "status", allowed ? "True" : "False");
	tree_set(c, "type", "DisruptionAllowed");
	json_object_array_add(list, c);
	return list;
}

static void settle(struct fake *f, struct version *v)
{
	struct json_object *budget = store_object(v), *was, *now, *list;
	struct counts c = count(f, budget);
	int64_t generation =
	    json_object_get_int64(tree_get(budget, "metadata", "generation", NULL));

	was = tree_child(budget, "status");
	now = tree_copy(was);
	list = tree_get(was, "conditions", NULL);
	if (!json_object_is_type(list, json_type_array))
		list = NULL;
	list = conditions(list, c.allowed > 0, generation);
	json_object_object_del(now, "conditions");
	json_object_object_add(now, "conditions", list);
	tree_set_int(now, "currentHealthy", c.healthy);
	tree_set_int(now, "desiredHealthy", c.desired);
	tree_set_int(now, "disruptionsAllowed", c.allowed);
	tree_set_int(now, "expectedPods", c.expected);
	tree_set_int(now, "observedGeneration", generation);
	if (json_object_equal(was, now)) {
		json_object_put(now);
	} else {
		json_object_object_add(budget, "status", now);
		store_put(f->store, v->res, budget);
	}
	json_object_put(budget);
}

void budgets_settle(struct fake *f)
{
	const struct resource *res = resource_by_name("poddisruptionbudgets");
	size_t n;
	struct version **all = store_at(f->store, res, store_rv(f->store), &n);

	for (size_t i = 0; i < n; i++)
		settle(f, all[i]);
	store_release(all, n);
}
