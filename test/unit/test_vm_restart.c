/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_restart: a restart that a person requests, from the request to its end,
 * of a VM without a cluster. Nodes and drains are in test/golden/restart-*. */
#include "lib/kind/vm/vm_restart.h"

#include "lib/kind/actions.h"
#include "lib/state/rounds.h"
#include "test/unit/vm_scene.h"

#define BOOTED(number)                                                                   \
	{                                                                                \
		.id = number, .state = 1, .reason = 1, .persistent = true                \
	}
#define STOPPED                                                                          \
	{                                                                                \
		.id = -1, .state = 5, .reason = 1, .persistent = true                    \
	}

static struct object *written(struct scene *s)
{
	return set_find(config_get(s->config, &vm_kind), "w");
}

static void request(struct scene *s, enum wish_for what)
{
	state_wish(
	    &s->state, &vm_kind, "w", written(s), what, "alice", (struct mono){ NOW });
}

/* As the daemon does it: what was observed, then the plan, then what that comes to. */
static void observe(struct scene *s, struct domain_facts facts)
{
	observations_remove(&s->observed, &vm_kind, "w");
	see_domain(s, "w", &facts, facts.id >= 0 ? SIZE : NULL, SIZE);
	vm_record_observed(state_of(s), observations_find(&s->observed, &vm_kind, "w"),
	    written(s), &s->config->settings, (struct mono){ NOW }, 0);
}

static void plan(struct scene *s)
{
	scene_plan(s);
	if (s->item->phase)
		state_procedure(
		    &s->state, &vm_kind, "w", s->item->phase, (struct mono){ NOW });
	else
		state_procedure_end(&s->state, &vm_kind, "w");
}

static void do_step(struct scene *s, const struct action *action)
{
	vm_record_sent(state_of(s), action, (struct mono){ NOW });
	vm_record_ended(state_of(s), action, NULL, false, &s->config->settings,
	    (struct mono){ NOW }, 0);
}

static void begin(struct scene *s, const char *keys)
{
	struct domain_facts facts = BOOTED(7);
	struct arena a = { 0 };

	scene_begin(s, arena_printf(&a, "vms: {w: {%s}, x: {}, y: {}}", keys), NULL);
	see_domain(s, "x", &facts, SIZE, SIZE);
	see_domain(s, "y", &facts, SIZE, SIZE);
	state_desired(&s->state, &vm_kind, "w", written(s));
	observe(s, facts);
	plan(s);
	arena_done(&a);
}

static void check(struct scene *s, const char *phase, const char *steps)
{
	struct arena a = { 0 };

	plan(s);
	ck_assert_msg(phase ? s->item->phase && strcmp(s->item->phase, phase) == 0
			    : !s->item->phase,
	    "%s instead of %s", s->item->phase ? s->item->phase : "none",
	    phase ? phase : "none");
	ck_assert_str_eq(running_text(&a, s->item), steps);
	arena_done(&a);
}

START_TEST(it_is_shut_down_and_started_once)
{
	struct scene s;

	begin(&s, "power: manual");
	check(&s, NULL, "");
	request(&s, WISH_RESTART);
	check(&s, "shutdown id=7", "shut down domain w");
	do_step(&s, &domain_shutdown_action);
	check(&s, "shutdown id=7", "");
	observe(&s, (struct domain_facts)STOPPED);
	check(&s, "start id=7", "start domain w");
	do_step(&s, &domain_start_action);
	observe(&s, (struct domain_facts)BOOTED(8));
	check(&s, NULL, "");
	ck_assert_int_eq(s.item->verdict, VERDICT_CONVERGED);
	ck_assert_int_eq(state_of(&s)->restart.what, WISH_NONE);
	ck_assert_int_eq(vm_record_of(state_of(&s))->quick_stops, 0);
	scene_end(&s);
}
END_TEST

START_TEST(a_restart_by_somebody_else_is_one)
{
	struct scene s;

	begin(&s, "");
	request(&s, WISH_RESTART);
	check(&s, "shutdown id=7", "shut down domain w");
	observe(&s, (struct domain_facts)BOOTED(9));
	check(&s, NULL, "");
	scene_end(&s);
}
END_TEST

