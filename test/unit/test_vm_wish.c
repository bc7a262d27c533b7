/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_wish: what is planned where somebody asked that a VM be stopped or run,
 * what is said of it, and when that ends. */
#include "lib/kind/vm/vm_wish.h"

#include "test/unit/vm_scene.h"

#define OTHERS "x: {}, y: {}"

static struct object *written(struct scene *s)
{
	return set_find(config_get(s->config, &vm_kind), "w");
}

static void ask(struct scene *s, enum wish_for what, int64_t seconds_ago)
{
	state_wish(&s->state, &vm_kind, "w", written(s), what, "alice", ago(seconds_ago));
}

static void observe_others(struct scene *s)
{
	struct domain_facts facts = RUNNING;

	see_domain(s, "x", &facts, SIZE, SIZE);
	see_domain(s, "y", &facts, SIZE, SIZE);
}

/* The VM "w" with these keys beside two that run; `adopted`: somebody else defined it. */
static void begin(struct scene *s, const char *keys, bool adopted)
{
	struct arena a = { 0 };

	scene_begin(
	    s, arena_printf(&a, NETWORK "vms: {w: {%s}, " OTHERS "}", keys), NULL);
	s->adopted = adopted;
	see_network(s, "default", true, "");
	observe_others(s);
	arena_done(&a);
}

static void observe(struct scene *s, const struct domain_facts *facts)
{
	see_domain(s, "w", facts, facts->id >= 0 ? ON_NETWORK : NULL,
	    facts->persistent ? ON_NETWORK : NULL);
	set_record(s, &(struct past){ .ran = true }, facts->id);
}

static const struct {
	const char *what;
	const char *keys;
	bool adopted;
	enum wish_for wish;
	int64_t asked_ago; /* s */
	struct domain_facts facts;
	enum verdict verdict;
	const char *steps;
	const char *says;
	const char *changes; /* "FIELD WANT HAVE", "" none */
} wishes[] = {
	{ "it runs, and is to be stopped", "", false, WISH_STOP, 1, RUNNING,
	    VERDICT_PENDING, "shut down domain w", "to be shut down", "" },
	{ "it is stopped", "", false, WISH_STOP, 330, DOWN(1), VERDICT_PAUSED, "",
	    "is stopped because alice requested it 5m ago; `homek8sctl resume vm/w` or an edit of it ends that",
	    "state running stopped" },
	{ "a moment ago", "", false, WISH_STOP, 59, DOWN(1), VERDICT_PAUSED, "",
	    "requested it just now;", "state running stopped" },
	{ "hours ago", "", false, WISH_STOP, 3 * 3600 + 3599, DOWN(1), VERDICT_PAUSED, "",
	    "3h ago;", "state running stopped" },
	{ "days ago", "", false, WISH_STOP, 5 * 24 * 3600, DOWN(1), VERDICT_PAUSED, "",
	    "5d ago;", "state running stopped" },
	{ "it crashed, and stays so", "power: always", false, WISH_STOP, 1, DOWN(3),
	    VERDICT_PAUSED, "", "is stopped because", "state running stopped" },
	{ "stopped as it is written", "state: stopped", false, WISH_STOP, 1, DOWN(1),
	    VERDICT_CONVERGED, "", "", "" },
	{ "stopped is written, and it is to run", "state: stopped", false, WISH_START, 1,
	    DOWN(1), VERDICT_PENDING, "start domain w", "to be started", "" },
	{ "and runs", "state: stopped", false, WISH_START, 90, RUNNING, VERDICT_PAUSED,
	    "", "runs because alice requested it 1m ago", "state stopped running" },
	{ "started as it is written", "power: manual", false, WISH_START, 1, DOWN(3),
	    VERDICT_PENDING, "start domain w", "to be started", "state running stopped" },
	{ "adopted, and nothing is written of its power: it is stopped", "memory: 1GiB",
	    true, WISH_STOP, 1, RUNNING, VERDICT_PENDING, "shut down domain w",
	    "to be shut down", "" },
	{ "and stays so", "memory: 1GiB", true, WISH_STOP, 60, DOWN(1), VERDICT_PAUSED,
	    "", "is stopped because alice requested it 1m ago", "" },
	{ "adopted, and it is started", "memory: 1GiB", true, WISH_START, 1, DOWN(1),
	    VERDICT_PENDING, "start domain w", "to be started", "state running stopped" },
	{ "what else differs says more", "disk: {path: /e.qcow2}", false, WISH_STOP, 1,
	    DOWN(1), VERDICT_BLOCKED, "", "has disk none instead of /e.qcow2",
	    "disk /e.qcow2 none" },
	{ "paused, so that it cannot shut down", "", false, WISH_STOP, 1, UP(3, 1),
	    VERDICT_BLOCKED, "", "cannot shut down", "state running paused" },
};

static const char *changes_text(struct arena *a, const struct item *item)
{
	const struct difference *d = item->differences.items;

	return item->differences.count ? arena_printf(a, "%s %s %s", d->field, d->want,
					     d->have ? d->have : "none")
				       : "";
}

