/* SPDX-License-Identifier: MIT */
/* Watches that come and go while it runs: selectors, prefixes, several of one kind. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "test/kube/lab.h"

static const struct kind pod = { .name = "pod" }, manifest = { .name = "manifest" };

#define PODS_OF(node)                                                                    \
	{                                                                                \
		&pod,                                                                    \
		{                                                                        \
			.path = "/api/v1/pods", .selector = "spec.nodeName=" node,       \
			.prefix = "", .namespaced = true,                                \
		}                                                                        \
	}
#define DEPLOYMENTS                                                                      \
	{                                                                                \
		&manifest,                                                               \
		{                                                                        \
			.path = "/apis/apps/v1/deployments",                             \
			.prefix = "apps/Deployment/", .namespaced = true,                \
		}                                                                        \
	}
#define NAMESPACES                                                                       \
	{                                                                                \
		&manifest,                                                               \
		{                                                                        \
			.path = "/api/v1/namespaces", .prefix = "/Namespace/"            \
		}                                                                        \
	}
#define THINGS                                                                           \
	{                                                                                \
		&manifest,                                                               \
		{                                                                        \
			.path = "/apis/example.org/v1/things",                           \
			.prefix = "example.org/Thing/",                                  \
			.missing = "no definition of Thing",                             \
		}                                                                        \
	}

static const struct watch_request pods_of_1[] = { PODS_OF("worker-1"), { 0 } };
static const struct watch_request pods_of_2[] = { PODS_OF("worker-2"), { 0 } };
static const struct watch_request manifests[] = { DEPLOYMENTS, NAMESPACES, { 0 } };
static const struct watch_request things[] = { DEPLOYMENTS, THINGS, { 0 } };

static void store(
    const char *group_version, const char *kind, const char *name, const char *spec)
{
	autofree char *body = must_printf(
	    "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"home\"},\"spec\":{%s}}",
	    group_version, kind, name, spec);
	const char *answer = lab_request("POST", "/fake/objects", body);

	ck_assert_msg(!strstr(answer, "Failure"), "%s", answer);
}

static void store_pod(const char *name, const char *node)
{
	autofree char *spec = must_printf("\"nodeName\":\"%s\",\"containers\":[]", node);

	store("v1", "Pod", name, spec);
}

static void start(void)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_put_pool("a", "10.0.0.0/24");
	store_pod("one", "worker-1");
	store_pod("two", "worker-2");
	store("apps/v1", "Deployment", "web", "\"replicas\":1");
	lab_kubeconfig("", "    {}\n");
	lab_start();
	lab_wait("listed pool 1: a\n");
	lab_wait("listed node");
	lab_wait("listed service");
	lab_run(50);
	lab_mark();
	lab_request("POST", "/fake/requests/clear", "{}");
}

/* The Pods of one node, for as long as it drains; all other watches go on undisturbed. */
START_TEST(on_and_off)
{
	start();
	lab_watch(pods_of_1);
	ck_assert_str_eq(lab_log(), "begun pod\n");
	lab_wait("listed pod 1: home/one\n");
	lab_run(50);
	ck_assert_uint_eq(
	    lab_requests("pods?fieldSelector=spec.nodeName%253Dworker-1"), 2);
	store_pod("three", "worker-2");
	store_pod("four", "worker-1");
	lab_wait("observed pod home/four ");
	ck_assert_uint_eq(lab_count("pod home/three"), 0);
	lab_request(
	    "DELETE", "/api/v1/namespaces/home/pods/four?gracePeriodSeconds=0", NULL);
	lab_wait("gone pod home/four\n");
	lab_watch(pods_of_1); /* the same again: nothing */
	ck_assert_uint_eq(lab_count("begun"), 1);
	lab_mark();
	lab_watch(NULL);
	ck_assert_str_eq(lab_log(), "ended pod\n");
	store_pod("five", "worker-1");
	lab_run(200);
	ck_assert_str_eq(lab_log(), "ended pod\n");
	ck_assert_uint_eq(lab_requests("ipaddresspools"), 0);
	ck_assert_uint_eq(lab_requests("nodes?"), 0);
	ck_assert_uint_eq(lab_requests("pods?fieldSelector"), 2);
	lab_put_pool("b", "10.0.1.0/24");
	lab_wait("observed pool b");
}
END_TEST

/* Another selector is another watch. */
START_TEST(changed)
{
	start();
	lab_watch(pods_of_1);
	lab_wait("listed pod 1: home/one\n");
	lab_mark();
	lab_watch(pods_of_2);
	ck_assert_str_eq(lab_log(), "ended pod\nbegun pod\n");
	lab_wait("listed pod 1: home/two\n");
	store_pod("three", "worker-1");
	store_pod("four", "worker-2");
	lab_wait("observed pod home/four ");
	ck_assert_uint_eq(lab_count("home/one"), 0);
	ck_assert_uint_eq(lab_count("home/three"), 0);
}
END_TEST

