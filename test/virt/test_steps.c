/* SPDX-License-Identifier: MIT */
/* Steps: what they do, and what is said of those that fail. */
#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kind/vm/vm_patch.h"
#include "test/virt/embedded.h"

#include <check.h> /* last: it defines the word fail */

static const struct {
	const char *what;
	struct order step;
	const char *error; /* begins with; NULL: success */
	bool slow, refused;
} step_rows[] = {
	{ "start what is not there",
	    { .action = &domain_start_action,
		.target = "nobody",
		.text = "start domain nobody" },
	    "start domain nobody: Domain not found (libvirt code 42, test driver)", false,
	    true },
	{ "start a network that is not there",
	    { .action = &network_start_action,
		.target = "nowhere",
		.text = "start network" },
	    "start network: Network not found: no network with matching name 'nowhere' "
	    "(libvirt code 43, test driver)",
	    false, true },
	{ "define what is no XML",
	    { .action = &domain_define_action,
		.target = "x",
		.body = "<domain",
		.text = "d" },
	    "d: ", true, true },
	{ "define what the schema does not know",
	    { .action = &domain_define_action,
		.target = "x",
		.body = "<domain type='test'><name>x</name><memory>65536</memory>"
			"<os><type>hvm</type></os><nonsense/></domain>",
		.text = "d" },
	    "d: XML document failed to validate against schema: ", true, true },
	{ "define a network without a name",
	    { .action = &network_define_action,
		.target = "x",
		.body = "<network/>",
		.text = "d" },
	    "d: ", true, true },
	{ "make a volume without a name",
	    { .action = &volume_create_action,
		.target = "default-pool/x",
		.body = "<volume/>",
		.text = "make" },
	    "make: XML error: ", true, true },
	{ "wake up what does not sleep",
	    { .action = &domain_wakeup_action, .target = "test", .text = "wake" },
	    "wake: this function is not supported by the connection driver: "
	    "virDomainPMWakeup (libvirt code 3, ",
	    true, true },
	{ "resume what runs",
	    { .action = &domain_resume_action, .target = "test", .text = "resume" },
	    "resume: internal error: domain 'test' not paused (libvirt code 1, test "
	    "driver)",
	    false, false },
	{ "store again what is stored: nothing left to do",
	    { .action = &domain_redefine_action, .target = "test", .text = "store" },
	    NULL, false, false },
	{ "start what runs: nothing left to do",
	    { .action = &domain_start_action, .target = "test", .text = "start" }, NULL,
	    false, false },
	{ "start a network that runs: nothing left to do",
	    { .action = &network_start_action, .target = "default", .text = "start" },
	    NULL, false, false },
	{ "a step of another source",
	    { .action = &kube_apply_action, .target = "test", .text = "apply" },
	    "apply: kube_apply is no action of libvirt's", true, true },
};

START_TEST(steps_tell_libvirts_own_words)
{
	struct world *w = set_up();
	const char *expected = step_rows[_i].error;
	unsigned done = w->steps_done;

	world_send(w, &step_rows[_i].step, 7);
	ck_assert_uint_eq(w->steps_done, done); /* never from within the call */
	while (w->steps_done == done)
		ev_run(w->loop, EVRUN_ONCE);
	ck_assert_uint_eq(w->ticket, 7);
	if (expected)
		ck_assert_msg(
		    w->error && strncmp(w->error, expected, strlen(expected)) == 0,
		    "%s: \"%s\"", step_rows[_i].what, w->error);
	else
		ck_assert_msg(!w->error, "%s: \"%s\"", step_rows[_i].what, w->error);
	ck_assert_msg(w->slow == step_rows[_i].slow, "%s", step_rows[_i].what);
	ck_assert_msg(w->refused == step_rows[_i].refused, "%s", step_rows[_i].what);
	ck_assert(!w->lost);
	tear_down(w);
}
END_TEST

START_TEST(a_network_is_defined_started_and_stopped)
{
	struct world *w = set_up();
	const struct mirrored *s;

	ck_assert(world_step(w, (struct order){ .action = &network_define_action,
				    .target = "lab",
				    .body = NET("lab", HOST) }));
	s = world_find(w, &network_kind, "lab");
	ck_assert(!s->active && s->persistent && !s->autostart);
	ck_assert_ptr_null(s->live_xml);
	ck_assert(world_step(
	    w, (struct order){ .action = &network_start_action, .target = "lab" }));
	s = world_find(w, &network_kind, "lab");
	ck_assert(s->active);
	ck_assert_ptr_nonnull(strstr(s->live_xml, "10.9.0.10"));
	ck_assert(world_step(
	    w, (struct order){
		   .action = &network_autostart_action, .target = "lab", .on = true }));
	ck_assert(world_find(w, &network_kind, "lab")->autostart);
	ck_assert(world_step(
	    w, (struct order){ .action = &network_autostart_action, .target = "lab" }));
	ck_assert(!world_find(w, &network_kind, "lab")->autostart);
	ck_assert(world_step(
	    w, (struct order){ .action = &network_stop_action, .target = "lab" }));
	ck_assert(!world_find(w, &network_kind, "lab")->active);
	tear_down(w);
}
END_TEST

