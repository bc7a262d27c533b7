/* SPDX-License-Identifier: MIT */
/* methods: the handlers, and what is checked before they run. */
#include "daemon/control/methods.h"

#include <string.h>

#include "daemon/journal/journal.h"
#include "daemon/engine/engine.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/view/interface.h"

#define HISTORY_EVENTS 20

struct request {
	struct engine *engine;
	struct streams *streams;
	struct client *client;
	const struct interface_method *method;
	const struct varlink_call *call;
	const struct kind *kind; /* NULL: none given */
	const char *name;
	const char *who; /* of methods that change something */
	struct arena arena;
	struct view view; /* filled by view_of() */
};

static const struct view *view_of(struct request *r)
{
	engine_view(r->engine, &r->view);
	return &r->view;
}

static void reply(const struct request *r, const void *record)
{
	client_reply(r->client, r->method->reply, record, false);
}

/* `text` NULL: in words of our own. */
static void no_such_object(struct request *r, const char *text)
{
	const char *kind = json_string_at(r->call->parameters, "kind");

	if (!text && r->kind)
		text = arena_printf(&r->arena,
		    "there is no %s/%s; `homek8sctl list --all` shows what there is",
		    kind, r->name);
	else if (!text)
		text = arena_printf(&r->arena,
		    "there is no kind \"%s\"; `homek8sctl list` shows what there is",
		    kind);
	client_error(r->client, ERROR_NO_SUCH_OBJECT,
	    &(struct no_such_object){ kind, r->name, text });
}

static void stream(struct request *r, enum stream_of of, uint64_t after)
{
	stream_start(r->streams, r->client, of, r->kind, after, r->call->more);
}

static void get_status(struct request *r)
{
	stream(r, STREAM_STATUS, 0);
}

static void list(struct request *r)
{
	stream(r, STREAM_LIST, 0);
}

static void list_unwritten(struct request *r)
{
	struct unwritten_reply out;

	view_unwritten(view_of(r), &r->arena, r->kind, &out);
	reply(r, &out);
}

static void events(struct request *r)
{
	stream(r, STREAM_EVENTS, (uint64_t)json_int_at(r->call->parameters, "after", 0));
}

static void describe(struct request *r)
{
	struct describe_reply out;

	if (!view_describe(view_of(r), &r->arena, r->kind, r->name, &out)) {
		no_such_object(r, NULL);
		return;
	}
	out.history = stream_last_events(&r->arena, r->kind, r->name, HISTORY_EVENTS);
	reply(r, &out);
}

static void plan(struct request *r)
{
	struct plan_reply out;

	view_plan(view_of(r), &r->arena, &out);
	reply(r, &out);
}

static void diff(struct request *r)
{
	struct diff_reply out;

	view_diff(view_of(r), &r->arena, &out);
	reply(r, &out);
}

static void import(struct request *r)
{
	static const char *const kinds_of[] = { "network", "vm" };
	struct import_only only[2], *end = only;
	struct import_result out;

	for (size_t i = 0; i < 2; i++) {
		const char *name = json_string_at(r->call->parameters, kinds_of[i]);

		if (name)
			*end++ = (struct import_only){ kind_find(kinds_of[i]), name };
	}
	engine_import(r->engine, only, (size_t)(end - only), &r->arena, &out);
	if (out.missing)
		client_error(r->client, ERROR_NO_SUCH_OBJECT,
		    &(struct no_such_object){ out.missing->kind->name, out.missing->name,
			arena_printf(&r->arena, "there is no %s %s in libvirt",
			    out.missing->kind->name, out.missing->name) });
	else
		reply(r, &(struct import_reply){ out.text, out.complete });
}

/* The end of a method that changes something: {} or why not. */
static void answer_change(struct request *r, int result, const struct error *e)
{
	const struct plan *plan;

	if (result == 0) {
		reply(r, NULL);
		return;
	}
	plan = view_of(r)->plan;
	if (r->kind && !(plan && plan_find(plan, r->kind, r->name)))
		no_such_object(r, e->text);
	else
		client_error_text(r->client, ERROR_NOT_POSSIBLE, e->text);
}

static void reconcile(struct request *r)
{
	struct error e = { 0 };

	answer_change(r, engine_reconcile(r->engine, r->kind, r->name, r->who, &e), &e);
}

static void pause_object(struct request *r)
{
	const char *reason = json_string_at(r->call->parameters, "reason");
	int64_t ms = json_int_at(r->call->parameters, "milliseconds", 0);
	struct error e = { 0 };

	answer_change(r,
	    engine_pause(
		r->engine, r->kind, r->name, reason ? reason : "", ms, r->who, &e),
	    &e);
}

static void resume(struct request *r)
{
	struct error e = { 0 };

	answer_change(r, engine_resume(r->engine, r->kind, r->name, r->who, &e), &e);
}

static void wish(struct request *r, enum wish_for what)
{
	autofree char *by = peer_name(&r->client->peer);
	struct error e = { 0 };

	answer_change(
	    r, engine_wish(r->engine, r->kind, r->name, what, by, r->who, &e), &e);
}

static void start(struct request *r)
{
	wish(r, WISH_START);
}

static void stop(struct request *r)
{
	wish(r, WISH_STOP);
}

static void restart(struct request *r)
{
	wish(r, WISH_RESTART);
}

