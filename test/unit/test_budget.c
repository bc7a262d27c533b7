/* SPDX-License-Identifier: MIT */
/* Tests of lib/plan/budget.c: how many VMs may be down at once (promise P10). */
#include "lib/kind/vm/vm.h"
#include "lib/plan/budget.h"

#include "test/unit/vm_scene.h"

/*
 * A letter a VM, capital for a control plane:
 * w runs; s runs and is to be stopped; d is down and is to run; o is stopped as written;
 * a is to be stopped and was asked to just now; r some time ago, so it is asked again;
 * b the same as a, with the step under way;
 * m is not there at all; p is paused; f is to be stopped, and the last try failed; q was
 * asked to stop, which a reconcile forgot.
 * Of those to be stopped the answer says + it is done, - it waits for approval.
 */
static const struct {
	const char *what;
	const char *vms;
	const char *answer;
} budgets[] = {
	{ "1 of 1", "s", "-" },
	{ "1 of 2", "sw", "-" },
	{ "1 of 3 is a third", "sww", "+" },
	{ "the second of 3", "ssw", "+-" },
	{ "2 of 6 are a third, 3 are more", "ssswww", "++-" },
	{ "one is down that should run", "sdw", "-" },
	{ "one is down as written", "sow", "-" },
	{ "one was never made", "smw", "-" },
	{ "one is paused", "spw", "-" },
	{ "one could not be stopped", "sfw", "-" },
	{ "one may still go down", "sqw", "-" },
	{ "of 6, one is down", "ssdwww", "+-" },
	{ "of 6, two are down already", "sdowww", "-" },
	{ "one was asked to stop", "saw", "-" },
	{ "one was asked long ago", "rsw", "-" },
	{ "the same, and it comes last", "srw", "-" },
	{ "one is being stopped", "bsw", "-" },
	{ "what goes on counts before what comes first", "sbw", "-" },
	{ "of 6, one goes on", "sswwwa", "+-" },
	{ "the only control plane", "Swwwwwwww", "-" },
	{ "the only one that is up", "SDwwwwwww", "-" },
	{ "a second of three", "SSWwwwwww", "+-" },
	{ "one of two", "SWwwwwwww", "+" },
	{ "both of two", "SSwwwwwww", "+-" },
	{ "a second, the first being down", "DSWwwwwww", "-" },
	{ "one, and a worker", "SWswwwwww", "++" },
	{ "a worker, a control plane being down", "DWswwwwww", "+" },
	{ "a third of all, control planes among them", "SWWsswwww", "+++" },
};

static const char *const vm_names[] = { "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
	"v8" };

static bool is(char letter, const char *these)
{
	return strchr(these, letter | ('a' ^ 'A'));
}

static bool is_critical(char letter)
{
	return letter < 'a';
}

static void observe_vm(struct scene *s, const char *name, bool up, bool paused)
{
	struct domain_facts facts = { .id = up ? 1 : -1,
		.state = paused ? 3
			 : up	? 1
				: 5,
		.persistent = true };

	see_domain(s, name, &facts, up ? SIZE : NULL, SIZE);
}

static void begin_crowd(struct scene *s, const char *vms)
{
	autotext struct text yaml = { 0 };

	text_add(&yaml, "vms:\n");
	for (size_t i = 0; vms[i]; i++)
		text_add(&yaml, "  %s: {role: %s%s}\n", vm_names[i],
		    is_critical(vms[i]) ? "control-plane" : "worker",
		    is(vms[i], "soabrfq") ? ", state: stopped" : "");
	scene_begin(s, text_get(&yaml), NULL);
	for (size_t i = 0; vms[i]; i++) {
		const char *name = vm_names[i];

		if (!is(vms[i], "m"))
			observe_vm(s, name, !is(vms[i], "do"), is(vms[i], "p"));
		if (is(vms[i], "ar"))
			*(struct vm_record *)state_get(&s->state, &vm_kind, name)->own =
			    (struct vm_record){ .observed = true,
				    .domain_id = 1,
				    .stop_first = { NOW - 40000 },
				    .stop_sent = {
					NOW - (is(vms[i], "r") ? 40000 : 1000) } };
		if (is(vms[i], "q"))
			((struct vm_record *)state_get(&s->state, &vm_kind, name)->own)
			    ->stop_requested.ms = NOW - 1000;
		if (is(vms[i], "f")) {
			state_get(&s->state, &vm_kind, name)->failures = 1;
			state_get(&s->state, &vm_kind, name)->retry_at.ms = NOW + 1000;
		}
		if (is(vms[i], "b"))
			state_get(&s->state, &vm_kind, name)->busy = true;
	}
	scene_plan(s);
}

