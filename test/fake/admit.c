/* SPDX-License-Identifier: MIT */
/* admit: webhooks that are down; MetalLB's rules, judged against the pools there are. */
#include "test/fake/admit.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/range.h"
#include "test/fake/tree.h"

/* Takes over `why`. */
static struct json_object *deny(const struct resource *res, char *why)
{
	struct json_object *st = status_new(403, "Forbidden",
	    "admission webhook \"%svalidationwebhook.metallb.io\" denied the request: %s",
	    res->singular, why);

	free(why);
	return st;
}

static const char *entry(struct json_object *list, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(list, i));
}

/* The overlap of one range with those of a list, from index 0 up to n; NULL when none. */
static char *overlap(
    const char *text, const char *pool, struct json_object *list, size_t n)
{
	struct range r, other;

	if (!range_read(text, &r))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (range_read(entry(list, i), &other) && ranges_overlap(&r, &other))
			return xfmt(
			    "CIDR \"%s\" in pool \"%s\" overlaps with already defined "
			    "CIDR \"%s\"",
			    text, pool, entry(list, i));
	return NULL;
}

static char *judge_alone(const char *pool, struct json_object *list)
{
	size_t n = json_object_array_length(list);
	struct range r;
	char *why = NULL;

	if (!n)
		return xfmt(
		    "parsing address pool %s: pool has no prefixes defined", pool);
	for (size_t i = 0; i < n && !why; i++) {
		if (!range_read(entry(list, i), &r))
			why = xfmt("parsing address pool %s: invalid CIDR \"%s\" in pool "
				   "\"%s\"",
			    pool, entry(list, i), pool);
		else
			why = overlap(entry(list, i), pool, list, i);
	}
	return why;
}

static char *judge_against(
    const char *pool, struct json_object *list, const struct version *other)
{
	struct json_object *obj = store_object(other);
	struct json_object *theirs = tree_get(obj, "spec", "addresses", NULL);
	size_t n = json_object_array_length(list);
	char *why = NULL;

	for (size_t i = 0; i < n && !why && theirs; i++)
		why = overlap(
		    entry(list, i), pool, theirs, json_object_array_length(theirs));
	json_object_put(obj);
	return why;
}

/* MetalLB knows only the pools of its own namespace. */
static bool is_beside(const struct version *pool, const char *ns)
{
	size_t n = strlen(ns);

	return !strncmp(pool->key, ns, n) && pool->key[n] == '/';
}

static char *judge_pool(const struct call *call, struct json_object *obj)
{
	struct store *s = call->fake->store;
	struct json_object *list = tree_get(obj, "spec", "addresses", NULL);
	char *why = judge_alone(call->name, list);
	struct version *self = store_find(s, call->res, call->ns, call->name), **all;
	size_t count;

	all = store_at(s, call->res, store_rv(s), &count);
	for (size_t i = 0; i < count && !why; i++)
		if (all[i] != self && is_beside(all[i], call->ns))
			why = judge_against(call->name, list, all[i]);
	store_release(all, count);
	return why;
}

/* Where MetalLB runs: where its webhook is, as far as there is one. Allocated. */
static char *metallb_namespace(const struct call *call)
{
	const struct resource *res = resource_by_name("validatingwebhookconfigurations");
	struct version *v =
	    store_find(call->fake->store, res, "", "metallb-webhook-configuration");
	struct json_object *obj = v ? store_object(v) : NULL, *list, *first;
	const char *space;
	char *found;

	list = obj ? tree_get(obj, "webhooks", NULL) : NULL;
	first = list ? json_object_array_get_idx(list, 0) : NULL;
	space =
	    first ? tree_str(first, "clientConfig", "service", "namespace", NULL) : NULL;
	found = xstrdup(space ? space : METALLB_NAMESPACE);
	json_object_put(obj);
	return found;
}

/* Where the webhook of a resource cannot be reached, no write that it judges gets by. */
static struct json_object *webhook_down(const struct call *call)
{
	char *full = resource_full_name(call->res), *why;
	struct json_object *name = tree_get(call->fake->webhooks, full, NULL), *st;

	free(full);
	if (!name)
		return NULL;
	why = xfmt("failed calling webhook \"%s\": failed to call webhook: connection "
		   "refused",
	    json_object_get_string(name));
	st = status_new(500, "InternalError", "Internal error occurred: %s", why);
	status_cause(st, NULL, why, NULL);
	free(why);
	return st;
}

struct json_object *admit(const struct call *call, struct json_object *obj, bool create)
{
	struct json_object *st = webhook_down(call);
	char *why = NULL, *space;

	if (st)
		return st;
	if (strcmp(call->res->group, "metallb.io"))
		return NULL;
	space = metallb_namespace(call);
	if (create && strcmp(call->ns, space))
		why = xfmt("resource must be created in %s namespace", space);
	else if (!strcmp(call->res->plural, "ipaddresspools"))
		why = judge_pool(call, obj);
	free(space);
	return why ? deny(call->res, why) : NULL;
}
