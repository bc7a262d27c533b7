/* SPDX-License-Identifier: MIT */
/* Probes: what is asked, how often, and what is no answer. */
#include <stdlib.h>
#include <string.h>

#include "test/kube/lab.h"

#define GET_A "get " LAB_POOLS "/a"
#define POOL(address)                                                                                                                                                          \
	"{\"apiVersion\":\"metallb.io/v1beta1\",\"kind\":\"IPAddressPool\",\"metadata\":{\"name\":\"a\",\"namespace\":\"metallb-system\"},\"spec\":{\"addresses\":[\"" address \
	"\"]}}"

static void ask(const char *name, const char *question, uint64_t hash)
{
	kube_ask(lab_kube(), &(struct probe){ &lab_pool, name, question, hash, 0 });
}

static void start(void)
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

START_TEST(get)
{
	start();
	ask("p", GET_A, 7);
	ck_assert_uint_eq(lab_count("answer"), 0); /* never from within the call */
	lab_wait("answer pool p 7: 200 a\n");
	ask("p", "get " LAB_POOLS "/nobody", 8);
	lab_wait("answer pool p 8: 404 - 404 Not Found: ");
	ask("p", "get /readyz", 9); /* an answer, but no object */
	lab_wait("answer pool p 9: 200 - JSON, ");
	ask("p", "get " LAB_POOLS "?limit=1", 10);
	lab_wait("answer pool p 10: 200 -\n");
	ck_assert_uint_eq(lab_count("answer"), 4);
}
END_TEST

START_TEST(dry_run)
{
	start();
	ask("p", "dry-run apply " LAB_POOLS "/a\n" POOL("10.0.5.0/24"), 1);
	lab_wait("answer pool p 1: 200 a\n");
	ask("p", "dry-run apply " LAB_POOLS "/a\n" POOL("nonsense"), 2);
	lab_wait("answer pool p 2: 4");
	ask("p", "dry-run delete " LAB_POOLS "/a", 3);
	lab_wait("answer pool p 3: 200 ");
	ask("p", "dry-run create " LAB_POOLS "\n" POOL("10.0.5.0/24"), 4);
	lab_wait("answer pool p 4: 409 - 409 Conflict: ");
	ask("p", "dry-run patch " LAB_POOLS "/a\n{\"spec\":{\"autoAssign\":false}}", 5);
	lab_wait("answer pool p 5: 200 a\n");
	ck_assert_uint_eq(lab_requests("dryRun=All"), 5);
	lab_run(200);
	ck_assert_uint_eq(lab_count("observed") + lab_count("gone"), 0);
	ck_assert_ptr_nonnull(
	    strstr(lab_request("GET", LAB_POOLS "/a", NULL), "10.0.0.0/24"));
}
END_TEST

static const struct {
	const char *question, *says;
} wrong[] = {
	{ "resolve harbor.local", "it is no question to an API server\n" },
	{ "get relative", "it is no question to an API server\n" },
	{ "dry-run bend /a\n{}", "there is no dry run of this kind\n" },
	{ "dry-run", "it is no question to an API server\n" },
	{ "dry-run apply", "JSON, " },
	{ "dry-run apply " LAB_POOLS "/a\n{", "JSON, " },
};

START_TEST(no_question)
{
	autofree char *says = must_printf("answer pool p 1: 0 - %s", wrong[_i].says);

	start();
	ask("p", wrong[_i].question, 1);
	ck_assert_uint_eq(lab_count("answer"), 0);
	lab_wait(says);
	ck_assert_uint_eq(lab_requests("/"), 0);
}
END_TEST

/* The plan asks as often as it likes: one request, one answer. */
START_TEST(asked_again)
{
	start();
	lab_fault(
	    "{\"match\": \"GET " LAB_POOLS "/a\", \"do\": \"stall\", \"times\": -1}");
	for (int i = 0; i < 5; i++) {
		ask("p", GET_A, 7);
		lab_run(20);
	}
	ck_assert_uint_eq(lab_requests("ipaddresspools/a"), 1);
	lab_no_faults();
	ask("q", GET_A, 7);
	lab_wait("answer pool q 7: 200 a\n");
}
END_TEST

