/* SPDX-License-Identifier: MIT */
/* verbs: commands that show what the daemon knows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/subject.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/wire/interface.h"
#include "lib/wire/varlink.h"

/* One method whose answers are shown: once, or with -w again and again. */
struct shown {
	const char *method;
	struct json_object *parameters;
	const char *names; /* see output() */
	void (*text)(struct ctl *ctl, struct json_object *reply);
};

static struct json_object *same_parameters(void *arg)
{
	struct shown *s = arg;

	return json_object_get(s->parameters);
}

static void show_again(struct ctl *ctl, struct json_object *reply, void *arg)
{
	struct shown *s = arg;

	output(ctl, reply, s->names, s->text);
}

/* `out` NULL or where the answer is kept, a new reference. */
static enum status show(struct ctl *ctl, struct shown *s, struct json_object **out)
{
	autojson struct json_object *parameters = s->parameters, *reply = NULL;
	enum status status;

	if (ctl->options.watch)
		return client_follow(ctl, s->method, same_parameters, show_again, s);
	status = client_ask(ctl, s->method, parameters, &reply);
	if (status == STATUS_YES)
		output(ctl, reply, s->names, s->text);
	if (out)
		*out = json_object_get(reply);
	return status;
}

enum status verb_status(struct ctl *ctl)
{
	struct shown s = { INTERFACE_NAME ".GetStatus", NULL, "objects", render_status };

	return show(ctl, &s, NULL);
}

enum status verb_list(struct ctl *ctl)
{
	struct shown s = { INTERFACE_NAME ".List", json_object_new_object(), "objects",
		render_list };

	if (ctl->count > 0)
		json_put_string(s.parameters, "kind", ctl->arguments[0]);
	return show(ctl, &s, NULL);
}

enum status verb_describe(struct ctl *ctl)
{
	struct shown s = { INTERFACE_NAME ".Describe", NULL, NULL, render_describe };

	s.parameters = subject_parse(ctl, true);
	return s.parameters ? show(ctl, &s, NULL) : STATUS_USAGE;
}

enum status verb_plan(struct ctl *ctl)
{
	struct shown s = { INTERFACE_NAME ".Plan", NULL, "steps", render_plan };
	autojson struct json_object *reply = NULL;
	enum status status = show(ctl, &s, &reply);

	if (status != STATUS_YES)
		return status;
	return json_count(json_at(reply, "steps")) > 0 ||
		       json_count(json_at(reply, "approvals")) > 0
		   ? STATUS_NO
		   : STATUS_YES;
}

enum status verb_diff(struct ctl *ctl)
{
	struct shown s = { INTERFACE_NAME ".Diff", NULL, "objects", render_diff };
	autojson struct json_object *reply = NULL;
	enum status status = show(ctl, &s, &reply);

	if (status != STATUS_YES)
		return status;
	return json_count(json_at(reply, "objects")) > 0 ? STATUS_NO : STATUS_YES;
}

/* Events: after a reconnect only what was not shown yet. */

struct history {
	int64_t after;
};

static struct json_object *events_after(void *arg)
{
	struct history *h = arg;
	struct json_object *parameters = json_object_new_object();

	json_put_int(parameters, "after", h->after);
	return parameters;
}

static void show_events(struct ctl *ctl, struct json_object *reply, void *arg)
{
	struct history *h = arg;
	struct json_object *events = json_at(reply, "events");
	size_t count = json_count(events);

	if (count == 0)
		return;
	h->after = json_int_at(json_item(events, count - 1), "seq", h->after);
	/* A line per event is what a reader of a stream of JSON lines wants. */
	for (size_t i = 0; ctl->options.output == OUTPUT_JSON && i < count; i++)
		puts(json_text(json_item(events, i)));
	if (ctl->options.output != OUTPUT_JSON)
		output(ctl, reply, "events", render_events);
}

enum status verb_events(struct ctl *ctl)
{
	struct shown s = { INTERFACE_NAME ".Events", NULL, "events", render_events };
	struct history h = { 0 };

	if (!ctl->options.watch)
		return show(ctl, &s, NULL);
	return client_follow(ctl, s.method, events_after, show_events, &h);
}

static void print_json(struct ctl *ctl, struct json_object *reply)
{
	(void)ctl;
	puts(json_pretty(reply));
}

enum status verb_call(struct ctl *ctl)
{
	struct shown s = { NULL, NULL, NULL, print_json };
	const char *json = ctl->count > 1 ? ctl->arguments[1] : "{}";
	struct error e = { 0 };

	if (ctl->count == 0) {
		say("call: which method? See `homek8sctl call "
		    "org.varlink.service.GetInterfaceDescription "
		    "'{\"interface\":\"" INTERFACE_NAME "\"}'`");
		return STATUS_USAGE;
	}
	s.parameters = json_parse(json, strlen(json), VARLINK_MAX_DEPTH, &e);
	if (!json_object_is_type(s.parameters, json_type_object)) {
		say("call: %s: %s", json, *e.text ? e.text : "must be a JSON object");
		json_object_put(s.parameters);
		return STATUS_USAGE;
	}
	s.method =
	    strchr(ctl->arguments[0], '.')
		? ctl->arguments[0]
		: arena_printf(&ctl->arena, INTERFACE_NAME ".%s", ctl->arguments[0]);
	return show(ctl, &s, NULL);
}