static const struct item *vm_item(const struct scene *s, size_t i)
{
	return plan_find(s->plan, &vm_kind, vm_names[i]);
}

START_TEST(the_budget_is_kept)
{
	const char *vms = budgets[_i].vms, *answer = budgets[_i].answer;
	struct scene s;

	begin_crowd(&s, vms);
	for (size_t i = 0; vms[i]; i++) {
		const struct item *item = vm_item(&s, i);

		if (!is(vms[i], "s"))
			continue;
		ck_assert_msg(
		    scene_gate(item) == (*answer == '+' ? GATE_OPEN : GATE_BUDGET),
		    "%s: v%zu: %s", budgets[_i].what, i, item->reason);
		ck_assert_int_eq(
		    item->verdict, *answer++ == '+' ? VERDICT_PENDING : VERDICT_BLOCKED);
	}
	ck_assert_msg(!*answer, "%s", budgets[_i].what);
	scene_end(&s);
}
END_TEST

static const struct {
	const char *vms;
	size_t which;
	const char *reason;
} reasons[] = {
	{ "s", 0,
	    "waits for approval: stop vm/v0: interrupts vm/v0; 1 of 1 virtual machine would then not be up" },
	{ "sw", 0,
	    "waits for approval: stop vm/v0: interrupts vm/v0; 1 of 2 virtual machines would then not be up" },
	{ "SDwwwwwww", 0,
	    "waits for approval: stop vm/v0: interrupts vm/v0; no control plane would then be up" },
	{ "SSWwwwwww", 1,
	    "waits for approval: stop vm/v1: interrupts vm/v1; 2 of 3 control planes would then not be up" },
};

START_TEST(the_budget_says_why)
{
	struct scene s;

	begin_crowd(&s, reasons[_i].vms);
	ck_assert_str_eq(vm_item(&s, reasons[_i].which)->reason, reasons[_i].reason);
	scene_end(&s);
}
END_TEST

/*
 * The program of v0, which stops it, interrupts these as well: a digit each. Whoever else is
 * to be stopped comes later and finds that spent.
 */
static const struct {
	const char *what;
	const char *vms;
	const char *others;
	bool approved;
	const char *answer;
} several[] = {
	{ "two of 6", "swwwww", "1", false, "+" },
	{ "three of 6", "swwwww", "12", false, "-" },
	{ "one of them twice", "swwwww", "11", false, "+" },
	{ "one that is down already", "sdwwww", "1", false, "+" },
	{ "two, one being down besides", "swwwwd", "1", false, "-" },
	{ "the last of them is a second control plane", "SWwwwwwww", "1", false, "-" },
	{ "it leaves no control plane", "swWwwwwww", "2", false, "-" },
	{ "what it takes is charged: nothing is left", "swwwws", "1", false, "+-" },
	{ "approved, and charged for all", "swwwws", "12", true, "+-" },
	{ "refused, and charged for nothing", "swwwws", "12", false, "-+" },
};

static struct program *stop_of(const struct scene *s, size_t i)
{
	return vm_item(s, i)->programs[0];
}

START_TEST(a_program_is_charged_for_all_it_interrupts)
{
	const char *vms = several[_i].vms, *answer = several[_i].answer;
	struct scene s;
	struct planner p;

	begin_crowd(&s, vms);
	p = (struct planner){
		.plan = s.plan, .arena = &s.plan->arena, .input = &s.input
	};
	for (const char *other = several[_i].others; *other; other++)
		program_effect(&p, stop_of(&s, 0), EFFECT_INTERRUPTS, &vm_kind,
		    vm_names[*other - '0']);
	stop_of(&s, 0)->approved = several[_i].approved;
	for (size_t i = 0; vms[i]; i++)
		if (is(vms[i], "s"))
			stop_of(&s, i)->gate = GATE_OPEN;
	budget_apply(&p);
	for (size_t i = 0; vms[i]; i++)
		if (is(vms[i], "s"))
			ck_assert_msg(stop_of(&s, i)->gate ==
					  (*answer++ == '+' ? GATE_OPEN : GATE_BUDGET),
			    "%s: v%zu: %s", several[_i].what, i, stop_of(&s, i)->why);
	ck_assert_msg(!*answer, "%s", several[_i].what);
	scene_end(&s);
}
END_TEST

/* What is approved goes before all others, which get what it leaves; what has stopped stays
 * counted. */
