/* SPDX-License-Identifier: MIT */
/*
 * write: every write ends in store_change(), which takes the object as the client wants
 * it and the live one, lets the server's own rules have their say, and stores the result
 * unless nothing changed or the run is dry.
 */
#include "test/fake/write.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/admit.h"
#include "test/fake/answer.h"
#include "test/fake/body.h"
#include "test/fake/managed.h"
#include "test/fake/patch.h"
#include "test/fake/plain.h"
#include "test/fake/schema.h"

struct change_of {
	struct json_object *live; /* NULL when new */
	struct json_object *want; /* becomes what is stored */
	bool applied;		  /* ownership is recorded already */
};

static void keep(struct json_object *to, struct json_object *from, const char *key)
{
	struct json_object *v = tree_get(from, key, NULL);

	json_object_object_del(to, key);
	if (v)
		json_object_object_add(to, key, json_object_get(v));
}

/* Puts the server's own metadata in place, whatever the client sent. */
static void settle_metadata(const struct call *call, struct change_of *ch)
{
	static const char *const own[] = { "uid", "creationTimestamp", "generation",
		"resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds",
		NULL };
	struct json_object *meta = tree_child(ch->want, "metadata");
	struct json_object *was = tree_get(ch->live, "metadata", NULL);
	char *version = resource_api_version(call->res);

	tree_set(ch->want, "apiVersion", version);
	tree_set(ch->want, "kind", call->res->kind);
	free(version);
	for (const char *const *key = own; *key; key++)
		keep(meta, was, *key);
	json_object_object_del(meta, "selfLink");
	tree_set(meta, "name", call->name);
	if (call->res->namespaced)
		tree_set(meta, "namespace", call->ns);
	plain_identity(meta);
}

/* The status is written through its own subresource, everything else never is. */
static void settle_status(const struct call *call, struct change_of *ch)
{
	const char *kind = call->res->kind;

	if (!call->res->has_status)
		return;
	if (*call->sub) {
		struct json_object *status =
		    json_object_get(tree_get(ch->want, "status", NULL));
		struct json_object *managed = json_object_get(
		    tree_get(ch->want, "metadata", "managedFields", NULL));

		json_object_put(ch->want);
		ch->want = tree_copy(ch->live);
		if (ch->applied)
			json_object_object_add(
			    tree_child(ch->want, "metadata"), "managedFields", managed);
		else
			json_object_put(managed);
		if (status)
			json_object_object_add(ch->want, "status", status);
	} else if (ch->live) {
		keep(ch->want, ch->live, "status");
	} else if (!strcmp(kind, "Namespace")) {
		tree_set(tree_child(ch->want, "status"), "phase", "Active");
	} else if (strcmp(kind, "Node") && strcmp(kind, "Pod")) {
		json_object_object_del(ch->want, "status");
	}
}

static bool same_but_metadata(struct json_object *a, struct json_object *b)
{
	struct json_object *x = tree_copy(a), *y = tree_copy(b);
	bool same;

	for (int i = 0; i < 2; i++) {
		json_object_object_del(i ? x : y, "metadata");
		json_object_object_del(i ? x : y, "status");
	}
	same = json_object_equal(x, y);
	json_object_put(x);
	json_object_put(y);
	return same;
}

static void count_generation(const struct call *call, struct change_of *ch)
{
	struct json_object *meta = tree_get(ch->want, "metadata", NULL);
	int64_t n = json_object_get_int64(tree_get(meta, "generation", NULL));

	if (!call->res->has_generation)
		return;
	if (!ch->live || !same_but_metadata(ch->live, ch->want))
		tree_set_int(meta, "generation", n + 1);
}

/* What the server says to fields it does not know: nothing, a warning, or no. */
static struct json_object *prune(
    const struct call *call, struct json_object *obj, struct buf *headers)
{
	const char *how = http_param(call->req, "fieldValidation");
	struct json_object *st = NULL;
	struct buf unknown = { 0 };

	schema_prune(call->res, obj, &unknown);
	if (unknown.len && how && !strcmp(how, "Strict"))
		st = status_bad_request(
		    "strict decoding error: unknown field \"%s\"", buf_cstr(&unknown));
	else if (unknown.len && (!how || strcmp(how, "Ignore")))
		buf_fmt(headers, "Warning: 299 - \"unknown field \\\"%s\\\"\"\r\n",
		    buf_cstr(&unknown));
	buf_free(&unknown);
	return st;
}

static struct json_object *judge(
    const struct call *call, struct change_of *ch, struct buf *headers)
{
	struct json_object *st = prune(call, ch->want, headers);

	if (!st)
		st = schema_valid(call->res, call->name, ch->want);
	if (st)
		return st;
	schema_default(call->res, ch->want);
	return *call->sub ? NULL : admit(call, ch->want, ch->live == NULL);
}

