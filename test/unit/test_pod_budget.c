/* SPDX-License-Identifier: MIT */
/* pod_budget: which Pods a PodDisruptionBudget is about, and whether it lets them go now. */
#include <check.h>
#include <string.h>
#undef fail /* check has a macro of that name */

#include "lib/doc/json.h"
#include "lib/kind/node/pod_budget.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

#define POD                                                                              \
	"{'metadata': {'namespace': 'shop', 'name': 'db-0', 'labels': {'app': 'db', "    \
	"'a.b/tier': 'x'}}, 'status': {'phase': 'Running', 'conditions': [{'type': "     \
	"'Ready', 'status': 'True'}]}}"
#define UNREADY                                                                          \
	"{'metadata': {'namespace': 'shop', 'name': 'db-0', 'labels': {'app': 'db'}}, "  \
	"'status': {'phase': 'Running', 'conditions': [{'type': 'Ready', 'status': "     \
	"'False'}]}}"
#define PENDING                                                                          \
	"{'metadata': {'namespace': 'shop', 'name': 'db-0', 'labels': {'app': 'db'}}, "  \
	"'status': {'phase': 'Pending'}}"
#define BUDGET(space, selector, status)                                                  \
	"{'metadata': {'namespace': '" space                                             \
	"', 'name': 'b'}, 'spec': {'selector': " selector "}, 'status': " status "}"
#define APP "{'matchLabels': {'app': 'db'}}"
#define NONE_LEFT "{'disruptionsAllowed': 0, 'currentHealthy': 2, 'desiredHealthy': 2}"
#define NOT_ENOUGH "{'disruptionsAllowed': 0, 'currentHealthy': 1, 'desiredHealthy': 2}"
#define EXPRESSION(text) "{'matchExpressions': [" text "]}"

#define KEPT                                                                             \
	"waits for PodDisruptionBudget shop/b, which allows no disruption now: 2 of "    \
	"its Pods are healthy, and it needs 2"

static const struct {
	const char *what, *pod, *budgets, *keeps; /* keeps NULL: it may go */
	bool beta;
} rows[] = {
	{ "there is none", POD, "", .keeps = NULL },
	{ "none is left", POD, BUDGET("shop", APP, NONE_LEFT), .keeps = KEPT },
	{ "one is left", POD, BUDGET("shop", APP, "{'disruptionsAllowed': 1}"),
	    .keeps = NULL },
	{ "of another namespace", POD, BUDGET("other", APP, NONE_LEFT), .keeps = NULL },
	{ "of other Pods", POD,
	    BUDGET("shop", "{'matchLabels': {'app': 'web'}}", NONE_LEFT), .keeps = NULL },
	{ "a label more than the Pod has", POD,
	    BUDGET("shop", "{'matchLabels': {'app': 'db', 'v': '1'}}", NONE_LEFT),
	    .keeps = NULL },
	{ "a key with dots", POD,
	    BUDGET("shop", "{'matchLabels': {'a.b/tier': 'x'}}", NONE_LEFT),
	    .keeps = KEPT },
	{ "an empty selector is of all", POD, BUDGET("shop", "{}", NONE_LEFT),
	    .keeps = KEPT },
	{ "of v1beta1 of none", POD, BUDGET("shop", "{}", NONE_LEFT), .keeps = NULL,
	    .beta = true },
	{ "In", POD,
	    BUDGET("shop",
		EXPRESSION("{'key': 'app', 'operator': 'In', 'values': ['web', 'db']}"),
		NONE_LEFT),
	    .keeps = KEPT },
	{ "NotIn", POD,
	    BUDGET("shop",
		EXPRESSION("{'key': 'app', 'operator': 'NotIn', 'values': ['db']}"),
		NONE_LEFT),
	    .keeps = NULL },
	{ "NotIn of a label it has not", POD,
	    BUDGET("shop",
		EXPRESSION("{'key': 'v', 'operator': 'NotIn', 'values': ['db']}"),
		NONE_LEFT),
	    .keeps = KEPT },
	{ "Exists", POD,
	    BUDGET("shop", EXPRESSION("{'key': 'v', 'operator': 'Exists'}"), NONE_LEFT),
	    .keeps = NULL },
	{ "DoesNotExist", POD,
	    BUDGET("shop", EXPRESSION("{'key': 'v', 'operator': 'DoesNotExist'}"),
		NONE_LEFT),
	    .keeps = KEPT },
	{ "an operator of a newer server keeps", POD,
	    BUDGET("shop", EXPRESSION("{'key': 'v', 'operator': 'Like'}"), NONE_LEFT),
	    .keeps = KEPT },
	{ "not Ready, and the others are enough", UNREADY, BUDGET("shop", APP, NONE_LEFT),
	    .keeps = NULL },
	{ "not Ready, and the others are not", UNREADY, BUDGET("shop", APP, NOT_ENOUGH),
	    .keeps =
		"waits for PodDisruptionBudget shop/b, which allows no disruption now: 1 of its Pods are healthy, and it needs 2" },
	{ "not Ready, which is always allowed", UNREADY,
	    "{'metadata': {'namespace': 'shop', 'name': 'b'}, 'spec': {'selector': " APP
	    ", 'unhealthyPodEvictionPolicy': 'AlwaysAllow'}, 'status': " NOT_ENOUGH "}",
	    .keeps = NULL },
	{ "it does not run yet", PENDING, BUDGET("shop", APP, NOT_ENOUGH),
	    .keeps = NULL },
	{ "an old status says nothing", POD,
	    "{'metadata': {'namespace': 'shop', 'name': 'b', 'generation': 3}, 'spec': "
	    "{'selector': " APP
	    "}, 'status': {'observedGeneration': 2, 'disruptionsAllowed': 1}}",
	    .keeps =
		"waits for PodDisruptionBudget shop/b, whose status is not up to date" },
	{ "two of them", POD,
	    BUDGET("shop", APP, "{'disruptionsAllowed': 1}") ", " BUDGET(
		"shop", "{}", "{'disruptionsAllowed': 1}"),
	    .keeps =
		"has two PodDisruptionBudgets, shop/b and shop/b, and the API server evicts no such Pod: let only one select it" },
};

/* Of text with ' for ". */
static struct json_object *parse(char *text)
{
	struct error e = { "" };
	struct json_object *o;

	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	o = json_parse(text, strlen(text), 16, &e);
	ck_assert_msg(o, "%s: %s", e.text, text);
	return o;
}

START_TEST(a_budget_keeps_its_pods)
{
	struct arena a = { 0 };
	autojson struct json_object *pod = parse(arena_printf(&a, "%s", rows[_i].pod));
	autojson struct json_object *budgets =
	    parse(arena_printf(&a, "[%s]", rows[_i].budgets));
	const char *keeps = pod_budget_keeps(&a, budgets, pod, rows[_i].beta);

	if (rows[_i].keeps)
		ck_assert_msg(keeps && strcmp(keeps, rows[_i].keeps) == 0, "%s: %s",
		    rows[_i].what, keeps ? keeps : "it may go");
	else
		ck_assert_msg(!keeps, "%s: %s", rows[_i].what, keeps);
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pod_budget");
	TCase *tests = tcase_create("pod_budget");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, a_budget_keeps_its_pods, 0, ROWS(rows));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
