/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_start and vm_power: states, reasons, policies, and what a start waits
 * for. */
#include "lib/kind/network/reservation_record.h"
#include "test/unit/vm_scene.h"
#include "lib/kind/actions.h"
#include "lib/kind/network/network.h"
#include "lib/kind/vm/vm.h"

static const struct {
	const char *what;
	const char *keys; /* of the VM */
	struct domain_facts facts;
	struct past past;
	enum verdict verdict;
	const char *steps; /* "" none */
	bool held;
	const char *says; /* in the reason */
} power[] = {
	/* It runs, as it should */
	{ "running", "", RUNNING, { 0 }, VERDICT_CONVERGED, "", false, "" },
	{ "blocked on a resource", "", UP(2, 0), { 0 }, VERDICT_CONVERGED, "", false,
	    "" },
	{ "no state, but an id", "", UP(0, 0), { 0 }, VERDICT_CONVERGED, "", false, "" },
	{ "paused by somebody", "", UP(3, 1), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh resume w" },
	{ "paused for no reason known", "", UP(3, 0), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh resume w" },
	{ "paused, a reason of a newer libvirt", "", UP(3, 99), { 0 }, VERDICT_BLOCKED,
	    "", false, "virsh resume w" },
	{ "paused after a snapshot", "", UP(3, 7), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh resume w" },
	{ "paused by its watchdog", "", UP(3, 6), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh reset w" },
	{ "paused after a panic", "", UP(3, 10), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh destroy w" },
	{ "paused while it is saved", "", UP(3, 3), { 0 }, VERDICT_PENDING, "", false,
	    "while libvirt works" },
	{ "paused while it starts", "", UP(3, 11), { 0 }, VERDICT_PENDING, "", false,
	    "while libvirt works" },
	{ "a disk error, libvirt does not say of which disk", "", UP(3, 5), { 0 },
	    VERDICT_FAILING, "resume domain w", false, "does not say of which disk" },
	{ "again, and it was resumed a moment ago", "", UP(3, 5), { .start_in = 20 },
	    VERDICT_FAILING, "resume domain w", true, "resumed every 30 s" },
	{ "asleep", "", UP(7, 0), { 0 }, VERDICT_PENDING, "wake up domain w", false,
	    "sleep" },
	{ "asleep again", "", UP(7, 0), { .start_in = 20 }, VERDICT_PENDING,
	    "wake up domain w", true, "sleep" },
	{ "shutting down", "", UP(4, 0), { 0 }, VERDICT_PENDING, "", false,
	    "shutting down" },
	{ "crashed and kept", "", UP(6, 1), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh destroy w" },
	/* It does not: power always */
	{ "crashed", "", DOWN(3), { .ran = true, .cause = STOP_CRASH }, VERDICT_PENDING,
	    "start domain w", false, "crashed; to be started" },
	{ "always, its guest powered it off", "", DOWN(1),
	    { .ran = true, .cause = STOP_GUEST }, VERDICT_PENDING, "start domain w",
	    false, "powered off by its guest" },
	{ "always, virsh destroy", "", DOWN(2), { .ran = true, .cause = STOP_DESTROYED },
	    VERDICT_PENDING, "start domain w", false, "by another client" },
	{ "always, saved", "", SAVED(5), { .ran = true, .cause = STOP_SAVED },
	    VERDICT_PENDING, "start domain w", false, "saved" },
	{ "always, the reason is lost", "", DOWN(0),
	    { .ran = true, .cause = STOP_UNKNOWN }, VERDICT_PENDING, "start domain w",
	    false, "no longer knows why" },
	{ "always, nothing remembered", "", DOWN(2), { 0 }, VERDICT_PENDING,
	    "start domain w", false, "by another client" },
	{ "we stopped it, and it is desired again", "", DOWN(1),
	    { .ran = false, .cause = STOP_OURS }, VERDICT_PENDING, "start domain w",
	    false, "shut down by homek8sd" },
	{ "migrated away", "", DOWN(4), { .ran = true, .cause = STOP_DESTROYED },
	    VERDICT_BLOCKED, "", false, "another host" },
	{ "migrated away, and asked for", "", DOWN(4),
	    { .ran = true, .cause = STOP_DESTROYED, .start_wanted = true },
	    VERDICT_PENDING, "start domain w", false, "to be started" },
	{ "crashed twice at once", "", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH, .quick_stops = 2, .start_in = 10 },
	    VERDICT_FAILING, "start domain w", true, "crashed, 2 times in a row" },
	{ "the wait is over", "", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH, .quick_stops = 2, .start_in = 0 },
	    VERDICT_PENDING, "start domain w", false, "to be started" },
	{ "stopped so often that the reason says where to look", "", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH, .quick_stops = 8, .start_in = 24 },
	    VERDICT_FAILING, "start domain w", true, "after 8 stops and failed starts" },
	{ "never given up", "", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH, .quick_stops = 800 }, VERDICT_PENDING,
	    "start domain w", false, "to be started" },
	/* on-failure */
	{ "on-failure, crashed", "power: on-failure", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH }, VERDICT_PENDING, "start domain w",
	    false, "crashed" },
	{ "on-failure, failed to start", "power: on-failure", DOWN(6),
	    { .ran = true, .cause = STOP_START_FAILED }, VERDICT_PENDING,
	    "start domain w", false, "failed to start" },
	{ "on-failure, the reason is lost", "power: on-failure", DOWN(0),
	    { .ran = true, .cause = STOP_UNKNOWN }, VERDICT_PENDING, "start domain w",
	    false, "" },
	{ "on-failure, its guest powered it off", "power: on-failure", DOWN(1),
	    { .ran = true, .cause = STOP_GUEST }, VERDICT_BLOCKED, "", false,
	    "power: on-failure leaves it so; `homek8sctl start vm/w`" },
	{ "on-failure, virsh destroy", "power: on-failure", DOWN(2),
	    { .ran = true, .cause = STOP_DESTROYED }, VERDICT_BLOCKED, "", false,
	    "leaves it so" },
	{ "on-failure, destroyed, then libvirtd forgot", "power: on-failure", DOWN(0),
	    { .ran = true, .cause = STOP_DESTROYED }, VERDICT_BLOCKED, "", false,
	    "leaves it so" },
	{ "on-failure, managed save", "power: on-failure", SAVED(5),
	    { .ran = true, .cause = STOP_SAVED }, VERDICT_PENDING, "start domain w",
	    false, "saved" },
	{ "on-failure, saved by hand", "power: on-failure", SAVED(5),
	    { .ran = true, .cause = STOP_SAVED, .saved_ago = 5 }, VERDICT_BLOCKED, "",
	    false, "was saved by another client; power: on-failure leaves it so" },
	{ "always, saved by hand", "", SAVED(5),
	    { .ran = true, .cause = STOP_SAVED, .saved_ago = 5 }, VERDICT_PENDING,
	    "start domain w", false, "saved" },
	{ "on-failure, saved before the host was restarted", "power: on-failure",
	    SAVED(5), { .ran = true, .cause = STOP_SAVED, .saved_ago = 2000000 },
	    VERDICT_PENDING, "start domain w", false, "saved" },
	{ "on-failure, saved to a file", "power: on-failure", DOWN(5),
	    { .ran = true, .cause = STOP_SAVED }, VERDICT_BLOCKED, "", false,
	    "leaves it so" },
	{ "on-failure, never ran while it should", "power: on-failure", DOWN(1),
	    { .ran = false, .cause = STOP_GUEST }, VERDICT_PENDING, "start domain w",
	    false, "" },
	{ "on-failure, asked for", "power: on-failure", DOWN(1),
	    { .ran = true, .cause = STOP_GUEST, .start_wanted = true }, VERDICT_PENDING,
	    "start domain w", false, "" },
	/* manual */
	{ "manual, crashed", "power: manual", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH }, VERDICT_BLOCKED, "", false,
	    "power: manual leaves it so" },
	{ "manual, never ran", "power: manual", DOWN(0),
	    { .ran = false, .cause = STOP_UNKNOWN }, VERDICT_BLOCKED, "", false,
	    "power: manual leaves it so" },
	{ "manual, asked for", "power: manual", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH, .start_wanted = true }, VERDICT_PENDING,
	    "start domain w", false, "" },
	{ "manual, running", "power: manual", RUNNING, { 0 }, VERDICT_CONVERGED, "",
	    false, "" },
	/* It should not run */
	{ "stopped", "state: stopped", DOWN(1), { 0 }, VERDICT_CONVERGED, "", false, "" },
	{ "stopped by a crash", "state: stopped", DOWN(3), { 0 }, VERDICT_CONVERGED, "",
	    false, "" },
	{ "to be stopped", "state: stopped", RUNNING, { 0 }, VERDICT_PENDING,
	    "shut down domain w", false, "to be shut down" },
	{ "asked just now", "state: stopped", RUNNING, { .asked_ago = 4, .sent_ago = 4 },
	    VERDICT_PENDING, "", false, "is shutting down" },
	{ "asked again", "state: stopped", RUNNING, { .asked_ago = 40, .sent_ago = 5 },
	    VERDICT_PENDING, "shut down domain w", false, "is shutting down" },
	{ "it does not answer", "state: stopped", RUNNING,
	    { .asked_ago = 180, .sent_ago = 20 }, VERDICT_FAILING, "", false,
	    "not shut down within 3m" },
	{ "on its way down by itself", "state: stopped", UP(4, 0), { 0 }, VERDICT_PENDING,
	    "", false, "is shutting down" },
	{ "on its way down for too long", "state: stopped", UP(4, 0),
	    { .asked_ago = 180, .sent_ago = 180 }, VERDICT_FAILING, "", false,
	    "not shut down within 3m" },
	{ "paused, and to be stopped", "state: stopped", UP(3, 1), { 0 }, VERDICT_BLOCKED,
	    "", false, "cannot shut down" },
	{ "on a full disk, and to be stopped", "state: stopped", UP(3, 5), { 0 },
	    VERDICT_BLOCKED, "", false, "cannot shut down" },
	{ "being saved, and to be stopped", "state: stopped", UP(3, 3), { 0 },
	    VERDICT_PENDING, "", false, "while libvirt works" },
	{ "asleep, and to be stopped", "state: stopped", UP(7, 0), { 0 }, VERDICT_PENDING,
	    "wake up domain w", false, "woken up to be shut down" },
	{ "crashed and kept, and to be stopped", "state: stopped", UP(6, 0), { 0 },
	    VERDICT_BLOCKED, "", false, "virsh destroy w" },
	{ "transient, and to be stopped", "state: stopped",
	    { 1, 1, 1, false, false, false, NULL, 0 }, { 0 }, VERDICT_BLOCKED, "", false,
	    "would be lost" },
	{ "transient", "", { 1, 1, 1, false, false, false, NULL, 0 }, { 0 },
	    VERDICT_BLOCKED, "", false, "vanishes when it stops" },
};

