/* SPDX-License-Identifier: MIT */
/* What happens to a list or a watch, and that it heals without losing anything. */
#include <stdlib.h>
#include <string.h>

#include "test/kube/lab.h"

#define WATCH "\"match\": \"ipaddresspools?watch\""
#define LIST "\"match\": \"ipaddresspools?limit=500\""

static void start_with_pool(void)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_put_pool("a", "10.0.0.0/24");
	lab_kubeconfig("", "    {}\n");
	lab_start();
	lab_wait("listed pool 1: a\n");
	lab_wait("listed node");
	lab_wait("listed service");
	lab_run(50);
	lab_mark();
	lab_request("POST", "/fake/requests/clear", "{}");
}

/* Strikes an open watch; then pool b must be reported, and nothing be lost. */
static const struct {
	const char *what, *fault;
	unsigned lists; /* of pools, that must follow */
} watch_rows[] = {
	{ "410 as an event", "{" WATCH ", \"do\": \"error-event\"}", 1 },
	{ "429 as an event", "{" WATCH ", \"do\": \"error-event\", \"code\": 429}", 0 },
	{ "another error as an event",
	    "{" WATCH
	    ", \"do\": \"error-event\", \"code\": 500, \"reason\": \"InternalError\"}",
	    1 },
	{ "garbage", "{" WATCH ", \"do\": \"garbage\"}", 1 },
	{ "an event that is too large", "{" WATCH ", \"do\": \"huge\"}", 1 },
	{ "silence", "{" WATCH ", \"do\": \"silence\"}", 0 },
	{ "split lines", "{" WATCH ", \"do\": \"split\", \"times\": -1}", 0 },
	{ "the end, at once", "{" WATCH ", \"do\": \"end-watch\", \"times\": 2}", 0 },
};

START_TEST(watch_struck)
{
	start_with_pool();
	lab_fault(watch_rows[_i].fault);
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
	ck_assert_msg(lab_requests("ipaddresspools?limit=500") == watch_rows[_i].lists,
	    "%s: %u lists", watch_rows[_i].what,
	    lab_requests("ipaddresspools?limit=500"));
	ck_assert_msg(lab_count("lost") == 0 && lab_count("state") == 0, "%s:\n%s",
	    watch_rows[_i].what, lab_log());
	/* And it goes on. */
	lab_put_pool("c", "10.0.2.0/24");
	lab_wait("observed pool c");
}
END_TEST

/* The watch that is opened next is answered so. */
static const struct {
	const char *what, *fault;
	unsigned lists;
} open_rows[] = {
	{ "410 as a status", "{" WATCH ", \"do\": \"status\", \"code\": 410}", 1 },
	{ "plain 429",
	    "{" WATCH
	    ", \"do\": \"status\", \"code\": 429, \"content_type\": \"text/plain\","
	    " \"body\": \"Too many requests, please try again later.\","
	    " \"headers\": {\"Retry-After\": \"1\"}}",
	    0 },
	{ "503", "{" WATCH ", \"do\": \"status\", \"code\": 503}", 0 },
	{ "500", "{" WATCH ", \"do\": \"status\", \"code\": 500}", 1 },
	{ "a reset", "{" WATCH ", \"do\": \"reset\"}", 0 },
};

START_TEST(watch_not_opened)
{
	start_with_pool();
	lab_fault(open_rows[_i].fault);
	lab_run(1000); /* so that its end is an ordinary one */
	lab_request("POST", "/fake/drop", "{}");
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
	ck_assert_msg(lab_requests("ipaddresspools?limit=500") == open_rows[_i].lists,
	    "%s: %u lists", open_rows[_i].what, lab_requests("ipaddresspools?limit=500"));
	ck_assert_msg(lab_count("lost") == 0 && lab_count("state") == 0, "%s:\n%s",
	    open_rows[_i].what, lab_log());
}
END_TEST

/* History was compacted while we were away: everything is listed, once. */
START_TEST(compacted)
{
	start_with_pool();
	lab_fault("{" WATCH ", \"do\": \"silence\"}");
	lab_put_pool("b", "10.0.1.0/24");
	lab_request("DELETE", LAB_POOLS "/a", NULL);
	lab_request("POST", "/fake/compact", "{}");
	lab_wait("listed pool 1: b\n");
	ck_assert_uint_eq(lab_requests("ipaddresspools?limit=500"), 1);
	ck_assert_uint_eq(lab_count("lost"), 0);
}
END_TEST

/* 410 for ever must not become a storm of lists. */
START_TEST(expired_for_ever)
{
	start_with_pool();
	lab_fault("{" WATCH ", \"do\": \"status\", \"code\": 410, \"times\": -1}");
	lab_request("POST", "/fake/drop", "{}");
	lab_run(3000);
	ck_assert_uint_le(lab_requests("ipaddresspools?limit=500"), 4);
	lab_no_faults();
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
}
END_TEST

