/* SPDX-License-Identifier: MIT */
/* pod_budget: label selectors, and the status of budgets as the eviction API reads it. */
#include "lib/kind/node/pod_budget.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/json.h"

#define SHOWN 253

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* The label's value; NULL: there is none of that key (which may hold dots). */
static const char *label(struct json_object *labels, const char *key)
{
	struct json_object *value;

	if (!key || !json_object_object_get_ex(labels, key, &value))
		return NULL;
	return json_object_get_string(value);
}

static bool is_among(struct json_object *values, const char *value)
{
	for (size_t i = 0; i < json_count(values); i++)
		if (same_text(json_object_get_string(json_item(values, i)), value))
			return true;
	return false;
}

/* An operator that is not known selects: what it may keep is kept. */
static bool meets(struct json_object *requirement, struct json_object *labels)
{
	const char *operator= json_string_at(requirement, "operator");
	const char *value = label(labels, json_string_at(requirement, "key"));
	struct json_object *values = json_at(requirement, "values");

	if (same_text(operator, "In"))
		return value && is_among(values, value);
	if (same_text(operator, "NotIn"))
		return !value || !is_among(values, value);
	if (same_text(operator, "Exists"))
		return value;
	if (same_text(operator, "DoesNotExist"))
		return !value;
	return true;
}

/* So does a selector that is none of the API's. */
static bool selects(struct json_object *selector, struct json_object *labels, bool beta)
{
	struct json_object *exact = json_at(selector, "matchLabels");
	struct json_object *requirements = json_at(selector, "matchExpressions");
	size_t count = json_count(requirements);

	if (!selector)
		return false;
	if (exact && !json_object_is_type(exact, json_type_object))
		return true;
	if (exact && json_object_object_length(exact)) {
		json_object_object_foreach (exact, key, value)
			if (!same_text(label(labels, key), json_object_get_string(value)))
				return false;
	} else if (!count) {
		return !beta;
	}
	for (size_t i = 0; i < count; i++)
		if (!meets(json_item(requirements, i), labels))
			return false;
	return true;
}

static bool is_ready(struct json_object *pod)
{
	struct json_object *conditions = json_at(pod, "status.conditions");

	for (size_t i = 0; i < json_count(conditions); i++)
		if (same_text(json_string_at(json_item(conditions, i), "type"), "Ready"))
			return same_text(
			    json_string_at(json_item(conditions, i), "status"), "True");
	return false;
}

/* One that does not run yet, or is not Ready where that is allowed, may go all the same. */
static bool is_exempt(struct json_object *pod, struct json_object *budget)
{
	const char *policy = json_string_at(budget, "spec.unhealthyPodEvictionPolicy");
	int64_t due = json_int_at(budget, "status.desiredHealthy", 0);

	if (same_text(json_string_at(pod, "status.phase"), "Pending"))
		return true;
	if (is_ready(pod))
		return false;
	return same_text(policy, "AlwaysAllow") ||
	       (due > 0 && json_int_at(budget, "status.currentHealthy", 0) >= due);
}

static const char *name_text(struct arena *a, struct json_object *budget)
{
	const char *space = json_string_at(budget, "metadata.namespace");
	const char *name = json_string_at(budget, "metadata.name");

	return arena_printf(a, "%s/%s", space ? text_clean(a, space, SHOWN) : "",
	    name ? text_clean(a, name, SHOWN) : "");
}

static const char *why_kept(
    struct arena *a, struct json_object *budget, struct json_object *pod)
{
	if (is_exempt(pod, budget))
		return NULL;
	if (json_int_at(budget, "status.observedGeneration", 0) <
	    json_int_at(budget, "metadata.generation", 0))
		return arena_printf(a,
		    "waits for PodDisruptionBudget %s, whose status is not up to date",
		    name_text(a, budget));
	if (json_int_at(budget, "status.disruptionsAllowed", 0) > 0)
		return NULL;
	return arena_printf(a,
	    "waits for PodDisruptionBudget %s, which allows no disruption now: %lld of its Pods are healthy, and it needs %lld",
	    name_text(a, budget),
	    (long long)json_int_at(budget, "status.currentHealthy", 0),
	    (long long)json_int_at(budget, "status.desiredHealthy", 0));
}

const char *pod_budget_keeps(
    struct arena *a, struct json_object *budgets, struct json_object *pod, bool beta)
{
	struct json_object *labels = json_at(pod, "metadata.labels"), *found = NULL;

	for (size_t i = 0; i < json_count(budgets); i++) {
		struct json_object *budget = json_item(budgets, i);

		if (!same_text(json_string_at(budget, "metadata.namespace"),
			json_string_at(pod, "metadata.namespace")) ||
		    !selects(json_at(budget, "spec.selector"), labels, beta))
			continue;
		if (found)
			return arena_printf(a,
			    "has two PodDisruptionBudgets, %s and %s, and the API server evicts no such Pod: let only one select it",
			    name_text(a, found), name_text(a, budget));
		found = budget;
	}
	return found ? why_kept(a, found, pod) : NULL;
}