/* Domains somebody else defined: what is not written is not acted on by its default. */
static const struct {
	const char *what;
	const char *keys;
	struct domain_facts facts;
	bool requested;
	const char *steps;
	const char *says;
} taken_over[] = {
	{ "stopped, and nothing is said of power", "memory: 1GiB", DOWN(1), false, "",
	    "is stopped and left so" },
	{ "crashed", "memory: 1GiB", DOWN(3), false, "", "is stopped and left so" },
	{ "paused", "memory: 1GiB", { 1, 3, 1, true, false, false, NULL, 0 }, false, "",
	    "is paused and left so" },
	{ "running", "memory: 1GiB", RUNNING, false, "", "" },
	{ "its state is written", "state: running", DOWN(1), false, "start domain w",
	    "to be started" },
	{ "its power is", "power: always", DOWN(1), false, "start domain w",
	    "to be started" },
	{ "a user requested a start", "memory: 1GiB", DOWN(1), true, "start domain w",
	    "to be started" },
};

START_TEST(what_is_taken_over_is_left_as_it_is)
{
	struct arena a = { 0 };
	struct past past = { .ran = true, .start_wanted = taken_over[_i].requested };
	bool runs = taken_over[_i].facts.id >= 0;
	struct scene s;

	scene_begin(
	    &s, arena_printf(&a, NETWORK "vms: {w: {%s}}", taken_over[_i].keys), NULL);
	s.adopted = true;
	see_domain(&s, "w", &taken_over[_i].facts, runs ? SIZE : NULL, SIZE);
	set_record(&s, &past, taken_over[_i].facts.id);
	scene_plan(&s);
	ck_assert_msg(strcmp(running_text(&a, s.item), taken_over[_i].steps) == 0,
	    "%s: %s", taken_over[_i].what, running_text(&a, s.item));
	ck_assert_msg(strstr(s.item->reason, taken_over[_i].says), "%s: %s",
	    taken_over[_i].what, s.item->reason);
	ck_assert_msg(*taken_over[_i].steps || s.item->verdict == VERDICT_CONVERGED, "%s",
	    taken_over[_i].what);
	scene_end(&s);
	arena_done(&a);
}
END_TEST

