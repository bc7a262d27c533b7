/* SPDX-License-Identifier: MIT */
/* Tests of lib/plan/plan.c, gates.c and lookup.c: the gates between what differs and what
 * is done. */
#include "lib/base/arena.h"
#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/vm/vm.h"
#include "lib/view/view.h"

#include "test/unit/vm_scene.h"

#define HOME "metallb: {pools: {p: {addresses: [10.0.0.0-10.0.0.9], advertise: none}}}\n"

/* Plans the home as it is `later` ms from now, the cluster included. */
static void plan_again(struct scene *s, int64_t later)
{
	s->input = (struct plan_input){
		.desired = s->config,
		.observed = &s->observed,
		.state = &s->state,
		.sources = { { .up = true }, { .up = true }, { .up = true } },
		.unsaved = s->input.unsaved,
		.now = { NOW + later },
	};
	plan_free(s->plan);
	s->plan = plan_make(&s->input);
	s->item = plan_find(s->plan, &pool_kind, "p");
}

/* An object of the API: what stands inside its braces, with single quotes. */
static void observe(
    struct scene *s, const struct kind *kind, const char *name, const char *json)
{
	struct arena a = { 0 };
	struct error e = { "" };
	char *text = arena_printf(&a, "{%s}", json);
	autojson struct json_object *o = NULL;
	struct reading reading = { .kind = kind, .name = name };
	struct observed *observed = observed_new(kind, name);

	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	reading.json = o = json_parse(text, strlen(text), 16, &e);
	ck_assert_msg(o && kind->decode(observed, &reading, &e) == 0, "%s", e.text);
	observed->presence = PRESENT;
	observations_put(&s->observed, observed);
	arena_done(&a);
}

static void observe_pool(struct scene *s, const char *name, const char *addresses)
{
	struct arena a = { 0 };

	observe(s, &pool_kind, name,
	    arena_printf(&a,
		"'metadata': {'name': '%s', 'uid': 'u', 'labels': {'" MARK_LABEL
		"': 'homek8sd'}, 'managedFields': [{'manager': 'homek8sd'}]}, 'spec': {'addresses': ['%s']}",
		name, addresses));
	arena_done(&a);
}

static void observe_service(struct scene *s, const char *name, const char *address)
{
	struct arena a = { 0 };

	observe(s, &service_kind, name,
	    arena_printf(&a,
		"'spec': {'type': 'LoadBalancer'}, 'status': {'loadBalancer': "
		"{'ingress': [{'ip': '%s'}]}}",
		address));
	arena_done(&a);
}

START_TEST(what_is_missing_is_made)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
	ck_assert_uint_eq(s.plan->step_count, 1);
	ck_assert_uint_eq(s.plan->program_count, 1);
	ck_assert(s.plan->programs[0] == program_of(s.item));
	ck_assert(s.plan->steps[0]->program == program_of(s.item));
	ck_assert(s.plan->steps[0]->action == &kube_apply_action);
	ck_assert_int_eq(scene_gate(s.item), GATE_OPEN);
	ck_assert_int_eq(s.plan->next.ms, INT64_MAX);
	scene_end(&s);
}
END_TEST

/* The only step of the plan as it is shown. */
static const struct step_view *shown_step(
    const struct scene *s, struct arena *a, struct plan_reply *reply)
{
	const struct view view = { .plan = s->plan, .load.generation = 1 };

	view_plan(&view, a, reply);
	ck_assert_uint_eq(reply->steps.count, 1);
	return reply->steps.items;
}

START_TEST(what_is_under_way_is_not_held)
{
	struct arena a = { 0 };
	struct plan_reply reply;
	const struct step_view *step;
	struct scene s;

	scene_begin(&s, HOME, NULL);
	state_get(&s.state, &pool_kind, "p")->busy = true;
	plan_again(&s, 0);
	step = shown_step(&s, &a, &reply);
	ck_assert(!step->held && !step->why_held);
	ck_assert_str_eq(step->progress, "under way");
	state_get(&s.state, &pool_kind, "p")->busy = false;
	state_pause(&s.state, &pool_kind, "p", "by hand", MONO_NEVER);
	plan_again(&s, 0);
	step = shown_step(&s, &a, &reply);
	ck_assert(step->held && !step->progress);
	ck_assert_str_eq(step->why_held, "paused until resumed");
	scene_end(&s);
	arena_done(&a);
}
END_TEST

