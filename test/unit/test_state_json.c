/* SPDX-License-Identifier: MIT */
/* Tests of lib/state/state_json.c and record.c: what survives a restart, a boot, a wrong
 * clock, an older and a newer version. */
#include <stdio.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/network/reservation_record.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/state/rounds.h"

#include <check.h>

#define NOW_MS ((int64_t)5000000)
#define NOW ((struct mono){ NOW_MS })
#define WALL 1790000000000

static const struct clocks clocks = { NOW, WALL, "boot-1" };
/* Ten seconds later, in another boot. */
static const struct clocks boot = { { 7000 }, WALL + 10000, "boot-2" };

/* Of the document, not of what it keeps. */
static const char *const own[] = { "saved", "boot", "uptime" };

static void load(struct state *m, struct json_object *o, const struct clocks *c)
{
	struct error e = { "" };

	ck_assert_msg(state_load(m, o, NULL, c, &e) == 0, "%s", e.text);
}

static struct json_object *parse(const char *text)
{
	struct error e = { "" };
	struct json_object *o = json_parse(text, strlen(text), 32, &e);

	ck_assert_msg(o != NULL, "%s", e.text);
	return o;
}

static void fill(struct state *m)
{
	static const uint64_t parts[] = { UINT64_MAX, 5 };
	struct object_state *state = state_get(m, &vm_kind, "a");
	struct reservation_record *record;

	*(struct vm_record *)state->own = (struct vm_record){ .observed = true,
		.has_run = true,
		.domain_id = 7,
		.desired = VM_RUNNING,
		.cause = STOP_GUEST,
		.quick_stops = 2,
		.running_since = { NOW.ms - 5000 },
		.start_at = { NOW.ms + 40000 } };
	state_approve(m, &vm_kind, "a", parts, 2, NOW, APPROVAL_EXPIRES_MS, 1000);
	record_set_text(&state_get(m, &vm_kind, "a")->error, "no such pool");
	state_begin(m, &vm_kind, "a", "domain-reset", INT64_MAX, WALL - 1);
	state_procedure(m, &vm_kind, "a", "drain", (struct mono){ NOW.ms - 30000 });
	state_procedure_token(m, &vm_kind, "a", 17);
	record = state_get(m, &reservation_kind, "default/a")->own;
	ck_assert_int_eq(ip_parse("192.168.122.11", &record->ip, NULL), 0);
	record->owned = record->update.suspect_config = true;
	state_pause(m, NULL, NULL, "why", mono_add(NOW, 60000));
	state_pause(m, &pool_kind, "p", NULL, MONO_NEVER);
	state_get(m, &pool_kind, "nothing to keep")->failures = 4;
}

START_TEST(what_is_kept_survives_a_boot)
{
	struct state m = { 0 }, again = { 0 };
	const struct object_state *state;
	const struct vm_record *vm;
	autojson struct json_object *first = NULL, *second = NULL;

	fill(&m);
	first = state_save(&m, &clocks);
	load(&again, first, &boot);
	ck_assert_uint_eq(again.count, 3);
	state = state_find(&again, &vm_kind, "a");
	vm = vm_record_of(state);
	ck_assert(vm->observed && vm->has_run && vm->domain_id == 7);
	ck_assert(vm->desired == VM_RUNNING && vm->quick_stops == 2);
	ck_assert_int_eq(vm->cause, STOP_GUEST);
	ck_assert_int_eq(vm->start_at.ms, boot.now.ms + 30000);
	ck_assert_int_eq(vm->running_since.ms, boot.now.ms - 15000);
	ck_assert_uint_eq(state->approval.parts.count, 2);
	ck_assert(state->approval.uid == 1000 &&
		  state->approval.given_at.ms == boot.now.ms - 10000);
	ck_assert_str_eq(state->error, "no such pool");
	ck_assert_str_eq(state->begun.action, "domain-reset");
	ck_assert(state->begun.token == INT64_MAX && state->begun.wall == WALL - 1);
	ck_assert_str_eq(state->procedure.phase, "drain");
	ck_assert_int_eq(state->procedure.since.ms, boot.now.ms - 40000);
	ck_assert_int_eq(state->procedure.token, 17);
	ck_assert_int_eq(again.pause_until.ms, boot.now.ms + 50000);
	ck_assert_str_eq(again.pause_reason, "why");
	ck_assert(state_find(&again, &pool_kind, "p")->pause_until.ms == INT64_MAX);
	second = state_save(&again, &boot);
	ck_assert_int_eq(json_int_at(second, "saved", 0), boot.wall);
	for (int i = 0; i < 3; i++) {
		json_object_object_del(first, own[i]);
		json_object_object_del(second, own[i]);
	}
	ck_assert_str_eq(json_text(first), json_text(second));
	state_done(&m);
	state_done(&again);
}
END_TEST

