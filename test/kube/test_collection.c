/* SPDX-License-Identifier: MIT */
/* What reaches the callbacks, and what is older than what reached them before. */
#include <stdlib.h>
#include <string.h>

#include "daemon/kube/collection.h"
#include "lib/doc/json.h"
#include "test/kube/lab.h"

static struct text said;

static void on_observed(void *arg, const struct kind *kind, const struct reading *reading)
{
	(void)arg;
	(void)kind;
	text_add(&said, "+%s@%s ", reading->name,
	    json_string_at(reading->json, "metadata.resourceVersion"));
}

static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	(void)arg;
	(void)kind;
	text_add(&said, "-%s ", name);
}

static void on_listed(void *arg, const struct kind *kind, const char *prefix,
    const char *const *names, size_t count)
{
	(void)arg;
	(void)kind;
	ck_assert_ptr_nonnull(prefix);
	text_add(&said, "[");
	for (size_t i = 0; i < count; i++)
		text_add(&said, "%s%s", i ? " " : "", names[i]);
	text_add(&said, "] ");
}

static const struct kube_callbacks callbacks = {
	.observed = on_observed, .gone = on_gone, .listed = on_listed
};

/*
 * A script of words: "<b" begins a list, ">9" ends it with that version; else a letter
 * for the way, the name, its version and uid: l listed, w watched, p written, d DELETED
 * event; "r" removed by us (name and uid only).
 */
static void run(struct collection *c, const char *script)
{
	char copy[256], *rest = copy;
	const char *word;

	snprintf(copy, sizeof(copy), "%s", script);
	while ((word = strsep(&rest, " "))) {
		char name[32] = "", version[32] = "", uid[32] = "";
		autojson struct json_object *o = json_object_new_object();
		struct json_object *metadata = json_object_new_object();

		sscanf(word + 1, "%31[^@#]@%31[^#]#%31s", name, version, uid);
		if (word[0] == 'r')
			sscanf(word + 1, "%31[^#]#%31s", name, uid);
		json_put_string(metadata, "name", name);
		json_put_string(metadata, "resourceVersion", version);
		json_put_string(metadata, "uid", uid);
		json_put(o, "metadata", metadata);
		switch (word[0]) {
		case '<':
			collection_begin_list(c);
			break;
		case '>':
			collection_end_list(c, name);
			break;
		case 'l':
			collection_listed(c, o);
			break;
		case 'w':
			collection_watched(c, o);
			break;
		case 'p':
			collection_written(c, o);
			break;
		case 'd':
			collection_deleted(c, o);
			break;
		case 'r':
			collection_removed(c, NULL, name, uid);
			break;
		}
	}
}

static const struct {
	const char *what, *script, *says;
} rows[] = {
	{ "a list", "< lb@3#u lc@2#v >9", "+b@3 +c@2 [b c] " },
	{ "an empty list", "< >9", "[] " },
	{ "what is not in the next list is not named", "< lb@3#u lc@2#v >9 < lb@3#u >12",
	    "+b@3 +c@2 [b c] +b@3 [b] " },
	{ "events", "< >9 wb@10#u wb@11#u db@12#u", "[] +b@10 +b@11 -b " },
	{ "an old event is dropped", "< lb@8#u >9 wb@7#u wb@8#u wb@9#u",
	    "+b@8 [b] +b@9 " },
	{ "an old deletion is dropped", "< lb@8#u >9 db@7#t", "+b@8 [b] " },
	{ "deletion of what is not known", "< >9 db@10#u", "[] " },
	{ "the event of our own write is dropped", "< >9 pb@10#u wb@10#u wb@11#u",
	    "[] +b@10 +b@11 " },
	{ "what happened before our write is dropped",
	    "< lb@8#u >9 pb@12#u wb@10#u wb@11#u wb@12#u", "+b@8 [b] +b@12 " },
	{ "the watch was faster than our write's answer", "< >9 wb@11#u pb@10#u",
	    "[] +b@11 " },
	{ "the watch was as fast as our write's answer", "< >9 wb@10#u pb@10#u",
	    "[] +b@10 " },
	{ "deleted by us: its last events are dropped",
	    "< lb@8#u >9 rb#u wb@9#u wb@10#u db@11#u", "+b@8 [b] -b " },
	{ "deleted by us and made anew by others", "< lb@8#u >9 rb#u db@10#u wb@11#v",
	    "+b@8 [b] -b +b@11 " },
	{ "deleted by us, made anew, the old one's event comes last",
	    "< lb@8#u >9 rb#u pb@12#v db@10#u wb@12#v", "+b@8 [b] -b +b@12 " },
	{ "deleted by us, but it was another already", "< lb@8#v >9 rb#u", "+b@8 [b] " },
	{ "a list older than our write", "< lb@8#u >9 < pb@15#u lb@8#u >12",
	    "+b@8 [b] +b@15 [b] " },
	{ "a list older than our creation", "< >9 < pb@15#u >12", "[] +b@15 [b] " },
	{ "a list newer than our creation, which is gone again", "< >9 < pb@11#u >12",
	    "[] +b@11 [] " },
	{ "a list older than our deletion", "< lb@8#u >9 < rb#u lb@8#u >12 db@13#u",
	    "+b@8 [b] -b [] " },
	{ "the cluster was set back: the list is believed",
	    "< lb@80#u >90 < lb@7#u >9 wb@8#u", "+b@80 [b] +b@7 [b] +b@8 " },
	{ "versions are numbers", "< lb@99#u >99 wb@100#u", "+b@99 [b] +b@100 " },
	{ "a name with a line break", "< l\n@3#u >9", "[] " },
	{ "a role's name", "< lsystem:Node_a@3#u >9",
	    "+system:Node_a@3 [system:Node_a] " },
	{ "a name with a slash", "< l../b@3#u >9", "[] " },
	{ "a name of dots", "< l.@3#u l..@3#u >9", "[] " },
	{ "a name with an escape", "< la%2fb@3#u la\033b@3#u >9", "[] " },
};

