/* SPDX-License-Identifier: MIT */
/* Unit tests of api_path: paths of collections, objects and subresources. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/api_path.h"

#include <check.h>

static const struct {
	const char *what, *path,
	    *says; /* object collection everywhere resource ns name sub */
} rows[] = {
	{ "a collection of the core group", "/api/v1/nodes",
	    "/api/v1/nodes /api/v1/nodes /api/v1/nodes nodes - - -" },
	{ "an object of it, with a query", "/api/v1/nodes/a?dryRun=All",
	    "/api/v1/nodes/a /api/v1/nodes /api/v1/nodes nodes - a -" },
	{ "a collection of another group", "/apis/apps/v1/deployments?limit=1",
	    "/apis/apps/v1/deployments /apis/apps/v1/deployments /apis/apps/v1/deployments deployments - - -" },
	{ "in a namespace", "/apis/apps/v1/namespaces/b/deployments",
	    "/apis/apps/v1/namespaces/b/deployments /apis/apps/v1/namespaces/b/deployments /apis/apps/v1/deployments deployments b - -" },
	{ "a subresource", "/api/v1/namespaces/b/pods/a/eviction",
	    "/api/v1/namespaces/b/pods/a /api/v1/namespaces/b/pods /api/v1/pods pods b a eviction" },
	{ "a subresource without namespace", "/api/v1/nodes/a/status",
	    "/api/v1/nodes/a /api/v1/nodes /api/v1/nodes nodes - a status" },
	{ "all namespaces", "/api/v1/namespaces",
	    "/api/v1/namespaces /api/v1/namespaces /api/v1/namespaces namespaces - - -" },
	{ "a namespace itself", "/api/v1/namespaces/b",
	    "/api/v1/namespaces/b /api/v1/namespaces /api/v1/namespaces namespaces - b -" },
	{ "no API", "/readyz", NULL },
	{ "a version alone", "/api/v1", NULL },
	{ "a group alone", "/apis/apps/v1", NULL },
	{ "nothing", "", NULL },
	{ "no slash", "api/v1/nodes", NULL },
	{ "an empty segment", "/api/v1//nodes", NULL },
	{ "too long", "/api/v1/nodes/a/b/c", NULL },
	{ "far too long", "/api/v1/namespaces/a/b/c/d/e/f/g/h", NULL },
};

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

START_TEST(paths)
{
	struct arena a = { 0 };
	struct api_path p;
	bool is = api_path_read(&a, rows[_i].path, &p);
	const char *says;

	ck_assert_msg(is == (rows[_i].says != NULL), "%s", rows[_i].what);
	if (is) {
		says = arena_printf(&a, "%s %s %s %s %s %s %s", p.object, p.collection,
		    p.everywhere, p.resource, or_dash(p.space), or_dash(p.name),
		    or_dash(p.subresource));
		ck_assert_msg(strcmp(says, rows[_i].says) == 0, "%s:\n%s\nnot\n%s",
		    rows[_i].what, says, rows[_i].says);
	}
	arena_done(&a);
}
END_TEST

START_TEST(texts)
{
	struct arena a = { 0 };

	ck_assert_str_eq(api_path_text(&a, "/api/v1/nodes"), "nodes");
	ck_assert_str_eq(
	    api_path_text(&a, "/api/v1/namespaces/b/pods?fieldSelector=x"), "pods in b");
	ck_assert_str_eq(api_path_text(&a, "/version"), "/version");
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api_path");
	TCase *test = tcase_create("api_path");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(test, paths, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(test, texts);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
