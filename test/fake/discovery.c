/* SPDX-License-Identifier: MIT */
/* discovery: the resource table in the forms clients ask for: classic lists, or v2. */
#include "test/fake/discovery.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/tree.h"

#define VERSIONS_MAX 8
#define V2 "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

static struct json_object *words(const char *list)
{
	struct json_object *out = json_object_new_array();

	while (*list) {
		size_t n = strcspn(list, " ");

		json_object_array_add(out, json_object_new_string_len(list, (int)n));
		list += n + (list[n] == ' ');
	}
	return out;
}

static struct json_object *verbs(void)
{
	return words("create delete get list patch update watch");
}

/* Is this the first served row of its group? Then the group is listed here. */
static bool opens_group(const struct resource *res)
{
	if (!resource_served(res))
		return false;
	for (const struct resource *r = resources; r < res; r++)
		if (!strcmp(r->group, res->group))
			return false;
	return true;
}

/* How a version ranks: v2 before v1, both before v2beta1, that before v1alpha1. */
static long rank(const char *version)
{
	char *end;
	long major = *version == 'v' ? strtol(version + 1, &end, 10) : 0;
	long stage = 2, minor = 0;

	if (!major)
		return 0;
	if (!strncmp(end, "beta", 4) || !strncmp(end, "alpha", 5)) {
		stage = *end == 'b' ? 1 : 0;
		minor = strtol(end + (stage ? 4 : 5), NULL, 10);
	}
	return (stage * 1000 + major) * 1000 + minor;
}

/* One served row for each version of a group, the preferred version first. */
static size_t versions_of(const char *group, const struct resource *out[VERSIONS_MAX])
{
	size_t n = 0, at;

	for (size_t i = 0; i < resource_count && n < VERSIONS_MAX; i++) {
		const struct resource *res = &resources[i];

		if (!resource_served(res) || strcmp(res->group, group))
			continue;
		for (at = 0; at < n && strcmp(out[at]->version, res->version); at++)
			;
		if (at < n)
			continue;
		for (at = n++; at && rank(out[at - 1]->version) < rank(res->version);
		     at--)
			out[at] = out[at - 1];
		out[at] = res;
	}
	return n;
}

static bool same_version(const struct resource *a, const struct resource *b)
{
	return resource_served(a) && !strcmp(a->group, b->group) &&
	       !strcmp(a->version, b->version);
}

static struct json_object *response_kind(const struct resource *res)
{
	struct json_object *kind = json_object_new_object();

	tree_set(kind, "group", res->custom ? res->group : "");
	tree_set(kind, "version", res->custom ? res->version : "");
	tree_set(kind, "kind", res->kind);
	return kind;
}

static struct json_object *v2_resource(const struct resource *res)
{
	struct json_object *row = json_object_new_object(), *subs, *status;

	tree_set(row, "resource", res->plural);
	json_object_object_add(row, "responseKind", response_kind(res));
	tree_set(row, "scope", res->namespaced ? "Namespaced" : "Cluster");
	tree_set(row, "singularResource", res->singular);
	json_object_object_add(row, "verbs", verbs());
	if (res->short_name)
		json_object_object_add(row, "shortNames", words(res->short_name));
	if (!res->has_status)
		return row;
	status = json_object_new_object();
	tree_set(status, "subresource", "status");
	json_object_object_add(status, "responseKind", response_kind(res));
	json_object_object_add(status, "verbs", words("get patch update"));
	subs = json_object_new_array();
	json_object_array_add(subs, status);
	json_object_object_add(row, "subresources", subs);
	return row;
}

static struct json_object *v2_version(const struct resource *first)
{
	struct json_object *version = json_object_new_object();
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < resource_count; i++)
		if (same_version(&resources[i], first))
			json_object_array_add(rows, v2_resource(&resources[i]));
	tree_set(version, "version", first->version);
	json_object_object_add(version, "resources", rows);
	tree_set(version, "freshness", "Current");
	return version;
}

static struct json_object *v2_group(const char *name)
{
	struct json_object *group = json_object_new_object();
	struct json_object *versions = json_object_new_array();
	struct json_object *meta = tree_child(group, "metadata");
	const struct resource *all[VERSIONS_MAX];
	size_t n = versions_of(name, all);

	if (*name)
		tree_set(meta, "name", name);
	for (size_t i = 0; i < n; i++)
		json_object_array_add(versions, v2_version(all[i]));
	json_object_object_add(group, "versions", versions);
	return group;
}

static struct json_object *v2_list(bool core)
{
	struct json_object *list = json_object_new_object();
	struct json_object *items = json_object_new_array();

	tree_set(list, "kind", "APIGroupDiscoveryList");
	tree_set(list, "apiVersion", "apidiscovery.k8s.io/v2");
	json_object_object_add(list, "metadata", json_object_new_object());
	for (size_t i = 0; i < resource_count; i++)
		if (opens_group(&resources[i]) && !*resources[i].group == core)
			json_object_array_add(items, v2_group(resources[i].group));
	json_object_object_add(list, "items", items);
	return list;
}

static struct json_object *group_version(const struct resource *res)
{
	struct json_object *v = json_object_new_object();
	char *both = resource_api_version(res);

