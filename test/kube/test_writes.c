/* SPDX-License-Identifier: MIT */
/* Apply and delete, and how they fail. */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "test/kube/lab.h"

#define POOL(name, address)                                                              \
	"{\"apiVersion\":\"metallb.io/"                                                  \
	"v1beta1\",\"kind\":\"IPAddressPool\",\"metadata\":"                             \
	"{\"name\":\"" name "\",\"namespace\":\"metallb-system\",\"labels\":"            \
	"{\"app.kubernetes.io/managed-by\":\"homek8sd\"}},"                              \
	"\"spec\":{\"addresses\":[\"" address "\"]}}"

static void start(void)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_kubeconfig("", "    {}\n");
	lab_start();
	lab_wait("listed pool 0:");
	lab_wait("listed node");
	lab_run(50);
	lab_mark();
}

/* Created, unchanged, changed: each step is done after its object was reported. */
START_TEST(apply)
{
	autofree char *log = NULL;

	start();
	lab_apply(7, "a", POOL("a", "10.0.0.0\\/24"));
	lab_wait("done 7: ok\n");
	ck_assert_msg(strncmp(lab_log(), "observed pool a ", 16) == 0, "%s", lab_log());
	ck_assert_uint_eq(lab_count(" 10.0.0.0/24\n"), 1);
	lab_run(200);
	/* Its own event says nothing new. */
	ck_assert_uint_eq(lab_count("observed"), 1);
	log = must_copy(lab_request("GET", LAB_POOLS "/a", NULL));
	ck_assert_msg(strstr(log, "\"manager\": \"homek8sd\"") ||
			  strstr(log, "\"manager\":\"homek8sd\""),
	    "%s", log);
	ck_assert_ptr_nonnull(strstr(log, "10.0.0.0/24"));
	lab_apply(8, "a", POOL("a", "10.0.0.0/24"));
	lab_wait("done 8: ok\n");
	lab_apply(9, "a", POOL("a", "10.0.1.0/24"));
	lab_wait("done 9: ok\n");
	lab_run(200);
	ck_assert_uint_eq(lab_count(" 10.0.1.0/24\n"), 1);
}
END_TEST

/* Somebody else's field: it is written, so we take it. */
START_TEST(conflict)
{
	start();
	lab_request("PATCH", LAB_POOLS "/a?fieldManager=someone&force=true",
	    POOL("a", "10.0.9.0/24"));
	lab_wait(" 10.0.9.0/24\n");
	lab_apply(1, "a", POOL("a", "10.0.0.0/24"));
	lab_wait("done 1: ok\n");
	ck_assert_uint_eq(lab_count(" 10.0.0.0/24\n"), 1);
}
END_TEST

START_TEST(delete)
{
	autofree char *uid = NULL;
	autojson struct json_object *o = NULL;

	start();
	lab_put_pool("a", "10.0.0.0/24");
	lab_wait("observed pool a ");
	o = json_tokener_parse(lab_request("GET", LAB_POOLS "/a", NULL));
	uid = must_copy(json_string_at(o, "metadata.uid"));
	lab_delete(1, "a", "3b241101-e2bb-4255-8caf-4136c566a962");
	lab_wait("done 1: delete pool a: 409 Conflict: ");
	ck_assert_uint_eq(lab_count("gone"), 0);
	lab_mark();
	lab_delete(2, "a", uid);
	lab_wait("done 2: ok\n");
	ck_assert_msg(
	    strcmp(lab_log(), "gone pool a\ndone 2: ok\n") == 0, "%s", lab_log());
	lab_run(200);
	ck_assert_uint_eq(lab_count("gone"), 1);
	/* What is not there is deleted. */
	lab_delete(3, "a", uid);
	lab_wait("done 3: ok\n");
	lab_put_pool("a", "10.0.1.0/24");
	lab_wait(" 10.0.1.0/24\n");
}
END_TEST