static void record(const struct call *call, struct change_of *ch)
{
	char *name = manager_name(call->req);
	struct manager by = { call->res, name, call->sub };

	if (!ch->applied)
		managed_update(&by, ch->live, ch->want);
	free(name);
}

/* Marked as deleted, and the last finalizer has been taken away. */
static bool ends(struct json_object *obj)
{
	struct json_object *list = tree_get(obj, "metadata", "finalizers", NULL);

	return tree_get(obj, "metadata", "deletionTimestamp", NULL) &&
	       (!json_object_is_type(list, json_type_array) ||
		   !json_object_array_length(list));
}

static void answer_version(
    const struct call *call, int code, struct buf *headers, const struct version *v)
{
	answer_json(call->conn, call->req, code, headers->len ? buf_cstr(headers) : NULL,
	    v->text, v->len);
}

/* Frees what `ch` holds. */
static void store_change(const struct call *call, struct change_of *ch)
{
	struct store *s = call->fake->store;
	struct buf headers = { 0 };
	struct json_object *st;
	int code = ch->live ? 200 : 201;
	bool dry;

	settle_metadata(call, ch);
	settle_status(call, ch);
	st = dry_run(call->req, &dry);
	if (!st)
		st = judge(call, ch, &headers);
	if (!st) {
		count_generation(call, ch);
		record(call, ch);
	}
	if (st)
		answer_status(call->conn, call->req, st);
	else if (ch->live && !managed_differs(ch->live, ch->want))
		answer_version(
		    call, code, &headers, store_find(s, call->res, call->ns, call->name));
	else if (dry || (ch->live && ends(ch->want)))
		answer_object(call->conn, call->req, code,
		    headers.len ? buf_cstr(&headers) : NULL, ch->want);
	else
		answer_version(call, code, &headers, store_put(s, call->res, ch->want));
	if (!st && !dry && ch->live && ends(ch->want))
		store_remove(s, store_find(s, call->res, call->ns, call->name));
	buf_free(&headers);
	json_object_put(ch->live);
	json_object_put(ch->want);
}

static struct json_object *live_object(const struct call *call)
{
	struct version *v =
	    store_find(call->fake->store, call->res, call->ns, call->name);

	return v ? store_object(v) : NULL;
}

static struct json_object *namespace_there(const struct call *call)
{
	const struct resource *namespaces = resource_by_name("namespaces");

	if (!call->res->namespaced ||
	    store_find(call->fake->store, namespaces, "", call->ns))
		return NULL;
	return status_not_found(namespaces, call->ns);
}

/* The resourceVersion a client sends is the one it read. */
static struct json_object *not_stale(
    const struct call *call, struct json_object *live, struct json_object *want)
{
	const char *sent = tree_str(want, "metadata", "resourceVersion", NULL);
	const char *uid = tree_str(want, "metadata", "uid", NULL);

	if (*uid && strcmp(uid, tree_str(live, "metadata", "uid", NULL)))
		return status_conflict(call->res, call->name,
		    "Precondition failed: UID in precondition does not match the "
		    "object's");
	if (*sent && strcmp(sent, tree_str(live, "metadata", "resourceVersion", NULL)))
		return status_conflict(call->res, call->name,
		    "the object has been modified; please apply your changes to the "
		    "latest "
		    "version and try again");
	return NULL;
}

/* generateName gets five letters, as the server does. Allocated. */
static char *name_for(struct json_object *obj)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	const char *stem = tree_str(obj, "metadata", "generateName", NULL);
	char *name, *end;

	if (*tree_str(obj, "metadata", "name", NULL) || !*stem)
		return xstrdup(tree_str(obj, "metadata", "name", NULL));
	name = xfmt("%s.....", stem);
	end = name + strlen(stem);
	for (int i = 0; i < 5; i++)
		end[i] = letters[(size_t)random() % (sizeof(letters) - 1)];
	return name;
}

static struct json_object *exists_already(const struct call *call)
{
	char *full = resource_full_name(call->res);
	struct json_object *st = status_new(
	    409, "AlreadyExists", "%s \"%s\" already exists", full, call->name);

	free(full);
	return status_about(st, call->res, call->name);
}

void write_create(const struct call *call)
{
	struct change_of ch = { 0 };
	struct call named = *call;
	char *name;
	struct json_object *st = body_read(call->req, BODY_OBJECT, &ch.want);

	if (!st)
		st = body_fits(call, ch.want, "");
	name = name_for(ch.want);
	named.name = name;
	if (!st && !*name)
		st = status_invalid(call->res, "", "FieldValueRequired", "metadata.name",
		    "Required value: name or generateName is required");
	if (!st)
		st = namespace_there(call);
	if (!st && store_find(call->fake->store, call->res, call->ns, name))
		st = exists_already(&named);
	if (st) {
		answer_status(call->conn, call->req, st);
		json_object_put(ch.want);
	} else {
		store_change(&named, &ch);
	}
	free(name);
}

