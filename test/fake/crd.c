/* SPDX-License-Identifier: MIT */
/* crd: from definitions to rows of the resource table. */
#include "test/fake/crd.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/managed.h"
#include "test/fake/tree.h"

bool is_crd(const struct resource *res)
{
	return !strcmp(res->plural, "customresourcedefinitions");
}

/* The version objects are kept in; NULL when there is none. */
static struct json_object *storage_version(struct json_object *crd)
{
	struct json_object *list = tree_get(crd, "spec", "versions", NULL);

	if (!json_object_is_type(list, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		if (json_object_get_boolean(tree_get(v, "storage", NULL)))
			return v;
	}
	return NULL;
}

struct json_object *crd_valid(
    const struct resource *res, const char *name, struct json_object *crd)
{
	struct json_object *spec = tree_get(crd, "spec", NULL);
	const char *group = tree_str(spec, "group", NULL);
	const char *plural = tree_str(spec, "names", "plural", NULL);
	const char *scope = tree_str(spec, "scope", NULL);
	char *full = xfmt("%s.%s", plural, group), *why;
	struct json_object *st = NULL;

	if (!*group) {
		st = status_invalid(
		    res, name, "FieldValueRequired", "spec.group", "Required value");
	} else if (!*tree_str(spec, "names", "kind", NULL)) {
		st = status_invalid(
		    res, name, "FieldValueRequired", "spec.names.kind", "Required value");
	} else if (strcmp(scope, "Namespaced") && strcmp(scope, "Cluster")) {
		st = status_invalid(
		    res, name, "FieldValueRequired", "spec.scope", "Required value");
	} else if (!storage_version(crd)) {
		st = status_invalid(res, name, "FieldValueInvalid", "spec.versions",
		    "Invalid value: must have exactly one version marked as storage "
		    "version");
	} else if (strcmp(full, name)) {
		why = xfmt("Invalid value: \"%s\": must be "
			   "spec.names.plural+\".\"+spec.group",
		    name);
		st = status_invalid(res, name, "FieldValueInvalid", "metadata.name", why);
		free(why);
	}
	free(full);
	return st;
}

static void add_condition(
    struct json_object *list, const char *type, const char *reason, const char *message)
{
	struct json_object *c = json_object_new_object();

	tree_set(c, "lastTransitionTime", time_now());
	tree_set(c, "message", message);
	tree_set(c, "reason", reason);
	tree_set(c, "status", "True");
	tree_set(c, "type", type);
	json_object_array_add(list, c);
}

void crd_establish(struct json_object *crd)
{
	struct json_object *status = tree_child(crd, "status"), *list, *stored;
	struct json_object *names = tree_get(crd, "spec", "names", NULL);
	const char *version = tree_str(storage_version(crd), "name", NULL);

	if (tree_get(status, "conditions", NULL))
		return;
	list = json_object_new_array();
	add_condition(list, "NamesAccepted", "NoConflicts", "no conflicts found");
	add_condition(list, "Established", "InitialNamesAccepted",
	    "the initial names have been accepted");
	json_object_object_add(status, "conditions", list);
	json_object_object_add(status, "acceptedNames", tree_copy(names));
	stored = json_object_new_array();
	json_object_array_add(stored, json_object_new_string(version));
	json_object_object_add(status, "storedVersions", stored);
}

void crd_serve(struct json_object *crd)
{
	struct json_object *spec = tree_get(crd, "spec", NULL), *names, *shorts, *version;
	struct resource row = { .custom = true, .has_generation = true };

	names = tree_get(spec, "names", NULL);
	shorts = tree_get(names, "shortNames", NULL);
	version = storage_version(crd);
	row.group = tree_str(spec, "group", NULL);
	row.version = tree_str(version, "name", NULL);
	row.plural = tree_str(names, "plural", NULL);
	row.kind = tree_str(names, "kind", NULL);
	row.singular = tree_str(names, "singular", NULL);
	if (json_object_is_type(shorts, json_type_array) &&
	    json_object_array_length(shorts))
		row.short_name =
		    json_object_get_string(json_object_array_get_idx(shorts, 0));
	row.namespaced = !strcmp(tree_str(spec, "scope", NULL), "Namespaced");
	row.has_status = tree_get(version, "subresources", "status", NULL) != NULL;
	resource_retire(row.group, row.plural);
	if (*row.version && *row.plural && !resource_declare(&row))
		fprintf(stderr, "fake-apiserver: too many resources\n");
}

void crd_retire(struct json_object *crd)
{
	struct json_object *spec = tree_get(crd, "spec", NULL);

	resource_retire(
	    tree_str(spec, "group", NULL), tree_str(spec, "names", "plural", NULL));
}

void crd_empty(struct store *s, struct json_object *crd)
{
	const struct resource *res =
	    resource_by_name(tree_str(crd, "metadata", "name", NULL));
	struct version **all;
	size_t count;

	if (!res)
		return;
	all = store_at(s, res, store_rv(s), &count);
	for (size_t i = 0; i < count; i++)
		store_remove(s, all[i]);
	store_release(all, count);
}