START_TEST(an_approved_stop_passes_and_counts)
{
	struct scene s;

	begin_crowd(&s, "ssswww");
	scene_approve(&s, vm_item(&s, 2));
	scene_plan(&s);
	ck_assert_int_eq(scene_gate(vm_item(&s, 0)), GATE_OPEN);
	ck_assert_int_eq(scene_gate(vm_item(&s, 1)), GATE_BUDGET);
	ck_assert_int_eq(scene_gate(vm_item(&s, 2)), GATE_OPEN);
	ck_assert_ptr_nonnull(strstr(vm_item(&s, 1)->reason, "3 of 6"));
	scene_end(&s);

	begin_crowd(&s, "sssw");
	scene_approve(&s, vm_item(&s, 1));
	scene_approve(&s, vm_item(&s, 2));
	scene_plan(&s);
	ck_assert_int_eq(scene_gate(vm_item(&s, 0)), GATE_BUDGET);
	ck_assert_int_eq(scene_gate(vm_item(&s, 1)), GATE_OPEN);
	ck_assert_int_eq(scene_gate(vm_item(&s, 2)), GATE_OPEN);
	ck_assert_ptr_nonnull(strstr(vm_item(&s, 0)->reason, "3 of 4"));
	observe_vm(&s, "v1", false, false);
	observe_vm(&s, "v2", false, false);
	scene_plan(&s);
	ck_assert_uint_eq(s.plan->step_count, 0);
	ck_assert_int_eq(scene_gate(vm_item(&s, 0)), GATE_BUDGET);
	scene_end(&s);
}
END_TEST

/* What cannot be read may be down. */
static const struct {
	const char *what;
	const char *vms;
	/* What was requested is not remembered, and all were observed up for so long (s). */
	int lost;
	enum gate first, second;
	const char *
	    lives; /* the guests whose agent answers, or whose node is Ready ('n'), is not ('u'), is another ('o') */
} doubts[] = {
	{ "a request that failed is sent again", "qww", 0, GATE_OPEN, GATE_OPEN, "" },
	{ "not beside one that is down", "qdw", 0, GATE_BUDGET, GATE_OPEN, "" },
	{ "nor beside another such", "qqw", 0, GATE_BUDGET, GATE_BUDGET, "" },
	{ "of two one", "SSWwwwwww", 0, GATE_OPEN, GATE_BUDGET, "" },
	{ "either may be going down already", "SSWwwwwww", 1, GATE_BUDGET, GATE_BUDGET,
	    "" },
	{ "another may be, at a wish", "SWWwwwwww", 1, GATE_BUDGET, GATE_OPEN, "" },
	{ "a guest may take three minutes", "SSWwwwwww", 179, GATE_BUDGET, GATE_BUDGET,
	    "" },
	{ "a guest whose agent answers has not gone down", "SSWwwwwww", 60, GATE_OPEN,
	    GATE_BUDGET, "aaaaaaaaa" },
	{ "it may answer for some seconds", "SSWwwwwww", 59, GATE_BUDGET, GATE_BUDGET,
	    "aaaaaaaaa" },
	{ "nor has one whose node is Ready", "SSWwwwwww", 60, GATE_OPEN, GATE_BUDGET,
	    "nnnaaaaaa" },
	{ "another control plane is silent", "SSWwwwwww", 60, GATE_BUDGET, GATE_BUDGET,
	    "aa-aaaaaa" },
	{ "a node of its name is another machine", "SSWwwwwww", 60, GATE_BUDGET,
	    GATE_BUDGET, "aaoaaaaaa" },
	{ "its node is not Ready", "SSWwwwwww", 60, GATE_BUDGET, GATE_BUDGET,
	    "aauaaaaaa" },
	{ "it has not gone down", "SSWwwwwww", 180, GATE_OPEN, GATE_BUDGET, "" },
};

static void lose_state(struct scene *s, const char *vms, int up_for)
{
	s->state.lost = true;
	for (size_t i = 0; vms[i]; i++)
		((struct vm_record *)state_get(&s->state, &vm_kind, vm_names[i])->own)
		    ->running_since.ms = NOW - up_for * SECOND;
}

#define AGENT                                                                            \
	"<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' "      \
	"state='connected'/></channel>"

/* A Node of that system UUID. */
static void see_node(struct scene *s, const char *name, const char *uuid, bool ready)
{
	struct arena a = { 0 };
	struct observed *observed = observed_new(&node_kind, name);
	autojson struct json_object *o = json_tokener_parse(arena_printf(&a,
	    "{\"metadata\": {\"name\": \"%s\"}, \"status\": {\"conditions\": "
	    "[{\"type\": \"Ready\", \"status\": \"%s\"}], "
	    "\"nodeInfo\": {\"systemUUID\": \"%s\"}}}",
	    name, ready ? "True" : "Unknown", uuid));
	struct reading reading = { .kind = &node_kind, .name = name, .json = o };

	ck_assert_int_eq(node_kind.decode(observed, &reading, NULL), 0);
	observed->presence = PRESENT;
	observations_put(&s->observed, observed);
	arena_done(&a);
}