static const struct {
	const char *what, *fault, *says;
} rows[] = {
	{ "forbidden",
	    "\"do\": \"status\", \"code\": 403, \"body\": {\"kind\": \"Status\", "
	    "\"message\":"
	    " \"ipaddresspools is forbidden\", \"reason\": \"Forbidden\", \"code\": 403}",
	    "apply pool a: 403 Forbidden: ipaddresspools is forbidden (slow)\n" },
	{ "webhook down", "\"do\": \"webhook-down\"",
	    "apply pool a: MetalLB's webhook does not answer; check its controller: "
	    "kubectl "
	    "-n metallb-system get pods (500 Internal Server Error: Internal error "
	    "occurred: "
	    "failed calling webhook \"" },
	{ "another webhook down",
	    "\"do\": \"status\", \"code\": 500, \"body\": {\"kind\": \"Status\", "
	    "\"message\": "
	    "\"failed calling webhook \\\"policy.example\\\": refused\"}",
	    "apply pool a: an admission webhook does not answer (500 " },
	{ "invalid", "\"do\": \"status\", \"code\": 422, \"body\": {\"message\": \"no\"}",
	    "apply pool a: 422 Invalid: no (slow)\n" },
	{ "bad request",
	    "\"do\": \"status\", \"code\": 400, \"body\": {\"message\": \"no\"}",
	    "apply pool a: 400 Bad Request: no (slow)\n" },
	{ "no such API",
	    "\"do\": \"status\", \"code\": 404, \"content_type\": \"text/plain\", "
	    "\"body\": "
	    "\"404 page not found\\n\"",
	    "apply pool a: 404 Not Found: 404 page not found (slow)\n" },
	{ "busy", "\"do\": \"status\", \"code\": 429, \"body\": \"busy\"",
	    "apply pool a: 429 Too Many Requests" },
	{ "timed out inside",
	    "\"do\": \"status\", \"code\": 504, \"body\": {\"message\": \"x\"}",
	    "apply pool a: 504 Timeout: x (lost)\n" },
	{ "no answer", "\"do\": \"stall\"",
	    "apply pool a: no whole answer within 1 s (http" },
	{ "reset", "\"do\": \"reset\"", "apply pool a: " },
	{ "garbage", "\"do\": \"garbage\"",
	    "apply pool a: done, but the answer cannot be read: " },
};

START_TEST(failure)
{
	autofree char *fault =
	    must_printf("{\"match\": \"PATCH\", \"times\": -1, %s}", rows[_i].fault);
	autofree char *says = must_printf("done 1: %s", rows[_i].says);
	bool lost;

	start();
	lab_fault(fault);
	lab_apply(1, "a", POOL("a", "10.0.0.0/24"));
	lab_wait("done 1: ");
	ck_assert_msg(strstr(lab_log(), says), "%s: %s", rows[_i].what, lab_log());
	/* Where no answer came, the outcome is not known; where one did, it is. */
	lost = strstr("no answer, reset, garbage, timed out inside", rows[_i].what);
	ck_assert_msg(lab_count(" (lost)\n") == lost, "%s: %s", rows[_i].what, lab_log());
	lab_no_faults();
	lab_apply(2, "a", POOL("a", "10.0.1.0/24"));
	lab_wait("done 2: ok\n");
}
END_TEST

START_TEST(not_sent)
{
	start();
	lab_apply(1, "a", "{\"a\": ");
	ck_assert_uint_eq(lab_count("done"), 0); /* never from within the call */
	lab_wait("done 1: apply pool a: JSON, ");
	lab_stop_server();
	lab_wait("state down\n");
	lab_apply(2, "a", POOL("a", "10.0.0.0/24"));
	ck_assert_uint_eq(lab_count("done 2"), 0);
	lab_wait("done 2: apply pool a: connection refused (http");
	ck_assert_uint_eq(lab_count("(lost)"), 0);
}
END_TEST

/* Many share a few connections; no more than eight are sent at a time. */
START_TEST(many)
{
	char name[16];

	start();
	lab_fault("{\"match\": \"PATCH\", \"do\": \"stall\", \"times\": -1}");
	for (uint64_t i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "p%u", (unsigned)i);
		lab_apply(i, name, POOL("x", "10.0.0.0/24"));
	}
	lab_run(400);
	ck_assert_uint_eq(lab_requests("PATCH"), 8);
	ck_assert_uint_eq(lab_count("done "), 0);
	lab_no_faults();
	lab_wait_count("done ", 40);
	ck_assert_uint_eq(lab_requests("PATCH"), 40);
}
END_TEST

static void expect_before(const char *first, const char *second)
{
	const char *a = strstr(lab_log(), first), *b = strstr(lab_log(), second);

	ck_assert_msg(a && b && a < b, "%s, then %s, in:\n%s", first, second, lab_log());
}

