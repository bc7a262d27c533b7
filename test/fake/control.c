/* SPDX-License-Identifier: MIT */
/* control: one function per path and method, in a table. */
#include "test/fake/control.h"

#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/fault.h"
#include "test/fake/plain.h"
#include "test/fake/reqlog.h"
#include "test/fake/storm.h"
#include "test/fake/tree.h"
#include "test/fake/watch.h"

const char control_help[] =
    "Paths for tests (JSON in, JSON out; no token, no faults):\n"
    "  GET    /fake                 this text\n"
    "  GET    /fake/state           resource version, oldest one, watches, connections\n"
    "  POST   /fake/faults          add one: {\"match\": part of \"METHOD path?query\",\n"
    "                               \"times\": N (1; -1 for ever), \"do\": ...}\n"
    "  GET    /fake/faults          list them, \"left\" being the strikes left\n"
    "  DELETE /fake/faults          remove all and end their effects\n"
    "  GET    /fake/requests        what was asked; ?match=PART filters and counts\n"
    "  POST   /fake/requests/clear  forget it\n"
    "  POST   /fake/rollback        {\"resourceVersion\": N}: as an etcd restore\n"
    "  POST   /fake/compact         end all history: older watches get Expired\n"
    "  POST   /fake/drop            close all watches' connections; {\"reset\": true}: "
    "by RST\n"
    "  POST   /fake/storm           {\"resource\": \"services\", \"count\": N, "
    "\"per_second\": R}:\n"
    "                               label changes; annotation fake/changed-us is their "
    "time\n"
    "  GET    /fake/storm           {\"left\": N}\n"
    "  POST   /fake/objects         store an object or a list as it stands\n"
    "  POST   /fake/fill            {\"object\": {...}, \"count\": N}: copies NAME-0, "
    "NAME-1, ...\n"
    "  POST   /fake/groups          {\"metallb.io\": false}: stop serving; true: serve "
    "again\n"
    "  POST   /fake/webhooks        {\"ipaddresspools.metallb.io\": true}: creating and\n"
    "                               changing them fails, as its webhook is down; a text\n"
    "                               names the webhook; false: it answers again\n"
    "Definitions (CustomResourceDefinition) put what they define into service.\n"
    "Faults (\"do\"):\n"
    "  status        answer with code, body (text or JSON), content_type, headers {..}\n"
    "  reset, close  end the connection without an answer, by RST or FIN\n"
    "  stall         take the request and never answer (until faults are removed)\n"
    "  trickle       answer one byte each 100 ms, or each \"ms\"\n"
    "  garbage       malformed JSON, as the answer or as one line of a watch\n"
    "  huge          an object of 5 MiB, likewise\n"
    "  webhook-down  POST, PUT and PATCH fail with 500 as without MetalLB's webhook\n"
    "  error-event   a watch gets ERROR with code (410), reason, message, and ends\n"
    "  end-watch     a watch ends\n"
    "  silence       a watch gets nothing more, not even bookmarks, and does not end\n"
    "  split         a watch's lines come in chunks of 1 to 7 bytes\n"
    "A fault on watches strikes the open ones at once (all of them for one strike of\n"
    "\"times\"), and new ones as they come.\n";

typedef struct json_object *(*action)(
    struct fake *f, struct json_object *in, struct json_object *out);

static struct json_object *show_state(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	(void)in;
	tree_set_int(out, "resourceVersion", (int64_t)store_rv(f->store));
	tree_set_int(out, "oldest", (int64_t)store_oldest(f->store));
	tree_set_int(out, "watches", watches_count(f));
	tree_set_int(out, "connections", f->server.count);
	return NULL;
}

static struct json_object *add_fault(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	(void)out;
	return faults_add(f, in);
}

static struct json_object *show_faults(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	(void)in;
	json_object_object_add(out, "faults", faults_list(f->faults));
	return NULL;
}

static struct json_object *clear_faults(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	(void)in;
	(void)out;
	faults_clear(f);
	return NULL;
}

static struct json_object *clear_requests(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	(void)in;
	(void)out;
	reqlog_clear(f->reqlog);
	return NULL;
}

static struct json_object *rollback(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	int64_t rv = json_object_get_int64(tree_get(in, "resourceVersion", NULL));

	if (rv < 1 || !store_rollback(f->store, (uint64_t)rv))
		return status_bad_request(
		    "history does not reach resource version %lld", (long long)rv);
	return show_state(f, in, out);
}

