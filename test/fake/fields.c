/* SPDX-License-Identifier: MIT */
/* fields: building sets from values, and their arithmetic. */
#include "test/fake/fields.h"

#include <stdlib.h>
#include <string.h>

static bool is_map(struct json_object *v)
{
	return json_object_is_type(v, json_type_object);
}

static void add_child(struct json_object *set, const char *key, struct json_object *child)
{
	char *name = xfmt("f:%s", key);

	json_object_object_add(set, name, child);
	free(name);
}

/* NULL for a set that came out empty, else the set. */
static struct json_object *some(struct json_object *set)
{
	if (json_object_object_length(set))
		return set;
	json_object_put(set);
	return NULL;
}

/* The object without what identifies it and what only the server writes. */
static struct json_object *owned_part(struct json_object *obj)
{
	static const char *const skip[] = { "name", "namespace", "uid", "resourceVersion",
		"generation", "creationTimestamp", "managedFields", "selfLink",
		"deletionTimestamp", "generateName", NULL };
	struct json_object *copy = tree_copy(obj), *meta;

	if (!copy)
		return NULL;
	json_object_object_del(copy, "apiVersion");
	json_object_object_del(copy, "kind");
	meta = tree_get(copy, "metadata", NULL);
	for (const char *const *s = skip; meta && *s; s++)
		json_object_object_del(meta, *s);
	if (meta && !json_object_object_length(meta))
		json_object_object_del(copy, "metadata");
	return copy;
}

static struct json_object *leaves(struct json_object *v, bool dots)
{
	struct json_object *set = json_object_new_object();

	if (!is_map(v))
		return set;
	if (dots && json_object_object_length(v))
		json_object_object_add(set, ".", json_object_new_object());
	json_object_object_foreach (v, key, child)
		add_child(set, key, leaves(child, dots));
	return set;
}

struct json_object *fields_of(struct json_object *obj)
{
	struct json_object *part = owned_part(obj), *set = leaves(part, false);

	json_object_put(part);
	return some(set);
}

static struct json_object *changed(struct json_object *old, struct json_object *now)
{
	struct json_object *set = json_object_new_object();

	json_object_object_foreach (now, key, v) {
		struct json_object *was = tree_get(old, key, NULL), *sub;

		if (!json_object_object_get_ex(old, key, NULL))
			add_child(set, key, leaves(v, true));
		else if (is_map(v) && is_map(was) && (sub = changed(was, v)))
			add_child(set, key, sub);
		else if (!(is_map(v) && is_map(was)) && !json_object_equal(v, was))
			add_child(set, key, leaves(v, true));
	}
	return some(set);
}

struct json_object *fields_changed(
    struct json_object *old, struct json_object *now, bool custom)
{
	struct json_object *was = old ? owned_part(old) : json_object_new_object();
	struct json_object *is = owned_part(now), *set;

	tree_child(was, "metadata");
	if (!custom) {
		tree_child(was, "spec");
		tree_child(was, "status");
	}
	set = changed(was, is);
	json_object_put(was);
	json_object_put(is);
	return set;
}

static struct json_object *gone(struct json_object *old, struct json_object *now)
{
	struct json_object *set = json_object_new_object();

	json_object_object_foreach (old, key, v) {
		struct json_object *is = tree_get(now, key, NULL), *sub;

		if (!json_object_object_get_ex(now, key, NULL))
			add_child(set, key, leaves(v, true));
		else if (is_map(v) && (sub = gone(v, is_map(is) ? is : NULL)))
			add_child(set, key, sub);
	}
	return some(set);
}

struct json_object *fields_gone(struct json_object *old, struct json_object *now)
{
	struct json_object *was = owned_part(old), *is = owned_part(now), *set;

	if (!was)
		was = json_object_new_object();
	set = gone(was, is);
	json_object_put(was);
	json_object_put(is);
	return set;
}

static bool is_member(struct json_object *node)
{
	return is_map(node) && (!json_object_object_length(node) ||
				   json_object_object_get_ex(node, ".", NULL));
}

/* Closes a node: a member with children says so by "."; a node that holds nothing is
 * NULL. */
static struct json_object *close_node(struct json_object *node, bool member)
{
	if (json_object_object_length(node)) {
		if (member)
			json_object_object_add(node, ".", json_object_new_object());
		return node;
	}
	if (member)
		return node;
	json_object_put(node);
	return NULL;
}

/* For each of a's nodes: those of b take away, or keep. The root itself is never a
 * member. */
static struct json_object *combine(
    struct json_object *a, struct json_object *b, bool keep, bool root)
{
	struct json_object *out = json_object_new_object();

	if (!is_map(a))
		return close_node(out, false);
	json_object_object_foreach (a, key, child) {
		struct json_object *sub;

		if (!strcmp(key, "."))
			continue;
		sub = combine(child, tree_get(b, key, NULL), keep, false);
		if (sub)
			json_object_object_add(out, key, sub);
	}
	return close_node(out, !root && is_member(a) && is_member(b) == keep);
}

struct json_object *fields_minus(struct json_object *a, struct json_object *b)
{
	return combine(a, b, false, true);
}

struct json_object *fields_both(struct json_object *a, struct json_object *b)
{
	return combine(a, b, true, true);
}

static struct json_object *plus(struct json_object *a, struct json_object *b, bool root)
{
	struct json_object *out = json_object_new_object();

	if (is_map(a)) {
		json_object_object_foreach (a, key, child) {
			if (strcmp(key, "."))
				json_object_object_add(
				    out, key, plus(child, tree_get(b, key, NULL), false));
		}
	}
	if (is_map(b)) {
		json_object_object_foreach (b, key, child) {
			if (strcmp(key, ".") && !tree_get(a, key, NULL))
				json_object_object_add(
				    out, key, plus(child, NULL, false));
		}
	}
	return close_node(out, !root && (is_member(a) || is_member(b)));
}

struct json_object *fields_plus(struct json_object *a, struct json_object *b)
{
	return plus(a, b, true);
}

static void paths(struct json_object *node, const char *path, struct json_object *array)
{
	if (*path && is_member(node))
		json_object_array_add(array, json_object_new_string(path));
	json_object_object_foreach (node, key, child) {
		char *below;

		if (!strcmp(key, "."))
			continue;
		below = xfmt("%s.%s", path, key + 2);
		paths(child, below, array);
		free(below);
	}
}

void fields_paths(struct json_object *set, struct json_object *array)
{
	if (set)
		paths(set, "", array);
}

void fields_delete(struct json_object *obj, struct json_object *set)
{
	if (!set || !is_map(obj))
		return;
	json_object_object_foreach (set, key, child) {
		struct json_object *v;

		if (!strcmp(key, "."))
			continue;
		v = tree_get(obj, key + 2, NULL);
		if (json_object_object_length(child) && is_map(v)) {
			fields_delete(v, child);
			if (!json_object_object_length(v))
				json_object_object_del(obj, key + 2);
		} else if (!json_object_object_length(child)) {
			json_object_object_del(obj, key + 2);
		}
	}
}
