/* SPDX-License-Identifier: MIT */
/* namespace: in which one MetalLB is found, from what is written and what was read. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#undef fail /* check has a macro of that name */

#include "lib/doc/json.h"
#include "lib/kind/metallb/namespace.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define NOTHING "vms: {}"
#define WEBHOOK "webhook/metallb-webhook-configuration"

static struct config *load(const char *text)
{
	struct source_text source = { "desired.d/a.yaml", text, strlen(text), NULL };
	struct config_files files = { .desired = &source, .desired_count = 1 };
	struct config *config;

	ck_assert_int_eq(config_load(&files, &config), 0);
	return config;
}

static void observe(struct observations *o, const char *name, const char *text)
{
	struct observed *observed = observed_new(&metallb_kind, name);
	autojson struct json_object *json = json_parse(text, strlen(text), 16, NULL);
	struct reading reading = { .name = name, .json = json };

	ck_assert_int_eq(metallb_kind.decode(observed, &reading, NULL), 0);
	observed->presence = PRESENT;
	observations_put(o, observed);
}

/* "known", "refused", "not yet", or the reason for which it was lost. */
static void cover(struct observations *o, const char *prefix, const char *what)
{
	if (strcmp(what, "known") == 0)
		observations_set_known(o, &metallb_kind, prefix);
	else if (strcmp(what, "refused") == 0)
		observations_set_refused(o, &metallb_kind, prefix, "forbidden");
	else if (strcmp(what, "not yet") == 0)
		observations_expect(o, &metallb_kind, prefix);
	else
		observations_set_unknown(o, &metallb_kind, prefix, what);
}

static const struct {
	const char *what, *written;
	const char *webhooks, *service; /* as cover(); NULL: there is no webhook */
	const char *pools, *in[3];	/* and the namespaces that have some */
	const char *space, *why;	/* NULL: none; NULL: it is sure */
} rows[] = {
	{ "a new cluster", NOTHING, "known", NULL, "known", { NULL }, "metallb-system",
	    NULL },
	{ "what is written comes first", "metallb: {namespace: lb}", "known", "a",
	    "known", { "b" }, "lb", NULL },
	{ "what is written needs nothing else", "metallb: {namespace: lb}", "not yet",
	    NULL, "not yet", { NULL }, "lb", NULL },
	{ "pools alone say nothing of the namespace", "metallb: {pools: {}}", "known",
	    "network", "known", { NULL }, "network", NULL },
	{ "the webhook comes before the pools", NOTHING, "known", "network", "known",
	    { "a", "b" }, "network", NULL },
	{ "and needs none of them", NOTHING, "known", "network", "not yet", { NULL },
	    "network", NULL },
	{ "no name at all", NOTHING, "known", "No Name", "known", { "a" }, "a", NULL },
	{ "pools of one namespace", NOTHING, "known", NULL, "known", { "a", "a" }, "a",
	    NULL },
	{ "and nobody may read webhooks", NOTHING, "refused", NULL, "known", { "a" }, "a",
	    NULL },
	{ "nothing may be read", NOTHING, "refused", NULL, "refused", { NULL },
	    "metallb-system", NULL },
	{ "pools of several", NOTHING, "known", NULL, "known", { "a", "b", "a" }, NULL,
	    "several namespaces (a, b)" },
	{ "names that begin alike", NOTHING, "known", NULL, "known", { "a", "a-b" }, NULL,
	    "several namespaces (a-b, a)" },
	{ "nothing was read yet", NOTHING, "not yet", NULL, "not yet", { NULL }, NULL,
	    "not known yet" },
	{ "the pools first: the webhook may say another", NOTHING, "not yet", NULL,
	    "known", { "a" }, "a", "not known yet" },
	{ "no webhook, and the pools are still to come", NOTHING, "known", NULL,
	    "not yet", { NULL }, NULL, "not known yet" },
	{ "lost: the same as before, but not sure", NOTHING, "refused by a proxy",
	    "network", "refused by a proxy", { "a" }, "network",
	    "not known yet: refused by a proxy" },
};

START_TEST(the_namespace_is_found)
{
	char service[200], name[64];
	struct config *config = load(rows[_i].written);
	struct observations o = { 0 };
	struct hold hold = { 0 };
	const char *space;

	snprintf(service, sizeof(service),
	    "{\"webhooks\": [{\"clientConfig\": {\"url\": \"https://x\"}}, "
	    "{\"clientConfig\": {\"service\": {\"namespace\": \"%s\"}}}]}",
	    rows[_i].service);
	if (rows[_i].service)
		observe(&o, WEBHOOK, service);
	for (int i = 0; i < 3 && rows[_i].in[i]; i++) {
		snprintf(service, sizeof(service),
		    "{\"metadata\": {\"namespace\": \"%s\"}}", rows[_i].in[i]);
		snprintf(name, sizeof(name), "pool/%s/p%d", rows[_i].in[i], i);
		observe(&o, name, service);
	}
	cover(&o, "webhook/", rows[_i].webhooks);
	cover(&o, "pool/", rows[_i].pools);
	space = metallb_namespace(config, &o, &hold);
	ck_assert_msg(space && rows[_i].space ? strcmp(space, rows[_i].space) == 0
					      : space == rows[_i].space,
	    "%s: %s", rows[_i].what, space ? space : "none");
	ck_assert_msg(
	    rows[_i].why ? hold.held && strstr(hold.why.text, rows[_i].why) : !hold.held,
	    "%s: %s", rows[_i].what, hold.why.text);
	observations_done(&o);
	config_free(config);
}
END_TEST

/* What is watched, of which kinds nothing counts as known, and who must decide. */
START_TEST(watches_follow)
{
	struct config *config = load(NOTHING);
	struct observations o = { 0 };
	struct watch_set set = { 0 };
	struct arena a = { 0 };
	const char *why;

	watch_set_add_all(&a, &set, config, &o);
	ck_assert_ptr_null(watch_set_find(&set, &pool_kind, ""));
	ck_assert_ptr_nonnull(watch_set_find(&set, &metallb_kind, "pool/"));
	observations_set_known(&o, &pool_kind, ""); /* of another namespace, before */
	ck_assert(!o.kinds[kind_index(&pool_kind)].known);
	ck_assert(!observed_known(&o.kinds[kind_index(&pool_kind)], "p", &why));
	ck_assert_str_eq(why, "in which namespace MetalLB runs is not known yet");
	cover(&o, "webhook/", "known");
	cover(&o, "pool/", "known");
	watch_set_add_all(&a, &set, config, &o);
	ck_assert_str_eq(watch_set_find(&set, &advertisement_kind, "bgp/")->path,
	    "/apis/metallb.io/v1beta1/namespaces/metallb-system/bgpadvertisements");
	ck_assert(o.kinds[kind_index(&pool_kind)].known);
	config_free(config);
	config = load("metallb: {namespace: lb}");
	set = (struct watch_set){ 0 };
	watch_set_add_all(&a, &set, config, &o);
	ck_assert_str_eq(watch_set_find(&set, &pool_kind, "")->path,
	    "/apis/metallb.io/v1beta1/namespaces/lb/ipaddresspools");
	ck_assert_ptr_null(watch_set_find(&set, &metallb_kind, "pool/"));
	observations_done(&o);
	arena_done(&a);
	config_free(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metallb_namespace");
	TCase *tests = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, the_namespace_is_found, 0, ROWS(rows));
	tcase_add_test(tests, watches_follow);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
