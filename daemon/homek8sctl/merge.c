/* SPDX-License-Identifier: MIT */
/* merge: objects kept by their names. */
#include "daemon/homek8sctl/merge.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/model/kind.h"

void merge_done(struct merge *m)
{
	json_object_put(m->objects);
	m->objects = NULL;
}

/* Kinds this program does not know come last. */
static size_t rank(const char *kind)
{
	size_t i = 0;

	while (i < kind_count && strcmp(kinds[i]->name, kind) != 0)
		i++;
	return i;
}

static const char *text_at(struct json_object *o, const char *key)
{
	const char *text = json_string_at(o, key);

	return text ? text : "";
}

static int compare(const void *a, const void *b)
{
	struct json_object *const *x = a, *const *y = b;
	size_t first = rank(text_at(*x, "kind")), second = rank(text_at(*y, "kind"));

	if (first != second)
		return first < second ? -1 : 1;
	return strcmp(text_at(*x, "name"), text_at(*y, "name"));
}

static void keep(struct merge *m, struct json_object *objects)
{
	for (size_t i = 0; i < json_count(objects); i++) {
		struct json_object *object = json_item(objects, i);
		autofree char *key = must_printf(
		    "%s/%s", text_at(object, "kind"), text_at(object, "name"));

		json_put(m->objects, key, json_object_get(object));
	}
}

void merge_reply(struct merge *m, struct json_object *reply)
{
	struct json_object *removed, *all;

	if (!json_object_object_get_ex(reply, "removed", &removed)) {
		merge_done(m);
		m->objects = json_object_new_object();
		keep(m, json_at(reply, "objects"));
		return;
	}
	for (size_t i = 0; m->objects && i < json_count(removed); i++)
		json_object_object_del(
		    m->objects, json_object_get_string(json_item(removed, i)));
	if (!m->objects)
		m->objects = json_object_new_object();
	keep(m, json_at(reply, "objects"));
	all = json_object_new_array();
	json_object_object_foreach (m->objects, key, object) {
		(void)key;
		json_push(all, json_object_get(object));
	}
	json_object_array_sort(all, compare);
	json_put(reply, "objects", all);
	json_object_object_del(reply, "removed");
}