/* Some proxy cuts every watch at once: that must not become a storm of watches. */
START_TEST(short_watches)
{
	start_with_pool();
	lab_fault("{" WATCH ", \"do\": \"end-watch\", \"times\": -1}");
	lab_run(3000);
	ck_assert_uint_ge(lab_requests("ipaddresspools?watch"), 1);
	ck_assert_uint_le(lab_requests("ipaddresspools?watch"), 4);
	ck_assert_uint_eq(lab_requests("ipaddresspools?limit=500"), 0);
	lab_no_faults();
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
}
END_TEST

/* The same after one event each. */
START_TEST(watches_of_one_event)
{
	start_with_pool();
	lab_fault(
	    "{" WATCH ", \"do\": \"status\", \"code\": 200, \"times\": -1, \"body\": "
	    "{\"type\": \"BOOKMARK\", \"object\": {\"metadata\": "
	    "{\"resourceVersion\": \"7\"}}}}");
	lab_request("POST", "/fake/drop", "{}");
	lab_run(3000);
	ck_assert_uint_ge(lab_requests("ipaddresspools?watch"), 2);
	ck_assert_uint_le(lab_requests("ipaddresspools?watch"), 6);
	ck_assert_uint_le(lab_requests("ipaddresspools?limit=1&"), 6);
	lab_no_faults();
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
}
END_TEST

/* The list that comes next is answered so, for good; then the fault is taken away. */
static const struct {
	const char *what, *fault, *says;
} list_rows[] = {
	{ "plain 429",
	    "\"do\": \"status\", \"code\": 429, \"body\": \"Too many requests\","
	    " \"content_type\": \"text/plain\"",
	    "lost pool: list ipaddresspools in metallb-system: 429 Too Many Requests: "
	    "Too "
	    "many requests\n" },
	{ "a redirect",
	    "\"do\": \"status\", \"code\": 302, \"headers\": {\"Location\": "
	    "\"/api/v1/nodes\"}",
	    "lost pool: list ipaddresspools in metallb-system: 302 Found (redirects are "
	    "not "
	    "followed)" },
	{ "HTML of a proxy",
	    "\"do\": \"status\", \"code\": 502, \"content_type\": \"text/html\", "
	    "\"body\": "
	    "\"<html>\"",
	    "lost pool: list ipaddresspools in metallb-system: 502 Bad Gateway\n" },
	{ "garbage", "\"do\": \"garbage\"",
	    "lost pool: list ipaddresspools in metallb-system: " },
	{ "no list", "\"do\": \"status\", \"code\": 200, \"body\": {\"items\": []}",
	    "lost pool: list ipaddresspools in metallb-system: the answer is no list\n" },
	{ "a list of something",
	    "\"do\": \"status\", \"code\": 200, \"body\": \"[1, 2]\"",
	    "lost pool: list ipaddresspools in metallb-system: the answer is JSON, but "
	    "no "
	    "object\n" },
	{ "a list that leads in a circle",
	    "\"do\": \"status\", \"code\": 200, \"body\": {\"items\": [], \"metadata\": "
	    "{\"resourceVersion\": \"7\", \"continue\": \"x\"}}",
	    "lost pool: list ipaddresspools in metallb-system: the list goes round in a "
	    "circle" },
	{ "an empty answer", "\"do\": \"status\", \"code\": 200, \"body\": \"\"",
	    "lost pool: list ipaddresspools in metallb-system: " },
	{ "a stall", "\"do\": \"stall\"", "lost pool: no whole answer within 1 s (http" },
	{ "a trickle", "\"do\": \"trickle\"",
	    "lost pool: no whole answer within 1 s (http" },
	{ "a closed connection", "\"do\": \"close\"", "lost pool: " },
};

START_TEST(list_struck)
{
	autofree char *fault =
	    must_printf("{" LIST ", \"times\": -1, %s}", list_rows[_i].fault);

	lab_set_grace(200);
	start_with_pool();
	lab_fault(fault);
	kube_read_all(lab_kube());
	lab_wait(list_rows[_i].says);
	lab_run(500);
	/* Others are not concerned, nor is the server as a whole. */
	ck_assert_msg(lab_count("lost") == 1 && lab_count("state") == 0, "%s:\n%s",
	    list_rows[_i].what, lab_log());
	ck_assert_uint_le(lab_requests("ipaddresspools?limit=500"), 8);
	lab_mark();
	lab_no_faults();
	lab_wait("listed pool 1: a\n");
	ck_assert_uint_eq(lab_count("observed pool a "), 1);
}
END_TEST