/* So many that run let one be stopped without asking (P10). */
#define OTHERS "x: {}, y: {}"

static void observe_others(struct scene *s)
{
	struct domain_facts facts = RUNNING;

	see_domain(s, "x", &facts, SIZE, SIZE);
	see_domain(s, "y", &facts, SIZE, SIZE);
}

START_TEST(power_is_looked_after)
{
	struct arena a = { 0 };
	const struct domain_facts *facts = &power[_i].facts;
	struct scene s;

	scene_begin(&s,
	    arena_printf(&a, NETWORK "vms: {w: {%s}, " OTHERS "}", power[_i].keys), NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", facts, facts->id >= 0 ? ON_NETWORK : NULL,
	    facts->persistent ? ON_NETWORK : NULL);
	observe_others(&s);
	set_record(&s, &power[_i].past, facts->id);
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == power[_i].verdict, "%s: %s: %s", power[_i].what,
	    verdict_text(s.item->verdict), s.item->reason);
	ck_assert_msg(strcmp(steps_text(&a, s.item), power[_i].steps) == 0,
	    "%s: steps: %s", power[_i].what, steps_text(&a, s.item));
	ck_assert_msg(is_held(s.item) == power[_i].held, "%s: held %d", power[_i].what,
	    is_held(s.item));
	ck_assert_msg(strstr(s.item->reason, power[_i].says), "%s: %s", power[_i].what,
	    s.item->reason);
	if (power[_i].past.start_in) {
		ck_assert_int_eq(s.item->retry_in, power[_i].past.start_in * SECOND);
		ck_assert_int_eq(s.plan->next.ms, NOW + power[_i].past.start_in * SECOND);
	}
	/* Going down as written interrupts, whether or not it must be asked for right
	 * now. */
	ck_assert_msg(has_effect(s.item, EFFECT_INTERRUPTS) ==
			  (strstr(power[_i].keys, "state: stopped") &&
			      (strncmp(s.item->reason, "to be shut down", 15) == 0 ||
				  strcmp(s.item->reason, "is shutting down") == 0)),
	    "%s: %s", power[_i].what, s.item->reason);
	scene_end(&s);
	arena_done(&a);
}
END_TEST