/* Saved while the clock was nine hours ahead: nothing waits for nine hours, a pause of a
 * minute is one of a minute, also where it is 1970. */
START_TEST(a_wrong_clock_makes_nobody_wait)
{
	const struct clocks ahead = { NOW, WALL + 9 * 3600000, NULL };
	const struct clocks epoch = { NOW, 1000, NULL };
	struct state m = { 0 }, again = { 0 };
	struct vm_record *vm = state_get(&m, &vm_kind, "a")->own;
	autojson struct json_object *o = NULL;

	vm->start_at = mono_add(NOW, 40000);
	vm->running_since = vm->stop_first = vm->stop_sent = NOW;
	state_pause(&m, NULL, NULL, "why", mono_add(NOW, 60000));
	o = state_save(&m, &ahead);
	load(&again, o, _i ? &epoch : &clocks);
	vm = state_get(&again, &vm_kind, "a")->own;
	ck_assert_int_eq(again.pause_until.ms, NOW.ms + 60000);
	ck_assert_int_eq(vm->start_at.ms, NOW.ms + 30000);
	ck_assert_int_eq(vm->running_since.ms, NOW.ms);
	ck_assert_int_eq(vm->stop_first.ms, NOW.ms);
	ck_assert_int_eq(vm->stop_sent.ms, NOW.ms);
	state_done(&m);
	state_done(&again);
}
END_TEST

/* Points in time of a state that is loaded ten seconds after it was saved. */
static const struct {
	const char *what;
	struct clocks then; /* when it is loaded */
	int64_t saved_at;   /* a point of a second before it was saved, */
	int64_t pause_ends; /* and one of a minute after */
} later[] = {
	{ "the clock is right", { { NOW_MS + 10000 }, WALL + 10000, "boot-1" },
	    NOW_MS - 1000, NOW_MS + 60000 },
	{ "it was set ahead", { { NOW_MS + 10000 }, WALL + 9000000, "boot-1" },
	    NOW_MS - 1000, NOW_MS + 60000 },
	{ "it was set back", { { NOW_MS + 10000 }, WALL - 9000000, "boot-1" },
	    NOW_MS - 1000, NOW_MS + 60000 },
	{ "another boot", { { 7000 }, WALL + 10000, "boot-2" }, -4000, 57000 },
	{ "another boot, without a battery", { { 7000 }, 7000, "boot-2" }, -1000, 60000 },
	{ "another boot, set back", { { 7000 }, WALL - 9000000, "boot-2" }, -1000,
	    60000 },
	{ "who knows which boot", { { 7000 }, WALL + 10000, NULL }, -4000, 57000 },
};

/* By the clock that never steps where it is the same boot. */
START_TEST(a_jump_of_the_clock_moves_no_point_in_time)
{
	struct state m = { 0 }, again = { 0 };
	struct vm_record *vm = state_get(&m, &vm_kind, "a")->own;
	autojson struct json_object *o = NULL;

	vm->saved_at = (struct mono){ NOW_MS - 1000 };
	state_pause(&m, NULL, NULL, "why", mono_add(NOW, 60000));
	o = state_save(&m, &clocks);
	load(&again, o, &later[_i].then);
	vm = state_get(&again, &vm_kind, "a")->own;
	ck_assert_msg(vm->saved_at.ms == later[_i].saved_at, "%s: %lld", later[_i].what,
	    (long long)vm->saved_at.ms);
	ck_assert_msg(again.pause_until.ms == later[_i].pause_ends, "%s: %lld",
	    later[_i].what, (long long)again.pause_until.ms);
	ck_assert_msg(!again.unknown, "%s", later[_i].what);
	state_done(&m);
	state_done(&again);
}
END_TEST