/* What waits, or is blocked, is said of what is paused, and listed. */
START_TEST(what_would_be_blocked_is_said_while_paused)
{
	struct arena a = { 0 };
	struct plan_reply reply;
	struct scene s;

	scene_begin(&s, "vms: {w: {memory: 1GiB}}\n", NULL);
	state_pause(&s.state, &vm_kind, "w", "by hand", MONO_NEVER);
	scene_plan(&s);
	ck_assert_int_eq(s.item->verdict, VERDICT_PAUSED);
	ck_assert_int_eq(s.item->unpaused, VERDICT_BLOCKED);
	ck_assert_msg(
	    strstr(s.item->reason, "by hand; would be blocked: there is no domain w"),
	    "%s", s.item->reason);
	view_plan(&(struct view){ .plan = s.plan, .load.generation = 1 }, &a, &reply);
	ck_assert_uint_eq(reply.others.count, 1);
	scene_end(&s);
	arena_done(&a);
}
END_TEST

START_TEST(what_is_unknown_is_left_alone)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	observations_set_unknown(&s.observed, &pool_kind, "", "connection refused");
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_UNKNOWN);
	ck_assert_str_eq(s.item->reason, "connection refused");
	ck_assert_uint_eq(s.plan->step_count, 0);
	ck_assert_uint_eq(s.item->program_count, 0);
	scene_end(&s);
}
END_TEST

/* Of a kind with several watches, one may be known and another not. */
START_TEST(the_objects_own_watch_decides)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	observations_set_unknown(&s.observed, &pool_kind, "p", "forbidden");
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_UNKNOWN);
	ck_assert_str_eq(s.item->reason, "forbidden");
	observations_set_known(&s.observed, &pool_kind, "p");
	observations_set_unknown(&s.observed, &pool_kind, "q", "forbidden");
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
	scene_end(&s);
}
END_TEST

/* The step under way says how far it is. */
START_TEST(progress_is_the_reason)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	state_get(&s.state, &pool_kind, "p")->busy = true;
	state_progress(&s.state, &pool_kind, "p", "is at 40 %");
	plan_again(&s, 0);
	ck_assert_str_eq(s.item->reason, "is at 40 %");
	ck_assert_str_eq(program_of(s.item)->why, "is at 40 %");
	scene_end(&s);
}
END_TEST

START_TEST(a_busy_object_is_held)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	state_get(&s.state, &pool_kind, "p")->busy = true;
	plan_again(&s, 0);
	ck_assert_uint_eq(s.plan->step_count, 0);
	ck_assert_int_eq(scene_gate(s.item), GATE_BUSY);
	ck_assert_ptr_nonnull(program_of(s.item)->why);
	ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
	state_get(&s.state, &pool_kind, "p")->busy = false;
	plan_again(&s, 0);
	ck_assert_uint_eq(s.plan->step_count, 1);
	scene_end(&s);
}
END_TEST

START_TEST(a_failed_one_waits_for_its_time)
{
	struct scene s;

	scene_begin(&s, HOME, NULL);
	state_step_failed(&s.state, &pool_kind, "p", &kube_apply_action, NULL,
	    "webhook does not answer", false, 0, &s.config->settings,
	    (struct mono){ NOW }, 0);
	plan_again(&s, 999);
	ck_assert_int_eq(s.item->verdict, VERDICT_FAILING);
	ck_assert_str_eq(s.item->reason, "webhook does not answer");
	ck_assert_int_eq(scene_gate(s.item), GATE_BACK_OFF);
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
	state_pause(&s.state, NULL, NULL, "moving house", (struct mono){ NOW + 90000 });
	plan_again(&s, 0);
	ck_assert_int_eq(s.item->verdict, VERDICT_PAUSED);
	ck_assert_int_eq(scene_gate(s.item), GATE_PAUSED);
	ck_assert_ptr_nonnull(strstr(s.item->reason, "moving house"));
	ck_assert_ptr_nonnull(strstr(s.item->reason, "create pool p"));
	ck_assert_uint_eq(s.plan->step_count, 0);
	ck_assert_int_eq(s.plan->next.ms, NOW + 90000);
	plan_again(&s, 90000);
	ck_assert_uint_eq(s.plan->step_count, 1);
	scene_end(&s);
}
END_TEST

/* Deleting is noted on disk before it is done; what may be repeated needs no note. */
START_TEST(what_must_not_be_done_twice_waits_for_the_disk)
{
	const struct item *old;
	struct scene s;

	scene_begin(&s, HOME, "prune: true");
	observe_pool(&s, "old", "10.0.1.0-10.0.1.9");
	s.input.unsaved = "No space left on device";
	plan_again(&s, 0);
	old = plan_find(s.plan, &pool_kind, "old");
	ck_assert_int_eq(scene_gate(old), GATE_UNSAVED);
	ck_assert_int_eq(old->verdict, VERDICT_BLOCKED);
	ck_assert_ptr_nonnull(strstr(old->reason, "No space left on device"));
	ck_assert_int_eq(scene_gate(s.item), GATE_OPEN);
	s.input.unsaved = NULL;
	plan_again(&s, 0);
	ck_assert_int_eq(scene_gate(plan_find(s.plan, &pool_kind, "old")), GATE_OPEN);
	ck_assert_uint_eq(s.plan->step_count, 2);
	ck_assert_msg(s.plan->programs[0]->removal, "removals go first");
	scene_end(&s);
}
END_TEST

