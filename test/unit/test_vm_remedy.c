/* SPDX-License-Identifier: MIT */
/* vm_remedy: the ladder from the first step to the last and to its new beginning, as time goes
 * by. Who is left alone is in test/golden/remedy-*. */
#include "lib/kind/vm/vm_remedy.h"

#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/node/node_record.h"
#include "lib/kind/sources.h"
#include "lib/state/rounds.h"
#include "test/unit/vm_scene.h"

#define UUID "11111111-2222-3333-4444-555555555555"

static struct {
	struct scene s;
	struct mono now;
	bool cluster; /* the API server answers */
	int id;	      /* of the domain; -1: it is stopped */
} t;

static const struct object *written(void)
{
	return set_find(config_get(t.s.config, &vm_kind), "w");
}

static void see_node(bool ready)
{
	struct arena a = { 0 };
	const char *text = arena_printf(&a,
	    "{\"status\": {\"conditions\": [{\"type\": \"Ready\", \"status\": \"%s\"}], "
	    "\"nodeInfo\": {\"systemUUID\": \"" UUID "\"}}}",
	    ready ? "True" : "Unknown");
	autojson struct json_object *o = json_parse(text, strlen(text), 16, NULL);
	struct reading reading = { .kind = &node_kind, .name = "w", .json = o };
	struct observed *observed = observed_new(&node_kind, "w");

	ck_assert_int_eq(node_kind.decode(observed, &reading, NULL), 0);
	observed->presence = PRESENT;
	observations_remove(&t.s.observed, &node_kind, "w");
	node_record_observed(
	    state_get(&t.s.state, &node_kind, "w"), observed, NULL, NULL, t.now, 0);
	observations_put(&t.s.observed, observed);
	arena_done(&a);
}

/* `id` -1: it has stopped, by our cutting its power. */
static void see_machine(int id)
{
	struct domain_facts facts = { .id = id,
		.state = id < 0 ? 5 : 1,
		.reason = id < 0 ? 2 : 1,
		.persistent = true };
	const char *text = "<uuid>" UUID "</uuid>" SIZE;

	observations_remove(&t.s.observed, &vm_kind, "w");
	see_domain(&t.s, "w", &facts, id < 0 ? NULL : text, text);
	vm_record_observed(state_of(&t.s),
	    observations_find(&t.s.observed, &vm_kind, "w"), written(),
	    &t.s.config->settings, t.now, 0);
	t.id = id;
}

/* As the daemon does it: the steps that run are done at once. */
static void plan(void)
{
	plan_free(t.s.plan);
	t.s.input = (struct plan_input){ .desired = t.s.config,
		.observed = &t.s.observed,
		.state = &t.s.state,
		.now = t.now };
	for (size_t i = 0; i < source_count; i++)
		t.s.input.sources[i].up = true;
	t.s.input.sources[source_index(&kubernetes_source)].up = t.cluster;
	t.s.plan = plan_make(&t.s.input);
	t.s.item = plan_find(t.s.plan, &vm_kind, "w");
	if (t.s.item->phase)
		state_procedure(&t.s.state, &vm_kind, "w", t.s.item->phase, t.now);
	else
		state_procedure_end(&t.s.state, &vm_kind, "w");
}

static void send_steps(void)
{
	for (size_t i = 0; i < t.s.item->program_count; i++) {
		const struct program *program = t.s.item->programs[i];

		for (size_t k = 0; program->gate == GATE_OPEN && k < program->step_count;
		     k++) {
			const struct action *action = program->steps[k]->action;

			vm_record_sent(state_of(&t.s), action, t.now);
			vm_record_ended(state_of(&t.s), action, NULL, false,
			    &t.s.config->settings, t.now, 0);
		}
	}
}

/* So much later these steps run, and this is its phase (NULL: none). */
static void check_after(int64_t ms, const char *steps, const char *phase)
{
	struct arena a = { 0 };
	const char *text;

	t.now.ms += ms;
	plan();
	text = running_text(&a, t.s.item);
	ck_assert_msg(strcmp(text, steps) == 0, "\"%s\" instead of \"%s\"; %s", text,
	    steps, t.s.item->reason);
	text = t.s.item->phase;
	ck_assert_msg(phase ? text && strcmp(text, phase) == 0 : !text,
	    "%s instead of %s", text ? text : "none", phase ? phase : "none");
	send_steps();
	arena_done(&a);
}

