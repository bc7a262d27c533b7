/* SPDX-License-Identifier: MIT */
/*
 * managed: one entry per manager, operation and subresource. A plain write takes what it
 * changed from everyone else. An apply asks first: what it would change and others own is
 * a conflict; forced, it takes that. What the same manager applied before and now leaves
 * out goes away, unless someone else owns it too.
 */
#include "test/fake/managed.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/fake/answer.h"
#include "test/fake/fields.h"

const char *time_now(void)
{
	static char text[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	return text;
}

static struct json_object *list_of(struct json_object *obj)
{
	struct json_object *list = tree_get(obj, "metadata", "managedFields", NULL);

	return json_object_is_type(list, json_type_array) ? list : NULL;
}

static bool is_entry_of(
    struct json_object *entry, const struct manager *by, const char *operation)
{
	return !strcmp(tree_str(entry, "manager", NULL), by->name) &&
	       !strcmp(tree_str(entry, "operation", NULL), operation) &&
	       !strcmp(tree_str(entry, "subresource", NULL), by->sub);
}

/* Takes over `set`. */
static struct json_object *entry_new(
    const struct manager *by, const char *operation, struct json_object *set)
{
	struct json_object *entry = json_object_new_object();
	char *version = resource_api_version(by->res);

	tree_set(entry, "apiVersion", version);
	tree_set(entry, "fieldsType", "FieldsV1");
	json_object_object_add(entry, "fieldsV1", set);
	tree_set(entry, "manager", by->name);
	tree_set(entry, "operation", operation);
	if (*by->sub)
		tree_set(entry, "subresource", by->sub);
	tree_set(entry, "time", time_now());
	free(version);
	return entry;
}

static int by_age(const void *a, const void *b)
{
	struct json_object *x = *(struct json_object *const *)a;
	struct json_object *y = *(struct json_object *const *)b;
	static const char *const keys[] = { "operation", "time", "manager",
		"subresource" };
	int order = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && !order; i++)
		order = strcmp(tree_str(x, keys[i], NULL), tree_str(y, keys[i], NULL));
	return order;
}

/* Takes over the list. */
static void set_list(struct json_object *obj, struct json_object *list)
{
	json_object_array_sort(list, by_age);
	json_object_object_add(tree_child(obj, "metadata"), "managedFields", list);
}

/*
 * The list with each set but the own one less `taken`, and all less `gone`. Entries
 * without fields drop out. *own gets the own set, not listed, and *entry its old entry.
 */
static struct json_object *others(struct json_object *list, const struct manager *by,
    const char *operation, struct json_object *taken, struct json_object *gone,
    struct json_object **entry)
{
	struct json_object *out = json_object_new_array();
	size_t n = list ? json_object_array_length(list) : 0;

	*entry = NULL;
	for (size_t i = 0; i < n; i++) {
		struct json_object *e = json_object_array_get_idx(list, i), *left, *copy;

		if (is_entry_of(e, by, operation)) {
			*entry = e;
			continue;
		}
		left = fields_minus(tree_get(e, "fieldsV1", NULL), taken);
		copy = fields_minus(left, gone);
		json_object_put(left);
		if (!copy)
			continue;
		left = copy;
		copy = tree_copy(e);
		json_object_object_add(copy, "fieldsV1", left);
		json_object_array_add(out, copy);
	}
	return out;
}

/* Adds the own entry with this set (taken over), keeping the old time if nothing is new.
 */
static void add_own(struct json_object *list, const struct manager *by,
    const char *operation, struct json_object *set, struct json_object *old, bool touched)
{
	struct json_object *entry;

	if (!set)
		return;
	entry = entry_new(by, operation, set);
	if (!touched && old && json_object_equal(tree_get(old, "fieldsV1", NULL), set))
		tree_set(entry, "time", tree_str(old, "time", NULL));
	json_object_array_add(list, entry);
}

void managed_update(
    const struct manager *by, struct json_object *old, struct json_object *now)
{
	struct json_object *changed = fields_changed(old, now, by->res->custom);
	struct json_object *gone = fields_gone(old, now);
	struct json_object *base = list_of(now) ? list_of(now) : list_of(old);
	struct json_object *entry, *list, *sum, *own;

	list = others(base, by, "Update", changed, gone, &entry);
	sum = fields_plus(tree_get(entry, "fieldsV1", NULL), changed);
	own = fields_minus(sum, gone);
	add_own(list, by, "Update", own, entry, changed != NULL);
	set_list(now, list);
	json_object_put(sum);
	json_object_put(changed);
	json_object_put(gone);
}

/* A manager as conflicts name it. */
static char *manager_text(struct json_object *entry)
{
	const char *sub = tree_str(entry, "subresource", NULL);
	struct buf out = { 0 };

	buf_fmt(&out, "\"%s\"", tree_str(entry, "manager", NULL));
	if (*sub)
		buf_fmt(&out, " with subresource \"%s\"", sub);
	if (!strcmp(tree_str(entry, "operation", NULL), "Update"))
		buf_fmt(&out, " using %s", tree_str(entry, "apiVersion", NULL));
	buf_cstr(&out);
	return out.base;
}

