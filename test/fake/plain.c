/* SPDX-License-Identifier: MIT */
/* plain: filling in what an object lacks, and storing it. */
#include "test/fake/plain.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/body.h"
#include "test/fake/managed.h"
#include "test/fake/schema.h"

#define FILL_MAX 100000

static void random_uid(char uid[37])
{
	unsigned char b[16];
	char *to = uid;

	RAND_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++)
		to += sprintf(
		    to, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}

void plain_identity(struct json_object *meta)
{
	char uid[37];

	if (!*tree_str(meta, "uid", NULL)) {
		random_uid(uid);
		tree_set(meta, "uid", uid);
	}
	if (!*tree_str(meta, "creationTimestamp", NULL))
		tree_set(meta, "creationTimestamp", time_now());
}

static void make_namespace(struct fake *f, const char *name)
{
	const struct resource *res = resource_by_name("namespaces");
	struct json_object *obj;

	if (store_find(f->store, res, "", name))
		return;
	obj = json_object_new_object();
	tree_set(obj, "apiVersion", "v1");
	tree_set(obj, "kind", "Namespace");
	tree_set(tree_child(obj, "metadata"), "name", name);
	tree_set(tree_child(tree_child(obj, "metadata"), "labels"),
	    "kubernetes.io/metadata.name", name);
	tree_set(tree_child(obj, "status"), "phase", "Active");
	plain_identity(tree_get(obj, "metadata", NULL));
	store_put(f->store, res, obj);
	json_object_put(obj);
}

static struct json_object *store_one(struct fake *f, struct json_object *given)
{
	const char *kind = tree_str(given, "kind", NULL);
	const char *version = tree_str(given, "apiVersion", NULL);
	const struct resource *res = resource_by_kind(version, kind);
	struct json_object *obj, *meta, *st = body_shape(given);

	if (st)
		return st;
	if (!res)
		return status_bad_request(
		    "no such kind: \"%s\" in \"%s\"", kind, version);
	if (!*tree_str(given, "metadata", "name", NULL))
		return status_bad_request("an object of kind %s has no name", kind);
	if (strchr(tree_str(given, "metadata", "name", NULL), '/'))
		return status_bad_request("a name holds no slash");
	obj = tree_copy(given);
	meta = tree_child(obj, "metadata");
	plain_identity(meta);
	if (res->namespaced) {
		if (!*tree_str(meta, "namespace", NULL))
			tree_set(meta, "namespace", "default");
		make_namespace(f, tree_str(meta, "namespace", NULL));
	} else {
		json_object_object_del(meta, "namespace");
	}
	if (res->has_generation && !tree_get(meta, "generation", NULL))
		tree_set_int(meta, "generation", 1);
	schema_default(res, obj);
	store_put(f->store, res, obj);
	json_object_put(obj);
	return NULL;
}

struct json_object *plain_store(struct fake *f, struct json_object *obj)
{
	struct json_object *items = tree_get(obj, "items", NULL), *st = NULL;

	if (json_object_is_type(obj, json_type_array))
		items = obj;
	if (!json_object_is_type(items, json_type_array))
		return store_one(f, obj);
	for (size_t i = 0; i < json_object_array_length(items) && !st; i++)
		st = store_one(f, json_object_array_get_idx(items, i));
	return st;
}

struct json_object *plain_fill(struct fake *f, struct json_object *obj, int64_t count)
{
	struct json_object *copy = tree_copy(obj), *st = body_shape(obj);
	const char *stem = tree_str(obj, "metadata", "name", NULL);

	if (!st && (count < 0 || count > FILL_MAX))
		st = status_bad_request("count must lie between 0 and %d", FILL_MAX);
	for (int64_t i = 0; i < count && !st; i++) {
		char *name = xfmt("%s-%lld", stem, (long long)i);

		tree_set(tree_child(copy, "metadata"), "name", name);
		free(name);
		st = store_one(f, copy);
	}
	json_object_put(copy);
	return st;
}

bool plain_load(struct fake *f, const char *path)
{
	struct json_object *obj = json_object_from_file(path), *st;

	if (!obj) {
		fprintf(stderr, "fake-apiserver: %s: %s", path, json_util_get_last_err());
		return false;
	}
	st = plain_store(f, obj);
	if (st)
		fprintf(stderr, "fake-apiserver: %s: %s\n", path,
		    tree_str(st, "message", NULL));
	json_object_put(obj);
	json_object_put(st);
	return st == NULL;
}
