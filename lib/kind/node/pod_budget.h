/* SPDX-License-Identifier: MIT */
/* pod_budget: whether PodDisruptionBudgets let a Pod be evicted now, by their own status. */
#ifndef LIB_KIND_NODE_POD_BUDGET_H
#define LIB_KIND_NODE_POD_BUDGET_H

#include <json-c/json.h>
#include <stdbool.h>

#include "lib/base/arena.h"

/*
 * What keeps the Pod, for people: "waits for PodDisruptionBudget shop/db, which ...", in
 * the arena; NULL: nothing does. `budgets` is a list of the API, `beta`: of policy/v1beta1,
 * where an empty selector selects nothing.
 */
const char *pod_budget_keeps(
    struct arena *a, struct json_object *budgets, struct json_object *pod, bool beta);

#endif
