/* SPDX-License-Identifier: MIT */
/* Tests of the control socket: what streams send after their first reply, calls that wait
 * for a plan, and approvals. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "test/control/server.h"

/* Makes the home behind the server do something; see obey() in server.c. */
static void order(struct client *c, const char *what, int number)
{
	autofree char *call = must_printf(
	    CALL("Pause", ",\"parameters\":{\"reason\":\"%s\",\"milliseconds\":%d}"),
	    what, number);
	autojson struct json_object *reply = NULL;

	say_text(c, call);
	reply = answer(c, what);
	ck_assert_msg(!json_at(reply, "error"), "%s", json_text(reply));
}

static struct client follow(const char *call)
{
	struct client c = dial();

	say_text(&c, call);
	return c;
}

/* "vm-00003! vm-00004", the objects of a reply with their reasons. */
static void expect_objects(struct json_object *reply, const char *want)
{
	struct json_object *objects = json_at(reply, "parameters.objects");
	autotext struct text got = { 0 };

	for (size_t i = 0; i < json_count(objects); i++)
		text_add(&got, "%s%s%s", i ? " " : "",
		    json_string_at(json_item(objects, i), "name"),
		    json_string_at(json_item(objects, i), "reason"));
	ck_assert_str_eq(text_get(&got), want);
}

static void expect_removed(struct json_object *reply, const char *want)
{
	struct json_object *removed = json_at(reply, "parameters.removed");

	ck_assert(json_object_is_type(removed, json_type_array));
	ck_assert_uint_eq(json_count(removed), want ? 1 : 0);
	if (want)
		ck_assert_str_eq(json_object_get_string(json_item(removed, 0)), want);
}

static struct json_object *next(struct client *c, const char *what)
{
	struct json_object *reply = answer(c, what);

	ck_assert_msg(json_bool_at(reply, "continues", false), "%s: %.300s", what,
	    json_text(reply));
	return reply;
}

#define STATUS CALL("GetStatus", ",\"more\":true")
#define LIST CALL("List", ",\"more\":true")
#define LIST_VMS CALL("List", ",\"more\":true,\"parameters\":{\"kind\":\"vm\"}")
#define LIST_POOLS CALL("List", ",\"more\":true,\"parameters\":{\"kind\":\"pool\"}")

START_TEST(only_what_has_changed_is_sent)
{
	static const char *const calls[] = { STATUS, LIST, LIST_VMS };
	struct client changer = dial(), c;
	struct json_object *reply;
	bool ended;

	order(&changer, "make objects", 5);
	c = follow(calls[_i]);
	reply = next(&c, "the first");
	ck_assert_uint_eq(json_count(json_at(reply, "parameters.objects")), 5);
	ck_assert_ptr_null(json_at(reply, "parameters.removed"));
	json_object_put(reply);
	order(&changer, "change object", 3);
	reply = next(&c, "a change");
	expect_objects(reply, "vm-00003!");
	expect_removed(reply, NULL);
	json_object_put(reply);
	order(&changer, "remove object", 1);
	reply = next(&c, "a removal");
	expect_objects(reply, "");
	expect_removed(reply, "vm/vm-00001");
	json_object_put(reply);
	order(&changer, "change object", 0);
	reply = next(&c, "another change");
	expect_objects(reply, "vm-00000!");
	expect_removed(reply, NULL);
	json_object_put(reply);
	ck_assert_ptr_null(receive(&c, 300, &ended));
	hang_up(&c);
	hang_up(&changer);
}
END_TEST

