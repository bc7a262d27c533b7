/* SPDX-License-Identifier: MIT */
/* verbs_local: commands that need no daemon: checking and explaining a configuration. */
#include <stdio.h>
#include <string.h>

#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/layout.h"
#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/verbs.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/model/config.h"
#include "lib/view/home_check.h"
#include "lib/view/interface.h"
#include "lib/view/view.h"

#define REPLY_DEPTH 8

/* A finding has its place and words, the line of the file with a caret below it, and what
 * to do: only the words may be broken into lines. */
static void print_line(struct ctl *ctl, const char *line, size_t length)
{
	bool fix = strncmp(line, "  fix: ", 7) == 0;

	if (!fix && (length == 0 || *line == ' ' || *line == '\t')) {
		fprintf(ctl->out, "%.*s\n", (int)length, line);
		return;
	}
	fputs(fix ? "  " : "", ctl->out);
	block_print(ctl, (struct block){ fix ? 2 : 0, fix ? 7 : 4, 0 },
	    fix ? PAINT_NONE : PAINT_BOLD, "%.*s", (int)length - (fix ? 2 : 0),
	    line + (fix ? 2 : 0));
}

static void print_findings_of(
    struct ctl *ctl, const struct report *report, enum severity severity)
{
	for (size_t i = 0; i < report->count; i++) {
		autotext struct text out = { 0 };

		if (report->findings[i].severity != severity)
			continue;
		finding_print(&report->findings[i], &out);
		for (const char *line = text_get(&out); *line;) {
			size_t length = strcspn(line, "\n");

			print_line(ctl, line, length);
			line += length + (line[length] == '\n');
		}
	}
}

/* Errors last, where the eye is. */
static void print_findings(struct ctl *ctl, const struct report *report)
{
	print_findings_of(ctl, report, SEVERITY_INFO);
	print_findings_of(ctl, report, SEVERITY_WARNING);
	print_findings_of(ctl, report, SEVERITY_ERROR);
}

/* The findings in the requested format; the count as talk. */
static void show_report(struct ctl *ctl, const struct report *report, const char *path)
{
	size_t errors = report->errors + report->not_shown;
	struct validate_reply reply = { .errors = (int64_t)errors };
	autojson struct json_object *o = NULL;
	autotext struct text json = { 0 };
	const char *count;

	view_findings(
	    &ctl->arena, report->findings, report->count, NULL, &reply.findings);
	shape_write(&validate_shape, &reply, &json);
	o = json_parse(json.data, json.length, REPLY_DEPTH, NULL);
	if (ctl->options.output == OUTPUT_JSON || ctl->options.output == OUTPUT_YAML)
		output(ctl, o, NULL, NULL);
	else
		print_findings(ctl, report);
	if (report->not_shown > 0)
		say("%zu more errors are not shown", report->not_shown);
	count = findings_count(ctl, json_at(o, "findings"));
	say("%s: %s%s%s", path, errors ? "" : "good", errors || !*count ? "" : ", ",
	    count);
}

enum status verb_validate(struct ctl *ctl)
{
	const char *path = ctl->count > 0 ? ctl->arguments[0] : ctl->options.config_dir;
	struct account account;
	struct home_check_request request = home_check_here(path, &account, wall_ms());
	struct home_check check;
	bool good;

	home_check(&request, &check);
	show_report(ctl, &check.report, path);
	good = check.report.errors == 0;
	home_check_done(&check);
	return good ? STATUS_YES : STATUS_NO;
}

enum status verb_explain(struct ctl *ctl)
{
	autotext struct text out = { 0 };
	struct error e = { 0 };

	if (config_explain(ctl->count > 0 ? ctl->arguments[0] : "", &out, &e) < 0) {
		say("explain: %s", e.text);
		return STATUS_NO;
	}
	fputs(text_get(&out), stdout);
	return STATUS_YES;
}

enum status verb_example(struct ctl *ctl)
{
	(void)ctl;
	fputs(example_text, stdout);
	return STATUS_YES;
}

/* The daemon's version is read, but not being able to is no failure. */
enum status verb_version(struct ctl *ctl)
{
	enum status status = STATUS_YES;
	struct error e = { 0 };
	struct client *client = client_open(ctl->options.socket, &status, &e);
	struct reply reply = { 0 };
	const char *version;

	printf("homek8sctl %s\n", HOMEK8S_VERSION);
	if (!client) {
		say("%s", e.text);
		return STATUS_YES;
	}
	if (client_send(client, INTERFACE_NAME ".GetVersion", NULL, false, &e) == 0 &&
	    client_receive(client, 2000, &reply, &e) == ANSWER_REPLY) {
		version = json_string_at(reply.parameters, "version");
		printf("homek8sd %s\n",
		    text_clean(&ctl->arena, version ? version : "?", 64));
		if (version && strcmp(version, HOMEK8S_VERSION) != 0)
			say("the versions differ: restart the daemon after an upgrade");
	} else
		say("%s", *e.text ? e.text : "homek8sd did not report its version");
	reply_done(&reply);
	client_close(client);
	return STATUS_YES;
}
