/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_release: domains that nobody writes any more. */
#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"
#include "test/unit/vm_scene.h"

#define PRUNE "prune: true\n"
#define DISK "<devices><disk><source file='/w.qcow2'/></disk></devices>"
#define OTHER "vms: {new: {vcpus: 1, memory: 1GiB, disk: {path: /w.qcow2}}}\n"

static const struct {
	const char *what;
	const char *yaml, *settings;
	bool adopted; /* it carries no mark */
	struct domain_facts facts;
	int64_t stop_first, stop_sent; /* s ago; 0: not */
	bool approved;
	enum verdict verdict;
	const char *steps; /* that run now */
	const char *says;
} rows[] = {
	{ "left alone", "", NULL, false, RUNNING, 0, 0, false, VERDICT_CONVERGED, "",
	    "left alone" },
	{ "not ours", "", PRUNE, true, RUNNING, 0, 0, false, VERDICT_CONVERGED, "",
	    NULL },
	{ "it runs", "", PRUNE, false, RUNNING, 0, 0, false, VERDICT_BLOCKED, "",
	    "waits for approval: remove domain w, which is no longer written; its disks "
	    "are kept: removes vm/w, interrupts vm/w" },
	{ "it is stopped", "", PRUNE, false, DOWN(1), 0, 0, false, VERDICT_BLOCKED, "",
	    "its disks are kept: removes vm/w" },
	{ "it runs, approved", "", PRUNE, false, RUNNING, 0, 0, true, VERDICT_PENDING,
	    "shut down domain w", "" },
	{ "it is stopped, approved", "", PRUNE, false, DOWN(1), 0, 0, true,
	    VERDICT_PENDING, "undefine domain w", "" },
	{ "it is going down", "", PRUNE, false, RUNNING, 10, 1, true, VERDICT_PENDING, "",
	    "" },
	{ "it does not go down", "", PRUNE, false, RUNNING, 4000, 4000, true,
	    VERDICT_FAILING, "", "cuts its power" },
	{ "it does not go down, and may be cut", "", PRUNE "vm: {stop_force: true}\n",
	    false, RUNNING, 4000, 4000, true, VERDICT_PENDING,
	    "cut the power of domain w", "" },
	{ "its memory is saved", "", PRUNE, false, SAVED(5), 0, 0, false, VERDICT_BLOCKED,
	    "", "its saved memory would be lost" },
	{ "it is paused", "", PRUNE, false, UP(3, 1), 0, 0, false, VERDICT_BLOCKED, "",
	    "cannot be shut down" },
	{ "it has another name now", OTHER, PRUNE, false, RUNNING, 0, 0, false,
	    VERDICT_BLOCKED, "",
	    "has its disk /w.qcow2: if it was renamed, write "
	    "`domain: w` there; it is not removed meanwhile" },
};

START_TEST(what_nobody_writes_is_released)
{
	struct arena a = { 0 };
	struct vm_record *record;
	struct scene s;

	scene_begin(&s, arena_printf(&a, NETWORK "%s", rows[_i].yaml), rows[_i].settings);
	s.adopted = rows[_i].adopted;
	see_domain(&s, "w", &rows[_i].facts, rows[_i].facts.id < 0 ? NULL : SIZE DISK,
	    SIZE DISK);
	record = state_of(&s)->own;
	record->stop_first = ago(rows[_i].stop_first);
	record->stop_sent = ago(rows[_i].stop_sent);
	scene_plan(&s);
	if (rows[_i].approved) {
		scene_approve(&s, s.item);
		scene_plan(&s);
	}
	ck_assert_msg(!s.item == !rows[_i].says, "%s", rows[_i].what);
	if (s.item) {
		ck_assert_msg(s.item->verdict == rows[_i].verdict, "%s: %s: %s",
		    rows[_i].what, verdict_text(s.item->verdict), s.item->reason);
		ck_assert_msg(strcmp(running_text(&a, s.item), rows[_i].steps) == 0,
		    "%s: %s", rows[_i].what, running_text(&a, s.item));
		ck_assert_msg(strstr(s.item->reason, rows[_i].says), "%s: %s",
		    rows[_i].what, s.item->reason);
	}
	scene_end(&s);
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_release");
	TCase *tests = tcase_create("vm_release");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, what_nobody_writes_is_released, 0, ROWS(rows));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