/* Kinds whose PUT must say which version it replaces. */
static struct json_object *version_given(
    const struct call *call, struct json_object *want)
{
	bool strict = call->res->custom || !strcmp(call->res->kind, "Lease");

	if (!strict || *tree_str(want, "metadata", "resourceVersion", NULL))
		return NULL;
	return status_invalid(call->res, call->name, "FieldValueInvalid",
	    "metadata.resourceVersion",
	    "Invalid value: 0: must be specified for an update");
}

void write_update(const struct call *call)
{
	struct change_of ch = { 0 };
	struct json_object *st = body_read(call->req, BODY_OBJECT, &ch.want);

	ch.live = live_object(call);
	if (!st)
		st = body_fits(call, ch.want, call->name);
	if (!st && !ch.live)
		st = status_not_found(call->res, call->name);
	if (!st)
		st = version_given(call, ch.want);
	if (!st)
		st = not_stale(call, ch.live, ch.want);
	if (!st) {
		store_change(call, &ch);
		return;
	}
	answer_status(call->conn, call->req, st);
	json_object_put(ch.live);
	json_object_put(ch.want);
}

static struct json_object *patch_over(
    const struct call *call, enum body_kind kind, struct change_of *ch)
{
	struct json_object *patch, *st = body_read(call->req, kind, &patch);

	if (!st && http_param(call->req, "force"))
		st = status_bad_option("PatchOptions", "FieldValueForbidden", "force",
		    "Forbidden: may not be specified for non-apply patch");
	if (!st && !ch->live)
		st = status_not_found(call->res, call->name);
	if (!st) {
		ch->want = tree_copy(ch->live);
		if (kind == BODY_JSON_PATCH)
			st = patch_apply(ch->want, patch);
		else
			tree_merge(ch->want, patch);
	}
	if (!st)
		st = body_fits(call, ch->want, call->name);
	if (!st)
		st = not_stale(call, ch->live, ch->want);
	json_object_put(patch);
	return st;
}

/* Judges an applied configuration by itself. */
static struct json_object *apply_fits(const struct call *call, struct json_object *body)
{
	struct json_object *st;
	char *why, *version;

	if (!*tree_str(body, "apiVersion", NULL) || !*tree_str(body, "kind", NULL))
		return status_bad_request("Object 'Kind' or 'apiVersion' is missing");
	if (tree_get(body, "metadata", "managedFields", NULL))
		return status_bad_request("metadata.managedFields must be nil");
	st = body_fits(call, body, call->name);
	if (st || !(why = schema_typed(call->res, body)))
		return st;
	version = resource_api_version(call->res);
	st = status_new(500, NULL,
	    "failed to create typed patch object (%s%s%s; %s, Kind=%s): %s", call->ns,
	    *call->ns ? "/" : "", call->name, version, call->res->kind, why);
	free(version);
	free(why);
	return st;
}

static struct json_object *uid_without_object(
    const struct call *call, struct json_object *body)
{
	if (!*tree_str(body, "metadata", "uid", NULL))
		return NULL;
	return status_conflict(call->res, call->name,
	    "uid mismatch: the provided object specified a uid, and no existing object "
	    "was "
	    "found");
}

static struct json_object *apply_over(const struct call *call, struct change_of *ch)
{
	const char *name = http_param(call->req, "fieldManager");
	struct manager by = { call->res, name, call->sub };
	struct json_object *body, *st;

	if (!name || !*name)
		return status_bad_option("PatchOptions", "FieldValueRequired",
		    "fieldManager", "Required value: is required for apply patch");
	st = body_read(call->req, BODY_APPLY, &body);
	if (!st)
		st = apply_fits(call, body);
	if (!st && *call->sub && !ch->live)
		st = status_not_found(call->res, call->name);
	if (!st && !ch->live)
		st = namespace_there(call);
	if (!st)
		st = ch->live ? not_stale(call, ch->live, body)
			      : uid_without_object(call, body);
	if (!st) {
		if (call->res->has_status && !*call->sub)
			json_object_object_del(body, "status");
		ch->applied = true;
		st = managed_apply(
		    &by, ch->live, body, http_flag(call->req, "force"), &ch->want);
	}
	json_object_put(body);
	return st;
}

void write_patch(const struct call *call)
{
	struct change_of ch = { .live = live_object(call) };
	enum body_kind kind = BODY_MERGE;
	struct json_object *st = patch_kind(call->req, &kind);

	if (!st)
		st = kind == BODY_APPLY ? apply_over(call, &ch)
					: patch_over(call, kind, &ch);
	if (!st) {
		store_change(call, &ch);
		return;
	}
	answer_status(call->conn, call->req, st);
	json_object_put(ch.live);
	json_object_put(ch.want);
}