/* One that was given while the clock was days ahead is as old as it is. */
START_TEST(an_approval_is_no_older_than_it_is)
{
	const struct clocks ahead = { NOW, WALL + 9 * APPROVAL_EXPIRES_MS, "boot-1" };
	const struct clocks after = { { 7000 }, WALL, "boot-2" };
	struct state m = { 0 }, again = { 0 };
	autojson struct json_object *o = NULL;

	state_approve(
	    &m, &vm_kind, "a", &(uint64_t){ 5 }, 1, NOW, APPROVAL_EXPIRES_MS, 0);
	o = state_save(&m, &ahead);
	load(&again, o, &after);
	ck_assert_int_eq(state_find(&again, &vm_kind, "a")->approval.given_at.ms, -1);
	state_tick(&again, (struct mono){ APPROVAL_EXPIRES_MS - 2 });
	ck_assert_uint_eq(state_find(&again, &vm_kind, "a")->approval.parts.count, 1);
	state_tick(&again, (struct mono){ APPROVAL_EXPIRES_MS });
	ck_assert_uint_eq(state_find(&again, &vm_kind, "a")->approval.parts.count, 0);
	state_done(&m);
	state_done(&again);
}
END_TEST

#define NEWER                                                                            \
	"{\"format\": 2, \"minor\": 3, \"tomorrow\": [1], \"paused\": true, "            \
	"\"objects\": ["                                                                 \
	"{\"kind\": \"vm\", \"name\": \"a\", \"approval\": {\"note\": \"n\"}, "          \
	"\"record\": {\"domain_id\": 7, \"snapshots\": {\"b\": 1}}, \"mood\": \"m\"}, "  \
	"{\"kind\": \"pool\", \"name\": \"p\", \"record\": {\"all\": \"of it\"}}, "      \
	"{\"kind\": \"moon\", \"name\": \"x\", \"record\": {\"phase\": 2}}]}"

/* What a newer version has kept is there when it comes back. */
START_TEST(a_newer_ones_records_survive)
{
	struct state m = { 0 }, again = { 0 };
	autojson struct json_object *o = parse(NEWER), *kept = NULL, *due = NULL;

	load(&m, o, &clocks);
	kept = state_save(&m, &clocks);
	for (int i = 0; i < 3; i++)
		json_object_object_del(kept, own[i]);
	ck_assert_msg(json_object_equal(o, kept), "%s", json_text(kept));
	state_pause(&m, &vm_kind, "a", "meanwhile", MONO_NEVER);
	((struct vm_record *)state_get(&m, &vm_kind, "a")->own)->domain_id = -1;
	json_object_put(kept);
	kept = state_save(&m, &clocks);
	load(&again, kept, &clocks);
	ck_assert(state_find(&again, &vm_kind, "a")->paused);
	ck_assert_int_eq(vm_record_of(state_find(&again, &vm_kind, "a"))->domain_id, -1);
	due = json_object_get(json_at(json_item(json_at(kept, "objects"), 0), "record"));
	ck_assert_str_eq(json_text(due), "{\"snapshots\":{\"b\":1}}");
	state_done(&m);
	state_done(&again);
}
END_TEST

/* As a daemon of format 1 wrote it of the example home, some of its objects; that an update
 * of worker-1 had failed is written into it by hand. */
#define OLD_FILE "test/unit/state-format-1.json"
#define OLD_WALL INT64_C(1795720893000)

static struct config *home(const char *networks)
{
	struct source_text source = { "home.yaml", networks, strlen(networks), NULL };
	struct config_files files = {
		.desired = &source, .desired_count = 1, .directory = "/etc/homek8s"
	};
	struct config *config;

	ck_assert_int_eq(config_load(&files, &config), 0);
	return config;
}

