/* SPDX-License-Identifier: MIT */
/* Tests of procedures in lib/plan, with test/frame/rollout.c: what becomes of a phase. */
#include <check.h>
#include <string.h>
#undef fail /* check has a macro of that name */

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/plan/plan.h"
#include "lib/state/rounds.h"

#define NOW ((struct mono){ 1000000 })
#define WRITTEN "rollouts:\n  kernel: {node: worker-1, revision: r2}\n"

static const struct {
	const char *what;
	const char *desired;
	const char *phase; /* before; NULL: none */
	bool is_cordoned;
	const char *revision; /* in force; NULL: nothing was ever run */
	bool is_paused, is_host_down, is_cluster_down, is_unsaved;
	const char *expected; /* the phase after; NULL: none */
	enum verdict verdict;
	enum gate gate; /* of its step, where it has one */
} rows[] = {
	{ "it begins", .desired = WRITTEN, .expected = "cordon worker-1",
	    .verdict = VERDICT_PENDING },
	{ "it ends", .desired = WRITTEN, .phase = "uncordon worker-1", .revision = "r2",
	    .verdict = VERDICT_CONVERGED },
	{ "its own source is away", .desired = WRITTEN, .phase = "run worker-1",
	    .is_cordoned = true, .is_host_down = true, .expected = "run worker-1",
	    .verdict = VERDICT_UNKNOWN },
	{ "the other one is away", .desired = WRITTEN, .phase = "run worker-1",
	    .is_cordoned = true, .is_cluster_down = true, .expected = "run worker-1",
	    .verdict = VERDICT_UNKNOWN },
	{ "paused: it does not go on", .desired = WRITTEN, .phase = "cordon worker-1",
	    .is_cordoned = true, .is_paused = true, .expected = "cordon worker-1",
	    .verdict = VERDICT_PAUSED, .gate = GATE_PAUSED },
	{ "paused: it does not begin", .desired = WRITTEN, .is_paused = true,
	    .verdict = VERDICT_PAUSED, .gate = GATE_PAUSED },
	{ "the disk is full: it does not go on", .desired = WRITTEN,
	    .phase = "cordon worker-1", .is_unsaved = true, .expected = "cordon worker-1",
	    .verdict = VERDICT_BLOCKED, .gate = GATE_UNSAVED },
	{ "the disk is full: it does not begin", .desired = WRITTEN, .is_unsaved = true,
	    .verdict = VERDICT_BLOCKED, .gate = GATE_UNSAVED },
	{ "no longer written, nothing of it there", .desired = "rollouts: {}\n",
	    .phase = "cordon worker-1", .is_cordoned = true,
	    .expected = "uncordon worker-1", .verdict = VERDICT_PENDING },
	{ "no longer written, its end", .desired = "rollouts: {}\n",
	    .phase = "uncordon worker-1", .revision = "r2",
	    .verdict = VERDICT_CONVERGED },
	{ "no longer written, its end, nothing of it there", .desired = "rollouts: {}\n",
	    .phase = "uncordon worker-1", .verdict = VERDICT_CONVERGED },
};

static struct config *load(const char *text)
{
	struct source_text desired = {
		.name = "home.yaml", .text = text, .length = strlen(text)
	};
	struct config_files files = {
		.directory = "/", .desired = &desired, .desired_count = 1
	};
	struct config *config;

	ck_assert_int_eq(config_load(&files, &config), 0);
	return config;
}

static void observe(
    struct observations *o, const struct kind *kind, const char *name, const char *json)
{
	autojson struct json_object *read = json_parse(json, strlen(json), 16, NULL);
	struct observed *observed = observed_new(kind, name);

	ck_assert_int_eq(
	    kind->decode(observed, &(struct reading){ .name = name, .json = read }, NULL),
	    0);
	observed->presence = PRESENT;
	observations_put(o, observed);
}

static void observe_all(struct observations *o, int row)
{
	struct arena a = { 0 };

	if (!rows[row].is_cluster_down)
		observe(o, &node_kind, "worker-1",
		    rows[row].is_cordoned ? "{\"spec\": {\"unschedulable\": true}}"
					  : "{\"spec\": {}}");
	if (rows[row].revision)
		observe(o, &rollout_kind, "kernel",
		    arena_printf(&a, "{\"revision\": \"%s\"}", rows[row].revision));
	observations_set_known(o, &rollout_kind, "");
	if (rows[row].is_cluster_down)
		observations_set_unknown(o, &node_kind, "", "connection refused");
	else
		observations_set_known(o, &node_kind, "");
	arena_done(&a);
}

static void check_item(int row, const struct item *item)
{
	const char *expected = rows[row].expected;

	ck_assert_msg(item, "%s: there is no item", rows[row].what);
	ck_assert_msg(
	    expected ? item->phase && strcmp(item->phase, expected) == 0 : !item->phase,
	    "%s: %s", rows[row].what, item->phase ? item->phase : "none");
	ck_assert_msg(item->verdict == rows[row].verdict, "%s: %s: %s", rows[row].what,
	    verdict_text(item->verdict), item->reason);
	if (item->program_count)
		ck_assert_int_eq(item->programs[0]->gate, rows[row].gate);
	else
		ck_assert_int_eq(rows[row].gate, GATE_OPEN);
}

START_TEST(a_phase_is_neither_lost_nor_begun_too_early)
{
	struct config *config = load(rows[_i].desired);
	struct observations observed = { 0 };
	struct state state = { 0 };
	struct plan_input input = { .desired = config,
		.observed = &observed,
		.state = &state,
		.unsaved = rows[_i].is_unsaved ? "disk full" : NULL,
		.now = NOW };
	struct plan *plan;

	for (size_t i = 0; i < source_count; i++)
		input.sources[i].up = true;
	input.sources[source_index(&host_source)].up = !rows[_i].is_host_down;
	observe_all(&observed, _i);
	if (rows[_i].phase)
		state_procedure(&state, &rollout_kind, "kernel", rows[_i].phase, NOW);
	if (rows[_i].is_paused)
		state_pause(&state, &rollout_kind, "kernel", "", MONO_NEVER);
	plan = plan_make(&input);
	check_item(_i, plan_find(plan, &rollout_kind, "kernel"));
	plan_free(plan);
	observations_done(&observed);
	state_done(&state);
	config_free(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("phases");
	TCase *tests = tcase_create("phases");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, a_phase_is_neither_lost_nor_begun_too_early, 0,
	    sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