	tree_set(v, "groupVersion", both);
	tree_set(v, "version", res->version);
	free(both);
	return v;
}

static struct json_object *group(const char *name)
{
	struct json_object *g = json_object_new_object();
	struct json_object *versions = json_object_new_array();
	const struct resource *all[VERSIONS_MAX];
	size_t n = versions_of(name, all);

	tree_set(g, "name", name);
	for (size_t i = 0; i < n; i++)
		json_object_array_add(versions, group_version(all[i]));
	json_object_object_add(g, "versions", versions);
	json_object_object_add(g, "preferredVersion", group_version(all[0]));
	return g;
}

static struct json_object *group_list(void)
{
	struct json_object *list = json_object_new_object();
	struct json_object *groups = json_object_new_array();

	tree_set(list, "kind", "APIGroupList");
	tree_set(list, "apiVersion", "v1");
	for (size_t i = 0; i < resource_count; i++)
		if (opens_group(&resources[i]) && *resources[i].group)
			json_object_array_add(groups, group(resources[i].group));
	json_object_object_add(list, "groups", groups);
	return list;
}

static struct json_object *core_versions(void)
{
	struct json_object *list = json_object_new_object();

	tree_set(list, "kind", "APIVersions");
	json_object_object_add(list, "versions", words("v1"));
	return list;
}

static struct json_object *resource_row(const struct resource *res, const char *sub)
{
	struct json_object *row = json_object_new_object();
	char *name = xfmt("%s%s", res->plural, sub);

	tree_set(row, "name", name);
	tree_set(row, "singularName", *sub ? "" : res->singular);
	json_object_object_add(
	    row, "namespaced", json_object_new_boolean(res->namespaced));
	tree_set(row, "kind", res->kind);
	json_object_object_add(row, "verbs", *sub ? words("get patch update") : verbs());
	if (!*sub && res->short_name)
		json_object_object_add(row, "shortNames", words(res->short_name));
	free(name);
	return row;
}

static struct json_object *eviction_row(void)
{
	struct json_object *row = json_object_new_object();

	tree_set(row, "name", "pods/eviction");
	tree_set(row, "singularName", "");
	json_object_object_add(row, "namespaced", json_object_new_boolean(true));
	tree_set(row, "group", "policy");
	tree_set(row, "version", "v1");
	tree_set(row, "kind", "Eviction");
	json_object_object_add(row, "verbs", words("create"));
	return row;
}

static struct json_object *resource_list(const struct resource *first)
{
	struct json_object *list = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	char *version = resource_api_version(first);

	tree_set(list, "kind", "APIResourceList");
	tree_set(list, "apiVersion", "v1");
	tree_set(list, "groupVersion", version);
	free(version);
	for (size_t i = 0; i < resource_count; i++) {
		if (!same_version(&resources[i], first))
			continue;
		json_object_array_add(rows, resource_row(&resources[i], ""));
		if (!strcmp(resources[i].plural, "pods"))
			json_object_array_add(rows, eviction_row());
		if (resources[i].has_status)
			json_object_array_add(
			    rows, resource_row(&resources[i], "/status"));
	}
	json_object_object_add(list, "resources", rows);
	return list;
}

static struct json_object *root(void)
{
	struct json_object *list = json_object_new_object();

	json_object_object_add(
	    list, "paths", words("/api /apis /fake /healthz /livez /readyz /version"));
	return list;
}

/* The list for /api/V, /apis/G or /apis/G/V, or NULL. */
static struct json_object *below(const char *path)
{
	for (size_t i = 0; i < resource_count; i++) {
		const struct resource *res = &resources[i];
		bool core = !*res->group;
		char *at = xfmt("%s%s", core ? "/api" : "/apis/", res->group);
		char *full = xfmt("%s/%s", at, res->version);
		bool is_group = !core && !strcmp(path, at), is_full = !strcmp(path, full);
		struct json_object *g;

		free(at);
		free(full);
		if (!resource_served(res) || (!is_group && !is_full))
			continue;
		if (is_full)
			return resource_list(res);
		g = group(res->group);
		tree_set(g, "kind", "APIGroup");
		tree_set(g, "apiVersion", "v1");
		return g;
	}
	return NULL;
}

bool discovery(struct conn *c, const struct request *req)
{
	bool v2 = strstr(http_header(req, "accept"), "as=APIGroupDiscoveryList") &&
		  strstr(http_header(req, "accept"), "v=v2;");
	bool core = !strcmp(req->path, "/api"), groups = !strcmp(req->path, "/apis");
	struct json_object *obj = NULL;
	struct buf text = { 0 };

	if (strcmp(req->method, "GET"))
		return false;
	if (!strcmp(req->path, "/"))
		obj = root();
	else if ((core || groups) && v2)
		obj = v2_list(core);
	else if (core || groups)
		obj = core ? core_versions() : group_list();
	else
		obj = below(req->path);
	if (!obj)
		return false;
	tree_write(&text, obj, false, true);
	conn_answer(c, 200, (core || groups) && v2 ? V2 : "application/json", NULL,
	    buf_data(&text), text.len);
	buf_free(&text);
	json_object_put(obj);
	return true;
}
