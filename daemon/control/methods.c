/* SPDX-License-Identifier: MIT */
/*
 * methods: what each method of lib/wire/interface.c does here. Permission, parameters and
 * kinds are checked before a handler runs; a handler answers exactly once.
 */
#include "daemon/control/client.h"

#include <string.h>

#include "daemon/journal/journal.h"
#include "daemon/reconcile.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/view/view.h"
#include "lib/wire/interface.h"

#define STATUS_EVENTS 5
#define HISTORY_EVENTS 20

struct request {
	struct client *client;
	const struct varlink_call *call;
	const struct kind *kind; /* NULL: none given */
	const char *name;
	const char *who; /* of methods that change something */
};

static const struct view *view_of(const struct request *r)
{
	return reconcile_view(r->client->control->reconcile);
}

/* Sends and drops. */
static void answer(const struct request *r, struct json_object *parameters)
{
	client_reply(r->client, parameters, false);
	json_object_put(parameters);
}

/* `text` NULL: in words of our own. */
static void no_such_object(const struct request *r, const char *text)
{
	autojson struct json_object *parameters = json_object_new_object();
	const char *kind = json_string_at(r->call->parameters, "kind");
	struct arena a = { 0 };

	if (!text && r->kind)
		text = arena_printf(&a,
		    "there is no %s/%s; `homek8sctl list` shows what there is", kind,
		    r->name);
	else if (!text)
		text = arena_printf(&a,
		    "there is no kind \"%s\"; `homek8sctl list` shows what there is",
		    kind);
	json_put_string(parameters, "kind", kind);
	json_put_string(parameters, "name", r->name);
	json_put_string(parameters, "text", text);
	client_error(r->client, ERROR_NO_SUCH_OBJECT, parameters);
	arena_done(&a);
}

/* The last `most` events, of one object or (kind NULL) of all. */
static struct json_object *last_events(
    const struct kind *kind, const char *name, size_t most)
{
	autojson struct json_object *all = journal_events(0);
	struct json_object *last = json_object_new_array();
	size_t count = json_count(all), first = count;

	for (size_t found = 0; first > 0 && found < most; first--) {
		struct json_object *event = json_item(all, first - 1);
		const char *event_kind = json_string_at(event, "kind");
		const char *event_name = json_string_at(event, "name");

		if (kind && (!event_kind || strcmp(event_kind, kind->name) != 0 ||
				!event_name || strcmp(event_name, name) != 0))
			json_object_array_put_idx(all, first - 1, NULL);
		else
			found++;
	}
	for (size_t i = first; i < count; i++)
		if (json_item(all, i))
			json_push(last, json_object_get(json_item(all, i)));
	return last;
}

struct json_object *methods_status(struct control *control)
{
	struct json_object *status = view_status(reconcile_view(control->reconcile));

	json_put(status, "events", last_events(NULL, NULL, STATUS_EVENTS));
	return status;
}

struct json_object *methods_stream(struct client *client)
{
	struct json_object *reply;

	switch (client->stream) {
	case STREAM_NONE:
		return NULL;
	case STREAM_STATUS:
		return methods_status(client->control);
	case STREAM_LIST:
		return view_list(
		    reconcile_view(client->control->reconcile), client->kind);
	case STREAM_EVENTS:
		reply = json_object_new_object();
		json_put(reply, "events", journal_events(client->after));
		client->after = journal_last();
		return reply;
	}
	return NULL;
}

/* The first answer of a method that may stream; the only one where it need not. */
static void stream(const struct request *r, enum stream_of stream)
{
	autojson struct json_object *reply = NULL;

	r->client->stream = stream;
	r->client->stale = false;
	reply = methods_stream(r->client);
	if (!r->call->more)
		r->client->stream = STREAM_NONE;
	client_reply(r->client, reply, r->call->more);
}

static void get_status(const struct request *r)
{
	stream(r, STREAM_STATUS);
}

static void list(const struct request *r)
{
	r->client->kind = r->kind;
	stream(r, STREAM_LIST);
}

static void events(const struct request *r)
{
	r->client->after = (uint64_t)json_int_at(r->call->parameters, "after", 0);
	stream(r, STREAM_EVENTS);
}

static void describe(const struct request *r)
{
	autojson struct json_object *o = view_describe(view_of(r), r->kind, r->name);

	if (!o) {
		no_such_object(r, NULL);
		return;
	}
	json_put(o, "history", last_events(r->kind, r->name, HISTORY_EVENTS));
	client_reply(r->client, o, false);
}

static void plan(const struct request *r)
{
	answer(r, view_plan(view_of(r)));
}

static void diff(const struct request *r)
{
	answer(r, view_diff(view_of(r)));
}

/* The end of a method that changes something: {} or why not. */
static void answer_change(const struct request *r, int result, const struct error *e)
{
	autojson struct json_object *known = NULL;

	if (result == 0) {
		client_reply(r->client, NULL, false);
		return;
	}
	if (r->kind)
		known = view_describe(view_of(r), r->kind, r->name);
	if (r->kind && !known)
		no_such_object(r, e->text);
	else
		client_error_text(r->client, ERROR_NOT_POSSIBLE, "text", e->text);
}

static void reconcile(const struct request *r)
{
	struct error e = { 0 };

	answer_change(r,
	    reconcile_now(r->client->control->reconcile, r->kind, r->name, r->who, &e),
	    &e);
}

static void pause_object(const struct request *r)
{
	const char *reason = json_string_at(r->call->parameters, "reason");
	int64_t ms = json_int_at(r->call->parameters, "milliseconds", 0);
	struct error e = { 0 };

	answer_change(r,
	    reconcile_pause(r->client->control->reconcile, r->kind, r->name,
		reason ? reason : "", ms, r->who, &e),
	    &e);
}