static void show_life(struct scene *s, const char *lives)
{
	struct domain_facts facts = { .id = 1, .state = 1, .persistent = true };
	struct arena a = { 0 };

	for (size_t i = 0; lives[i]; i++) {
		const char *uuid =
		    arena_printf(&a, "11111111-2222-3333-4444-00000000000%zu", i);
		const char *stored = arena_printf(&a, "<uuid>%s</uuid>%s", uuid, SIZE);

		see_domain(s, vm_names[i], &facts,
		    lives[i] == 'a'
			? arena_printf(&a, "%s<devices>%s</devices>", stored, AGENT)
			: stored,
		    stored);
		if (strchr("nuo", lives[i]))
			see_node(s, vm_names[i],
			    lives[i] == 'o' ? "99999999-2222-3333-4444-000000000000"
					    : uuid,
			    lives[i] != 'u');
	}
	arena_done(&a);
}

START_TEST(what_may_be_down_is_not_free)
{
	struct scene s;

	begin_crowd(&s, doubts[_i].vms);
	if (doubts[_i].lost)
		lose_state(&s, doubts[_i].vms, doubts[_i].lost);
	show_life(&s, doubts[_i].lives);
	scene_plan(&s);
	if (doubts[_i].lost && doubts[_i].first == GATE_BUDGET)
		ck_assert_ptr_nonnull(
		    strstr(vm_item(&s, 0)->reason, "may be on their way down, since"));
	if (doubts[_i].lost && doubts[_i].first == GATE_BUDGET && !*doubts[_i].lives)
		ck_assert_int_eq(s.plan->next.ms, NOW + (180 - doubts[_i].lost) * SECOND);
	ck_assert_msg(scene_gate(vm_item(&s, 0)) == doubts[_i].first, "%s: %s",
	    doubts[_i].what, vm_item(&s, 0)->reason);
	if (vm_item(&s, 1)->program_count)
		ck_assert_msg(scene_gate(vm_item(&s, 1)) == doubts[_i].second, "%s: %s",
		    doubts[_i].what, vm_item(&s, 1)->reason);
	scene_end(&s);
}
END_TEST

/* v1's domain was requested to go down when the VM was called otherwise. */
START_TEST(a_stop_counts_whatever_its_vm_is_called_now)
{
	for (int id = 1; id < 3; id++) {
		struct vm_record *old;
		struct scene s;

		begin_crowd(&s, "sww");
		ck_assert_int_eq(scene_gate(vm_item(&s, 0)), GATE_OPEN);
		old = state_get(&s.state, &vm_kind, "old")->own;
		old->domain_id = id;
		record_set_text(&old->domain, "v1");
		old->stop_requested.ms = NOW - 1000;
		scene_plan(&s);
		ck_assert_int_eq(
		    scene_gate(vm_item(&s, 0)), id == 1 ? GATE_BUDGET : GATE_OPEN);
		scene_end(&s);
	}
}
END_TEST

START_TEST(an_unread_vm_counts_as_down)
{
	struct observed *unread;
	struct scene s;

	begin_crowd(&s, "sww");
	ck_assert_int_eq(scene_gate(vm_item(&s, 0)), GATE_OPEN);
	unread = observed_new(&vm_kind, "v1");
	unread->presence = UNKNOWN;
	unread->why = "it cannot be read";
	observations_put(&s.observed, unread);
	scene_plan(&s);
	ck_assert_int_eq(vm_item(&s, 1)->verdict, VERDICT_UNKNOWN);
	ck_assert_int_eq(scene_gate(vm_item(&s, 0)), GATE_BUDGET);
	scene_end(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("budget");
	TCase *tests = tcase_create("budget");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tests, a_program_is_charged_for_all_it_interrupts, 0, ROWS(several));
	tcase_add_loop_test(tests, the_budget_is_kept, 0, ROWS(budgets));
	tcase_add_loop_test(tests, the_budget_says_why, 0, ROWS(reasons));
	tcase_add_test(tests, an_approved_stop_passes_and_counts);
	tcase_add_loop_test(tests, what_may_be_down_is_not_free, 0, ROWS(doubts));
	tcase_add_test(tests, a_stop_counts_whatever_its_vm_is_called_now);
	tcase_add_test(tests, an_unread_vm_counts_as_down);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