static void load_old(struct state *m, const char *networks)
{
	const struct clocks then = { NOW, OLD_WALL, NULL };
	struct config *config = networks ? home(networks) : NULL;
	struct json_object *o = json_object_from_file(OLD_FILE);
	struct error e = { "" };

	ck_assert_msg(o != NULL, "%s", OLD_FILE);
	ck_assert_msg(state_load(m, o, config, &then, &e) == 0, "%s", e.text);
	json_object_put(o);
	config_free(config);
}

static const struct reservation_record *reservation_of(
    const struct state *m, const char *name)
{
	const struct object_state *state = state_find(m, &reservation_kind, name);

	return state ? reservation_record_of(state) : NULL;
}

START_TEST(an_old_file_is_read)
{
	const struct object_state *state;
	const struct reservation_record *record;
	const struct vm_record *vm;
	struct state m = { 0 };
	char ip[IP_TEXT];

	load_old(&m, "network: {name: lan, address: 192.168.122.1/24}");
	state = state_find(&m, &vm_kind, "worker-2");
	vm = vm_record_of(state);
	ck_assert(state->paused && state->pause_until.ms == INT64_MAX);
	ck_assert_str_eq(state->pause_reason, "new disk");
	ck_assert(vm->observed && vm->has_run && vm->domain_id == -1);
	ck_assert(vm->desired == VM_RUNNING && vm->cause == STOP_GUEST);
	vm = vm_record_of(state_find(&m, &vm_kind, "worker-1"));
	ck_assert(vm->domain_id == 2 && vm->cause == STOP_NONE);
	ck_assert_int_eq(vm->running_since.ms, NOW.ms - (OLD_WALL - 1795720889962));
	state = state_find(&m, &pool_kind, "default-pool");
	ck_assert_int_eq(state->pause_until.ms, NOW.ms + (1795807290050 - OLD_WALL));
	record = reservation_of(&m, "lan/worker-1");
	ck_assert_str_eq(ip_text(record->ip, ip), "192.168.122.11");
	ck_assert(reservation_record_owns(record, true) && record->update.suspect_live);
	state = state_find(&m, &reservation_kind, "lan/worker-1");
	ck_assert_msg(state->paused && !state->approval.parts.count,
	    "what was approved was shown otherwise");
	ck_assert(!reservation_record_owns(reservation_of(&m, "lan/worker-2"), true));
	ck_assert_ptr_null(reservation_of(&m, "worker-1"));
	state_done(&m);
}
END_TEST

START_TEST(an_old_file_is_saved_as_a_new_one)
{
	struct state m = { 0 }, again = { 0 };
	autojson struct json_object *o = NULL, *second = NULL;

	load_old(&m, "network: {name: lan, address: 192.168.122.1/24}");
	o = state_save(&m, &clocks);
	ck_assert_int_eq(json_int_at(o, "format", 0), 2);
	ck_assert_ptr_null(strstr(json_text(o), "lease"));
	ck_assert_ptr_null(strstr(json_text(o), "approved"));
	load(&again, o, &clocks);
	second = state_save(&again, &clocks);
	ck_assert_str_eq(json_text(o), json_text(second));
	ck_assert(reservation_record_owns(reservation_of(&again, "lan/worker-1"), false));
	state_done(&m);
	state_done(&again);
}
END_TEST

/* Which network it was in cannot be said, and to guess is to own what is foreign. */
START_TEST(an_old_reservation_of_no_known_network_is_left_out)
{
	struct state m = { 0 };

	load_old(&m, "networks: {a: {address: 10.1.0.1/24}, b: {address: 10.2.0.1/24}}");
	ck_assert_ptr_null(reservation_of(&m, "a/worker-1"));
	ck_assert_ptr_null(reservation_of(&m, "b/worker-1"));
	ck_assert_ptr_nonnull(state_find(&m, &vm_kind, "worker-1"));
	state_done(&m);
	load_old(&m, NULL);
	ck_assert_ptr_null(reservation_of(&m, "default/worker-1"));
	ck_assert_ptr_nonnull(state_find(&m, &vm_kind, "worker-1"));
	state_done(&m);
}
END_TEST

