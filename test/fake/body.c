/* SPDX-License-Identifier: MIT */
/* body: reading JSON and YAML bodies, and judging what is common to all writes. */
#include "test/fake/body.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/tree.h"
#include "test/fake/yaml.h"

static bool type_is(const struct request *req, const char *type)
{
	const char *is = http_header(req, "content-type");
	size_t n = strlen(type);

	return !strncmp(is, type, n) && (!is[n] || is[n] == ';' || is[n] == ' ');
}

static struct json_object *unknown_type(const char *accepted)
{
	return status_new(415, "UnsupportedMediaType",
	    "the body of the request was in an unknown format - accepted media types "
	    "include: "
	    "%s",
	    accepted);
}

struct json_object *patch_kind(const struct request *req, enum body_kind *kind)
{
	if (type_is(req, "application/apply-patch+yaml"))
		*kind = BODY_APPLY;
	else if (type_is(req, "application/merge-patch+json") ||
		 type_is(req, "application/json"))
		*kind = BODY_MERGE;
	else if (type_is(req, "application/strategic-merge-patch+json"))
		*kind = BODY_STRATEGIC;
	else if (type_is(req, "application/json-patch+json"))
		*kind = BODY_JSON_PATCH;
	else
		return unknown_type(
		    "application/json-patch+json, "
		    "application/merge-patch+json, application/apply-patch+yaml");
	return NULL;
}

static struct json_object *read_yaml(const struct request *req, struct json_object **out)
{
	struct json_object *st = NULL;
	char *why;

	*out = yaml_read(buf_data(&req->body), req->body.len, &why);
	if (why)
		st = status_bad_request(
		    "error decoding YAML: error converting YAML to JSON: %s", why);
	free(why);
	return st;
}

static struct json_object *read_json(const struct request *req, struct json_object **out)
{
	const char *why;

	*out = tree_parse(buf_data(&req->body), req->body.len, &why);
	return why ? status_bad_request(
			 "couldn't get version/kind; json parse error: %s", why)
		   : NULL;
}

struct json_object *body_read(
    const struct request *req, enum body_kind kind, struct json_object **out)
{
	bool yaml = kind == BODY_APPLY || type_is(req, "application/yaml");
	struct json_object *st;

	*out = NULL;
	if (kind == BODY_OBJECT && !yaml && !type_is(req, "application/json") &&
	    *http_header(req, "content-type"))
		return unknown_type("application/json, application/yaml");
	st = yaml ? read_yaml(req, out) : read_json(req, out);
	if (!st && kind != BODY_JSON_PATCH &&
	    !json_object_is_type(*out, json_type_object))
		st = status_bad_request("the body of the request is not an object");
	if (st) {
		json_object_put(*out);
		*out = NULL;
	}
	return st;
}

static bool is_or_null(struct json_object *v, enum json_type type)
{
	return !v || json_object_is_type(v, type);
}

struct json_object *body_shape(struct json_object *obj)
{
	static const char *const maps[] = { "metadata", "spec", "status" };
	static const char *const parts[] = { "labels", "annotations" };
	struct json_object *meta = tree_get(obj, "metadata", NULL);
	struct json_object *managed = tree_get(meta, "managedFields", NULL);
	bool ok = json_object_is_type(obj, json_type_object) &&
		  is_or_null(managed, json_type_array);

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		ok = ok && is_or_null(tree_get(obj, maps[i], NULL), json_type_object);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		ok = ok && is_or_null(tree_get(meta, parts[i], NULL), json_type_object);
	for (size_t i = 0; ok && managed && i < json_object_array_length(managed); i++)
		ok = json_object_is_type(
		    json_object_array_get_idx(managed, i), json_type_object);
	return ok ? NULL : status_bad_request("a part of the object has a wrong type");
}

static struct json_object *fits_url(
    const struct call *call, struct json_object *obj, const char *name)
{
	const char *n = tree_str(obj, "metadata", "name", NULL);
	const char *ns = tree_str(obj, "metadata", "namespace", NULL);

	if (*name && *n && strcmp(n, name))
		return status_bad_request(
		    "the name of the object (%s) does not match the name "
		    "on the URL (%s)",
		    n, name);
	if (*ns && strcmp(ns, call->ns))
		return status_bad_request(
		    "the namespace of the provided object does not match "
		    "the namespace sent on the request");
	return NULL;
}

struct json_object *body_fits(
    const struct call *call, struct json_object *obj, const char *name)
{
	char *version = resource_api_version(call->res);
	const char *v = tree_str(obj, "apiVersion", NULL);
	const char *kind = tree_str(obj, "kind", NULL);
	bool same =
	    (!*v || !strcmp(v, version)) && (!*kind || !strcmp(kind, call->res->kind));
	struct json_object *st = body_shape(obj);

	if (!st && !same)
		st = status_bad_request(
		    "%s in version \"%s\" cannot be handled as a %s (%s)", kind, v,
		    call->res->kind, version);
	free(version);
	return st ? st : fits_url(call, obj, name);
}

char *manager_name(const struct request *req)
{
	const char *given = http_param(req, "fieldManager");
	const char *agent = http_header(req, "user-agent");

	if (given && *given)
		return xstrdup(given);
	return *agent ? strndup(agent, strcspn(agent, "/")) : xstrdup("unknown");
}

struct json_object *dry_run(const struct request *req, bool *dry)
{
	const char *v = http_param(req, "dryRun"), *of = "PatchOptions";
	struct json_object *st;
	char *why;

	*dry = v && !strcmp(v, "All");
	if (!v || !*v || *dry)
		return NULL;
	if (strcmp(req->method, "PATCH"))
		of = !strcmp(req->method, "POST")  ? "CreateOptions"
		     : !strcmp(req->method, "PUT") ? "UpdateOptions"
						   : "DeleteOptions";
	why = xfmt("Unsupported value: \"%s\": supported values: \"All\"", v);
	st = status_bad_option(of, "FieldValueNotSupported", "dryRun", why);
	free(why);
	return st;
}