#define OLD_ADVERTISEMENT                                                                \
	"'metadata': {'name': 'old', 'uid': 'u', 'labels': {'" MARK_LABEL                \
	"': 'homek8sd'}, 'managedFields': [{'manager': 'homek8sd'}]}, "                  \
	"'spec': {'ipAddressPools': ['old']}"

/* Both are pruned, and a pool goes after what names it: reverse row order. */
START_TEST(a_pool_outlives_its_advertisement)
{
	const struct item *pool;
	struct scene s;

	scene_begin(&s, HOME, "prune: true");
	observe_pool(&s, "p", "10.0.0.0-10.0.0.9");
	observe_pool(&s, "old", "10.0.1.0-10.0.1.9");
	observe(&s, &advertisement_kind, "old", OLD_ADVERTISEMENT);
	plan_again(&s, 0);
	pool = plan_find(s.plan, &pool_kind, "old");
	ck_assert_int_eq(scene_gate(pool), GATE_WAITS);
	ck_assert_str_eq(pool->reason, "waits until advertisement/old is gone");
	ck_assert_uint_eq(s.plan->step_count, 1);
	ck_assert(s.plan->steps[0]->kind == &advertisement_kind);
	observations_remove(&s.observed, &advertisement_kind, "old");
	plan_again(&s, 0);
	ck_assert_uint_eq(s.plan->step_count, 1);
	ck_assert(s.plan->steps[0]->kind == &pool_kind);
	ck_assert_str_eq(s.plan->steps[0]->name, "old");
	scene_end(&s);
}
END_TEST

START_TEST(a_removal_that_is_held_holds_those_after_it)
{
	struct scene s;

	scene_begin(&s, HOME, "prune: true");
	observe_pool(&s, "p", "10.0.0.0-10.0.0.9");
	observe_pool(&s, "old", "10.0.1.0-10.0.1.9");
	observe(&s, &advertisement_kind, "old", OLD_ADVERTISEMENT);
	state_pause(&s.state, &advertisement_kind, "old", NULL, MONO_NEVER);
	plan_again(&s, 0);
	ck_assert_int_eq(scene_gate(plan_find(s.plan, &pool_kind, "old")), GATE_WAITS);
	ck_assert_uint_eq(s.plan->step_count, 0);
	scene_end(&s);
}
END_TEST

/* Approvals: pool p is to shrink, and Services live on what it gives up. */

static void begin_shrinking(struct scene *s, const char *services)
{
	scene_begin(s, HOME, NULL);
	observe_pool(s, "p", "10.0.0.0-10.0.0.99");
	for (const char *c = services; *c; c++) {
		struct arena a = { 0 };

		observe_service(s, arena_printf(&a, "x/%c", *c),
		    arena_printf(&a, "10.0.0.%d", 50 + (*c - 'a')));
		arena_done(&a);
	}
	plan_again(s, 0);
	ck_assert_int_eq(scene_gate(s->item), GATE_APPROVAL);
}

START_TEST(an_approval_is_for_what_was_shown)
{
	struct scene s;

	begin_shrinking(&s, "a");
	ck_assert_int_eq(s.item->verdict, VERDICT_BLOCKED);
	ck_assert_str_eq(s.item->reason,
	    "waits for approval: change pool p to 10.0.0.0-10.0.0.9: takes the address 10.0.0.50 of service/x/a");
	ck_assert_uint_eq(s.plan->step_count, 0);
	ck_assert_uint_eq(strlen(program_of(s.item)->hash), 32);
	state_approve(&s.state, &pool_kind, "p", (const uint64_t[]){ 17 }, 1,
	    (struct mono){ NOW }, APPROVAL_EXPIRES_MS, 0);
	plan_again(&s, 0);
	ck_assert_msg(scene_gate(s.item) == GATE_APPROVAL, "something else was approved");
	scene_approve(&s, s.item);
	plan_again(&s, 0);
	ck_assert_int_eq(scene_gate(s.item), GATE_OPEN);
	ck_assert(program_of(s.item)->approved);
	ck_assert_uint_eq(s.plan->step_count, 1);
	scene_end(&s);
}
END_TEST

