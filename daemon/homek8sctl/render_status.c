/* SPDX-License-Identifier: MIT */
/*
 * render_status: the whole home at one glance. On a terminal it fits the screen: what is
 * left out is counted, and the command that shows it is named.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/table.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

#define FINDINGS 3
#define EVENTS 5
/* The verdict, three sources, and the blank lines and headings between the parts. */
#define FIXED_LINES 11
#define FEWEST_OBJECTS 3

static bool is_quiet(struct json_object *object)
{
	const char *verdict = json_string_at(object, "verdict");

	return verdict && strcmp(verdict, "converged") == 0;
}

static void render_verdict(struct ctl *ctl, struct json_object *status)
{
	const char *verdict = json_string_at(status, "verdict");
	const char *summary = json_string_at(status, "summary");

	if (!verdict)
		verdict = "unknown";
	line_print(ctl, 0, paint_of(verdict), "%s %s%s%s", ctl->terminal.utf8 ? "●" : "*",
	    verdict, summary ? ": " : "", summary ? summary : "");
}

/* "4 with errors" and where it is from: what stands beside a source's state. */
static const char *source_detail(
    struct ctl *ctl, const char *name, struct json_object *source)
{
	const char *detail = json_string_at(source, "detail");
	const char *version = json_string_at(source, "version");
	const char *error = json_string_at(source, "error");

	if (strcmp(name, "config") != 0)
		return detail && *detail ? detail : version ? version : "";
	/* The first line of the errors; `validate` shows them all. */
	if (error)
		return arena_copy_n(&ctl->arena, error, strcspn(error, "\n"));
	detail = json_string_at(source, "directory");
	return arena_printf(&ctl->arena, "generation %lld%s%s",
	    (long long)json_int_at(source, "generation", 0), detail ? " of " : "",
	    detail ? detail : "");
}

static void render_sources(struct ctl *ctl, struct json_object *status)
{
	static const char *const headers[] = { "", "", "", "", NULL };
	struct table t;

	table_start(&t, headers);
	t.indent = 2;
	json_object_object_foreach (json_at(status, "sources"), name, source) {
		const char *state = json_string_at(source, "state");

		table_add(&t, name);
		table_paint(&t, state, paint_of(state));
		table_add(&t, time_since(ctl, json_string_at(source, "since")));
		table_add(&t, source_detail(ctl, name, source));
	}
	table_end(&t, ctl);
}

/* The reason, the last error where it says more, and when the next try is. */
static const char *why(struct ctl *ctl, struct json_object *object)
{
	const char *reason = json_string_at(object, "reason");
	const char *error = json_string_at(object, "error");
	int64_t retry = json_int_at(object, "retry_in", -1);
	const char *text = reason ? reason : "";

	if (error && !strstr(text, error))
		text =
		    arena_printf(&ctl->arena, "%s%s%s", text, *text ? ": " : "", error);
	if (retry >= 0)
		text = arena_printf(&ctl->arena, "%s (next try in %s)", text,
		    duration_text(
			&ctl->arena, retry < 1000 ? retry : retry / 1000 * 1000));
	return text;
}

/* How many may be shown: on a terminal what the other parts leave, else all. */
static size_t object_lines(struct ctl *ctl, size_t findings, size_t events)
{
	int left = ctl->terminal.rows - FIXED_LINES -
		   (int)(findings < FINDINGS ? findings : FINDINGS + 1) - (int)events;

	if (!ctl->terminal.tty)
		return SIZE_MAX;
	return left < FEWEST_OBJECTS ? FEWEST_OBJECTS : (size_t)left;
}

static void render_objects(struct ctl *ctl, struct json_object *objects, size_t lines)
{
	static const char *const headers[] = { "OBJECT", "VERDICT", "SINCE", "REASON",
		NULL };
	bool all = ctl->options.output == OUTPUT_WIDE;
	size_t shown = 0, left = 0;
	struct table t;

	table_start(&t, headers);
	t.indent = 2;
	for (size_t i = 0; i < json_count(objects); i++) {
		struct json_object *object = json_item(objects, i);
		const char *verdict = json_string_at(object, "verdict");

		if (!all && is_quiet(object))
			continue;
		if (shown == lines) {
			left++;
			continue;
		}
		shown++;
		table_add(&t, object_name(ctl, object));
		table_paint(&t, verdict, paint_of(verdict));
		table_add(&t, time_since(ctl, json_string_at(object, "since")));
		table_add(&t, why(ctl, object));
	}
	if (shown == 0) {
		arena_done(&t.arena);
		return;
	}
	putchar('\n');
	table_end(&t, ctl);
	if (left > 0)
		line_print(
		    ctl, 2, PAINT_FAINT, "and %zu more; see `homek8sctl list`", left);
}

static void render_findings(struct ctl *ctl, struct json_object *findings)
{
	size_t count = json_count(findings);
	size_t lines = ctl->terminal.tty && count > FINDINGS ? FINDINGS : count;

	if (count == 0)
		return;
	putchar('\n');
	line_print(ctl, 0, PAINT_BOLD, "Findings");
	for (size_t i = 0; i < lines; i++) {
		struct json_object *f = json_item(findings, i);
		const char *severity = json_string_at(f, "severity");
		const char *id = json_string_at(f, "id"),
			   *text = json_string_at(f, "text");

		line_print(ctl, 2, paint_of(severity), "%s[%s]: %s",
		    severity ? severity : "", id ? id : "", text ? text : "");
	}
	if (lines < count)
		line_print(ctl, 2, PAINT_FAINT, "and %zu more; see `homek8sctl validate`",
		    count - lines);
}

static void render_pause(struct ctl *ctl, struct json_object *pause)
{
	const char *reason = json_string_at(pause, "reason");
	const char *until = json_string_at(pause, "until");

	if (!pause)
		return;
	line_print(ctl, 2, PAINT_CYAN, "paused %s%s%s; `homek8sctl resume` ends it",
	    until ? "until " : "with no end", until ? until : "",
	    reason && *reason ? arena_printf(&ctl->arena, " (%s)", reason) : "");
}

void render_status(struct ctl *ctl, struct json_object *status)
{
	struct json_object *findings = json_at(status, "findings");
	struct json_object *events = json_at(status, "events");
	size_t count = json_count(events), shown = count < EVENTS ? count : EVENTS;

	if (ctl->options.watch && ctl->terminal.tty)
		fputs("\033[H\033[2J", stdout);
	render_verdict(ctl, status);
	render_pause(ctl, json_at(status, "paused"));
	render_sources(ctl, status);
	render_objects(ctl, json_at(status, "objects"),
	    object_lines(ctl, json_count(findings), shown));
	render_findings(ctl, findings);
	if (shown > 0) {
		putchar('\n');
		line_print(ctl, 0, PAINT_BOLD, "Last events");
		render_event_lines(ctl, events, count - shown, 2);
	}
	if (ctl->options.watch && !ctl->terminal.tty)
		putchar('\n');
}
