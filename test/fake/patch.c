/* SPDX-License-Identifier: MIT */
/* patch: walking JSON pointers and changing what they point at. */
#include "test/fake/patch.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"

#define OPS_MAX 10000

/* The next part of a pointer, unescaped; *at moves on. NULL at the end. Allocated. */
static char *part(const char **at)
{
	size_t n;
	char *out, *to;

	if (**at != '/')
		return NULL;
	++*at;
	n = strcspn(*at, "/");
	out = to = xalloc(n + 1);
	for (size_t i = 0; i < n; i++) {
		char c = (*at)[i];

		if (c == '~' && i + 1 < n)
			c = (*at)[++i] == '1' ? '/' : '~';
		*to++ = c;
	}
	*at += n;
	return out;
}

static struct json_object *step(struct json_object *v, const char *key)
{
	char *end;
	size_t i;

	if (!json_object_is_type(v, json_type_array))
		return tree_get(v, key, NULL);
	i = strtoul(key, &end, 10);
	return *end ? NULL : json_object_array_get_idx(v, i);
}

/* Walks to the parent of what the pointer names; *last is its key there, allocated. */
static struct json_object *parent(
    struct json_object *obj, const char *pointer, char **last)
{
	char *key = part(&pointer), *next;

	while (key && (next = part(&pointer))) {
		obj = step(obj, key);
		free(key);
		key = next;
	}
	*last = key;
	return key ? obj : NULL;
}

static bool add_item(struct json_object *list, const char *key, struct json_object *v)
{
	size_t n = json_object_array_length(list), at;
	char *end;

	at = strcmp(key, "-") ? strtoul(key, &end, 10) : n;
	if (at > n)
		return false;
	json_object_array_add(list, json_object_get(v));
	for (size_t i = n; i > at; i--) {
		struct json_object *before = json_object_array_get_idx(list, i - 1);

		json_object_array_put_idx(list, i, json_object_get(before));
	}
	json_object_array_put_idx(list, at, json_object_get(v));
	return true;
}

static bool change(
    struct json_object *in, const char *key, const char *op, struct json_object *v)
{
	bool list = json_object_is_type(in, json_type_array);
	struct json_object *old = step(in, key);

	if (!list && !json_object_is_type(in, json_type_object))
		return false;
	if (!strcmp(op, "test"))
		return json_object_equal(old, v);
	if (!strcmp(op, "add") && list)
		return add_item(in, key, v);
	if (strcmp(op, "add") && !old)
		return false;
	if (!strcmp(op, "remove")) {
		if (list)
			json_object_array_del_idx(in, strtoul(key, NULL, 10), 1);
		else
			json_object_object_del(in, key);
		return true;
	}
	if (strcmp(op, "add") && strcmp(op, "replace"))
		return false;
	if (list)
		json_object_array_put_idx(in, strtoul(key, NULL, 10), json_object_get(v));
	else
		json_object_object_add(in, key, json_object_get(v));
	return true;
}

struct json_object *patch_apply(struct json_object *obj, struct json_object *patch)
{
	size_t n;

	if (!json_object_is_type(patch, json_type_array))
		return status_bad_request("a JSON patch is a list of operations");
	n = json_object_array_length(patch);
	if (n > OPS_MAX)
		return status_new(413, "RequestEntityTooLarge",
		    "the allowed maximum operations in a JSON patch is %d, got %zu",
		    OPS_MAX, n);
	for (size_t i = 0; i < n; i++) {
		struct json_object *op = json_object_array_get_idx(patch, i), *in;
		const char *path = tree_str(op, "path", NULL);
		char *last;
		bool ok;

		in = parent(obj, path, &last);
		ok = last && change(in, last, tree_str(op, "op", NULL),
				 tree_get(op, "value", NULL));
		free(last);
		if (!ok)
			return status_new(422, "Invalid",
			    "the server rejected our request due to an error in our "
			    "request: "
			    "operation %zu on %s",
			    i, path);
	}
	return NULL;
}