static const struct {
	const char *what;
	struct order step;
	const char *there, *away; /* in the XML afterwards */
} update_rows[] = {
	{ "add a host, live",
	    { .command = UPDATE_ADD,
		.section = UPDATE_HOST,
		.side = SIDE_LIVE,
		.body = "<host mac='52:54:00:00:00:0b' name='w1' ip='10.9.0.11'/>" },
	    "10.9.0.11", NULL },
	{ "delete a host, live",
	    { .command = UPDATE_DELETE,
		.section = UPDATE_HOST,
		.side = SIDE_LIVE,
		.body = HOST },
	    "10.9.0.200", "52:54:00:00:00:0a" },
	{ "add a range, live",
	    { .command = UPDATE_ADD,
		.section = UPDATE_RANGE,
		.side = SIDE_LIVE,
		.body = "<range start='10.9.0.210' end='10.9.0.220'/>" },
	    "10.9.0.220", NULL },
	{ "delete a range, live",
	    { .command = UPDATE_DELETE,
		.section = UPDATE_RANGE,
		.side = SIDE_LIVE,
		.body = "<range start='10.9.0.100' end='10.9.0.200'/>" },
	    "10.9.0.10", "<range" },
};

START_TEST(a_network_is_updated)
{
	struct world *w = set_up();
	struct order step = update_rows[_i].step;
	const struct mirrored *s;

	step.action = &network_update_action;
	step.target = "lab";
	ck_assert(world_step(w, (struct order){ .action = &network_define_action,
				    .target = "lab",
				    .body = NET("lab", HOST) }));
	ck_assert(world_step(
	    w, (struct order){ .action = &network_start_action, .target = "lab" }));
	ck_assert_msg(world_step(w, step), "%s: %s", update_rows[_i].what, w->error);
	s = world_find(w, &network_kind, "lab");
	ck_assert_ptr_nonnull(strstr(s->live_xml, update_rows[_i].there));
	if (update_rows[_i].away)
		ck_assert_ptr_null(strstr(s->live_xml, update_rows[_i].away));
	tear_down(w);
}
END_TEST

/* Each side by itself: a live update leaves the stored configuration alone and the other
 * way round, observed after a restart of the network. */
START_TEST(an_update_changes_one_side)
{
	struct world *w = set_up();
	struct order step = {
		.action = &network_update_action, .target = "lab", .body = HOST
	};

	ck_assert(world_step(w, (struct order){ .action = &network_define_action,
				    .target = "lab",
				    .body = NET("lab", "") }));
	ck_assert(world_step(
	    w, (struct order){ .action = &network_start_action, .target = "lab" }));
	step.side = SIDE_CONFIG;
	ck_assert(world_step(w, step));
	ck_assert_ptr_null(
	    strstr(world_find(w, &network_kind, "lab")->live_xml, "52:54:00:00:00:0a"));
	step.side = SIDE_LIVE;
	ck_assert(world_step(w, step));
	step.command = UPDATE_DELETE;
	step.side = SIDE_CONFIG;
	ck_assert(world_step(w, step));
	ck_assert_ptr_nonnull(
	    strstr(world_find(w, &network_kind, "lab")->live_xml, "52:54:00:00:00:0a"));
	ck_assert(!world_step(w, step)); /* it is not there any more */
	tear_down(w);
}
END_TEST

/* All of it, not what was composed here. */
START_TEST(what_was_undefined_while_it_ran_is_stored_again)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainLookupByName(admin, "test");
	char before[VIR_UUID_STRING_BUFLEN], after[VIR_UUID_STRING_BUFLEN];

	ck_assert_int_eq(virDomainGetUUIDString(domain, before), 0);
	ck_assert_int_eq(virDomainUndefine(domain), 0);
	ck_assert_int_eq(virDomainIsPersistent(domain), 0);
	ck_assert(world_step(w,
	    (struct order){
		.action = &domain_redefine_action, .target = "test", .text = "store" }));
	ck_assert_int_eq(virDomainIsPersistent(domain), 1);
	ck_assert_int_eq(virDomainIsActive(domain), 1);
	ck_assert_int_eq(virDomainGetUUIDString(domain, after), 0);
	ck_assert_str_eq(before, after);
	virDomainFree(domain);
	tear_down(w);
}
END_TEST

