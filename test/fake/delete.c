/* SPDX-License-Identifier: MIT */
/* delete: removal of objects, and eviction of pods. */
#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/body.h"
#include "test/fake/budget.h"
#include "test/fake/crd.h"
#include "test/fake/managed.h"
#include "test/fake/tree.h"
#include "test/fake/write.h"

static struct json_object *gone_status(const struct version *v, struct json_object *obj)
{
	struct json_object *st = json_object_new_object(), *d;

	tree_set(st, "kind", "Status");
	tree_set(st, "apiVersion", "v1");
	json_object_object_add(st, "metadata", json_object_new_object());
	tree_set(st, "status", "Success");
	d = tree_child(st, "details");
	tree_set(d, "name", tree_str(obj, "metadata", "name", NULL));
	if (*v->res->group)
		tree_set(d, "group", v->res->group);
	tree_set(d, "kind", v->res->plural);
	tree_set(d, "uid", tree_str(obj, "metadata", "uid", NULL));
	return st;
}

/* DeleteOptions may name the one object, and the one version of it, that is meant. */
static struct json_object *preconditions(
    const struct call *call, struct json_object *options, struct json_object *obj)
{
	static const char *const keys[] = { "uid", "resourceVersion" };
	static const char *const words[] = { "UID", "ResourceVersion" };

	for (int i = 0; i < 2; i++) {
		const char *want = tree_str(options, "preconditions", keys[i], NULL);
		const char *have = tree_str(obj, "metadata", keys[i], NULL);
		struct json_object *st;
		char *why;

		if (!*want || !strcmp(want, have))
			continue;
		why = xfmt(
		    "the %s in the precondition (%s) does not match the %s in record "
		    "(%s). The object might have been deleted and then recreated",
		    words[i], want, words[i], have);
		st = status_conflict(call->res, call->name, why);
		free(why);
		return st;
	}
	return NULL;
}

/* A namespace takes along what lives in it. */
static void empty_namespace(struct store *s, const char *ns)
{
	size_t n = strlen(ns);

	for (size_t i = 0; i < resource_count; i++) {
		size_t count;
		struct version **all = store_at(s, &resources[i], store_rv(s), &count);

		for (size_t j = 0; j < count; j++)
			if (!strncmp(all[j]->key, ns, n) && all[j]->key[n] == '/')
				store_remove(s, all[j]);
		store_release(all, count);
	}
}

static bool has_finalizers(struct json_object *obj)
{
	struct json_object *list = tree_get(obj, "metadata", "finalizers", NULL);

	return json_object_is_type(list, json_type_array) &&
	       json_object_array_length(list);
}

/* What has finalizers is marked and stays until they are gone. */
static bool mark_only(const struct call *call, struct json_object *obj)
{
	struct json_object *meta = tree_get(obj, "metadata", NULL);

	if (!has_finalizers(obj))
		return false;
	if (!tree_get(meta, "deletionTimestamp", NULL)) {
		tree_set(meta, "deletionTimestamp", time_now());
		tree_set_int(meta, "deletionGracePeriodSeconds", 0);
		store_put(call->fake->store, call->res, obj);
	}
	return true;
}

static void remove_version(const struct call *call, struct version *v)
{
	struct json_object *obj = store_object(v);

	if (!mark_only(call, obj)) {
		if (!strcmp(call->res->kind, "Namespace"))
			empty_namespace(call->fake->store, call->name);
		if (is_crd(call->res))
			crd_empty(call->fake->store, obj);
		store_remove(call->fake->store, v);
	}
	json_object_put(obj);
}

/* Deletes under the options given; borrowed. */
static void delete_with(const struct call *call, struct json_object *options, bool dry)
{
	struct version *v =
	    store_find(call->fake->store, call->res, call->ns, call->name);
	struct json_object *obj = v ? store_object(v) : NULL;
	struct json_object *st = v ? preconditions(call, options, obj)
				   : status_not_found(call->res, call->name);

	if (!st) {
		st = gone_status(v, obj);
		if (!dry && !tree_get(options, "dryRun", NULL))
			remove_version(call, v);
		v = store_find(call->fake->store, call->res, call->ns, call->name);
	}
	if (v && tree_get(st, "details", "uid", NULL) && has_finalizers(obj)) {
		answer_json(call->conn, call->req, 200, NULL, v->text, v->len);
		json_object_put(st);
	} else {
		answer_status(call->conn, call->req, st);
	}
	json_object_put(obj);
}

void write_delete(const struct call *call)
{
	struct json_object *options = NULL, *st = NULL;
	bool dry = false;

	if (call->req->body.len)
		st = body_read(call->req, BODY_OBJECT, &options);
	if (!st)
		st = dry_run(call->req, &dry);
	if (st)
		answer_status(call->conn, call->req, st);
	else
		delete_with(call, options, dry);
	json_object_put(options);
}

void write_evict(const struct call *call)
{
	struct version *v =
	    store_find(call->fake->store, call->res, call->ns, call->name);
	struct json_object *eviction = NULL, *obj = v ? store_object(v) : NULL;
	struct json_object *st = body_read(call->req, BODY_OBJECT, &eviction), *options;
	bool dry = false;

	if (!st && !v)
		st = status_not_found(call->res, call->name);
	options = tree_get(eviction, "deleteOptions", NULL);
	if (!st)
		st = dry_run(call->req, &dry);
	if (!st)
		st = preconditions(call, options, obj);
	if (!st)
		st = budget_check(call->fake, obj);
	if (!st) {
		if (!dry && !tree_get(options, "dryRun", NULL))
			remove_version(call, v);
		st = json_object_new_object();
		tree_set(st, "kind", "Status");
		tree_set(st, "apiVersion", "v1");
		json_object_object_add(st, "metadata", json_object_new_object());
		tree_set(st, "status", "Success");
		tree_set_int(st, "code", 201);
	}
	answer_status(call->conn, call->req, st);
	json_object_put(eviction);
	json_object_put(obj);
}