/* What waits for approval now, where it is not what the caller was shown; else NULL. */
static const struct approval_view *other_approval(struct request *r)
{
	const char *hash = json_string_at(r->call->parameters, "hash");
	const struct approval_view *approvals;
	struct plan_reply now;

	view_plan(view_of(r), &r->arena, &now);
	approvals = now.approvals.items;
	for (size_t i = 0; i < now.approvals.count; i++)
		if (strcmp(approvals[i].kind, r->kind->name) == 0 &&
		    strcmp(approvals[i].name, r->name) == 0 &&
		    strcmp(approvals[i].hash, hash) != 0)
			return &approvals[i];
	return NULL;
}

static void approve(struct request *r)
{
	const struct approval_view *other;
	struct error e = { 0 };
	bool changed;
	int result;

	result = engine_approve(r->engine, r->kind, r->name,
	    json_string_at(r->call->parameters, "hash"), r->client->peer.uid, r->who,
	    &changed, &e);
	other = changed ? other_approval(r) : NULL;
	if (other)
		client_error(r->client, ERROR_APPROVAL_CHANGED, other);
	else
		answer_change(r, result, &e);
}

static void reload(struct request *r)
{
	const struct subject subject = { .action = "reload" };
	autotext struct text errors = { 0 };

	journal_say(
	    LEVEL_NOTICE, MESSAGE_CONTROL, &subject, "reload requested by %s", r->who);
	switch (engine_reload(r->engine, &errors)) {
	case RELOAD_REFUSED:
		client_error_text(r->client, ERROR_CONFIG_REFUSED, text_get(&errors));
		break;
	case RELOAD_LATER:
		client_error_text(r->client, ERROR_NOT_POSSIBLE, text_get(&errors));
		break;
	case RELOAD_DONE:
		reply(r, &(struct reload_reply){ view_of(r)->load.generation });
	}
}

static void get_version(struct request *r)
{
	static const char *const features[] = { "approve", "approve-hash", "events",
		"import", "pause", "start-stop", "status-events", "stream-changes",
		"streams" };

	reply(r, &(struct version_reply){ HOMEK8S_VERSION,
		     { (void *)features, sizeof(features) / sizeof(features[0]) } });
}

static void get_info(struct request *r)
{
	static const char *const interfaces[] = { INTERFACE_SERVICE, INTERFACE_NAME };

	reply(r, &(struct info_reply){ "homek8s", "homek8sd", HOMEK8S_VERSION,
		     "man:homek8sd(8)", { (void *)interfaces, 2 } });
}

static void get_interface_description(struct request *r)
{
	const char *name = json_string_at(r->call->parameters, "interface");
	autotext struct text description = { 0 };

	if (interface_describe(name, &description))
		reply(r, &(struct description_reply){ text_get(&description) });
	else
		client_error_text(r->client, ERROR_INTERFACE_NOT_FOUND, name);
}

/* By the index of the method in the table. */
#define METHOD(interface, name, handler, ...) handler,
static void (*const handlers[])(struct request *r) = {
#include "lib/view/methods.def"
};
#undef METHOD

/* Replies with the right error of the two for a method we do not have. */
static void not_found(struct client *client, const char *method)
{
	autofree char *interface = must_copy(method);

	*strrchr(interface, '.') = '\0';
	if (interface_exists(interface))
		client_error_text(client, ERROR_METHOD_NOT_FOUND, method);
	else
		client_error_text(client, ERROR_INTERFACE_NOT_FOUND, interface);
}

/* From the name as it was given, short or not, to the object's own. */
static bool find_object(struct request *r)
{
	const struct plan *plan = view_of(r)->plan;
	const struct item *item;
	struct error e = { 0 };

	if (!plan)
		return true; /* the method itself says that there is none */
	item = plan_lookup(plan, r->kind, r->name, &e);
	if (item)
		r->name = item->name;
	else
		no_such_object(r, e.text);
	return item;
}

/* Kind and name, which several methods share. False: replied already. */
static bool find_subject(struct request *r)
{
	const char *kind = json_string_at(r->call->parameters, "kind");

	r->name = json_string_at(r->call->parameters, "name");
	if (kind && !(r->kind = kind_find(kind))) {
		no_such_object(r, NULL);
		return false;
	}
	/* A kind alone is a question for a list; all else is about one object or all. */
	if (kind && r->name)
		return find_object(r);
	if (!kind == !r->name || r->method->parameters[1].name == NULL)
		return true;
	client_error_text(r->client, ERROR_INVALID_PARAMETER, kind ? "name" : "kind");
	return false;
}

/* False: replied already. */
static bool is_allowed(struct client *client, const struct interface_method *method,
    const struct varlink_call *call)
{
	const char *wrong;

	if (!method) {
		not_found(client, call->method);
		return false;
	}
	wrong = interface_check(method, call->parameters);
	if (wrong) {
		client_error_text(client, ERROR_INVALID_PARAMETER, wrong);
		return false;
	}
	if (method->changes && !client->peer.may_change) {
		client_error(client, ERROR_PERMISSION_DENIED, NULL);
		return false;
	}
	return true;
}

bool methods_call(struct engine *engine, struct streams *streams, struct client *client,
    const struct varlink_call *call, bool may_wait)
{
	struct request r = { .engine = engine,
		.streams = streams,
		.client = client,
		.method = interface_find(call->method),
		.call = call };
	autofree char *who = NULL;

	if (!is_allowed(client, r.method, call))
		return true;
	if (r.method->current && may_wait && engine_pending(engine))
		return false;
	if (r.method->changes)
		r.who = who = peer_text(&client->peer);
	if (find_subject(&r))
		handlers[r.method - interface_methods](&r);
	arena_done(&r.arena);
	return true;
}