/* Another hash: the old question is not answered any more. */
START_TEST(changed)
{
	start();
	lab_fault("{\"match\": \"GET " LAB_POOLS "/a\", \"do\": \"stall\"}");
	ask("p", GET_A, 7);
	lab_run(50);
	ask("p", "get /api/v1/namespaces/default", 8);
	lab_wait("answer pool p 8: 200 default\n");
	lab_run(1700);
	ck_assert_uint_eq(lab_count("answer"), 1);
}
END_TEST

/* Not answered: said once, and sent again only after a while, however often it is asked. */
START_TEST(unanswered)
{
	static const char *const faults[] = {
		"\"do\": \"status\", \"code\": 500, \"body\": {\"message\": \"failed calling webhook\"}",
		"\"do\": \"status\", \"code\": 429, \"body\": \"busy\", \"headers\": {\"Retry-After\": \"1\"}",
		"\"do\": \"reset\"",
	};
	autofree char *fault =
	    must_printf("{\"match\": \"pools/a\", \"times\": 1, %s}", faults[_i]);

	start();
	lab_fault(fault);
	ask("p", GET_A, 7);
	lab_wait("answer pool p 7: 0 - ");
	for (int i = 0; i < 10; i++) {
		ask("p", GET_A, 7);
		lab_run(20);
	}
	ck_assert_uint_eq(lab_requests("pools/a"), 1);
	lab_wait("answer pool p 7: 200 a\n");
	ck_assert_uint_eq(lab_requests("pools/a"), 2);
	ck_assert_uint_eq(lab_count("lost"), 0);
}
END_TEST

/* While the server is away nothing is asked and nothing answered. */
START_TEST(away)
{
	struct kubernetes_settings settings = { .mode = KUBERNETES_OFF };

	start();
	lab_fault("{\"match\": \"pools/a\", \"do\": \"stall\", \"times\": -1}");
	ask("p", GET_A, 7);
	lab_run(50);
	kube_configure(lab_kube(), &settings); /* the connection is closed under it */
	lab_wait("state off\n");
	ask("p", GET_A, 7);
	lab_run(1700);
	ck_assert_uint_eq(lab_count("answer"), 0);
	lab_no_faults();
	settings.mode = KUBERNETES_AUTO;
	kube_configure(lab_kube(), &settings);
	lab_wait("state connected\n");
	ask("p", GET_A, 7);
	lab_wait("answer pool p 7: 200 a\n");
}
END_TEST

/* Many at once: a few connections, and all are answered. */
START_TEST(many)
{
	char name[16];

	start();
	lab_fault("{\"match\": \"pools/a\", \"do\": \"stall\", \"times\": -1}");
	for (uint64_t i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "p%u", (unsigned)i);
		ask(name, GET_A, i);
	}
	lab_run(300);
	ck_assert_uint_eq(lab_requests("pools/a"), 8);
	lab_no_faults();
	lab_wait_count("answer pool", 300);
	/* The eight that were stalled have waited in vain. */
	ck_assert_uint_eq(lab_count(": 200 a\n"), 292);
	ck_assert_uint_eq(lab_count(": 0 - "), 8);
}
END_TEST

TCase *probe_tests(void)
{
	TCase *tc = tcase_create("probes");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, lab_set_up, lab_tear_down);
	tcase_add_test(tc, get);
	tcase_add_test(tc, dry_run);
	tcase_add_loop_test(tc, no_question, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, asked_again);
	tcase_add_test(tc, changed);
	tcase_add_loop_test(tc, unanswered, 0, 3);
	tcase_add_test(tc, away);
	tcase_add_test(tc, many);
	return tc;
}