static uint64_t stored_version(virDomainPtr domain)
{
	char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	uint64_t version = vm_patch_version(xml);

	free(xml);
	return version;
}

/* Only what was read is edited, and what is so already is not stored anew. */
START_TEST(a_stored_definition_is_patched)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainLookupByName(admin, "test");
	struct domain_patch patch = { .version = stored_version(domain), .vcpus = 7 };
	struct order step = { .action = &domain_patch_action,
		.target = "test",
		.text = "patch",
		.patch = &patch };

	ck_assert_msg(world_step(w, step), "%s", w->error);
	ck_assert_ptr_nonnull(
	    strstr(world_find(w, &vm_kind, "test")->config_xml, ">7</vcpu>"));
	ck_assert_ptr_null(
	    strstr(world_find(w, &vm_kind, "test")->live_xml, ">7</vcpu>"));
	ck_assert_msg(world_step(w, step), "as it is already: %s", w->error);
	patch.vcpus = 3;
	ck_assert(!world_step(w, step));
	ck_assert_str_eq(w->error,
	    "patch: its stored definition was changed meanwhile; it is compared anew");
	ck_assert(w->refused && !w->slow && !w->lost);
	virDomainFree(domain);
	tear_down(w);
}
END_TEST

static int state_of(struct world *w, const char *name)
{
	return world_find(w, &vm_kind, name)->domain.state;
}

START_TEST(a_domain_is_defined_started_and_stopped)
{
	struct world *w = set_up();
	struct order step = { .target = "vm", .body = DOM("vm") };
	virDomainPtr domain;

	step.action = &domain_define_action;
	ck_assert_msg(world_step(w, step), "%s", w->error);
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_SHUTOFF);
	ck_assert_int_eq(world_find(w, &vm_kind, "vm")->domain.id, -1);
	step.action = &domain_autostart_action;
	step.on = true;
	ck_assert(world_step(w, step));
	ck_assert(world_find(w, &vm_kind, "vm")->domain.autostart);
	step.action = &domain_start_action;
	ck_assert(world_step(w, step));
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_RUNNING);
	domain = virDomainLookupByName(admin, "vm");
	virDomainSuspend(domain);
	step.action = &domain_resume_action;
	ck_assert(world_step(w, step));
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_RUNNING);
	step.action = &domain_shutdown_action;
	ck_assert(world_step(w, step));
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_SHUTOFF);
	step.action = &domain_start_action;
	ck_assert(world_step(w, step));
	step.action = &domain_destroy_action;
	ck_assert(world_step(w, step));
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_SHUTOFF);
	ck_assert(world_step(w, step)); /* again: nothing left to do */
	virDomainFree(domain);
	tear_down(w);
}
END_TEST

static bool is_saved(struct world *w)
{
	return world_find(w, &vm_kind, "test")->domain.managed_save;
}

START_TEST(a_fresh_start_drops_the_saved_image)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainLookupByName(admin, "test");

	ck_assert_int_eq(virDomainManagedSave(domain, 0), 0);
	ck_assert(world_wait(w, is_saved, WAIT));
	ck_assert(world_step(
	    w, (struct order){
		   .action = &domain_start_action, .target = "test", .fresh = true }));
	ck_assert_int_eq(state_of(w, "test"), VIR_DOMAIN_RUNNING);
	ck_assert(!is_saved(w));
	ck_assert(world_step(
	    w, (struct order){ .action = &domain_destroy_action, .target = "test" }));
	/* Fresh without an image is a plain start. */
	ck_assert(world_step(
	    w, (struct order){
		   .action = &domain_start_action, .target = "test", .fresh = true }));
	virDomainFree(domain);
	tear_down(w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("steps");
	TCase *tests = tcase_create("steps");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, steps_tell_libvirts_own_words, 0, ROWS(step_rows));
	tcase_add_test(tests, a_network_is_defined_started_and_stopped);
	tcase_add_test(tests, what_was_undefined_while_it_ran_is_stored_again);
	tcase_add_test(tests, a_stored_definition_is_patched);
	tcase_add_loop_test(tests, a_network_is_updated, 0, ROWS(update_rows));
	tcase_add_test(tests, an_update_changes_one_side);
	tcase_add_test(tests, a_domain_is_defined_started_and_stopped);
	tcase_add_test(tests, a_fresh_start_drops_the_saved_image);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