#define FORCE "vm: {stop_force: true, stop_resend: 20s}"

static const struct {
	const char *what;
	int64_t asked_ago, sent_ago;
	const char *steps;
	int64_t next_in; /* s; -1: never */
} forced[] = {
	{ "before the time is over", 100, 10, "", 10 },
	{ "the deadline comes before the next request", 175, 3, "", 5 },
	{ "at once when it is over", 180, 1, "cut the power of domain w", -1 },
	{ "not again right after that", 190, 5, "", 15 },
	{ "again when even that did not help", 300, 20, "cut the power of domain w", -1 },
};

START_TEST(power_is_cut_only_by_policy_and_paced)
{
	struct arena a = { 0 };
	struct past past = { .asked_ago = forced[_i].asked_ago,
		.sent_ago = forced[_i].sent_ago };
	struct domain_facts facts = RUNNING;
	struct scene s;

	scene_begin(&s, NETWORK "vms: {w: {state: stopped}, " OTHERS "}", FORCE);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", &facts, ON_NETWORK, ON_NETWORK);
	observe_others(&s);
	set_record(&s, &past, 1);
	scene_plan(&s);
	ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
	ck_assert_msg(strcmp(steps_text(&a, s.item), forced[_i].steps) == 0, "%s: %s",
	    forced[_i].what, steps_text(&a, s.item));
	ck_assert_msg(
	    s.plan->next.ms ==
		(forced[_i].next_in < 0 ? INT64_MAX : NOW + forced[_i].next_in * SECOND),
	    "%s: %lld", forced[_i].what, (long long)(s.plan->next.ms - NOW));
	scene_end(&s);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *what;
	const char *yaml;
	bool observed, active;
	const char *hosts;
	enum verdict verdict;
	bool held;
	const char *says;
} waits[] = {
	{ "the network runs", NETWORK "vms: {w: {}}", true, true, "", VERDICT_PENDING,
	    false, "to be started" },
	{ "it does not run", NETWORK "vms: {w: {}}", true, false, "", VERDICT_PENDING,
	    true, "waits for network/default" },
	{ "it is not there yet", NETWORK "vms: {w: {}}", false, false, "",
	    VERDICT_PENDING, true, "waits for network/default" },
	{ "it is not written", "vms: {w: {}}", true, false, "", VERDICT_BLOCKED, false,
	    "virsh net-start default" },
	{ "its reservation comes in a moment",
	    "network: {name: default, address: 192.168.122.1/24, static_ips: {w: "
	    "192.168.122.50}}\nvms: {w: {}}",
	    true, true, "", VERDICT_PENDING, true, "waits for reservation/w" },
	{ "its reservation is there",
	    "network: {name: default, address: 192.168.122.1/24, static_ips: {w: "
	    "192.168.122.50}}\nvms: {w: {}}",
	    true, true, "<host mac='52:54:00:00:00:01' name='w' ip='192.168.122.50'/>",
	    VERDICT_PENDING, false, "to be started" },
};