static struct json_object *compact(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	store_compact(f->store);
	return show_state(f, in, out);
}

static struct json_object *drop(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	bool reset = json_object_get_boolean(tree_get(in, "reset", NULL));

	tree_set_int(out, "dropped", watches_drop(f, reset));
	return NULL;
}

static struct json_object *start_storm(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	(void)out;
	return storm_start(f->storm, in);
}

static struct json_object *show_storm(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	(void)in;
	tree_set_int(out, "left", storm_left(f->storm));
	return NULL;
}

static struct json_object *store_objects(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	struct json_object *st = plain_store(f, in);

	return st ? st : show_state(f, in, out);
}

static struct json_object *fill(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	struct json_object *count = tree_get(in, "count", NULL);
	struct json_object *obj = tree_get(in, "object", NULL);
	struct json_object *st;

	st = plain_fill(f, obj, json_object_get_int64(count));
	return st ? st : show_state(f, in, out);
}

static struct json_object *set_groups(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	(void)f;
	(void)out;
	if (!json_object_is_type(in, json_type_object))
		return status_bad_request("give {GROUP: true or false}");
	json_object_object_foreach (in, group, serve) {
		if (!resource_serve_group(group, json_object_get_boolean(serve)))
			return status_bad_request("no such group: \"%s\"", group);
	}
	return NULL;
}

static struct json_object *set_webhooks(
    struct fake *f, struct json_object *in, struct json_object *out)
{
	(void)out;
	if (!json_object_is_type(in, json_type_object))
		return status_bad_request("give {RESOURCE: true, false or a name}");
	if (!f->webhooks)
		f->webhooks = json_object_new_object();
	json_object_object_foreach (in, full, how) {
		const struct resource *res = resource_by_name(full);
		char *name;

		if (!res)
			return status_bad_request("no such resource: \"%s\"", full);
		name = json_object_is_type(how, json_type_string)
			   ? xstrdup(json_object_get_string(how))
			   : xfmt("%svalidationwebhook.%s", res->singular, res->group);
		json_object_object_del(f->webhooks, full);
		if (json_object_get_boolean(how))
			tree_set(f->webhooks, full, name);
		free(name);
	}
	return NULL;
}

static const struct {
	const char *method, *path;
	action act;
} actions[] = {
	{ "GET", "/fake/state", show_state },
	{ "POST", "/fake/faults", add_fault },
	{ "GET", "/fake/faults", show_faults },
	{ "DELETE", "/fake/faults", clear_faults },
	{ "POST", "/fake/requests/clear", clear_requests },
	{ "POST", "/fake/rollback", rollback },
	{ "POST", "/fake/compact", compact },
	{ "POST", "/fake/drop", drop },
	{ "POST", "/fake/storm", start_storm },
	{ "GET", "/fake/storm", show_storm },
	{ "POST", "/fake/objects", store_objects },
	{ "POST", "/fake/fill", fill },
	{ "POST", "/fake/groups", set_groups },
	{ "POST", "/fake/webhooks", set_webhooks },
};

static void answer_requests(struct fake *f, struct conn *c, const struct request *req)
{
	struct json_object *out = reqlog_show(f->reqlog, http_param(req, "match"));

	answer_object(c, req, 200, NULL, out);
	json_object_put(out);
}

static void act(struct fake *f, struct conn *c, const struct request *req, action does)
{
	struct json_object *in = NULL, *out = json_object_new_object(), *st = NULL;
	const char *why = NULL;

	if (req->body.len)
		in = tree_parse(buf_data(&req->body), req->body.len, &why);
	if (why)
		st = status_bad_request("not JSON: %s", why);
	else
		st = does(f, in, out);
	if (st)
		answer_status(c, req, st);
	else
		answer_object(c, req, 200, NULL, out);
	json_object_put(in);
	json_object_put(out);
}

void control(struct fake *f, struct conn *c, const struct request *req)
{
	bool get = !strcmp(req->method, "GET");

	if (get && (!strcmp(req->path, "/fake") || !strcmp(req->path, "/fake/"))) {
		answer_text(c, 200, control_help);
		return;
	}
	if (get && !strcmp(req->path, "/fake/requests")) {
		answer_requests(f, c, req);
		return;
	}
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (!strcmp(actions[i].method, req->method) &&
		    !strcmp(actions[i].path, req->path)) {
			act(f, c, req, actions[i].act);
			return;
		}
	answer_no_such_path(c);
}