/* Writes to one object go one after the other, in order; others pass them. */
START_TEST(one_object)
{
	start();
	lab_fault("{\"match\": \"ipaddresspools/a?\", \"do\": \"stall\"}");
	lab_apply(1, "a", POOL("a", "10.0.1.0/24"));
	lab_apply(2, "a", POOL("a", "10.0.2.0/24"));
	lab_apply(3, "a", POOL("a", "10.0.3.0/24"));
	lab_apply(4, "b", POOL("b", "10.0.4.0/24"));
	lab_wait("done 4: ok\n");
	ck_assert_uint_eq(lab_requests("ipaddresspools/a?"), 1);
	/* No answer comes to the first one; then it is the second's turn. */
	lab_wait("done 3: ok\n");
	ck_assert_ptr_nonnull(strstr(lab_log(), "done 1: apply pool a: no whole answer"));
	expect_before("done 1:", "done 2: ok\n");
	expect_before("done 2: ok\n", "done 3: ok\n");
	expect_before(" 10.0.2.0/24\n", " 10.0.3.0/24\n");
}
END_TEST

/* The connection is made anew: what was sent may have been done, what waited was not. */
START_TEST(abandoned)
{
	struct kubernetes_settings settings = { .mode = KUBERNETES_OFF };

	start();
	lab_fault("{\"match\": \"PATCH\", \"do\": \"stall\", \"times\": -1}");
	lab_apply(1, "a", POOL("a", "10.0.1.0/24"));
	lab_apply(2, "a", POOL("a", "10.0.2.0/24"));
	lab_run(100);
	kube_configure(lab_kube(), &settings);
	lab_wait("done 2: ");
	ck_assert_ptr_nonnull(strstr(lab_log(),
	    "done 1: apply pool a: the connection was closed before the answer came (lost)\n"));
	ck_assert_ptr_nonnull(strstr(lab_log(),
	    "done 2: apply pool a: the connection was closed before the answer came\n"));
}
END_TEST

/* A merge patch changes one field, and leaves the rest to who has it. */
START_TEST(merge)
{
	const char *answer;

	start();
	lab_put_pool("a", "10.0.0.0/24");
	lab_wait("observed pool a ");
	lab_mark();
	lab_send(1, &(struct kube_write){ .what = KUBE_MERGE,
			.path = LAB_POOLS "/a",
			.body = "{\"metadata\":{\"annotations\":{\"x\":\"y\\/z\"}}}" });
	lab_wait("done 1: ok\n");
	ck_assert_msg(strncmp(lab_log(), "observed pool a ", 16) == 0, "%s", lab_log());
	answer = lab_request("GET", LAB_POOLS "/a", NULL);
	ck_assert_ptr_nonnull(strstr(answer, "y/z"));
	ck_assert_ptr_nonnull(strstr(answer, "10.0.0.0/24"));
	ck_assert_ptr_nonnull(strstr(answer, "homek8sd"));
}
END_TEST

/* Created once; a second time it is there already. */
START_TEST(create)
{
	const struct kube_write write = {
		.what = KUBE_CREATE, .path = LAB_POOLS, .body = POOL("a", "10.0.0.0/24")
	};

	start();
	lab_send(1, &write);
	lab_wait("done 1: ok\n");
	ck_assert_uint_eq(lab_count("observed pool a "), 1);
	lab_send(2, &write);
	lab_wait("done 2: create pool ipaddresspools: 409 Conflict: ");
}
END_TEST

/* A dry run changes nothing, and nobody is led to believe that it did. */
START_TEST(dry_run)
{
	const struct kube_write writes[] = {
		{ KUBE_APPLY, LAB_POOLS "/a", POOL("a", "10.0.1.0/24"), NULL, true },
		{ KUBE_MERGE, LAB_POOLS "/a", "{\"spec\":{\"autoAssign\":false}}", NULL,
		    true },
		{ KUBE_CREATE, LAB_POOLS, POOL("b", "10.0.2.0/24"), NULL, true },
		{ KUBE_DELETE, LAB_POOLS "/a", NULL, NULL, true },
	};

	start();
	lab_put_pool("a", "10.0.0.0/24");
	lab_wait("observed pool a ");
	lab_mark();
	for (uint64_t i = 0; i < 4; i++) {
		autofree char *says = must_printf("done %u: ok\n", (unsigned)i);

		lab_send(i, &writes[i]);
		lab_wait(says);
	}
	lab_send(9, &(struct kube_write){
			KUBE_APPLY, LAB_POOLS "/c", POOL("c", "nonsense"), NULL, true });
	lab_wait("done 9: dry run: apply pool c: 4");
	lab_run(200);
	ck_assert_uint_eq(lab_count("observed") + lab_count("gone"), 0);
	ck_assert_uint_eq(lab_requests("dryRun=All"), 5);
	ck_assert_ptr_nonnull(
	    strstr(lab_request("GET", LAB_POOLS "/a", NULL), "10.0.0.0/24"));
}
END_TEST