static const struct {
	const char *what, *text;
	int result;
} strange[] = {
	{ "a newer format", "{\"format\": 3, \"objects\": []}", -1 },
	{ "no format", "{}", -1 },
	{ "a format that is no number", "{\"format\": \"2\"}", -1 },
	{ "objects that are none", "{\"format\": 2, \"objects\": [7, null, [], {}]}", 0 },
	{ "no list of objects", "{\"format\": 2, \"objects\": 5}", 0 },
	{ "values of other types",
	    "{\"format\": 2, \"paused\": \"yes\", \"pause_until\": -5, \"objects\": ["
	    "{\"kind\": \"vm\", \"name\": \"a\", \"paused\": 1, \"approval\": 7, "
	    "\"procedure\": {\"phase\": [], \"since\": \"now\"}, \"record\": "
	    "{\"cause\": 99, \"domain_id\": \"x\", \"quick_stops\": -1}}, "
	    "{\"kind\": \"vm\", \"name\": \"b\", \"approval\": {\"parts\": [1, \"zz\", "
	    "null]}, \"record\": {\"cause\": \"bored\", \"domain_id\": -2}}]}",
	    0 },
};

START_TEST(strange_documents_are_refused_or_left_out)
{
	struct state m = { 0 };
	struct error e = { "" };
	autojson struct json_object *o = parse(strange[_i].text), *kept = NULL;

	ck_assert_msg(state_load(&m, o, NULL, &clocks, &e) == strange[_i].result,
	    "%s: %s", strange[_i].what, e.text);
	ck_assert_msg((*e.text != '\0') == (strange[_i].result < 0), "%s", e.text);
	ck_assert(!m.paused);
	for (size_t i = 0; i < m.count; i++) {
		const struct vm_record *vm = vm_record_of(m.items[i]);

		ck_assert_int_eq(vm->cause, STOP_NONE);
		ck_assert_int_eq(vm->domain_id, -1);
		ck_assert_int_eq(vm->quick_stops, 0);
		ck_assert(!m.items[i]->paused && !m.items[i]->procedure.phase);
		ck_assert_uint_eq(m.items[i]->approval.parts.count, 0);
	}
	kept = state_save(&m, &clocks);
	ck_assert_ptr_nonnull(kept);
	state_done(&m);
}
END_TEST

START_TEST(people_are_shown_what_it_means)
{
	struct state m = { 0 };
	autojson struct json_object *o = NULL;

	fill(&m);
	o = object_state_show(state_find(&m, &vm_kind, "a"), &clocks);
	ck_assert_str_eq(json_string_at(o, "record.cause"), "guest");
	ck_assert_str_eq(
	    json_string_at(o, "record.running_since"), "2026-09-21T14:13:15Z");
	ck_assert_str_eq(json_string_at(o, "procedure.phase"), "drain");
	ck_assert_str_eq(json_string_at(o, "approval.given"), "2026-09-21T14:13:20Z");
	ck_assert_ptr_null(json_at(o, "procedure.token"));
	ck_assert_ptr_null(json_at(o, "failures"));
	json_object_put(o);
	o = object_state_show(state_find(&m, &pool_kind, "p"), &clocks);
	ck_assert_str_eq(json_string_at(o, "pause_until"), "never");
	state_done(&m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state_json");
	TCase *tests = tcase_create("state_json");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, a_jump_of_the_clock_moves_no_point_in_time, 0,
	    (int)(sizeof(later) / sizeof(later[0])));
	tcase_add_test(tests, an_approval_is_no_older_than_it_is);
	tcase_add_test(tests, what_is_kept_survives_a_boot);
	tcase_add_loop_test(tests, a_wrong_clock_makes_nobody_wait, 0, 2);
	tcase_add_test(tests, a_newer_ones_records_survive);
	tcase_add_test(tests, an_old_file_is_read);
	tcase_add_test(tests, an_old_file_is_saved_as_a_new_one);
	tcase_add_test(tests, an_old_reservation_of_no_known_network_is_left_out);
	tcase_add_loop_test(tests, strange_documents_are_refused_or_left_out, 0,
	    (int)(sizeof(strange) / sizeof(strange[0])));
	tcase_add_test(tests, people_are_shown_what_it_means);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