static const struct {
	const char *what;
	bool was_sent; /* the request to shut down */
	enum wish_for then;
	bool resumed, edited;
	const char *phase, *steps;
} ends[] = {
	{ "resumed before it began", .resumed = true, .steps = "" },
	{ "edited before it began", .edited = true, .steps = "" },
	{ "resumed, and the guest may still heed the request", true, .resumed = true,
	    .phase = "shutdown id=7", .steps = "" },
	{ "edited likewise", true, .edited = true, .phase = "shutdown id=7",
	    .steps = "" },
	{ "stopped instead", false, WISH_STOP, .steps = "shut down domain w" },
};

START_TEST(it_ends_with_the_wish)
{
	struct scene s;
	struct config *before;
	int result;

	begin(&s, "");
	before = s.config;
	request(&s, WISH_RESTART);
	if (ends[_i].was_sent) {
		plan(&s);
		do_step(&s, &domain_shutdown_action);
	}
	if (ends[_i].resumed)
		state_resume(&s.state, &vm_kind, "w");
	if (ends[_i].edited) {
		s.config = load("vms: {w: {power: manual}, x: {}, y: {}}", NULL, &result);
		state_desired(&s.state, &vm_kind, "w", written(&s));
	}
	if (ends[_i].then)
		request(&s, ends[_i].then);
	ck_assert_int_eq(state_of(&s)->restart.what, WISH_NONE);
	check(&s, ends[_i].phase, ends[_i].steps);
	if (before != s.config)
		config_free(before);
	scene_end(&s);
}
END_TEST

/* Down by our request, it is brought back whatever was edited, unless it is to be down. */
START_TEST(it_is_brought_back)
{
	struct scene s;

	begin(&s, "power: manual");
	request(&s, WISH_RESTART);
	plan(&s);
	do_step(&s, &domain_shutdown_action);
	state_resume(&s.state, &vm_kind, "w");
	observe(&s, (struct domain_facts)STOPPED);
	check(&s, "start id=7", "start domain w");
	request(&s, WISH_STOP);
	check(&s, NULL, "");
	scene_end(&s);
}
END_TEST

START_TEST(a_start_that_was_requested_stays_so)
{
	struct scene s;

	begin(&s, "state: stopped");
	request(&s, WISH_START);
	request(&s, WISH_RESTART);
	ck_assert_int_eq(state_of(&s)->wish.what, WISH_START);
	check(&s, "shutdown id=7", "shut down domain w");
	do_step(&s, &domain_shutdown_action);
	observe(&s, (struct domain_facts)STOPPED);
	check(&s, "start id=7", "start domain w");
	scene_end(&s);
}
END_TEST

/* What fell before is not in the way; what falls meanwhile is (promise P10). */
START_TEST(it_is_in_the_budget)
{
	struct domain_facts down = STOPPED;
	struct scene s;

	begin(&s, "");
	request(&s, WISH_RESTART);
	check(&s, "shutdown id=7", "shut down domain w");
	observations_remove(&s.observed, &vm_kind, "x");
	see_domain(&s, "x", &down, NULL, SIZE);
	plan(&s);
	ck_assert_int_eq(scene_gate(s.item), GATE_BUDGET);
	ck_assert_str_eq(s.item->phase, "shutdown id=7");
	scene_approve(&s, s.item);
	check(&s, "shutdown id=7", "shut down domain w");
	request(&s, WISH_RESTART);
	plan(&s);
	ck_assert_msg(
	    scene_gate(s.item) == GATE_BUDGET, "another wish, another approval");
	scene_end(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_restart");
	TCase *tests = tcase_create("vm_restart");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, it_is_shut_down_and_started_once);
	tcase_add_test(tests, a_restart_by_somebody_else_is_one);
	tcase_add_loop_test(tests, it_ends_with_the_wish, 0, ROWS(ends));
	tcase_add_test(tests, it_is_brought_back);
	tcase_add_test(tests, a_start_that_was_requested_stays_so);
	tcase_add_test(tests, it_is_in_the_budget);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
