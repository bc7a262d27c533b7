/* SPDX-License-Identifier: MIT */
/* Tests of lib/plan/plan.c and brake.c: the gates between what differs and what is done.
 */
#include "lib/base/arena.h"
#include "lib/kind/vm/vm.h"

#include "test/unit/vm_scene.h"

#define HOME "metallb: {pools: {p: {addresses: [10.0.0.0-10.0.0.9], advertise: none}}}\n"

static void plan_again(struct scene *s, int64_t later)
{
	struct plan_input input = {
		.desired = s->config,
		.observed = &s->have,
		.state = &s->memory,
		.sources = { { .up = true }, { .up = true } },
		.now = { NOW + later },
	};

	plan_free(s->plan);
	s->plan = plan_make(&input);
	s->item = plan_find(s->plan, &pool_kind, "p");
}

START_TEST(what_is_missing_is_made)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
	ck_assert_uint_eq(s.plan->step_count, 1);
	ck_assert(s.plan->steps[0]->item == s.item && !s.item->held);
	ck_assert_int_eq(s.plan->next.ms, INT64_MAX);
	scene_end(&s);
}
END_TEST

START_TEST(what_is_unknown_is_left_alone)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	observations_set_unknown(&s.have, &pool_kind, "", "connection refused");
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_UNKNOWN);
	ck_assert_str_eq(s.item->reason, "connection refused");
	ck_assert_uint_eq(s.plan->step_count, 0);
	ck_assert_uint_eq(s.item->step_count, 0);
	scene_end(&s);
}
END_TEST

/* Of a kind with several watches, one may be known and another not. */
START_TEST(the_objects_own_watch_decides)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	observations_set_unknown(&s.have, &pool_kind, "p", "forbidden");
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_UNKNOWN);
	ck_assert_str_eq(s.item->reason, "forbidden");
	observations_set_known(&s.have, &pool_kind, "p");
	observations_set_unknown(&s.have, &pool_kind, "q", "forbidden");
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
	scene_end(&s);
}
END_TEST

START_TEST(a_busy_object_is_held)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	state_get(&s.memory, &pool_kind, "p")->busy = true;
	plan_again(&s, 0);
	ck_assert_uint_eq(s.plan->step_count, 0);
	ck_assert(s.item->held && s.item->step_count == 1);
	state_get(&s.memory, &pool_kind, "p")->busy = false;
	plan_again(&s, 0);
	ck_assert_uint_eq(s.plan->step_count, 1);
	scene_end(&s);
}
END_TEST

START_TEST(a_failed_one_waits_for_its_time)
{
	struct step step = { .op = STEP_KUBE_APPLY, .kind = &pool_kind, .name = "p" };
	struct scene s;

	scene_begin(&s, HOME, NULL);
	state_step_failed(&s.memory, &pool_kind, "p", &step, "webhook does not answer",
	    false, &s.config->settings, (struct mono){ NOW }, 0);
	plan_again(&s, 999);
	ck_assert_int_eq(s.item->verdict, VERDICT_FAILING);
	ck_assert_str_eq(s.item->reason, "webhook does not answer");
	ck_assert_int_eq(s.item->retry_in, 1);
	ck_assert_int_eq(s.plan->next.ms, NOW + 1000);
	ck_assert_uint_eq(s.plan->step_count, 0);
	plan_again(&s, 1000);
	ck_assert_int_eq(s.item->verdict, VERDICT_FAILING);
	ck_assert_uint_eq(s.plan->step_count, 1);
	scene_end(&s);
}
END_TEST

START_TEST(a_pause_holds_and_says_what_it_holds)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	state_pause(&s.memory, NULL, NULL, "moving house", (struct mono){ NOW + 90000 });
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_PAUSED);
	ck_assert_ptr_nonnull(strstr(s.item->reason, "moving house"));
	ck_assert_ptr_nonnull(strstr(s.item->reason, "create pool p"));
	ck_assert_uint_eq(s.plan->step_count, 0);
	ck_assert_int_eq(s.plan->next.ms, NOW + 90000);
	plan_again(&s, 90000);
	ck_assert_uint_eq(s.plan->step_count, 1);
	scene_end(&s);
}
END_TEST

/* P10: stops of running VMs, by number and role. */
static const struct {
	const char *what;
	unsigned vms, stopped, control_planes;
	bool held;
} crowds[] = {
	{ "one of one", 1, 1, 0, false },
	{ "one of three is a third", 3, 1, 0, false },
	{ "two of three", 3, 2, 0, true },
	{ "two of six is a third", 6, 2, 0, false },
	{ "three of six", 6, 3, 0, true },
	{ "two control planes of twenty", 20, 2, 2, true },
	{ "one control plane and a worker of twenty", 20, 2, 1, false },
};

static const char *const names[] = { "v0", "v1", "v2" };

static void see_vm(struct scene *s, const char *name, int id)
{
	struct domain_facts facts = {
		.id = id, .state = id < 0 ? 5 : 1, .persistent = true
	};
	char xml[128];

	snprintf(xml, sizeof(xml),
	    "<name>%s</name><memory unit='KiB'>1048576</memory><vcpu>1</vcpu>", name);
	see_domain(s, name, &facts, id < 0 ? NULL : xml, xml);
}

static void stop_some(struct scene *s, int row)
{
	autotext struct text yaml = { 0 };

	text_add(&yaml, "vms:\n");
	for (unsigned i = 0; i < crowds[row].vms; i++)
		text_add(&yaml, "  v%u: {role: %s%s}\n", i,
		    i < crowds[row].control_planes ? "control-plane" : "worker",
		    i < crowds[row].stopped ? ", state: stopped" : "");
	scene_begin(s, text_get(&yaml), NULL);
	for (unsigned i = 0; i < crowds[row].vms; i++) {
		char name[16];

		snprintf(name, sizeof(name), "v%u", i);
		see_vm(s, name, 1);
	}
}

