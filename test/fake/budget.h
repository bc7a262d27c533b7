/* SPDX-License-Identifier: MIT */
/*
 * budget: PodDisruptionBudgets. Their status is kept as the disruption controller keeps
 * it, from the replicas of the pods' owners as far as these are stored; an eviction asks
 * them first.
 */
#ifndef TEST_FAKE_BUDGET_H
#define TEST_FAKE_BUDGET_H

#include <json-c/json.h>

#include "test/fake/fake.h"

/* May this pod be evicted? NULL or the Status that refuses it. */
struct json_object *budget_check(struct fake *f, struct json_object *pod);

/* Brings every budget's status up to date; after anything that may have changed a pod. */
void budgets_settle(struct fake *f);

#endif