#define WEB                                                                              \
	"\"metadata\":{\"name\":\"web\",\"namespace\":\"home\",\"labels\":{\"app\":\"web\"}},"

static void store(const char *json)
{
	const char *answer = lab_request("POST", "/fake/objects", json);

	ck_assert_msg(!strstr(answer, "Failure"), "%s", answer);
}

static void evict(uint64_t ticket, const char *pod, const char *uid)
{
	autofree char *path =
	    must_printf("/api/v1/namespaces/home/pods/%s/eviction", pod);
	autofree char *body = must_printf(
	    "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"home\"}%s%s%s}",
	    pod, uid ? ",\"deleteOptions\":{\"preconditions\":{\"uid\":\"" : "",
	    uid ? uid : "", uid ? "\"}}" : "");

	lab_send(ticket,
	    &(struct kube_write){ .what = KUBE_CREATE, .path = path, .body = body });
}

static void start_with_pod(void)
{
	start();
	store(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"," WEB
	    "\"spec\":{\"nodeName\":\"worker-1\",\"containers\":[]},\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
}

START_TEST(eviction)
{
	start_with_pod();
	evict(1, "web", "3b241101-e2bb-4255-8caf-4136c566a962");
	lab_wait("done 1: create eviction of pods home/web: 409 Conflict: ");
	evict(2, "web", NULL);
	lab_wait("done 2: ok\n");
	ck_assert_ptr_nonnull(strstr(
	    lab_request("GET", "/api/v1/namespaces/home/pods/web", NULL), "NotFound"));
	evict(3, "web", NULL); /* it is gone, as it should be */
	lab_wait("done 3: ok\n");
}
END_TEST

START_TEST(eviction_refused)
{
	start_with_pod();
	store(
	    "{\"apiVersion\":\"policy/v1\",\"kind\":\"PodDisruptionBudget\"," WEB
	    "\"spec\":{\"minAvailable\":1,\"selector\":{\"matchLabels\":{\"app\":\"web\"}}}}");
	evict(1, "web", NULL);
	lab_wait(
	    "done 1: create eviction of pods home/web: 429 Too Many Requests: Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 1 healthy pods and has 1 currently\n");
	lab_fault(
	    "{\"match\": \"eviction\", \"do\": \"status\", \"code\": 429, \"body\": {\"kind\": \"Status\", \"message\": \"later\"}, \"headers\": {\"Retry-After\": \"10\"}}");
	evict(2, "web", NULL);
	lab_wait(
	    "done 2: create eviction of pods home/web: 429 Too Many Requests: later (retry after 10000)\n");
}
END_TEST

/* How long a busy server wants us to wait; never more than half a minute. */
START_TEST(retry_after)
{
	static const struct {
		int code;
		const char *seconds, *says;
	} busy[] = {
		{ 429, "7", " (retry after 7000)\n" },
		{ 503, "2", " (retry after 2000)\n" },
		{ 503, "600", " (retry after 30000)\n" },
		{ 500, "2", " (retry after 2000)\n" },
		{ 404, "2", NULL },
	};
	autofree char *fault = must_printf(
	    "{\"match\": \"PATCH\", \"do\": \"status\", \"code\": %d, \"body\": \"busy\", \"headers\": {\"Retry-After\": \"%s\"}}",
	    busy[_i].code, busy[_i].seconds);

	start();
	lab_fault(fault);
	lab_apply(1, "a", POOL("a", "10.0.0.0/24"));
	lab_wait("done 1: apply pool a: ");
	if (busy[_i].says)
		ck_assert_ptr_nonnull(strstr(lab_log(), busy[_i].says));
	else
		ck_assert_ptr_null(strstr(lab_log(), "retry after"));
}
END_TEST

TCase *write_tests(void)
{
	TCase *tc = tcase_create("writes");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, lab_set_up, lab_tear_down);
	tcase_add_test(tc, apply);
	tcase_add_test(tc, conflict);
	tcase_add_test(tc, delete);
	tcase_add_loop_test(tc, failure, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, not_sent);
	tcase_add_test(tc, many);
	tcase_add_test(tc, one_object);
	tcase_add_test(tc, abandoned);
	tcase_add_test(tc, merge);
	tcase_add_test(tc, create);
	tcase_add_test(tc, dry_run);
	tcase_add_test(tc, eviction);
	tcase_add_test(tc, eviction_refused);
	tcase_add_loop_test(tc, retry_after, 0, 5);
	return tc;
}