START_TEST(starts_wait_for_what_they_need)
{
	struct domain_facts facts = DOWN(3);
	struct scene s;

	scene_begin(&s, waits[_i].yaml, NULL);
	if (waits[_i].observed)
		see_network(&s, "default", waits[_i].active, waits[_i].hosts);
	see_domain(&s, "w", &facts, NULL, ON_NETWORK);
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == waits[_i].verdict, "%s: %s: %s", waits[_i].what,
	    verdict_text(s.item->verdict), s.item->reason);
	ck_assert_msg(
	    is_held(s.item) == waits[_i].held, "%s: %s", waits[_i].what, s.item->reason);
	ck_assert_msg(strstr(s.item->reason, waits[_i].says), "%s: %s", waits[_i].what,
	    s.item->reason);
	scene_end(&s);
}
END_TEST

START_TEST(a_failing_lease_keeps_no_vm_down)
{
	struct domain_facts facts = DOWN(3);
	struct object_state *state;
	struct scene s;

	scene_begin(&s, waits[4].yaml, NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", &facts, NULL, ON_NETWORK);
	state = state_get(&s.state, &reservation_kind, "default/w");
	state->failures = 1;
	state->retry_at = (struct mono){ NOW + MINUTE };
	scene_plan(&s);
	ck_assert_msg(!is_held(s.item) && item_acts(s.item), "%s", s.item->reason);
	scene_end(&s);
}
END_TEST

START_TEST(a_lease_under_way_is_waited_for)
{
	struct domain_facts facts = DOWN(3);
	struct scene s;

	scene_begin(&s, waits[4].yaml, NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", &facts, NULL, ON_NETWORK);
	state_get(&s.state, &reservation_kind, "default/w")->busy = true;
	scene_plan(&s);
	ck_assert(is_held(plan_find(s.plan, &reservation_kind, "default/w")));
	ck_assert_msg(is_held(s.item), "%s", s.item->reason);
	scene_end(&s);
}
END_TEST

/* Its address is still another's, whose move waits for approval: that may take days. */
START_TEST(a_lease_held_back_keeps_no_vm_down)
{
	struct reservation_record *record;
	static const char other[] =
	    SIZE "<devices><interface type='network'><mac address='52:54:00:00:00:02'/>"
		 "<source network='default'/></interface></devices>";
	struct domain_facts up = RUNNING, down = DOWN(3);
	const struct item *reservation;
	struct network *network;
	struct scene s;

	scene_begin(&s,
	    "network: {name: default, address: 192.168.122.1/24, static_ips: {w: "
	    "192.168.122.50, v: 192.168.122.51}}\nvms: {v: {}, w: {}}",
	    NULL);
	see_network(&s, "default", true,
	    "<host mac='52:54:00:00:00:02' name='v' ip='192.168.122.50'/>");
	network =
	    (struct network *)observations_find(&s.observed, &network_kind, "default")
		->live;
	network->leases_known = false; /* then what was last observed counts */
	see_domain(&s, "v", &up, other, other);
	see_domain(&s, "w", &down, NULL, ON_NETWORK);
	record = state_get(&s.state, &reservation_kind, "default/v")->own;
	ip_parse("192.168.122.50", &record->ip, NULL);
	scene_plan(&s);
	reservation = plan_find(s.plan, &reservation_kind, "default/w");
	ck_assert_msg(is_held(reservation) && reservation->verdict == VERDICT_PENDING,
	    "%s", reservation->reason);
	ck_assert_msg(!is_held(s.item) && item_acts(s.item), "%s", s.item->reason);
	scene_end(&s);
}
END_TEST

START_TEST(a_saved_image_is_restored_or_dropped)
{
	struct domain_facts facts = SAVED(5);

	for (int fresh = 0; fresh < 2; fresh++) {
		const struct domain_start *start;
		struct scene s;

		scene_begin(
		    &s, NETWORK "vms: {w: {}}", fresh ? "vm: {boot_fresh: true}" : NULL);
		see_network(&s, "default", true, "");
		see_domain(&s, "w", &facts, NULL, ON_NETWORK);
		scene_plan(&s);
		ck_assert_uint_eq(s.plan->step_count, 1);
		ck_assert(s.plan->steps[0]->action == &domain_start_action);
		start = s.plan->steps[0]->arguments;
		ck_assert_int_eq(start->fresh, fresh);
		ck_assert(has_condition(s.item, "ManagedSave"));
		scene_end(&s);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_power");
	TCase *tests = tcase_create("vm_power");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(
	    tests, what_is_taken_over_is_left_as_it_is, 0, ROWS(taken_over));
	tcase_add_loop_test(tests, power_is_looked_after, 0, ROWS(power));
	tcase_add_loop_test(
	    tests, power_is_cut_only_by_policy_and_paced, 0, ROWS(forced));
	tcase_add_loop_test(tests, starts_wait_for_what_they_need, 0, ROWS(waits));
	tcase_add_test(tests, a_failing_lease_keeps_no_vm_down);
	tcase_add_test(tests, a_lease_under_way_is_waited_for);
	tcase_add_test(tests, a_lease_held_back_keeps_no_vm_down);
	tcase_add_test(tests, a_saved_image_is_restored_or_dropped);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