struct conflicts {
	struct json_object *causes; /* for the Status */
	struct buf lines;	    /* the long form of the message */
	char *single;		    /* the short form, right when there is only one */
};

static void add_conflicts(
    struct conflicts *c, struct json_object *entry, struct json_object *set)
{
	struct json_object *paths = json_object_new_array(), *cause;
	char *who = manager_text(entry), *message = xfmt("conflict with %s", who);

	fields_paths(set, paths);
	buf_fmt(&c->lines, "%sconflicts with %s:", c->lines.len ? "\n" : "", who);
	for (size_t i = 0; i < json_object_array_length(paths); i++) {
		const char *path =
		    json_object_get_string(json_object_array_get_idx(paths, i));

		cause = json_object_new_object();
		tree_set(cause, "reason", "FieldManagerConflict");
		tree_set(cause, "message", message);
		tree_set(cause, "field", path);
		json_object_array_add(c->causes, cause);
		buf_fmt(&c->lines, "\n- %s", path);
		free(c->single);
		c->single = xfmt("%s: %s", message, path);
	}
	free(message);
	free(who);
	json_object_put(paths);
}

/* NULL when the change touches nothing that others own. */
static struct json_object *find_conflicts(
    const struct manager *by, struct json_object *list, struct json_object *changed)
{
	struct conflicts c = { .causes = json_object_new_array() };
	struct json_object *st = NULL;
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *e = json_object_array_get_idx(list, i), *both;

		if (is_entry_of(e, by, "Apply"))
			continue;
		both = fields_both(tree_get(e, "fieldsV1", NULL), changed);
		if (both)
			add_conflicts(&c, e, both);
		json_object_put(both);
	}
	n = json_object_array_length(c.causes);
	if (n) {
		st = status_new(409, "Conflict", "Apply failed with %zu conflict%s: %s",
		    n, n > 1 ? "s" : "", n > 1 ? buf_cstr(&c.lines) : c.single);
		status_causes(st, json_object_get(c.causes));
	}
	json_object_put(c.causes);
	buf_free(&c.lines);
	free(c.single);
	return st;
}

static void merge_in(struct json_object *obj, struct json_object *body)
{
	json_object_object_foreach (body, key, v) {
		if (json_object_is_type(v, json_type_object))
			merge_in(tree_child(obj, key), v);
		else if (v)
			json_object_object_add(obj, key, json_object_get(v));
	}
}

/* What this manager applied before, leaves out now, and nobody else owns. */
static struct json_object *left_out(
    struct json_object *list, struct json_object *entry, struct json_object *applied)
{
	struct json_object *set =
	    fields_minus(tree_get(entry, "fieldsV1", NULL), applied);
	size_t n = set ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *e = json_object_array_get_idx(list, i);
		struct json_object *less =
		    fields_minus(set, tree_get(e, "fieldsV1", NULL));

		json_object_put(set);
		set = less;
	}
	return set;
}

/* The list to start from. An object that nobody is on record for belongs to one made up.
 */
static struct json_object *list_before(const struct manager *by, struct json_object *live)
{
	struct manager unknown = { by->res, "before-first-apply", "" };
	struct json_object *list = json_object_get(list_of(live)), *set;

	if (!live || (list && json_object_array_length(list)))
		return list;
	json_object_put(list);
	list = json_object_new_array();
	set = fields_of(live);
	if (set)
		json_object_array_add(list, entry_new(&unknown, "Update", set));
	return list;
}

struct json_object *managed_apply(const struct manager *by, struct json_object *live,
    struct json_object *body, bool force, struct json_object **out)
{
	struct json_object *merged = live ? tree_copy(live) : json_object_new_object();
	struct json_object *applied = fields_of(body), *before = list_before(by, live);
	struct json_object *changed, *drop, *entry, *list, *st;

	merge_in(merged, body);
	changed = fields_changed(live, merged, by->res->custom);
	st = force ? NULL : find_conflicts(by, before, changed);
	if (!st) {
		list = others(before, by, "Apply", changed, NULL, &entry);
		drop = left_out(list, entry, applied);
		fields_delete(merged, drop);
		add_own(
		    list, by, "Apply", json_object_get(applied), entry, changed || drop);
		set_list(merged, list);
		json_object_put(drop);
		*out = json_object_get(merged);
	}
	json_object_put(merged);
	json_object_put(applied);
	json_object_put(before);
	json_object_put(changed);
	return st;
}

static struct json_object *without_times(struct json_object *obj)
{
	struct json_object *copy = tree_copy(obj), *list = list_of(copy);
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++)
		json_object_object_del(json_object_array_get_idx(list, i), "time");
	if (n == 0 && tree_get(copy, "metadata", NULL))
		json_object_object_del(tree_get(copy, "metadata", NULL), "managedFields");
	return copy;
}

bool managed_differs(struct json_object *a, struct json_object *b)
{
	struct json_object *x = without_times(a), *y = without_times(b);
	bool differ = !json_object_equal(x, y);

	json_object_put(x);
	json_object_put(y);
	return differ;
}