/* Its node was Ready for an hour, and is no more. */
static void begin(void)
{
	struct domain_facts facts = { .id = 9, .state = 1, .persistent = true };

	t.now = (struct mono){ NOW };
	t.cluster = true;
	scene_begin(&t.s,
	    "remediation: {}\n"
	    "vms: {w: {role: worker, state: running}, x: {}, y: {}, z: {}}",
	    NULL);
	see_domain(&t.s, "x", &facts, SIZE, SIZE);
	see_domain(&t.s, "y", &facts, SIZE, SIZE);
	see_domain(&t.s, "z", &facts, SIZE, SIZE);
	state_desired(&t.s.state, &vm_kind, "w", written());
	see_machine(7);
	see_node(true);
	t.now.ms += 60 * MINUTE;
	see_machine(7);
	see_node(false);
}

static void end(void)
{
	scene_end(&t.s);
}

static void climb(void)
{
	check_after(0, "", NULL);
	check_after(5 * MINUTE - 1, "", NULL);
	check_after(1, "reboot domain w", "remedy rung=reboot");
	check_after(1, "", "remedy rung=reboot");
	check_after(5 * MINUTE - 2, "", "remedy rung=reboot");
	check_after(1, "reset domain w", "remedy rung=reset");
	check_after(5 * MINUTE - 1, "", "remedy rung=reset");
	check_after(
	    1, "cut the power of domain w, and start it again", "remedy rung=power");
}

START_TEST(one_step_after_the_other)
{
	begin();
	climb();
	see_machine(-1);
	check_after(1, "start domain w", "remedy rung=power");
	see_machine(8);
	check_after(1, "", "remedy rung=power");
	check_after(5 * MINUTE, "", NULL);
	ck_assert_int_eq(t.s.item->verdict, VERDICT_FAILING);
	check_after(24 * MINUTE, "", NULL);
	ck_assert_int_eq(t.s.item->verdict, VERDICT_FAILING);
	check_after(MINUTE, "reboot domain w", "remedy rung=reboot");
	end();
}
END_TEST

START_TEST(it_ends_when_the_node_is_ready)
{
	begin();
	check_after(5 * MINUTE, "reboot domain w", "remedy rung=reboot");
	see_node(true);
	check_after(1, "", NULL);
	ck_assert_int_eq(t.s.item->verdict, VERDICT_CONVERGED);
	end();
}
END_TEST

/* No step follows from what is not known, and the wait begins anew when it is known again; the
 * step that was done is not done twice. */
START_TEST(while_the_server_is_away_it_waits)
{
	begin();
	check_after(5 * MINUTE, "reboot domain w", "remedy rung=reboot");
	t.cluster = false;
	check_after(20 * MINUTE, "", "remedy-unknown rung=reboot");
	t.cluster = true;
	check_after(20 * MINUTE, "", "remedy rung=reboot");
	check_after(5 * MINUTE - 1, "", "remedy rung=reboot");
	check_after(1, "reset domain w", "remedy rung=reset");
	end();
}
END_TEST

/* Shortly after somebody has started it, it may be booting still. */
START_TEST(a_new_start_is_given_its_time)
{
	begin();
	check_after(4 * MINUTE, "", NULL);
	see_machine(8);
	check_after(MINUTE, "", NULL);
	ck_assert_str_eq(t.s.item->conditions[0].type, "NotRemediated");
	check_after(9 * MINUTE, "reboot domain w", "remedy rung=reboot");
	end();
}
END_TEST

static const struct {
	const char *phase;
	bool is;
} phases[] = {
	{ NULL, false },
	{ "remedy rung=reset", true },
	{ "remedy-unknown rung=reset", true },
	{ "remedying rung=reset", false },
	{ "shutdown id=7", false },
};

START_TEST(its_phases_are_known)
{
	ck_assert_msg(vm_remedy_is(phases[_i].phase) == phases[_i].is, "%s",
	    phases[_i].phase ? phases[_i].phase : "none");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_remedy");
	TCase *tests = tcase_create("vm_remedy");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, one_step_after_the_other);
	tcase_add_test(tests, it_ends_when_the_node_is_ready);
	tcase_add_test(tests, while_the_server_is_away_it_waits);
	tcase_add_test(tests, a_new_start_is_given_its_time);
	tcase_add_loop_test(tests, its_phases_are_known, 0, ROWS(phases));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