/* Reconcile counts a generation, which only the status shows. */
START_TEST(nothing_is_sent_where_nothing_differs)
{
	struct client changer = dial(), pools = follow(LIST_POOLS), list, status;
	struct json_object *reply;
	bool ended;

	order(&changer, "make objects", 3);
	list = follow(LIST);
	status = follow(STATUS);
	json_object_put(next(&pools, "no pools"));
	json_object_put(next(&list, "the list"));
	json_object_put(next(&status, "the status"));
	say_text(&changer, CALL("Reconcile", ""));
	json_object_put(answer(&changer, "reconcile"));
	reply = next(&status, "another generation");
	expect_objects(reply, "");
	expect_removed(reply, NULL);
	ck_assert_str_eq(json_string_at(reply, "parameters.verdict"), "converged");
	json_object_put(reply);
	order(&changer, "change object", 0);
	json_object_put(next(&list, "the change"));
	ck_assert_ptr_null(receive(&pools, 300, &ended));
	ck_assert_ptr_null(receive(&list, 300, &ended));
	hang_up(&pools);
	hang_up(&list);
	hang_up(&status);
	hang_up(&changer);
}
END_TEST

/* A countdown that runs is no change; the client counts for itself. */
START_TEST(a_running_countdown_is_not_sent)
{
	struct client changer = dial(), c;
	struct json_object *reply;
	int64_t retry_in;

	order(&changer, "make objects", 2);
	c = follow(STATUS);
	json_object_put(next(&c, "the first"));
	order(&changer, "fail object", 1);
	reply = next(&c, "the failure");
	expect_objects(reply, "vm-00001");
	retry_in = json_int_at(
	    json_item(json_at(reply, "parameters.objects"), 0), "retry_in", 0);
	ck_assert_int_gt(retry_in, 55000);
	ck_assert_int_le(retry_in, 60000);
	json_object_put(reply);
	order(&changer, "change object", 0);
	reply = next(&c, "another object");
	expect_objects(reply, "vm-00000!");
	json_object_put(reply);
	hang_up(&c);
	hang_up(&changer);
}
END_TEST

/* What a slow client missed comes in one reply. */
START_TEST(slow_clients_get_all_they_missed)
{
	enum { OBJECTS = 8000, STREAMS = 8 }; /* in all below one user's cap */
	struct client slow[STREAMS], changer = dial();
	struct json_object *reply;
	int size = 4096;

	order(&changer, "make objects", OBJECTS);
	for (int i = 0; i < STREAMS; i++) {
		slow[i] = dial();
		setsockopt(slow[i].fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		say_text(&slow[i], i % 2 ? STATUS : LIST);
	}
	for (int i = 0; i < 10; i++) {
		order(&changer, "change object", i * 100);
		expect_alive("beside slow streams");
	}
	order(&changer, "remove object", 5000);
	for (int i = 0; i < STREAMS; i++) {
		reply = next(&slow[i], "the first, late");
		ck_assert_uint_eq(
		    json_count(json_at(reply, "parameters.objects")), OBJECTS);
		json_object_put(reply);
		reply = next(&slow[i], "the rest");
		/* Some changes may have come before the first reply was made. */
		ck_assert_uint_ge(json_count(json_at(reply, "parameters.objects")), 5);
		ck_assert_uint_le(json_count(json_at(reply, "parameters.objects")), 10);
		expect_removed(reply, "vm/vm-05000");
		json_object_put(reply);
		hang_up(&slow[i]);
	}
	hang_up(&changer);
}
END_TEST

/* AddressSanitizer keeps what was freed, so that there the peak says nothing. */
#ifdef __SANITIZE_ADDRESS__
#define FREED_IS_FREE false
#else
#define FREED_IS_FREE true
#endif

static long peak_kb(void)
{
	autofree char *path = must_printf("/proc/%ld/status", (long)server);
	autofile FILE *f = fopen(path, "r");
	char line[256];
	long kb = 0;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kb) == 1)
			break;
	return kb;
}

/* 26 first replies of three megabytes that nobody reads are more than all clients may
 * hold together: some are refused, the others come whole. */
