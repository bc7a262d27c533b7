/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_defaults: what new VMs get, and what exists does not. */
#include "lib/kind/vm/vm_defaults.h"

#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/vm/vm_xml.h"
#include "lib/plan/item.h"
#include "test/unit/vm_scene.h"

#define DEFAULTS                                                                         \
	"vm_defaults: {vcpus: 2, memory: 3GiB, power: manual, type: qemu, "              \
	"autostart: true}\n"
#define OTHERS "x: {}, y: {}"

static void begin(struct scene *s, const char *defaults, const char *keys)
{
	struct domain_facts facts = RUNNING;
	struct arena a = { 0 };

	scene_begin(s,
	    arena_printf(&a, NETWORK "%svms: {w: {%s}, " OTHERS "}", defaults, keys),
	    NULL);
	see_network(s, "default", true, "");
	see_domain(s, "x", &facts, SIZE, SIZE);
	see_domain(s, "y", &facts, SIZE, SIZE);
	arena_done(&a);
}

static const struct {
	const char *what, *defaults, *keys;
	const char *steps, *says; /* "" none */
	const char *xml[3];	  /* all of it is in the definition */
} news[] = {
	{ "what is left out is filled in", DEFAULTS, "disk: {path: /w.img}",
	    "define domain w; start domain w when the host boots; start domain w", "",
	    { ">2</vcpu>", ">3145728</memory>", "<domain type=\"qemu\"" } },
	{ "what is written counts", DEFAULTS,
	    "disk: {path: /w.img}, vcpus: 4, memory: 1GiB, autostart: false, type: kvm",
	    "define domain w; start domain w", "",
	    { ">4</vcpu>", ">1048576</memory>", "<domain type=\"kvm\"" } },
	{ "some of it", "vm_defaults: {memory: 3GiB}\n", "disk: {path: /w.img}, vcpus: 1",
	    "define domain w; start domain w", "",
	    { ">1</vcpu>", ">3145728</memory>", "<domain type=\"kvm\"" } },
	{ "not enough", "vm_defaults: {memory: 3GiB}\n", "disk: {path: /w.img}", "",
	    "to have it defined, write vcpus", { 0 } },
	{ "none", "", "disk: {path: /w.img}, memory: 3GiB", "",
	    "to have it defined, write vcpus", { 0 } },
};

static void check_definition(struct scene *s, struct arena *a, const char *const *texts)
{
	struct planner p = { .arena = a, .input = &s->input };
	struct error e = { "" };
	const char *xml = vm_render(&p, s->item->programs[0]->steps[0], &e);

	ck_assert_msg(xml, "%s", e.text);
	for (int i = 0; i < 3; i++)
		ck_assert_msg(strstr(xml, texts[i]), "%s is not in\n%s", texts[i], xml);
}

START_TEST(a_new_vm_gets_them)
{
	struct arena a = { 0 };
	struct scene s;

	begin(&s, news[_i].defaults, news[_i].keys);
	scene_plan(&s);
	ck_assert_msg(strcmp(steps_text(&a, s.item), news[_i].steps) == 0, "%s: %s",
	    news[_i].what, steps_text(&a, s.item));
	ck_assert_msg(strstr(s.item->reason, news[_i].says), "%s: %s", news[_i].what,
	    s.item->reason);
	if (*news[_i].steps)
		check_definition(&s, &a, news[_i].xml);
	scene_end(&s);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *what, *keys;
	bool adopted;
	struct domain_facts facts;
	enum verdict verdict;
	const char *says;
} ones[] = {
	{ "what exists is not compared", "", false, RUNNING, VERDICT_CONVERGED, "" },
	{ "its power goes by them", "", false, DOWN(3), VERDICT_BLOCKED,
	    "power: manual leaves it so" },
	{ "unless it is written", "power: on-failure", false, DOWN(3), VERDICT_PENDING,
	    "to be started" },
	{ "state alone does not say it", "state: running", false, DOWN(3),
	    VERDICT_BLOCKED, "power: manual leaves it so" },
	{ "of what others have defined it does not", "state: running", true, DOWN(3),
	    VERDICT_PENDING, "to be started" },
	{ "which is left as it is", "", true, DOWN(3), VERDICT_CONVERGED, "left so" },
};

START_TEST(what_exists_goes_by_power_alone)
{
	const struct domain_facts *facts = &ones[_i].facts;
	struct scene s;

	begin(&s, DEFAULTS, ones[_i].keys);
	s.adopted = ones[_i].adopted;
	see_domain(&s, "w", facts, facts->id >= 0 ? ON_NETWORK : NULL, ON_NETWORK);
	set_record(&s, &(struct past){ .ran = true, .cause = STOP_CRASH }, facts->id);
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == ones[_i].verdict, "%s: %s: %s", ones[_i].what,
	    verdict_text(s.item->verdict), s.item->reason);
	ck_assert_msg(strstr(s.item->reason, ones[_i].says), "%s: %s", ones[_i].what,
	    s.item->reason);
	scene_end(&s);
}
END_TEST

static const struct {
	const char *what, *keys;
	bool exists, adopted;
	const char *power, *vcpus;
} shown[] = {
	{ "what a new one gets", "", false, false, "manual", "2" },
	{ "what is written", "power: always, vcpus: 1", false, false, "always", "1" },
	{ "of what exists the power alone", "", true, false, "manual", NULL },
	{ "of what others have defined nothing", "", true, true, "always", NULL },
};

START_TEST(what_is_in_force_is_shown)
{
	struct domain_facts facts = RUNNING;
	struct json_object *o;
	struct scene s;

	begin(&s, DEFAULTS, shown[_i].keys);
	s.adopted = shown[_i].adopted;
	if (shown[_i].exists)
		see_domain(&s, "w", &facts, ON_NETWORK, ON_NETWORK);
	scene_plan(&s);
	o = field_json(&vm_kind.fields, s.item->desired);
	vm_kind.effective(s.item, o);
	ck_assert_str_eq(json_string_at(o, "power"), shown[_i].power);
	ck_assert_msg(!shown[_i].vcpus == !json_at(o, "vcpus"), "%s", shown[_i].what);
	if (shown[_i].vcpus)
		ck_assert_str_eq(
		    json_object_get_string(json_at(o, "vcpus")), shown[_i].vcpus);
	json_object_put(o);
	scene_end(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_defaults");
	TCase *tests = tcase_create("vm_defaults");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, a_new_vm_gets_them, 0, ROWS(news));
	tcase_add_loop_test(tests, what_exists_goes_by_power_alone, 0, ROWS(ones));
	tcase_add_loop_test(tests, what_is_in_force_is_shown, 0, ROWS(shown));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