START_TEST(a_wish_stands_above_what_is_written)
{
	struct arena a = { 0 };
	struct scene s;
	bool kept;

	begin(&s, wishes[_i].keys, wishes[_i].adopted);
	observe(&s, &wishes[_i].facts);
	ask(&s, wishes[_i].wish, wishes[_i].asked_ago);
	kept = state_of(&s)->wish.what != WISH_NONE;
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == wishes[_i].verdict, "%s: %s: %s",
	    wishes[_i].what, verdict_text(s.item->verdict), s.item->reason);
	ck_assert_msg(strcmp(running_text(&a, s.item), wishes[_i].steps) == 0,
	    "%s: steps: %s", wishes[_i].what, running_text(&a, s.item));
	ck_assert_msg(strstr(s.item->reason, wishes[_i].says), "%s: %s", wishes[_i].what,
	    s.item->reason);
	ck_assert_msg(strncmp(changes_text(&a, s.item), wishes[_i].changes,
			  strlen(wishes[_i].changes)) == 0 &&
			  !*wishes[_i].changes == !s.item->differences.count,
	    "%s: %s", wishes[_i].what, changes_text(&a, s.item));
	ck_assert_msg(has_condition(s.item, "Requested") ==
			  (kept && s.item->verdict != VERDICT_PAUSED),
	    "%s", wishes[_i].what);
	scene_end(&s);
	arena_done(&a);
}
END_TEST

START_TEST(its_age_is_said_anew)
{
	struct domain_facts facts = DOWN(1);
	struct scene s;

	begin(&s, "", false);
	observe(&s, &facts);
	ask(&s, WISH_STOP, 330);
	scene_plan(&s);
	ck_assert_int_eq(s.plan->next.ms, NOW + 30 * SECOND);
	ask(&s, WISH_STOP, 2 * 3600 + 600);
	scene_plan(&s);
	ck_assert_int_eq(s.plan->next.ms, NOW + 3000 * SECOND);
	scene_end(&s);
}
END_TEST

START_TEST(a_stop_is_in_the_budget)
{
	struct domain_facts facts = RUNNING;
	struct arena a = { 0 };
	struct scene s;

	scene_begin(&s, NETWORK "vms: {w: {}, x: {}}", NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "x", &facts, SIZE, SIZE);
	observe(&s, &facts);
	ask(&s, WISH_STOP, 1);
	scene_plan(&s);
	ck_assert_int_eq(scene_gate(s.item), GATE_BUDGET);
	ck_assert_int_eq(s.item->verdict, VERDICT_BLOCKED);
	ck_assert_msg(strstr(s.item->reason, "waits for approval: stop vm/w"), "%s",
	    s.item->reason);
	scene_approve(&s, s.item);
	scene_plan(&s);
	ck_assert_str_eq(running_text(&a, s.item), "shut down domain w");
	ask(&s, WISH_START, 0);
	ask(&s, WISH_STOP, 0);
	scene_plan(&s);
	ck_assert_msg(
	    scene_gate(s.item) == GATE_BUDGET, "another wish, another approval");
	scene_end(&s);
	arena_done(&a);
}
END_TEST

/* What is not defined yet is defined, and not started. */
START_TEST(a_domain_that_is_absent_is_defined_and_left_so)
{
	struct arena a = { 0 };
	struct scene s;

	begin(&s, "vcpus: 1, memory: 1GiB, disk: {path: /w.img}", false);
	ask(&s, WISH_STOP, 1);
	scene_plan(&s);
	ck_assert_str_eq(steps_text(&a, s.item), "define domain w");
	ck_assert(has_condition(s.item, "Requested"));
	scene_end(&s);
	arena_done(&a);
}
END_TEST

/* Its other half of the pause: paused, it is not acted on, and says both. */
START_TEST(a_pause_goes_before_a_wish)
{
	struct domain_facts facts = RUNNING;
	struct arena a = { 0 };
	struct scene s;

	begin(&s, "", false);
	observe(&s, &facts);
	ask(&s, WISH_STOP, 1);
	state_pause(&s.state, &vm_kind, "w", "by hand", MONO_NEVER);
	scene_plan(&s);
	ck_assert_str_eq(running_text(&a, s.item), "");
	ck_assert_msg(strstr(s.item->reason, "paused until resumed: by hand"), "%s",
	    s.item->reason);
	ck_assert(has_condition(s.item, "Requested"));
	scene_end(&s);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *what, *yaml; /* as it is written afterwards */
	bool holds;
} edits[] = {
	{ "not at all", "vms: {w: {power: manual, memory: 1GiB}}", true },
	{ "in another order, and with a comment",
	    "vms:\n  w:\n    memory: 1GiB # of two\n    power: manual\n", true },
	{ "another VM", "vms: {w: {power: manual, memory: 1GiB}, v: {}}", true },
	{ "a value", "vms: {w: {power: manual, memory: 2GiB}}", false },
	{ "a key more", "vms: {w: {power: manual, memory: 1GiB, autostart: true}}",
	    false },
	{ "a key less", "vms: {w: {power: manual}}", false },
	{ "its state, as it was asked for",
	    "vms: {w: {power: manual, memory: 1GiB, state: stopped}}", false },
};