START_TEST(order)
{
	struct collection c = {
		.kind = &lab_pool, .watch = lab_pool.watches, .callbacks = &callbacks
	};

	run(&c, rows[_i].script);
	ck_assert_msg(strcmp(text_get(&said), rows[_i].says) == 0, "%s:\n%s\nnot\n%s",
	    rows[_i].what, text_get(&said), rows[_i].says);
	collection_forget(&c);
	text_done(&said);
}
END_TEST

START_TEST(namespaced)
{
	struct collection c = { .kind = &lab_service,
		.watch = lab_service.watches,
		.callbacks = &callbacks };
	autojson struct json_object *o = json_tokener_parse(
	    "{\"metadata\":{\"name\":\"a\",\"namespace\":\"b\",\"resourceVersion\":\"1\",\"annotations\":{\"x\":\"y\",\"kubectl.kubernetes.io/last-applied-configuration\":\"{}\"}}}");
	autojson struct json_object *none = json_tokener_parse(
	    "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}}");

	collection_watched(&c, o);
	collection_watched(&c, none);
	ck_assert_str_eq(text_get(&said), "+b/a@1 ");
	ck_assert_uint_eq(c.skipped, 1);
	ck_assert_str_eq(json_text(json_at(o, "metadata.annotations")), "{\"x\":\"y\"}");
	collection_forget(&c);
	text_done(&said);
}
END_TEST

/* Which fields are ours is kept; of others only that they have some. */
START_TEST(managers)
{
	struct collection c = {
		.kind = &lab_pool, .watch = lab_pool.watches, .callbacks = &callbacks
	};
	autojson struct json_object *o = json_tokener_parse(
	    "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\",\"managedFields\":[{\"manager\":\"homek8sd\",\"fieldsV1\":{\"f:a\":{}}},{\"manager\":\"argocd\",\"fieldsV1\":{\"f:b\":{}}},{\"fieldsV1\":{}},7]}}");

	collection_watched(&c, o);
	ck_assert_str_eq(json_text(json_at(o, "metadata.managedFields")),
	    "[{\"manager\":\"homek8sd\",\"fieldsV1\":{\"f:a\":{}}},{\"manager\":\"argocd\"},{},7]");
	collection_forget(&c);
	text_done(&said);
}
END_TEST

/* Objects of several collections of one kind differ by the watch's prefix. */
START_TEST(prefixed)
{
	const struct watch watch = { .path = "/apis/apps/v1/deployments",
		.prefix = "apps/Deployment/" };
	struct collection c = {
		.kind = &lab_pool, .watch = &watch, .callbacks = &callbacks
	};

	run(&c, "< lb@3#u >9 wc@10#v pb@11#u dc@12#v rb#u");
	ck_assert_str_eq(text_get(&said),
	    "+apps/Deployment/b@3 [apps/Deployment/b] +apps/Deployment/c@10 +apps/Deployment/b@11 -apps/Deployment/c -apps/Deployment/b ");
	collection_forget(&c);
	text_done(&said);
}
END_TEST

/* What we wrote is handed on where it is known to be in the selection. */
START_TEST(selected)
{
	const struct watch watch = {
		.path = "/api/v1/pods", .prefix = "", .selector = "spec.nodeName=w"
	};
	struct collection c = {
		.kind = &lab_pool, .watch = &watch, .callbacks = &callbacks
	};

	run(&c, "< lb@3#u >9 pb@10#u pc@11#v wc@12#v");
	ck_assert_str_eq(text_get(&said), "+b@3 [b] +b@10 +c@12 ");
	collection_forget(&c);
	text_done(&said);
}
END_TEST

START_TEST(many)
{
	struct collection c = {
		.kind = &lab_pool, .watch = lab_pool.watches, .callbacks = &callbacks
	};
	char script[64];

	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 1000; i++) {
			snprintf(
			    script, sizeof(script), "wn%d@%d#u", i, round * 1000 + i + 1);
			run(&c, script);
		}
	ck_assert_uint_eq(c.store.count, 1000);
	ck_assert_str_eq(store_find(&c.store, "n999")->version, "3000");
	ck_assert_ptr_null(store_find(&c.store, "n1000"));
	for (int i = 0; i < 1000; i += 2) {
		snprintf(script, sizeof(script), "dn%d@9999#u", i);
		run(&c, script);
	}
	ck_assert_uint_eq(c.store.count, 500);
	ck_assert_ptr_null(store_find(&c.store, "n998"));
	ck_assert_ptr_nonnull(store_find(&c.store, "n999"));
	collection_forget(&c);
	text_done(&said);
}
END_TEST

TCase *collection_tests(void)
{
	TCase *tc = tcase_create("collection");

	tcase_add_loop_test(tc, order, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, namespaced);
	tcase_add_test(tc, managers);
	tcase_add_test(tc, prefixed);
	tcase_add_test(tc, selected);
	tcase_add_test(tc, many);
	return tc;
}
