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

/* Created, unchanged, changed: each step is done after its object was seen. */
START_TEST(apply)
{
	autofree char *log = NULL;

	start();
	lab_apply(7, "a", POOL("a", "10.0.0.0\\/24"));
	lab_wait("done 7: ok\n");
	ck_assert_msg(strncmp(lab_log(), "seen pool a ", 12) == 0, "%s", lab_log());
	ck_assert_uint_eq(lab_count(" 10.0.0.0/24\n"), 1);
	lab_run(200);
	/* Its own event says nothing new. */
	ck_assert_uint_eq(lab_count("seen"), 1);
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

/* Somebody else's field: we are told to have it, so we take it. */
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
	lab_wait("seen pool a ");
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
	    "apply pool a: MetalLB's webhook does not answer; look at its controller: "
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

/* Many at once share the connections and all end. */
START_TEST(many)
{
	char name[16];

	start();
	for (uint64_t i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "p%u", (unsigned)i);
		lab_apply(i, name, POOL("x", "10.0.0.0/24"));
	}
	lab_run(1500);
	ck_assert_uint_eq(lab_count("done "), 40);
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
	return tc;
}
