/* SPDX-License-Identifier: MIT */
/*
 * request: one row per kind of write.
 *
 * The server reads an apply's body as YAML 1.1, whose strings know no "\/": so whatever
 * the author of a body wrote, it is printed anew, without them.
 */
#include "daemon/kube/request.h"

#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"

#define JSON_DEPTH 64

static const struct row {
	const char *verb, *method, *content_type, *query;
} rows[] = {
	[KUBE_APPLY] = { "apply", "PATCH", "application/apply-patch+yaml",
	    "?fieldManager=" MARK_MANAGER "&force=true" },
	[KUBE_MERGE] = { "patch", "PATCH", "application/merge-patch+json",
	    "?fieldManager=" MARK_MANAGER },
	[KUBE_CREATE] = { "create", "POST", "application/json",
	    "?fieldManager=" MARK_MANAGER },
	[KUBE_DELETE] = { "delete", "DELETE", "application/json", "" },
};

const char *kube_write_verb(const struct kube_write *w)
{
	return rows[w->what].verb;
}

/* With the uid not another object is deleted that has taken the name meanwhile. */
static struct json_object *delete_options(const char *uid)
{
	struct json_object *options = json_object_new_object();

	json_put_string(options, "apiVersion", "v1");
	json_put_string(options, "kind", "DeleteOptions");
	if (uid) {
		struct json_object *preconditions = json_object_new_object();

		json_put_string(preconditions, "uid", uid);
		json_put(options, "preconditions", preconditions);
	}
	return options;
}

int request_of_write(
    struct arena *a, const struct kube_write *w, struct http_call *call, struct error *e)
{
	const struct row *row = &rows[w->what];
	autojson struct json_object *body =
	    w->what == KUBE_DELETE ? delete_options(w->uid)
				   : json_parse(w->body, strlen(w->body), JSON_DEPTH, e);

	if (!body)
		return -1;
	call->method = row->method;
	call->content_type = row->content_type;
	call->path = arena_printf(a, "%s%s%s%s", w->path, row->query,
	    w->dry_run ? *row->query ? "&" : "?" : "", w->dry_run ? "dryRun=All" : "");
	call->body = arena_copy(a, json_text(body));
	return 0;
}
