/* SPDX-License-Identifier: MIT */
/* Tests of lib/kind/network/network_pools.c and network_holds.c: pools and ranges of which
 * a step is under way. */
#include "test/unit/vm_scene.h"

#define POOL                                                                             \
	"metallb: {pools: {p: {addresses: [192.168.122.200-192.168.122.210], "           \
	"advertise: none}}}\n"
#define SHORTER                                                                          \
	"network: {name: default, dhcp: {range: {start: 192.168.122.50, "                \
	"end: 192.168.122.99}}}\n"
#define WIDER                                                                            \
	"network: {name: default, dhcp: {range: {start: 192.168.122.2, "                 \
	"end: 192.168.122.150}}}\n"
#define VM "vms: {w: {role: worker, vcpus: 1, memory: 1GiB}}\n"

static void plan_both(struct scene *s, bool cluster_up)
{
	s->input = (struct plan_input){
		.desired = s->config,
		.observed = &s->observed,
		.state = &s->state,
		.sources = { { .up = true }, { .up = cluster_up }, { .up = true } },
		.now = { NOW },
	};
	plan_free(s->plan);
	s->plan = plan_make(&s->input);
}

static bool acts(struct scene *s, const struct kind *kind, const char *name)
{
	return item_acts(plan_find(s->plan, kind, name));
}

/* What a range will be is not known before its step was observed: neither of a network
 * that is there, nor of one that is being defined. */
START_TEST(a_pool_waits_for_a_network_that_is_busy)
{
	struct scene s;

	scene_begin(&s, NETWORK POOL, NULL);
	if (_i)
		see_network(&s, "default", true, "");
	state_get(&s.state, &network_kind, "default")->busy = true;
	plan_both(&s, true);
	ck_assert(!acts(&s, &pool_kind, "p"));
	state_get(&s.state, &network_kind, "default")->busy = false;
	plan_both(&s, true);
	ck_assert(acts(&s, &pool_kind, "p"));
	scene_end(&s);
}
END_TEST

/* Neither is what a pool will have: a network is started, or defined, after that. A cluster
 * that is away holds none. */
START_TEST(a_network_waits_for_a_pool_that_is_busy)
{
	struct scene s;

	scene_begin(&s, NETWORK POOL, NULL);
	if (_i)
		see_network(&s, "default", false, "");
	state_get(&s.state, &pool_kind, "p")->busy = true;
	plan_both(&s, true);
	ck_assert(!acts(&s, &network_kind, "default"));
	plan_both(&s, false);
	ck_assert(acts(&s, &network_kind, "default"));
	state_get(&s.state, &pool_kind, "p")->busy = false;
	plan_both(&s, true);
	ck_assert(acts(&s, &network_kind, "default"));
	scene_end(&s);
}
END_TEST

/* Also where it is written no longer and not there yet: the range is not made wider. */
START_TEST(a_range_waits_for_a_pool_that_nothing_names)
{
	struct scene s;

	scene_begin(&s, WIDER, NULL);
	see_network(&s, "default", true, "");
	state_get(&s.state, &pool_kind, "gone")->busy = true;
	plan_both(&s, true);
	ck_assert(!acts(&s, &network_kind, "default"));
	state_get(&s.state, &pool_kind, "gone")->busy = false;
	plan_both(&s, true);
	ck_assert(acts(&s, &network_kind, "default"));
	scene_end(&s);
}
END_TEST

/* It leases an address of the range that is to be shorter. */
START_TEST(a_range_waits_for_a_guest_that_is_being_started)
{
	struct domain_facts facts = DOWN(1);
	struct scene s;

	scene_begin(&s, SHORTER VM, NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", &facts, NULL, ON_NETWORK);
	state_of(&s)->busy = true;
	plan_both(&s, true);
	ck_assert(!acts(&s, &network_kind, "default"));
	state_of(&s)->busy = false;
	plan_both(&s, true);
	ck_assert(acts(&s, &network_kind, "default"));
	scene_end(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("network_pools");
	TCase *tests = tcase_create("network_pools");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, a_pool_waits_for_a_network_that_is_busy, 0, 2);
	tcase_add_loop_test(tests, a_network_waits_for_a_pool_that_is_busy, 0, 2);
	tcase_add_test(tests, a_range_waits_for_a_pool_that_nothing_names);
	tcase_add_test(tests, a_range_waits_for_a_guest_that_is_being_started);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
