/* SPDX-License-Identifier: MIT */
/* verbs: commands that show what the daemon knows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/show.h"
#include "daemon/homek8sctl/subject.h"
#include "daemon/homek8sctl/verbs.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/model/kind.h"
#include "lib/view/interface.h"
#include "lib/wire/varlink.h"

#define IMPORT_TRIES 15 /* 3 s */
#define IMPORT_AGAIN_MS 200

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

/* The verdict of the home, or of the one object. */
static enum status judge(struct json_object *status, const char *only)
{
	struct json_object *of = only ? json_item(json_at(status, "objects"), 0) : status;
	const char *verdict = json_string_at(of, "verdict");

	return verdict && strcmp(verdict, "converged") == 0 ? STATUS_YES : STATUS_NO;
}

enum status verb_status(struct ctl *ctl)
{
	autojson struct json_object *subject = NULL, *reply = NULL;
	struct shown s = { .method = INTERFACE_NAME ".GetStatus",
		.merges = true,
		.names = "objects",
		.text = render_status };
	enum status status;

	if (ctl->count > 0) {
		subject = subject_resolve(ctl, &status);
		if (!subject)
			return status;
		s.only = json_string_at(subject, "key");
		s.text = render_status_of;
	}
	if (ctl->options.output == OUTPUT_NAME)
		s.trim = only_trouble;
	status = show(ctl, &s, &reply);
	return status == STATUS_YES && reply ? judge(reply, s.only) : status;
}

/* Adds what is not written to a list, as objects of a verdict of their own. */
static enum status add_unwritten(struct ctl *ctl, struct shown *s)
{
	autojson struct json_object *reply = NULL, *unwritten = NULL;
	enum status status = client_ask(ctl, s->method, s->parameters, &reply);

	if (status == STATUS_YES)
		status = client_ask(
		    ctl, INTERFACE_NAME ".ListUnwritten", s->parameters, &unwritten);
	if (status != STATUS_YES)
		return status;
	if (ctl->options.output == OUTPUT_NAME)
		for (size_t i = 0; i < json_count(json_at(unwritten, "objects")); i++)
			json_push(json_at(reply, "objects"),
			    json_object_get(json_item(json_at(unwritten, "objects"), i)));
	else
		json_put(
		    reply, "unwritten", json_object_get(json_at(unwritten, "objects")));
	show_reply(ctl, reply, s);
	return status;
}

/* "list vm worker-1", "list vm/worker-1": the one. False: said already. */
static bool list_one(struct ctl *ctl, struct shown *s, enum status *status)
{
	struct json_object *subject = subject_resolve(ctl, status);

	if (!subject)
		return false;
	s->only = arena_copy(&ctl->arena, json_string_at(subject, "key"));
	ctl->arguments[0] = arena_copy(&ctl->arena, json_string_at(subject, "kind"));
	json_object_put(subject);
	return true;
}

enum status verb_list(struct ctl *ctl)
{
	struct shown s = { .method = INTERFACE_NAME ".List",
		.merges = true,
		.names = "objects",
		.text = render_list };
	enum status status = STATUS_USAGE;

	if (ctl->options.all && ctl->options.watch) {
		say("list: either --all or -w");
		return STATUS_USAGE;
	}
	if (ctl->count > 1 || (ctl->count > 0 && strchr(ctl->arguments[0], '/'))) {
		if (!list_one(ctl, &s, &status))
			return status;
	} else if (ctl->count > 0 && !kind_find(ctl->arguments[0])) {
		subject_no_kind(ctl, ctl->arguments[0]);
		return STATUS_USAGE;
	}
	s.parameters = json_object_new_object();
	if (ctl->count > 0)
		json_put_string(s.parameters, "kind", ctl->arguments[0]);
	if (!ctl->options.all)
		return show(ctl, &s, NULL);
	status = add_unwritten(ctl, &s);
	json_object_put(s.parameters);
	return status;
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

	if (status == STATUS_YES && json_string_at(reply, "no_plan"))
		status = STATUS_NO;
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

/* Just after its start the daemon has not observed everything yet. */
/* All of it may be comments: nothing runs yet, or nothing that can be written as it is. */
static void print_import(const char *text)
{
	const char *line = text;

	fputs(text, stdout);
	while (*line == '#' || *line == '\n') {
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	if (!*line)
		say("nothing runs here that could be written as it is: fill in what is commented out, "
		    "or begin with `homek8sctl example`");
}

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
			print_import(json_string_at(reply, "text"));
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