START_TEST(an_edit_of_the_object_ends_it)
{
	struct scene s;
	int result;

	scene_begin(&s, edits[0].yaml, NULL);
	ask(&s, WISH_STOP, 60);
	ck_assert_int_eq(vm_record_of(state_of(&s))->desired, VM_STOPPED);
	config_free(s.config);
	s.config = load(edits[_i].yaml, NULL, &result);
	ck_assert_int_eq(result, 0);
	state_desired(&s.state, &vm_kind, "w", written(&s));
	ck_assert_msg((state_of(&s)->wish.what == WISH_STOP) == edits[_i].holds, "%s",
	    edits[_i].what);
	ck_assert_int_eq(vm_record_of(state_of(&s))->desired,
	    edits[_i].holds || strstr(edits[_i].yaml, "stopped") ? VM_STOPPED
								 : VM_RUNNING);
	scene_end(&s);
}
END_TEST

START_TEST(what_leaves_the_files_was_asked_for_no_more)
{
	struct scene s;

	scene_begin(&s, "vms: {w: {}}", NULL);
	ask(&s, WISH_STOP, 60);
	state_desired(&s.state, &vm_kind, "w", NULL);
	ck_assert_msg(
	    state_of(&s)->wish.what == WISH_STOP, "it may be that nothing could be read");
	state_left(&s.state, &vm_kind, "w");
	ck_assert_int_eq(state_of(&s)->wish.what, WISH_NONE);
	ck_assert_ptr_null(state_of(&s)->wish.by);
	scene_end(&s);
}
END_TEST

START_TEST(resumed_it_is_as_written_again)
{
	struct domain_facts facts = DOWN(1);
	struct arena a = { 0 };
	uint64_t changes;
	struct scene s;

	begin(&s, "power: manual", false);
	observe(&s, &facts);
	ask(&s, WISH_STOP, 60);
	changes = s.state.persistent_changes;
	state_resume(&s.state, &vm_kind, "w");
	state_desired(&s.state, &vm_kind, "w", written(&s));
	ck_assert_uint_gt(s.state.persistent_changes, changes);
	scene_plan(&s);
	ck_assert_msg(strcmp(running_text(&a, s.item), "start domain w") == 0,
	    "asked for by name it starts once: %s", s.item->reason);
	scene_end(&s);
	begin(&s, "memory: 1GiB", true);
	observe(&s, &facts);
	ask(&s, WISH_STOP, 60);
	state_resume(&s.state, &vm_kind, "w");
	state_desired(&s.state, &vm_kind, "w", written(&s));
	scene_plan(&s);
	ck_assert_int_eq(s.item->verdict, VERDICT_CONVERGED);
	ck_assert_msg(
	    strstr(s.item->reason, "is stopped and left so"), "%s", s.item->reason);
	scene_end(&s);
	arena_done(&a);
}
END_TEST

START_TEST(it_outlives_a_restart)
{
	const struct clocks before = { { NOW }, 1790000000000, NULL };
	const struct clocks after = { { 5000 }, 1790000240000, NULL }; /* booted since */
	struct json_object *o;
	struct state again = { 0 };
	struct error e = { "" };
	struct scene s;

	scene_begin(&s, "vms: {w: {}}", NULL);
	ask(&s, WISH_STOP, 60);
	o = state_save(&s.state, &before);
	ck_assert_int_eq(state_load(&again, o, s.config, &after, &e), 0);
	state_desired(&again, &vm_kind, "w", written(&s));
	state_done(&s.state);
	s.state = again;
	ck_assert_int_eq(state_of(&s)->wish.what, WISH_STOP);
	ck_assert_str_eq(state_of(&s)->wish.by, "alice");
	ck_assert_int_eq(state_of(&s)->wish.at.ms, 5000 - 300 * SECOND);
	ck_assert_int_eq(vm_record_of(state_of(&s))->desired, VM_STOPPED);
	json_object_put(o);
	scene_end(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_wish");
	TCase *tests = tcase_create("vm_wish");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, a_wish_stands_above_what_is_written, 0, ROWS(wishes));
	tcase_add_test(tests, its_age_is_said_anew);
	tcase_add_test(tests, a_stop_is_in_the_budget);
	tcase_add_test(tests, a_domain_that_is_absent_is_defined_and_left_so);
	tcase_add_test(tests, a_pause_goes_before_a_wish);
	tcase_add_loop_test(tests, an_edit_of_the_object_ends_it, 0, ROWS(edits));
	tcase_add_test(tests, what_leaves_the_files_was_asked_for_no_more);
	tcase_add_test(tests, resumed_it_is_as_written_again);
	tcase_add_test(tests, it_outlives_a_restart);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