START_TEST(unread_replies_have_a_cap_together)
{
	enum { OBJECTS = 20000, STREAMS = 26 };
	struct client slow[STREAMS], changer = dial();
	int refused = 0, size = 4096;
	struct json_object *reply;
	long before;

	order(&changer, "make objects", OBJECTS);
	before = peak_kb();
	for (int i = 0; i < STREAMS; i++) {
		slow[i] = dial();
		setsockopt(slow[i].fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		say_text(&slow[i], STATUS);
		expect_alive("beside unread replies");
	}
	if (FREED_IS_FREE)
		ck_assert_msg(
		    peak_kb() - before < 75 * 1024, "%ld kB", peak_kb() - before);
	for (int i = 0; i < STREAMS; i++) {
		reply = answer(&slow[i], "whole or refused");
		if (json_string_at(reply, "error")) {
			ck_assert_str_eq(json_string_at(reply, "error"), ERROR_BUSY);
			refused++;
		} else
			ck_assert_uint_eq(
			    json_count(json_at(reply, "parameters.objects")), OBJECTS);
		json_object_put(reply);
		hang_up(&slow[i]);
	}
	ck_assert_int_ge(refused, 5);
	ck_assert_int_le(refused, 25);
	hang_up(&changer);
}
END_TEST

/* What another user holds, he holds of his own share: root is answered whole. */
START_TEST(one_user_leaves_memory_for_root)
{
	enum { OBJECTS = 20000, STREAMS = 26 };
	struct client slow[STREAMS], root = dial();
	int size = 4096;
	struct json_object *reply;

	if (geteuid() != 0) {
		printf("skipped: other users need root\n");
		hang_up(&root);
		return;
	}
	order(&root, "make objects", OBJECTS);
	for (int i = 0; i < STREAMS; i++) {
		slow[i] = dial_as(NOBODY);
		setsockopt(slow[i].fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		say_text(&slow[i], STATUS);
		expect_alive("beside unread replies");
	}
	say_text(&root, STATUS);
	reply = answer(&root, "the status for root");
	ck_assert_uint_eq(json_count(json_at(reply, "parameters.objects")), OBJECTS);
	json_object_put(reply);
	for (int i = 0; i < STREAMS; i++)
		hang_up(&slow[i]);
	hang_up(&root);
}
END_TEST

/* Calls that wait for a plan */

static int64_t generation(struct json_object *reply)
{
	return json_int_at(reply, "parameters.sources.config.generation", -1);
}

START_TEST(requests_wait_for_the_plan_that_is_due)
{
	struct client changer = dial(), c = dial();
	struct json_object *reply;
	bool ended;

	order(&changer, "make objects", 2);
	order(&changer, "plan later", 400);
	say_text(&c, CALL("GetStatus", ""));
	say_text(&c, CALL("GetVersion", ""));
	ck_assert_ptr_null(receive(&c, 100, &ended));
	expect_alive("what needs no plan is answered");
	reply = answer(&c, "after the plan");
	ck_assert_int_ge(generation(reply), 1000);
	json_object_put(reply);
	reply = answer(&c, "the next call");
	ck_assert_ptr_nonnull(json_string_at(reply, "parameters.version"));
	json_object_put(reply);
	hang_up(&c);
	hang_up(&changer);
}
END_TEST

/* Gone, half-closed and one-way while they wait. */
START_TEST(who_waits_may_go)
{
	struct client changer = dial(), gone = dial(), half = dial(), oneway = dial();
	struct json_object *reply;

	order(&changer, "plan later", 300);
	say_text(&gone, CALL("GetStatus", ""));
	say_text(&half, CALL("Plan", ""));
	say_text(&oneway, CALL("Reconcile", ",\"oneway\":true"));
	say_text(&oneway, CALL("GetStatus", ""));
	shutdown(half.fd, SHUT_WR);
	hang_up(&gone);
	reply = answer(&half, "half-closed");
	ck_assert_uint_eq(json_count(json_at(reply, "parameters.steps")), 0);
	json_object_put(reply);
	expect_closed(&half, SOON_MS, "after the reply");
	reply = answer(&oneway, "the call after a one-way call");
	ck_assert_ptr_nonnull(json_string_at(reply, "parameters.verdict"));
	json_object_put(reply);
	hang_up(&half);
	hang_up(&oneway);
	hang_up(&changer);
	expect_alive("after all of them");
}
END_TEST

/* The view must not be read while a plan is due: the server would abort. */
START_TEST(streams_wait_for_the_plan_that_is_due)
{
	struct client changer = dial(), c;
	struct json_object *reply;

	order(&changer, "make objects", 2);
	c = follow(STATUS);
	json_object_put(next(&c, "the first"));
	order(&changer, "plan later", 400);
	say_text(&changer, CALL("Reload", "")); /* an event in the journal */
	json_object_put(answer(&changer, "reload"));
	reply = next(&c, "after the plan");
	ck_assert_int_ge(generation(reply), 1000);
	json_object_put(reply);
	hang_up(&c);
	hang_up(&changer);
}
END_TEST

/* Approvals */

/* The hash of the only approval in the plan; its text is checked. */
static char *approval_hash(struct client *c, const char *want)
{
	autojson struct json_object *reply = NULL;
	struct json_object *approval;

	say_text(c, CALL("Plan", ""));
	reply = answer(c, "the plan");
	ck_assert_uint_eq(json_count(json_at(reply, "parameters.approvals")), 1);
	approval = json_item(json_at(reply, "parameters.approvals"), 0);
	ck_assert_str_eq(json_string_at(approval, "text"), want);
	ck_assert_str_eq(json_string_at(approval, "key"), "vm/vm-00000");
	ck_assert_uint_eq(json_count(json_at(approval, "effects")), 1);
	return must_copy(json_string_at(approval, "hash"));
}

static struct json_object *approve(struct client *c, const char *hash)
{
	autofree char *call = must_printf(
	    CALL("Approve",
		",\"parameters\":{\"kind\":\"vm\",\"name\":\"vm-00000\",\"hash\":\"%s\"}"),
	    hash);

	say_text(c, call);
	return answer(c, "approve");
}

/* The home behind the server refuses every approval that reaches it, in its own words. */
START_TEST(only_what_was_shown_is_approved)
{
	struct client c = dial();
	autofree char *first = NULL, *second = NULL;
	struct json_object *reply;

	order(&c, "make objects", 1);
	order(&c, "ask approval", 21);
	first = approval_hash(&c, "moves it to .21");
	order(&c, "ask approval", 31);
	second = approval_hash(&c, "moves it to .31");
	ck_assert_str_ne(first, second);
	reply = approve(&c, first);
	ck_assert_str_eq(json_string_at(reply, "error"), ERROR_APPROVAL_CHANGED);
	ck_assert_str_eq(json_string_at(reply, "parameters.hash"), second);
	ck_assert_str_eq(json_string_at(reply, "parameters.text"), "moves it to .31");
	json_object_put(reply);
	reply = approve(&c, second);
	ck_assert_str_eq(json_string_at(reply, "error"), ERROR_NOT_POSSIBLE);
	ck_assert_ptr_nonnull(strstr(
	    json_string_at(reply, "parameters.text"), "approve vm/vm-00000 by uid"));
	json_object_put(reply);
	hang_up(&c);
}
END_TEST

Suite *streams_suite(void)
{
	Suite *suite = suite_create("streams");
	TCase *t = tcase_create("streams");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, server_setup, server_teardown);
	tcase_add_loop_test(t, only_what_has_changed_is_sent, 0, 3);
	tcase_add_test(t, nothing_is_sent_where_nothing_differs);
	tcase_add_test(t, a_running_countdown_is_not_sent);
	tcase_add_test(t, slow_clients_get_all_they_missed);
	tcase_add_test(t, unread_replies_have_a_cap_together);
	tcase_add_test(t, one_user_leaves_memory_for_root);
	tcase_add_test(t, requests_wait_for_the_plan_that_is_due);
	tcase_add_test(t, who_waits_may_go);
	tcase_add_test(t, streams_wait_for_the_plan_that_is_due);
	tcase_add_test(t, only_what_was_shown_is_approved);
	suite_add_tcase(suite, t);
	return suite;
}
