/* SPDX-License-Identifier: MIT */
/* verbs: commands that show what the daemon knows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/merge.h"
#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/subject.h"
#include "daemon/homek8sctl/verbs.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/model/kind.h"
#include "lib/view/interface.h"
#include "lib/wire/varlink.h"

#define IMPORT_TRIES 15 /* 3 s */
#define IMPORT_AGAIN_MS 200
#define BEFORE 10 /* events shown by `events -w` before what comes */

/* One method whose answers are shown: once, or with -w again and again. */
struct shown {
	const char *method;
	bool merges; /* later replies of a stream have only what has changed */
	struct merge merge;
	struct json_object *parameters;
	const char *names;			 /* see output() */
	void (*trim)(struct json_object *reply); /* or NULL: before it is shown */
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

	if (s->merges && ctl->options.watch)
		merge_reply(&s->merge, reply);
	if (s->trim)
		s->trim(reply);
	output(ctl, reply, s->names, s->text);
}

/* `out` NULL or where the answer is kept, a new reference. */
static enum status show(struct ctl *ctl, struct shown *s, struct json_object **out)
{
	autojson struct json_object *parameters = s->parameters, *reply = NULL;
	enum status status;

	if (ctl->options.watch) {
		status = client_follow(ctl, s->method, same_parameters, show_again, s);
		merge_done(&s->merge);
		return status;
	}
	status = client_ask(ctl, s->method, parameters, &reply);
	if (status == STATUS_YES)
		show_again(ctl, reply, s);
	if (out)
		*out = json_object_get(reply);
	return status;
}

/* Names in a status are those its table has: of what is not as it is written. */
static void only_trouble(struct json_object *status)
{
	struct json_object *objects = json_at(status, "objects");

	for (size_t i = json_count(objects); i-- > 0;) {
		const char *verdict = json_string_at(json_item(objects, i), "verdict");

		if (verdict && strcmp(verdict, "converged") == 0)
			json_object_array_del_idx(objects, i, 1);
	}
}

enum status verb_status(struct ctl *ctl)
{
	struct shown s = { .method = INTERFACE_NAME ".GetStatus",
		.merges = true,
		.names = "objects",
		.text = render_status };

	if (ctl->options.output == OUTPUT_NAME)
		s.trim = only_trouble;
	return show(ctl, &s, NULL);
}

enum status verb_list(struct ctl *ctl)
{
	struct shown s = { .method = INTERFACE_NAME ".List",
		.parameters = json_object_new_object(),
		.merges = true,
		.names = "objects",
		.text = render_list };

	if (ctl->count > 0 && !kind_find(ctl->arguments[0])) {
		subject_no_kind(ctl, ctl->arguments[0]);
		json_object_put(s.parameters);
		return STATUS_USAGE;
	}
	if (ctl->count > 0)
		json_put_string(s.parameters, "kind", ctl->arguments[0]);
	return show(ctl, &s, NULL);
}

enum status verb_describe(struct ctl *ctl)
{
	struct shown s = { .method = INTERFACE_NAME ".Describe",
		.text = render_describe };

	s.parameters = subject_parse(ctl, true);
	return s.parameters ? show(ctl, &s, NULL) : STATUS_USAGE;
}

/* Shows an answer that has nothing in any of these lists where the home is as written. */
static enum status show_and_judge(
    struct ctl *ctl, struct shown *s, const char *const *lists)
{
	autojson struct json_object *reply = NULL;
	enum status status = show(ctl, s, &reply);

	for (; status == STATUS_YES && *lists; lists++)
		if (json_count(json_at(reply, *lists)) > 0)
			status = STATUS_NO;
	return status;
}

enum status verb_plan(struct ctl *ctl)
{
	static const char *const lists[] = { "steps", "approvals", "others", NULL };
	struct shown s = {
		.method = INTERFACE_NAME ".Plan", .names = "steps", .text = render_plan
	};

	return show_and_judge(ctl, &s, lists);
}

enum status verb_diff(struct ctl *ctl)
{
	static const char *const lists[] = { "objects", "unknown", NULL };
	struct shown s = {
		.method = INTERFACE_NAME ".Diff", .names = "objects", .text = render_diff
	};

	return show_and_judge(ctl, &s, lists);
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
	/* People want what comes, and a little of what was before. */
	if (h->after == 0 && count > BEFORE && ctl->options.output <= OUTPUT_WIDE)
		json_object_array_del_idx(events, 0, count - BEFORE);
	count = json_count(events);
	h->after = json_int_at(json_item(events, count - 1), "seq", h->after);
	/* A line per event is what a reader of a stream of JSON lines wants. */
	for (size_t i = 0; ctl->options.output == OUTPUT_JSON && i < count; i++)
		puts(json_text(json_item(events, i)));
	if (ctl->options.output != OUTPUT_JSON)
		output(ctl, reply, "events", render_events);
}

enum status verb_events(struct ctl *ctl)
{
	struct shown s = { .method = INTERFACE_NAME ".Events",
		.names = "events",
		.text = render_events };
	struct history h = { 0 };

	if (!ctl->options.watch)
		return show(ctl, &s, NULL);
	return client_follow(ctl, s.method, events_after, show_events, &h);
}

/* Just after its start the daemon has not observed everything yet. */
enum status verb_import(struct ctl *ctl)
{
	autojson struct json_object *parameters = json_object_new_object();
	enum status status;

	if (ctl->options.network)
		json_put_string(parameters, "network", ctl->options.network);
	if (ctl->options.vm)
		json_put_string(parameters, "vm", ctl->options.vm);
	for (int tries = 1;; tries++) {
		autojson struct json_object *reply = NULL;
		bool complete;

		status = client_ask(ctl, INTERFACE_NAME ".Import", parameters, &reply);
		complete = json_bool_at(reply, "complete", false);
		if (status == STATUS_YES && !complete && tries < IMPORT_TRIES) {
			usleep(IMPORT_AGAIN_MS * 1000);
			continue;
		}
		if (status == STATUS_YES)
			fputs(json_string_at(reply, "text"), stdout);
		return status;
	}
}

static void print_json(struct ctl *ctl, struct json_object *reply)
{
	(void)ctl;
	puts(json_pretty(reply));
}

enum status verb_call(struct ctl *ctl)
{
	struct shown s = { .text = print_json };
	const char *json = ctl->count > 1 ? ctl->arguments[1] : "{}";
	struct error e = { 0 };

	if (ctl->count == 0) {
		say("call: which method? See `homek8sctl call org.varlink.service.GetInterfaceDescription '{\"interface\":\"" INTERFACE_NAME
		    "\"}'`");
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
