/* SPDX-License-Identifier: MIT */
/* service: what of a Service is used, so that events about the rest change nothing. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#undef fail /* check has a macro of that name */

#include "lib/doc/json.h"
#include "lib/kind/metallb/pool.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* NULL: it is of no interest. */
static struct observed *decode(const char *metadata, const char *type, const char *ip)
{
	struct observed *observed = observed_new(&service_kind, "lan/web");
	char text[400];
	autojson struct json_object *json = NULL;
	struct reading reading = { .name = "lan/web" };
	int result;

	snprintf(text, sizeof(text),
	    "{\"metadata\": {%s}, \"spec\": {\"type\": \"%s\"}, \"status\": "
	    "{\"loadBalancer\": {\"ingress\": [%s]}}}",
	    metadata, type, ip);
	reading.json = json = json_parse(text, strlen(text), 16, NULL);
	ck_assert_msg(json != NULL, "%s", text);
	result = service_kind.decode(observed, &reading, NULL);
	ck_assert_int_ge(result, 0);
	if (result == 0)
		return observed;
	observed_free(observed);
	return NULL;
}

#define A "{\"ip\": \"10.0.0.1\"}"
#define B "{\"ip\": \"10.0.0.2\"}"
#define SIX "{\"ip\": \"fd00::1\"}"
#define PINNED "\"annotations\": {\"metallb.io/loadBalancerIPs\": \"10.0.0.1\"}"

static const struct {
	const char *what, *metadata, *ip;
	bool same;
} rows[] = {
	{ "nothing", "", A, true },
	{ "a label", "\"labels\": {\"a\": \"b\"}", A, true },
	{ "its version", "\"resourceVersion\": \"9\"", A, true },
	{ "its address", "", B, false },
	{ "a second address", "", A ", " SIX, false },
	{ "no address any more", "", "", false },
	{ "that it asks for its address", PINNED, A, false },
};

START_TEST(only_what_is_used_counts)
{
	struct observed *before = decode("", "LoadBalancer", A);
	struct observed *now = decode(rows[_i].metadata, "LoadBalancer", rows[_i].ip);

	service_kind.follow(now, before, NULL);
	ck_assert_msg(
	    service_kind.same(before, now) == rows[_i].same, "%s", rows[_i].what);
	observed_free(before);
	observed_free(now);
}
END_TEST

#define BOTH(key) "\"annotations\": {\"" key "\": \"fd00::1, 10.0.0.1\"}"

/* Each family by itself, in whatever order they stand; and what was asked for. */
static const struct {
	const char *what, *before, *metadata, *now;
	const char *from[2];
	bool pinned;
} moves[] = {
	{ "the other order", A ", " SIX, "", SIX ", " A, { NULL, NULL }, false },
	{ "one family more", A, "", SIX ", " A, { NULL, NULL }, false },
	{ "the second", A ", " SIX, "", A ", {\"ip\": \"fd00::2\"}", { NULL, "fd00::1" },
	    false },
	{ "the first, which stands second now", A ", " SIX, "", SIX ", " B,
	    { "10.0.0.1", NULL }, false },
	{ "one of two is gone", A ", " SIX, "", SIX, { NULL, NULL }, false },
	{ "as it asks for", B, PINNED, A, { "10.0.0.2", NULL }, true },
	{ "as it asks for, among others", B ", " SIX,
	    BOTH("metallb.universe.tf/loadBalancerIPs"), A ", " SIX, { "10.0.0.2", NULL },
	    true },
	{ "to another than it asks for", A, PINNED, B, { "10.0.0.1", NULL }, false },
	{ "one of two than it asks for", A ", " SIX, BOTH("metallb.io/loadBalancerIPs"),
	    SIX ", " B, { "10.0.0.1", NULL }, false },
};

START_TEST(each_family_moves_by_itself)
{
	struct observed *before = decode("", "LoadBalancer", moves[_i].before);
	struct observed *now = decode(moves[_i].metadata, "LoadBalancer", moves[_i].now);
	const struct service *s = (const struct service *)now->live;

	service_kind.follow(now, before, NULL);
	for (int i = 0; i < 2; i++)
		ck_assert_msg(
		    moves[_i].from[i]
			? s->moved_from[i] && !strcmp(s->moved_from[i], moves[_i].from[i])
			: !s->moved_from[i],
		    "%s: IPv%d", moves[_i].what, i ? 6 : 4);
	ck_assert_msg(s->pinned == moves[_i].pinned, "%s: pinned", moves[_i].what);
	observed_free(before);
	observed_free(now);
}
END_TEST

START_TEST(a_move_is_kept_until_it_has_its_own_again)
{
	struct observed *first = decode("", "LoadBalancer", A);
	struct observed *moved = decode("", "LoadBalancer", B);
	struct observed *back = decode("", "LoadBalancer", A);

	service_kind.follow(moved, first, NULL);
	ck_assert_str_eq(((struct service *)moved->live)->moved_from[0], "10.0.0.1");
	service_kind.follow(back, moved, NULL);
	ck_assert_ptr_null(((struct service *)back->live)->moved_from[0]);
	ck_assert(service_kind.same(first, back));
	ck_assert_ptr_null(decode("", "ClusterIP", ""));
	observed_free(first);
	observed_free(moved);
	observed_free(back);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("service");
	TCase *tests = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, only_what_is_used_counts, 0, ROWS(rows));
	tcase_add_loop_test(tests, each_family_moves_by_itself, 0, ROWS(moves));
	tcase_add_test(tests, a_move_is_kept_until_it_has_its_own_again);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