START_TEST(the_brake_holds_what_touches_too_much)
{
	struct scene s;

	stop_some(&s, _i);
	plan_again(&s, 0);
	ck_assert_msg(s.plan->step_count == (crowds[_i].held ? 0 : crowds[_i].stopped),
	    "%s: %zu steps", crowds[_i].what, s.plan->step_count);
	for (unsigned i = 0; i < crowds[_i].stopped; i++) {
		char name[16];
		const struct item *item;

		snprintf(name, sizeof(name), "v%u", i);
		item = plan_find(s.plan, &vm_kind, name);
		ck_assert_msg((item->consent != NULL) == crowds[_i].held, "%s: %s",
		    crowds[_i].what, item->reason);
	}
	scene_end(&s);
}
END_TEST

START_TEST(approval_is_for_one_thing_only)
{
	struct scene s;
	const struct item *item;
	uint64_t part, other;

	stop_some(&s, 2);
	plan_again(&s, 0);
	item = plan_find(s.plan, &vm_kind, "v1");
	part = approval_part(item->fingerprint);
	other = approval_part("something else");
	state_approve(&s.memory, &vm_kind, "v1", &part, 1, 0, 0);
	state_approve(&s.memory, &vm_kind, "v0", &other, 1, 0, 0);
	plan_again(&s, 0);
	ck_assert_uint_eq(s.plan->step_count, 1);
	ck_assert_str_eq(s.plan->steps[0]->name, "v1");
	ck_assert_int_eq(plan_find(s.plan, &vm_kind, "v0")->verdict, VERDICT_BLOCKED);
	scene_end(&s);
}
END_TEST

START_TEST(approving_one_does_not_let_the_others_go)
{
	struct scene s;

	stop_some(&s, 4); /* three of six */
	plan_again(&s, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert(plan_find(s.plan, &vm_kind, names[i])->braked);
		state_planned(&s.memory, &vm_kind, names[i],
		    &(struct planned){ .braked = true }, (struct mono){ NOW });
	}
	see_vm(&s, "v1", -1); /* approved and done */
	plan_again(&s, 0);
	ck_assert_uint_eq(s.plan->step_count, 0);
	ck_assert_int_eq(plan_find(s.plan, &vm_kind, "v0")->verdict, VERDICT_BLOCKED);
	state_planned(&s.memory, &vm_kind, "v0", /* written back in between */
	    &(struct planned){ .converged = true }, (struct mono){ NOW });
	plan_again(&s, 0);
	ck_assert_uint_eq(s.plan->step_count, 1);
	scene_end(&s);
}
END_TEST

#define TWO_NETWORKS                                                                     \
	"networks:\n"                                                                    \
	"  n: {address: 10.1.0.1/24, static_ips: {a: 10.1.0.2, b: 10.1.0.3}}\n"          \
	"  m: {address: 10.2.0.1/24, static_ips: {a: 10.2.0.2}}\n"                       \
	"vms: {a: {interfaces: [{network: n}, {network: m}]}, b: {interfaces: [{network: n}]}}\n"

static const struct {
	const char *what;
	const struct kind *kind;
	const char *text;
	const char *name; /* NULL: none */
	const char *error;
} lookups[] = {
	{ "a name", &vm_kind, "a", "a", NULL },
	{ "a full name", &reservation_kind, "m/a", "m/a", NULL },
	{ "a short name", &reservation_kind, "b", "n/b", NULL },
	{ "a full name where the short would do", &reservation_kind, "n/b", "n/b", NULL },
	{ "a short name of two", &reservation_kind, "a", NULL,
	    "reservation/a may be any of reservation/m/a, reservation/n/a: write which" },
	{ "a name of none", &reservation_kind, "c", NULL, "there is no reservation/c" },
	{ "the end of a name", &vm_kind, "n/a", NULL, "there is no vm/n/a" },
};

START_TEST(lookup_rows)
{
	struct scene s;
	struct error e = { "" };
	const struct item *item;

	scene_begin(&s, TWO_NETWORKS, NULL);
	plan_again(&s, 0);
	item = plan_lookup(s.plan, lookups[_i].kind, lookups[_i].text, &e);
	if (lookups[_i].name)
		ck_assert_msg(item && strcmp(item->name, lookups[_i].name) == 0, "%s: %s",
		    lookups[_i].what, e.text);
	else
		ck_assert_msg(!item && strstr(e.text, lookups[_i].error), "%s: %s",
		    lookups[_i].what, e.text);
	scene_end(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tests = tcase_create("plan");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tests, lookup_rows, 0, (int)(sizeof(lookups) / sizeof(lookups[0])));
	tcase_add_test(tests, what_is_missing_is_made);
	tcase_add_test(tests, what_is_unknown_is_left_alone);
	tcase_add_test(tests, the_objects_own_watch_decides);
	tcase_add_test(tests, a_busy_object_is_held);
	tcase_add_test(tests, a_failed_one_waits_for_its_time);
	tcase_add_test(tests, a_pause_holds_and_says_what_it_holds);
	tcase_add_loop_test(
	    tests, the_brake_holds_what_touches_too_much, 0, ROWS(crowds));
	tcase_add_test(tests, approval_is_for_one_thing_only);
	tcase_add_test(tests, approving_one_does_not_let_the_others_go);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
