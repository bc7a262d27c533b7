/* SPDX-License-Identifier: MIT */
/* List and watch, as long as the server behaves; restarts and restores of it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "lib/doc/json.h"
#include "test/kube/lab.h"

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
}

START_TEST(first_list)
{
	lab_server("--seed", "home", NULL);
	lab_put_pool("a", "10.0.0.0/24");
	lab_kubeconfig("", "    {}\n");
	lab_start();
	ck_assert_int_eq(kube_state(lab_kube())->status, KUBE_CONNECTING);
	lab_wait("state connected\n");
	ck_assert_str_eq(kube_state(lab_kube())->version, "v1.29.0");
	ck_assert_ptr_nonnull(
	    strstr(kube_state(lab_kube())->detail, "http://127.0.0.1:"));
	lab_wait("listed pool");
	lab_wait("listed node 3: control-plane worker-1 worker-2\n");
	lab_wait("listed service");
	ck_assert_uint_eq(lab_count("observed pool a "), 1);
	ck_assert_uint_eq(lab_count("observed node worker-1 "), 1);
	/* Once: nothing is lost, nothing is repeated. */
	ck_assert_uint_eq(lab_count("lost"), 0);
	ck_assert_uint_eq(lab_count("state"), 1);
}
END_TEST

START_TEST(events)
{
	start_with_pool();
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
	lab_put_pool("a", "10.0.2.0/24");
	lab_wait(" 10.0.2.0/24\n");
	lab_request("DELETE", LAB_POOLS "/b", NULL);
	lab_wait("gone pool b\n");
	ck_assert_uint_eq(lab_count("listed pool"), 1);
}
END_TEST

START_TEST(pages)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_request("POST", "/fake/fill",
	    "{\"count\": 1200, \"object\": {\"apiVersion\":\"v1\",\"kind\":\"Service\","
	    "\"metadata\":{\"name\":\"s\",\"namespace\":\"default\"},"
	    "\"spec\":{\"ports\":[{\"port\":80}]}}}");
	lab_kubeconfig("", "    {}\n");
	if (_i == 1) /* the second page's token has expired: start over, in one piece */
		lab_fault(
		    "{\"match\": \"continue=\", \"do\": \"status\", \"code\": 410}");
	lab_start();
	lab_wait("listed service 1200: default/s-0 default/s-1 default/s-10 ");
	ck_assert_uint_eq(lab_requests("continue="), _i == 1 ? 1 : 2);
	ck_assert_uint_eq(lab_count("listed service"), 1);
}
END_TEST

START_TEST(read_all)
{
	start_with_pool();
	lab_mark();
	kube_read_all(lab_kube());
	kube_read_all(lab_kube());
	lab_wait("listed pool 1: a\n");
	lab_wait("listed node");
	ck_assert_uint_eq(lab_count("observed pool a "), 1);
	ck_assert_uint_eq(lab_count("lost"), 0);
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
}
END_TEST

/* The API server is restarted, with what it knew: nobody needs to list again. */
START_TEST(restart)
{
	const char *file = lab_path("state.json");

	lab_server("--state", file, NULL);
	lab_put_pool("a", "10.0.0.0/24");
	lab_kubeconfig("", "    {}\n");
	lab_start();
	lab_wait("listed pool 1: a\n");
	lab_wait("listed node");
	lab_wait("listed service");
	lab_mark();
	lab_stop_server();
	lab_wait("state down\n");
	lab_wait_detail("connection refused (http://127.0.0.1:");
	lab_wait_detail("; next try in ");
	lab_server("--state", file, NULL);
	lab_wait("state connected\n");
	lab_run(300);
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
	ck_assert_uint_eq(lab_count("state"), 2);
	ck_assert_uint_eq(lab_count("lost"), 0);
	ck_assert_uint_eq(lab_count("listed"), 0);
	ck_assert_uint_eq(lab_requests("limit=500"), 0);
	ck_assert_uint_eq(lab_requests("ipaddresspools?watch=true"), 1);
}
END_TEST

