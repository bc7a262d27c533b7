/* SPDX-License-Identifier: MIT */
/* vm_disk_error: a guest whose disk was full, as answers about the space come and grow old. What
 * is said of each sort is in test/golden/vm-disk-full. */
#include "lib/kind/vm/vm_disk_error.h"

#include "lib/kind/vm/vm_state.h"
#include "test/unit/vm_scene.h"

#define DISK                                                                             \
	SIZE "<devices><disk type='file' device='disk'><source file='/d/w.qcow2'/>"      \
	     "<target dev='vda'/></disk></devices>"
#define QUESTION DISK_SPACE "path /d/w.qcow2"

static void begin(struct scene *s)
{
	static const struct disk_error full = { "vda", true };
	struct domain_facts facts = { .id = 1,
		.state = STATE_PAUSED,
		.reason = PAUSED_IOERROR,
		.persistent = true,
		.disk_errors = &full,
		.disk_error_count = 1 };

	scene_begin(s, "vms: {w: {}}", NULL);
	see_domain(s, "w", &facts, DISK, DISK);
	scene_plan(s);
}

static void plan_later(struct scene *s, int64_t ms)
{
	s->input.now.ms += ms;
	plan_free(s->plan);
	s->plan = plan_make(&s->input);
	s->item = plan_find(s->plan, &vm_kind, "w");
}

static const struct probe *question(const struct scene *s)
{
	for (size_t i = 0; i < s->plan->probe_count; i++)
		if (strcmp(s->plan->probes[i].name, QUESTION) == 0)
			return &s->plan->probes[i];
	ck_abort_msg("nobody asks for the space");
}

static void answer(struct scene *s, int64_t bytes)
{
	const struct probe *probe = question(s);
	struct json_object *space = json_object_new_int64(bytes);

	probe_store_ask(s->probes, s->plan->probes, s->plan->probe_count);
	ck_assert(probe_store_put(s->probes, &(struct answer){ .kind = &vm_kind,
						 .name = QUESTION,
						 .hash = probe->hash,
						 .status = DISK_ANSWERED,
						 .json = space,
						 .error = "",
						 .at = s->input.now }));
	json_object_put(space);
	plan_later(s, 0);
}

static bool is_due(const struct scene *s)
{
	return probe_store_due(s->probes, question(s), s->input.now);
}

START_TEST(space_is_asked_for_again_and_again)
{
	struct scene s;

	begin(&s);
	ck_assert_msg(is_held(s.item), "%s", s.item->reason);
	answer(&s, (int64_t)1 << 20);
	ck_assert(is_held(s.item) && !is_due(&s));
	plan_later(&s, s.plan->next.ms - s.input.now.ms);
	ck_assert_msg(is_due(&s), "space comes back without any event");
	answer(&s, (int64_t)1 << 30);
	ck_assert_msg(item_acts(s.item), "%s", s.item->reason);
	scene_end(&s);
}
END_TEST

/* Until there is another one the last answer stands: nothing is said and unsaid meanwhile. */
START_TEST(an_answer_stands_until_the_next)
{
	struct scene s;

	begin(&s);
	answer(&s, (int64_t)1 << 30);
	ck_assert(item_acts(s.item));
	plan_later(&s, 60 * SECOND);
	ck_assert(is_due(&s));
	ck_assert_msg(item_acts(s.item), "%s", s.item->reason);
	scene_end(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_disk_error");
	TCase *tests = tcase_create("vm_disk_error");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, space_is_asked_for_again_and_again);
	tcase_add_test(tests, an_answer_stands_until_the_next);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
