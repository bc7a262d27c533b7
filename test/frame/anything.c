/* SPDX-License-Identifier: MIT */
/*
 * anything: any object of the Kubernetes API. Which collections are watched follows from
 * what is written; observations are named GROUP/KIND/[NAMESPACE/]NAME. Before an object
 * is applied the API server is asked, by a dry run, whether it would take it.
 */
#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/sources.h"
#include "lib/plan/item.h"

#define JSON_DEPTH 32

struct anything {
	struct object object; /* must be first */
	const char *api, *kind, *plural, *namespace, *content;
	/* Desired: what follows from these. */
	const char *collection; /* path of all there are */
	const char *path;	/* of the object */
	const char *prefix;	/* of its collection's names */
	const char *external;
	const char *body; /* what is applied */
	const char *text; /* observed only: the whole object */
};

static const struct field rows[] = {
	{ "api", FIELD_STRING, at(struct anything, api), FIELD_NEEDED,
	    .help = "GROUP/VERSION, or v1.", .example = "apps/v1" },
	{ "kind", FIELD_STRING, at(struct anything, kind), FIELD_NEEDED,
	    .help = "What the API calls it.", .example = "Deployment" },
	{ "plural", FIELD_LABEL, at(struct anything, plural), FIELD_NEEDED,
	    .help = "The name of its collection.", .example = "deployments" },
	{ "namespace", FIELD_LABEL, at(struct anything, namespace),
	    .help = "Where it is; left out: it is in none.", .example = "default" },
	{ "content", FIELD_STRING, at(struct anything, content), FIELD_NEEDED,
	    .help = "JSON: what it says beside apiVersion, kind and metadata.",
	    .example = "{\"spec\": {\"replicas\": 1}}" },
	{ 0 },
};

static const struct section sections[] = {
	{ .path = "anything",
	    .shape = SECTION_MAP,
	    .help = "Objects of the Kubernetes API." },
};

/* What is written */

static const char *body_of(
    struct arena *a, const struct anything *any, struct json_object *content)
{
	struct json_object *metadata = json_object_new_object();

	json_put_string(content, "apiVersion", any->api);
	json_put_string(content, "kind", any->kind);
	json_put_string(metadata, "name", any->object.name);
	if (any->namespace)
		json_put_string(metadata, "namespace", any->namespace);
	json_put(content, "metadata", metadata);
	return arena_copy(a, json_text(content));
}

static void name_it(struct arena *a, struct anything *any)
{
	const char *slash = strchr(any->api, '/');
	const char *root = arena_printf(a, slash ? "/apis/%s/" : "/api/%s/", any->api);
	const char *group =
	    slash ? arena_copy_n(a, any->api, (size_t)(slash - any->api)) : "core";
	const char *within = any->namespace ? arena_printf(a, "%s/", any->namespace) : "";

	any->collection = arena_printf(a, "%s%s", root, any->plural);
	any->path = arena_printf(a, "%s%s%s%s/%s", root,
	    any->namespace ? "namespaces/" : "", within, any->plural, any->object.name);
	any->prefix = arena_printf(a, "%s/%s/", group, any->kind);
	any->external = arena_printf(a, "%s%s%s", any->prefix, within, any->object.name);
}

static bool is_api(const char *api)
{
	return strspn(api, "abcdefghijklmnopqrstuvwxyz0123456789.-/") == strlen(api);
}

static void read_object(struct config *config, struct object *object,
    const struct node *map, struct report *report)
{
	struct anything *any = (struct anything *)object;
	struct error e = { "" };
	autojson struct json_object *content = NULL;

	(void)map;
	if (!any->api || !any->kind || !any->plural || !any->content)
		return;
	if (!is_api(any->api))
		report_add(report, SEVERITY_ERROR, "bad-value", field_place(any, "api"),
		    "api is GROUP/VERSION, or v1");
	content = json_parse(any->content, strlen(any->content), JSON_DEPTH, &e);
	if (!json_object_is_type(content, json_type_object)) {
		report_add(report, SEVERITY_ERROR, "bad-value",
		    field_place(any, "content"), "content is no JSON object%s%s",
		    *e.text ? ": " : "", e.text);
		return;
	}
	any->body = body_of(&config->arena, any, content);
	name_it(&config->arena, any);
}

static const char *external_name(const struct object *want)
{
	return ((const struct anything *)want)->external;
}

static bool watch_of(const struct object *desired, struct arena *a, struct watch *out)
{
	const struct anything *any = (const struct anything *)desired;

	*out = (struct watch){
		.path = any->collection,
		.prefix = any->prefix,
		.namespaced = any->namespace,
		.missing = arena_printf(
		    a, "the API server knows no %s of %s", any->plural, any->api),
	};
	return true;
}

/* What is there */

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct anything *any = observed_object(observed);

	(void)e;
	any->text = arena_copy(&observed->arena, json_text(reading->json));
	observed->live = &any->object;
	return 0;
}

/* Does `have` say all that `want` says? Lists are compared as wholes. */
static bool says(struct json_object *have, struct json_object *want)
{
	if (!json_object_is_type(want, json_type_object))
		return json_object_equal(have, want);
	json_object_object_foreach (want, key, value) {
		struct json_object *other = NULL;

		if (!json_object_object_get_ex(have, key, &other) || !says(other, value))
			return false;
	}
	return true;
}

static bool is_in_force(const struct anything *want, const struct anything *live)
{
	autojson struct json_object *body =
	    json_parse(want->body, strlen(want->body), JSON_DEPTH, NULL);
	autojson struct json_object *have =
	    json_parse(live->text, strlen(live->text), JSON_DEPTH, NULL);

	return says(have, body);
}

static void apply(struct planner *p, struct item *item, const struct anything *want)
{
	struct kube_request *request =
	    step_arguments(program_step(p, item_program(p, item, NULL),
		&kube_apply_action, want->external, "apply %s", want->external));

	request->path = want->path;
	request->body = want->body;
}

static void plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct anything *want = (const struct anything *)object;
	const char *question;
	const struct answer *answer;

	if (!want)
		return;
	if (have && is_in_force(want, (const struct anything *)have->live)) {
		item_ok(item);
		return;
	}
	question = arena_printf(p->arena, "dry-run apply %s\n%s", want->path, want->body);
	answer = item_probe(
	    p, item, question, hash_bytes(HASH_START, question, strlen(question)));
	if (!answer) {
		item_pending(p, item, "the API server is asked whether it takes it");
	} else if (answer->status >= 300) {
		item_blocked(
		    p, item, "the API server does not take it: %s", answer->error);
	} else {
		item_pending(p, item, have ? "differs" : "is to be created");
		apply(p, item, want);
	}
}

static const char *const columns[] = { "kind", "namespace", NULL };

const struct kind anything_kind = {
	.row = &anything_row,
	.name = "anything",
	.plural = "anythings",
	.title = "Kubernetes object",
	.source = &kubernetes_source,
	.fields = { rows, sizeof(struct anything) },
	.sections = sections,
	.section_count = 1,
	.list_columns = columns,
	.read_object = read_object,
	.external_name = external_name,
	.watch_of = watch_of,
	.decode = decode,
	.plan = plan,
};
