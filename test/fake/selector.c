/* SPDX-License-Identifier: MIT */
/* selector: label and field conditions, matched on the object. */
#include "test/fake/selector.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/tree.h"

/* What can be selected by beside name and namespace, and what an absent value counts as.
 */
static const struct {
	const char *plural, *path, *absent;
} fields[] = {
	{ "pods", "spec.nodeName", "" },
	{ "pods", "spec.restartPolicy", "" },
	{ "pods", "spec.serviceAccountName", "" },
	{ "pods", "status.phase", "" },
	{ "pods", "status.podIP", "" },
	{ "nodes", "spec.unschedulable", "false" },
	{ "namespaces", "status.phase", "" },
	{ "secrets", "type", "" },
	{ "services", "spec.clusterIP", "" },
	{ "services", "spec.type", "" },
	{ "events", "type", "" },
	{ "events", "reason", "" },
	{ "events", "involvedObject.kind", "" },
	{ "events", "involvedObject.name", "" },
	{ "events", "involvedObject.namespace", "" },
	{ "events", "involvedObject.uid", "" },
};

/* The text for an absent value of a field; NULL when it cannot be selected by. */
static const char *known_field(const struct resource *res, const char *path)
{
	if (!strcmp(path, "metadata.name") ||
	    (!strcmp(path, "metadata.namespace") && res->namespaced))
		return "";
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!strcmp(res->plural, fields[i].plural) &&
		    !strcmp(path, fields[i].path))
			return fields[i].absent;
	return NULL;
}

/* Custom resources and built-in ones word it differently. */
static struct json_object *unknown_field(const struct resource *res, const char *path)
{
	if (res->custom)
		return status_bad_request("\"%s\" is not a known field selector: only "
					  "\"metadata.name\", \"metadata.namespace\"",
		    path);
	return status_bad_request("field label not supported: %s", path);
}

/* One condition: key, !key, key=value, key==value, key!=value. Splits `text` in place. */
static struct json_object *add_term(struct selector *sel, char *text, bool label)
{
	char *eq = strchr(text, '=');
	struct term t = { .label = label, .absent = "\n" };

	if (sel->nterms == SELECTOR_TERMS || strpbrk(text, " ()<>"))
		return status_bad_request("unable to parse requirement: %s", text);
	if (*text == '!') {
		t.negate = true;
		text++;
	} else if (eq) {
		t.negate = eq > text && eq[-1] == '!';
		t.value = xstrdup(eq + 1 + (eq[1] == '='));
		eq[t.negate ? -1 : 0] = '\0';
	}
	t.path = xstrdup(text);
	sel->terms[sel->nterms++] = t;
	if (label)
		return NULL;
	sel->terms[sel->nterms - 1].absent = known_field(sel->res, t.path);
	if (!t.value || !known_field(sel->res, t.path))
		return unknown_field(sel->res, t.path);
	return NULL;
}

static struct json_object *add_terms(struct selector *sel, const char *list, bool label)
{
	char *copy = xstrdup(list ? list : ""), *at = copy, *part;
	struct json_object *st = NULL;

	while (!st && (part = strsep(&at, ",")))
		if (*part)
			st = add_term(sel, part, label);
	free(copy);
	return st;
}

struct json_object *selector_read(struct selector *sel, const struct call *call)
{
	struct json_object *st;

	*sel = (struct selector){ .res = call->res };
	if (*call->ns)
		sel->ns = xstrdup(call->ns);
	if (*call->name)
		sel->name = xstrdup(call->name);
	st = add_terms(sel, http_param(call->req, "labelSelector"), true);
	return st ? st : add_terms(sel, http_param(call->req, "fieldSelector"), false);
}

void selector_free(struct selector *sel)
{
	for (int i = 0; i < sel->nterms; i++) {
		free(sel->terms[i].path);
		free(sel->terms[i].value);
	}
	free(sel->ns);
	free(sel->name);
	*sel = (struct selector){ 0 };
}

static struct json_object *field(struct json_object *obj, const char *path)
{
	while (obj && *path) {
		size_t n = strcspn(path, ".");
		char *key = strndup(path, n);

		obj = tree_get(obj, key, NULL);
		free(key);
		path += n + (path[n] == '.');
	}
	return obj;
}

static bool term_holds(const struct term *t, struct json_object *obj)
{
	struct json_object *v;

	if (t->label)
		v = tree_get(obj, "metadata", "labels", t->path, NULL);
	else
		v = field(obj, t->path);
	if (!t->value)
		return (v != NULL) != t->negate;
	return !strcmp(v ? json_object_get_string(v) : t->absent, t->value) != t->negate;
}

bool selector_takes(const struct selector *sel, const struct version *v)
{
	const char *slash = strchr(v->key, '/');
	size_t ns = (size_t)(slash - v->key);
	struct json_object *obj;
	bool holds = true;

	if (v->res != sel->res)
		return false;
	if (sel->ns && (strlen(sel->ns) != ns || memcmp(sel->ns, v->key, ns)))
		return false;
	if (sel->name && strcmp(sel->name, slash + 1))
		return false;
	if (!sel->nterms)
		return true;
	obj = store_object(v);
	for (int i = 0; i < sel->nterms && holds; i++)
		holds = term_holds(&sel->terms[i], obj);
	json_object_put(obj);
	return holds;
}

bool selector_picks(const struct selector *sel)
{
	return sel->nterms > 0 || sel->name;
}