/* One kind, two collections: each is listed, and ends, by itself. */
START_TEST(prefixes)
{
	start();
	lab_watch(manifests);
	lab_wait("listed manifest apps/Deployment/ 1: apps/Deployment/home/web\n");
	lab_wait("listed manifest /Namespace/ 4: /Namespace/default ");
	ck_assert_uint_eq(lab_count("observed manifest apps/Deployment/home/web "), 1);
	store("apps/v1", "Deployment", "db", "\"replicas\":1");
	lab_wait("observed manifest apps/Deployment/home/db ");
	lab_request("DELETE", "/apis/apps/v1/namespaces/home/deployments/web", NULL);
	lab_wait("gone manifest apps/Deployment/home/web\n");
	lab_mark();
	lab_watch(&manifests[1]); /* the deployments no more */
	ck_assert_str_eq(lab_log(), "ended manifest apps/Deployment/\n");
	store("apps/v1", "Deployment", "log", "\"replicas\":1");
	lab_run(200);
	ck_assert_str_eq(lab_log(), "ended manifest apps/Deployment/\n");
}
END_TEST

/* An API that is missing is a matter of its own watch. */
START_TEST(one_is_missing)
{
	start();
	lab_watch(things);
	lab_wait("listed manifest apps/Deployment/ 1:");
	lab_wait("lost manifest example.org/Thing/: no definition of Thing\n");
	lab_run(200);
	ck_assert_uint_eq(lab_count("lost manifest"), 1);
	ck_assert_uint_eq(lab_count("lost"), 1);
}
END_TEST

/* Begun while the server is away: lost at once, known when it is back. */
START_TEST(begun_while_down)
{
	start();
	lab_stop_server();
	lab_wait("state down\n");
	lab_mark();
	lab_watch(pods_of_1);
	ck_assert_msg(
	    strncmp(lab_log(), "begun pod\nlost pod: connection refused (http", 44) == 0,
	    "%s", lab_log());
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_wait("listed pod 0:");
}
END_TEST

/* Ended while its list is under way, and while the connection is being made. */
START_TEST(ended_while_listing)
{
	start();
	lab_fault("{\"match\": \"/pods?\", \"do\": \"stall\", \"times\": -1}");
	lab_watch(pods_of_1);
	if (_i == 1)
		lab_run(100);
	lab_watch(NULL);
	lab_no_faults();
	lab_run(200);
	ck_assert_str_eq(lab_log(), "begun pod\nended pod\n");
	lab_watch(pods_of_1);
	lab_wait("listed pod 1: home/one\n");
}
END_TEST

/* Nothing is said of a watch after its end, also when it was in its time of grace. */
START_TEST(ended_in_grace)
{
	lab_set_grace(300);
	start();
	lab_watch(pods_of_1);
	lab_wait("listed pod 1: home/one\n");
	lab_stop_server();
	lab_wait("state down\n");
	lab_watch(NULL);
	lab_wait("lost pool: ");
	lab_run(300);
	ck_assert_uint_eq(lab_count("lost pod"), 0);
}
END_TEST

/* The answer to a write goes to those that watch the object's collection. */
START_TEST(written)
{
	start();
	/* No event reports it. */
	lab_fault("{\"match\": \"watch=true\", \"do\": \"stall\", \"times\": -1}");
	lab_watch(manifests);
	lab_wait("listed manifest apps/Deployment/ 1:");
	lab_wait("listed manifest /Namespace/");
	lab_mark();
	lab_write_path(1, "/apis/apps/v1/namespaces/home/deployments/db",
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"db\",\"namespace\":\"home\"},\"spec\":{\"replicas\":2}}");
	lab_wait("done 1: ok\n");
	ck_assert_uint_eq(lab_count("observed manifest apps/Deployment/home/db "), 1);
	ck_assert_uint_eq(lab_count("observed"), 1);
}
END_TEST

TCase *run_time_tests(void)
{
	TCase *tc = tcase_create("run_time");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, lab_set_up, lab_tear_down);
	tcase_add_test(tc, on_and_off);
	tcase_add_test(tc, changed);
	tcase_add_test(tc, prefixes);
	tcase_add_test(tc, one_is_missing);
	tcase_add_test(tc, begun_while_down);
	tcase_add_loop_test(tc, ended_while_listing, 0, 2);
	tcase_add_test(tc, ended_in_grace);
	tcase_add_test(tc, written);
	return tc;
}