/* It stays away for longer than the time of grace: lost once each, listed anew. */
START_TEST(long_absence)
{
	start_with_pool();
	lab_mark();
	lab_stop_server();
	lab_wait("lost pool: connection refused (http");
	lab_run(2000);
	ck_assert_uint_eq(lab_count("state"), 1);
	ck_assert_uint_eq(lab_count("lost pool"), 1);
	ck_assert_uint_eq(lab_count("lost node"), 1);
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_wait("state connected\n");
	lab_wait("listed pool 0:");
	ck_assert_uint_eq(lab_count("state"), 2);
}
END_TEST

/* It hangs: connections are taken, and nothing is said. */
START_TEST(hung)
{
	lab_set_grace(500);
	start_with_pool();
	lab_mark();
	lab_signal_server(SIGSTOP);
	lab_wait("state down\n");
	lab_wait("lost pool: ");
	lab_run(500);
	ck_assert_uint_eq(lab_count("state"), 1);
	ck_assert_uint_eq(lab_count("lost pool"), 1);
	lab_signal_server(SIGCONT);
	lab_wait("state connected\n");
	lab_wait("listed pool 1: a\n");
}
END_TEST

static int64_t current_version(void)
{
	const char *answer = lab_request("GET", "/fake/state", NULL);
	autojson struct json_object *o = json_tokener_parse(answer);
	const char *text = json_string_at(o, "resourceVersion");

	return text ? strtoll(text, NULL, 10) : json_int_at(o, "resourceVersion", 0);
}

/* A restored backup: resource versions are lower than those we know. With a broken
 * connection, and without one, when only the watch is silent. */
START_TEST(rollback)
{
	int64_t before;
	char body[64];

	lab_server("--bookmark-interval", "60", NULL);
	lab_put_pool("a", "10.0.0.0/24");
	lab_kubeconfig("", "    {}\n");
	lab_start();
	lab_wait("listed pool 1: a\n");
	before = current_version();
	lab_put_pool("a", "10.0.1.0/24");
	lab_put_pool("b", "10.0.2.0/24");
	lab_wait("observed pool b");
	lab_mark();
	snprintf(body, sizeof(body), "{\"resourceVersion\": %lld}", (long long)before);
	lab_request("POST", "/fake/rollback", body);
	if (_i == 0)
		lab_request("POST", "/fake/drop", "{\"reset\": true}");
	lab_wait("listed pool 1: a\n");
	ck_assert_uint_eq(lab_count(" 10.0.0.0/24\n"), 1);
	ck_assert_uint_eq(lab_count("lost"), 0);
	lab_put_pool("c", "10.0.3.0/24");
	lab_wait("observed pool c");
}
END_TEST

/* The ordinary end of a watch: opened again from where it was. */
START_TEST(end_of_watch)
{
	start_with_pool();
	lab_run(1200); /* not a very short watch */
	lab_mark();
	lab_request("POST", "/fake/requests/clear", "{}");
	lab_fault("{\"match\": \"ipaddresspools?watch\", \"do\": \"end-watch\"}");
	lab_run(300);
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
	ck_assert_uint_eq(lab_requests("ipaddresspools?limit=500"), 0);
	ck_assert_uint_eq(lab_requests("ipaddresspools?watch"), 1);
	ck_assert_uint_eq(lab_count("listed"), 0);
	ck_assert_uint_eq(lab_count("state"), 0);
}
END_TEST

/* Nothing is asked while nothing happens. */
START_TEST(quiet)
{
	start_with_pool();
	lab_request("POST", "/fake/requests/clear", "{}");
	lab_mark();
	lab_run(2500);
	ck_assert_uint_eq(lab_requests("/api"), 0);
	ck_assert_str_eq(lab_log(), "");
}
END_TEST

TCase *watch_tests(void)
{
	TCase *tc = tcase_create("watch");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, lab_set_up, lab_tear_down);
	tcase_add_test(tc, first_list);
	tcase_add_test(tc, events);
	tcase_add_loop_test(tc, pages, 0, 2);
	tcase_add_test(tc, read_all);
	tcase_add_test(tc, restart);
	tcase_add_test(tc, long_absence);
	tcase_add_test(tc, hung);
	tcase_add_loop_test(tc, rollback, 0, 2);
	tcase_add_test(tc, end_of_watch);
	tcase_add_test(tc, quiet);
	return tc;
}