/* While it proceeds effects come about and are no longer ahead. */
START_TEST(what_is_left_of_a_change_goes_on)
{
	const char *hash;
	struct arena a = { 0 };
	struct scene s;

	begin_shrinking(&s, "ab");
	hash = arena_copy(&a, program_of(s.item)->hash);
	scene_approve(&s, s.item);
	observe_service(&s, "x/a", "10.0.0.5");
	plan_again(&s, 0);
	ck_assert_uint_eq(program_of(s.item)->effect_count, 1);
	ck_assert_int_eq(scene_gate(s.item), GATE_OPEN);
	ck_assert_msg(strcmp(hash, program_of(s.item)->hash) != 0,
	    "what is shown is named by what it is");
	arena_done(&a);
	scene_end(&s);
}
END_TEST

START_TEST(an_effect_more_is_another_change)
{
	struct scene s;

	begin_shrinking(&s, "a");
	scene_approve(&s, s.item);
	observe_service(&s, "x/b", "10.0.0.51");
	plan_again(&s, 0);
	ck_assert_int_eq(scene_gate(s.item), GATE_APPROVAL);
	ck_assert_ptr_nonnull(strstr(s.item->reason, "service/x/b"));
	scene_end(&s);
}
END_TEST

#define OTHER_HOME                                                                       \
	"metallb: {pools: {p: {addresses: [10.0.0.0-10.0.0.19], advertise: none}}}\n"

START_TEST(another_value_is_another_change)
{
	struct config *before;
	struct scene s;
	int result;

	begin_shrinking(&s, "a");
	scene_approve(&s, s.item);
	before = s.config;
	s.config = load(OTHER_HOME, NULL, &result);
	ck_assert_int_eq(result, 0);
	plan_again(&s, 0);
	ck_assert_int_eq(scene_gate(s.item), GATE_APPROVAL);
	config_free(before);
	scene_end(&s);
}
END_TEST

START_TEST(many_effects_are_counted)
{
	struct scene s;

	begin_shrinking(&s, "abcde");
	ck_assert_ptr_nonnull(strstr(s.item->reason, "service/x/c and 2 more"));
	ck_assert_ptr_null(strstr(s.item->reason, "service/x/d"));
	ck_assert_uint_eq(program_of(s.item)->effect_count, 5);
	scene_end(&s);
}
END_TEST

/* A pause is said before all else, what is under way before what is to be asked, and
 * nobody waits out a back-off to be asked. */
START_TEST(gates_are_asked_in_order)
{
	struct object_state *state;
	struct scene s;

	begin_shrinking(&s, "a");
	state = state_get(&s.state, &pool_kind, "p");
	state_step_failed(&s.state, &pool_kind, "p", &kube_apply_action, NULL, "refused",
	    false, 0, &s.config->settings, (struct mono){ NOW }, 0);
	plan_again(&s, 0);
	ck_assert_int_eq(scene_gate(s.item), GATE_APPROVAL);
	state->busy = true;
	plan_again(&s, 0);
	ck_assert_int_eq(scene_gate(s.item), GATE_BUSY);
	state_pause(&s.state, &pool_kind, "p", NULL, MONO_NEVER);
	plan_again(&s, 0);
	ck_assert_int_eq(scene_gate(s.item), GATE_PAUSED);
	state->busy = false;
	state_resume(&s.state, &pool_kind, "p");
	plan_again(&s, 0);
	scene_approve(&s, s.item);
	plan_again(&s, 0);
	ck_assert_int_eq(scene_gate(s.item), GATE_BACK_OFF);
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
	tcase_add_test(tests, what_is_under_way_is_not_held);
	tcase_add_test(tests, what_would_be_blocked_is_said_while_paused);
	tcase_add_test(tests, what_is_unknown_is_left_alone);
	tcase_add_test(tests, the_objects_own_watch_decides);
	tcase_add_test(tests, progress_is_the_reason);
	tcase_add_test(tests, a_busy_object_is_held);
	tcase_add_test(tests, a_failed_one_waits_for_its_time);
	tcase_add_test(tests, a_pause_holds_and_says_what_it_holds);
	tcase_add_test(tests, what_must_not_be_done_twice_waits_for_the_disk);
	tcase_add_test(tests, a_pool_outlives_its_advertisement);
	tcase_add_test(tests, a_removal_that_is_held_holds_those_after_it);
	tcase_add_test(tests, an_approval_is_for_what_was_shown);
	tcase_add_test(tests, what_is_left_of_a_change_goes_on);
	tcase_add_test(tests, an_effect_more_is_another_change);
	tcase_add_test(tests, another_value_is_another_change);
	tcase_add_test(tests, many_effects_are_counted);
	tcase_add_test(tests, gates_are_asked_in_order);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