static void resume(const struct request *r)
{
	struct error e = { 0 };

	answer_change(r,
	    reconcile_resume(r->client->control->reconcile, r->kind, r->name, r->who, &e),
	    &e);
}

static void approve(const struct request *r)
{
	struct error e = { 0 };

	answer_change(r,
	    reconcile_approve(
		r->client->control->reconcile, r->kind, r->name, r->who, &e),
	    &e);
}

static void reload(const struct request *r)
{
	const struct subject subject = { .action = "reload" };
	autotext struct text errors = { 0 };
	struct json_object *reply;

	journal_say(
	    LEVEL_NOTICE, MESSAGE_CONTROL, &subject, "reload asked for by %s", r->who);
	if (reconcile_reload(r->client->control->reconcile, &errors) < 0) {
		client_error_text(
		    r->client, ERROR_CONFIG_REFUSED, "errors", text_get(&errors));
		return;
	}
	reply = json_object_new_object();
	json_put_int(reply, "generation", view_of(r)->load.generation);
	answer(r, reply);
}

static void get_version(const struct request *r)
{
	static const char *const features[] = { "approve", "events", "pause",
		"status-events", "streams" };
	struct json_object *reply = json_object_new_object();
	struct json_object *names = json_object_new_array();

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		json_push_string(names, features[i]);
	json_put_string(reply, "version", HOMEK8S_VERSION);
	json_put(reply, "features", names);
	answer(r, reply);
}

static void get_info(const struct request *r)
{
	struct json_object *reply = json_object_new_object();
	struct json_object *interfaces = json_object_new_array();

	json_push_string(interfaces, INTERFACE_SERVICE);
	json_push_string(interfaces, INTERFACE_NAME);
	json_put_string(reply, "vendor", "homek8s");
	json_put_string(reply, "product", "homek8sd");
	json_put_string(reply, "version", HOMEK8S_VERSION);
	json_put_string(reply, "url", "man:homek8sd(8)");
	json_put(reply, "interfaces", interfaces);
	answer(r, reply);
}

static void get_interface_description(const struct request *r)
{
	const char *name = json_string_at(r->call->parameters, "interface");
	const char *description = interface_description(name);
	struct json_object *reply;

	if (!description) {
		client_error_text(
		    r->client, ERROR_INTERFACE_NOT_FOUND, "interface", name);
		return;
	}
	reply = json_object_new_object();
	json_put_string(reply, "description", description);
	answer(r, reply);
}

static const struct {
	const char *name;
	void (*handle)(const struct request *r);
} handlers[] = {
	{ "Approve", approve },
	{ "Describe", describe },
	{ "Diff", diff },
	{ "Events", events },
	{ "GetInfo", get_info },
	{ "GetInterfaceDescription", get_interface_description },
	{ "GetStatus", get_status },
	{ "GetVersion", get_version },
	{ "List", list },
	{ "Pause", pause_object },
	{ "Plan", plan },
	{ "Reconcile", reconcile },
	{ "Reload", reload },
	{ "Resume", resume },
};

#define HANDLERS (sizeof(handlers) / sizeof(handlers[0]))

/* HANDLERS when there is none. */
static size_t handler_of(const char *name)
{
	size_t i = 0;

	while (i < HANDLERS && strcmp(handlers[i].name, name) != 0)
		i++;
	return i;
}

int methods_check(struct error *e)
{
	for (size_t i = 0; i < interface_method_count; i++)
		if (handler_of(interface_methods[i].name) == HANDLERS)
			return fail(
			    e, "method %s has no handler", interface_methods[i].name);
	if (interface_method_count != HANDLERS)
		return fail(e, "there are handlers without a method");
	return 0;
}

/* Answers with the right error of the two for a method we do not have. */
static void not_found(struct client *client, const char *method)
{
	autofree char *interface = must_copy(method);

	*strrchr(interface, '.') = '\0';
	if (interface_description(interface))
		client_error_text(client, ERROR_METHOD_NOT_FOUND, "method", method);
	else
		client_error_text(
		    client, ERROR_INTERFACE_NOT_FOUND, "interface", interface);
}

/* Kind and name, which several methods share. False: answered already. */
static bool find_subject(struct request *r, const struct interface_method *method)
{
	const char *kind = json_string_at(r->call->parameters, "kind");

	r->name = json_string_at(r->call->parameters, "name");
	if (kind && !(r->kind = kind_find(kind))) {
		no_such_object(r, NULL);
		return false;
	}
	/* A kind alone is a question for a list; all else is about one object or all. */
	if (!kind == !r->name || method->parameters[1].name == NULL)
		return true;
	client_error_text(
	    r->client, ERROR_INVALID_PARAMETER, "parameter", kind ? "name" : "kind");
	return false;
}

void methods_call(struct client *client, const struct varlink_call *call)
{
	const struct interface_method *method = interface_find(call->method);
	struct request r = { .client = client, .call = call };
	autofree char *who = NULL;
	const char *wrong;

	if (!method) {
		not_found(client, call->method);
		return;
	}
	wrong = interface_check(method, call->parameters);
	if (wrong) {
		client_error_text(client, ERROR_INVALID_PARAMETER, "parameter", wrong);
		return;
	}
	if (method->changes && !client->peer.may_change) {
		client_error(client, ERROR_PERMISSION_DENIED, NULL);
		return;
	}
	if (method->changes)
		r.who = who = peer_text(&client->peer);
	if (find_subject(&r, method))
		handlers[handler_of(method->name)].handle(&r);
}