/* The server says when to come back. */
START_TEST(retry_after)
{
	start_with_pool();
	lab_fault(
	    "{" LIST ", \"do\": \"status\", \"code\": 429, \"body\": \"busy\","
	    " \"content_type\": \"text/plain\", \"headers\": {\"Retry-After\": \"3\"}}");
	kube_read_all(lab_kube());
	lab_run(2500);
	ck_assert_uint_eq(lab_requests("ipaddresspools?limit=500"), 1);
	lab_wait("listed pool 1: a\n");
	/* Once more is no harm: a watch that was late on a busy machine lists anew. */
	ck_assert_uint_le(lab_requests("ipaddresspools?limit=500"), 3);
}
END_TEST

#define TOO_MUCH                                                                         \
	"lost pool: the server shows so many or such large pools that homek8sd keeps none of them\n"

/* More than is taken in, in a watch and in lists: all of it is forgotten, and asked for anew,
 * later and later. */
START_TEST(too_much)
{
	start_with_pool();
	lab_full(&lab_pool);
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
	lab_wait("ended pool\nbegun pool\n" TOO_MUCH);
	lab_mark();
	lab_request("POST", "/fake/requests/clear", "{}");
	lab_run(2500);
	ck_assert_uint_eq(lab_count("listed"), 0);
	ck_assert_uint_ge(lab_count("ended pool\n"), 1);
	ck_assert_uint_eq(lab_count(TOO_MUCH), lab_count("ended pool\n"));
	ck_assert_uint_le(lab_requests("ipaddresspools?limit=500"), 3);
	lab_full(NULL);
	lab_wait("listed pool 2: a b\n");
	lab_put_pool("c", "10.0.2.0/24");
	lab_wait("observed pool c");
}
END_TEST

/* Pages without end and without objects: not many, then later and later. */
START_TEST(empty_pages)
{
	start_with_pool();
	lab_fault(
	    "{" LIST
	    ", \"do\": \"status\", \"times\": 1, \"code\": 200, \"body\": {\"kind\": "
	    "\"List\", \"metadata\": {\"resourceVersion\": \"1\", \"continue\": \"a\"}, "
	    "\"items\": []}}");
	for (int i = 0; i < 60; i++) {
		autofree char *fault = must_printf(
		    "{\"match\": \"continue=\", \"do\": \"status\", \"times\": 1, \"code\": 200, \"body\": {\"metadata\": {\"resourceVersion\": \"1\", \"continue\": \"%d\"}, \"items\": []}}",
		    i);

		lab_fault(fault);
	}
	kube_read_all(lab_kube());
	lab_run(600);
	ck_assert_uint_eq(lab_requests("continue="), 50);
	lab_no_faults();
	lab_wait("listed pool 1: a\n");
}
END_TEST

START_TEST(hostile_names)
{
	start_with_pool();
	lab_request("POST", "/fake/objects",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":"
	    "\"x\\ndhcp-host=evil\"}}");
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
	lab_wait_detail("skipped");
	ck_assert_uint_eq(lab_count("evil"), 0);
	ck_assert_uint_eq(lab_count("observed node"), 0);
}
END_TEST

/* A server that is up but says it is not ready is down. */
START_TEST(not_ready)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_kubeconfig("", "    {}\n");
	lab_fault(
	    "{\"match\": \"/readyz\", \"do\": \"status\", \"code\": 500, \"times\": -1,"
	    " \"content_type\": \"text/plain\", \"body\": \"[+]ping ok\\n[-]etcd failed:"
	    " reason withheld\\nreadyz check failed\\n\"}");
	lab_start();
	lab_wait("state down\n");
	lab_wait_detail(
	    "the API server is not ready: etcd failed: reason withheld (http");
	ck_assert_uint_eq(lab_count("lost pool: the API server is not ready"), 1);
	lab_no_faults();
	lab_wait("state connected\n");
	lab_wait("listed pool 0:");
}
END_TEST

TCase *fault_tests(void)
{
	TCase *tc = tcase_create("faults");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, lab_set_up, lab_tear_down);
	tcase_add_loop_test(
	    tc, watch_struck, 0, (int)(sizeof(watch_rows) / sizeof(watch_rows[0])));
	tcase_add_loop_test(
	    tc, watch_not_opened, 0, (int)(sizeof(open_rows) / sizeof(open_rows[0])));
	tcase_add_test(tc, compacted);
	tcase_add_test(tc, expired_for_ever);
	tcase_add_test(tc, short_watches);
	tcase_add_test(tc, watches_of_one_event);
	tcase_add_loop_test(
	    tc, list_struck, 0, (int)(sizeof(list_rows) / sizeof(list_rows[0])));
	tcase_add_test(tc, retry_after);
	tcase_add_test(tc, too_much);
	tcase_add_test(tc, empty_pages);
	tcase_add_test(tc, hostile_names);
	tcase_add_test(tc, not_ready);
	return tc;
}
