/* SPDX-License-Identifier: MIT */
/* render: one object, the history, and findings as text. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/table.h"
#include "daemon/homek8sctl/words.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

#define LABEL 13
#define HISTORY 10 /* of one object; all with -o wide */

static void heading(struct ctl *ctl, const char *text)
{
	fputc('\n', ctl->out);
	line_print(ctl, 0, PAINT_BOLD, "%s", text);
}

static void property(
    struct ctl *ctl, const char *name, enum paint paint, const char *value)
{
	if (!value || !*value)
		return;
	fprintf(ctl->out, "%-*s", LABEL, name);
	block_print(ctl, (struct block){ LABEL, LABEL, 0 }, paint, "%s", value);
}

/* A paragraph of a part below a heading. */
static void render_point(struct ctl *ctl, enum paint paint, const char *text)
{
	fputs("  ", ctl->out);
	block_print(ctl, (struct block){ 2, 4, 0 }, paint, "%s", text);
}

/* "dhcp.range.start" for every value in an object; into `keys` without repeating any. */
static void collect_keys(struct ctl *ctl, struct json_object *o, const char *prefix,
    const char ***keys, size_t *count)
{
	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach (o, key, member) {
		const char *path =
		    arena_printf(&ctl->arena, "%s%s%s", prefix, *prefix ? "." : "", key);
		bool known = false;

		if (json_object_is_type(member, json_type_object)) {
			collect_keys(ctl, member, path, keys, count);
			continue;
		}
		for (size_t i = 0; i < *count; i++)
			known |= strcmp((*keys)[i], path) == 0;
		if (!known)
			*(const char **)arena_push(
			    &ctl->arena, keys, count, sizeof(**keys)) = path;
	}
}

/* "address" as "Address", "running_since" as "Running": for how long. */
static void render_running(struct ctl *ctl, struct json_object *running)
{
	if (!running)
		return;
	json_object_object_foreach (running, key, value) {
		const char *since = strstr(key, "_since"), *text = value_text(ctl, value);
		char *name = arena_copy_n(
		    &ctl->arena, key, since ? (size_t)(since - key) : strlen(key));

		*name = (char)toupper((unsigned char)*name);
		if (since)
			text = arena_printf(&ctl->arena, "for %s", time_since(ctl, text));
		property(ctl, name, PAINT_NONE, text);
	}
}

/* The value of a side; of the desired one it is said where it is only a default. */
static const char *side_text(
    struct ctl *ctl, struct json_object *o, const char *side, const char *key)
{
	const char *text = value_text(ctl, json_at(json_at(o, side), key));
	struct json_object *defaults = json_at(o, "defaults");

	for (size_t i = 0; text && *side == 'd' && i < json_count(defaults); i++)
		if (strcmp(json_object_get_string(json_item(defaults, i)), key) == 0)
			return arena_printf(&ctl->arena, "%s (default)", text);
	return text;
}

static void render_fields(struct ctl *ctl, struct json_object *o)
{
	static const char *const headers[] = { "FIELD", "DESIRED", "LIVE", "PERSISTENT",
		NULL };
	static const char *const sides[] = { "desired", "live", "persistent", NULL };
	const char **keys = NULL;
	size_t count = 0;
	struct table t;

	for (const char *const *side = sides; *side; side++)
		collect_keys(ctl, json_at(o, *side), "", &keys, &count);
	if (count == 0)
		return;
	fputc('\n', ctl->out);
	table_start(&t, headers);
	t.whole = true;
	for (size_t i = 0; i < count; i++) {
		table_add(&t, keys[i]);
		for (const char *const *side = sides; *side; side++)
			table_add(&t, side_text(ctl, o, *side, keys[i]));
	}
	if (ctl->terminal.tty)
		table_merge_same(&t, 2, "LIVE, PERSISTENT");
	for (size_t side = t.columns - 1; side > 0; side--)
		table_drop_empty(&t, side);
	table_end(&t, ctl);
}

static void render_conditions(struct ctl *ctl, struct json_object *conditions)
{
	if (json_count(conditions) > 0)
		heading(ctl, "Conditions");
	for (size_t i = 0; i < json_count(conditions); i++) {
		const char *type = json_string_at(json_item(conditions, i), "type");
		const char *message = json_string_at(json_item(conditions, i), "message");

		render_point(ctl, PAINT_YELLOW,
		    arena_printf(
			&ctl->arena, "%s: %s", type ? type : "", message ? message : ""));
	}
}

static void render_changes(struct ctl *ctl, struct json_object *changes)
{
	static const char *const headers[] = { "FIELD", "WANT", "HAVE", NULL };
	struct table t;

	if (json_count(changes) == 0)
		return;
	heading(ctl, "Differences");
	table_start(&t, headers);
	t.indent = 2;
	t.whole = true;
	for (size_t i = 0; i < json_count(changes); i++) {
		struct json_object *change = json_item(changes, i);

		if (i &&
		    strcmp(json_text(change), json_text(json_item(changes, i - 1))) == 0)
			continue; /* of both sides */
		table_add(&t, json_string_at(change, "field"));
		table_add(&t, json_string_at(change, "want"));
		table_add(&t, json_string_at(change, "have"));
	}
	table_end(&t, ctl);
}

/* What is kept of it between plans, and what its kind keeps beside. */
static void render_remembered(struct ctl *ctl, struct json_object *o)
{
	static const char *const headers[] = { "", "", NULL };
	const char **keys = NULL;
	size_t count = 0;
	struct table t;

	collect_keys(ctl, o, "", &keys, &count);
	if (count == 0)
		return;
	heading(ctl, "Remembered");
	table_start(&t, headers);
	t.indent = 2;
	t.whole = true;
	for (size_t i = 0; i < count; i++) {
		const char *key = keys[i];

		table_add(&t, strncmp(key, "record.", 7) == 0 ? key + 7 : key);
		table_add(&t, value_text(ctl, json_at(o, key)));
	}
	table_end(&t, ctl);
}

static void render_next(struct ctl *ctl, struct json_object *o)
{
	struct json_object *steps = json_at(o, "steps");
	const char *approval = json_string_at(o, "approval");

	if (json_count(steps) > 0 || approval)
		heading(ctl, "Next");
	for (size_t i = 0; i < json_count(steps); i++)
		render_point(ctl, PAINT_NONE,
		    arena_printf(&ctl->arena, "%zu. %s", i + 1,
			json_object_get_string(json_item(steps, i))));
	if (approval)
		render_point(ctl, PAINT_YELLOW,
		    arena_printf(&ctl->arena,
			"needs approval (`homek8sctl approve %s`): %s",
			object_name(ctl, o), approval));
}

static void render_findings(struct ctl *ctl, struct json_object *findings)
{
	if (json_count(findings) > 0)
		heading(ctl, "Findings");
	for (size_t i = 0; i < json_count(findings); i++)
		render_finding(ctl, json_item(findings, i), 0, true);
}

static void render_history(struct ctl *ctl, const char *name, struct json_object *history)
{
	size_t count = json_count(history);
	size_t first =
	    count > HISTORY && ctl->options.output != OUTPUT_WIDE ? count - HISTORY : 0;

	if (count > 0)
		heading(ctl, "History");
	if (first > 0)
		line_print(ctl, 2, PAINT_FAINT,
		    "%zu earlier: `homek8sctl describe %s -o wide`", first, name);
	for (size_t i = first; i < count; i++)
		render_event(ctl, json_item(history, i), 2, 0, false);
}

void render_describe(struct ctl *ctl, struct json_object *o)
{
	const char *verdict = json_string_at(o, "verdict");
	const char *reason = json_string_at(o, "reason");
	const char *error = json_string_at(o, "error");
	const char *since = json_string_at(o, "since");
	int64_t retry = json_int_at(o, "retry_in", -1);

	verdict = verdict ? verdict : "unknown";
	property(ctl, "Object", PAINT_NONE, object_name(ctl, o));
	property(ctl, "Kind", PAINT_NONE, json_string_at(o, "title"));
	property(ctl, "Written at", PAINT_NONE, json_string_at(o, "written_at"));
	property(ctl, "Verdict", paint_of(verdict),
	    since
		? arena_printf(&ctl->arena, "%s for %s", verdict, time_since(ctl, since))
		: verdict);
	property(ctl, "Reason", PAINT_NONE, reason);
	if (error && (!reason || !strstr(reason, error)))
		property(ctl, "Last error", PAINT_NONE, error);
	if (retry >= 0)
		property(
		    ctl, "Next try in", PAINT_NONE, duration_text(&ctl->arena, retry));
	render_running(ctl, json_at(o, "running"));
	render_fields(ctl, o);
	render_changes(ctl, json_at(o, "changes"));
	render_conditions(ctl, json_at(o, "conditions"));
	render_next(ctl, o);
	render_remembered(ctl, json_at(o, "remembered"));
	render_findings(ctl, json_at(o, "findings"));
	render_history(ctl, object_name(ctl, o), json_at(o, "history"));
}

/* Events */

/* "failed: start domain worker-1: " of a step, else ""; without the step where the text
 * begins with it, as an error does. */
static const char *step_words(
    struct ctl *ctl, struct json_object *event, const char *text)
{
	const char *action = json_string_at(event, "action");
	const char *result = json_string_at(event, "result");
	size_t length = action ? strlen(action) : 0;

	if (!action || !result)
		return "";
	if (strncmp(action, text, length) == 0 && (!text[length] || text[length] == ':'))
		return arena_printf(&ctl->arena, "%s: ", result);
	return arena_printf(&ctl->arena, "%s: %s: ", result, action);
}

/* The first line stands beside the time, further ones (the errors of a configuration)
 * below it. */
void render_event(
    struct ctl *ctl, struct json_object *event, int indent, int lines, bool named)
{
	const char *text = json_string_at(event, "text");
	const char *name = named ? object_name(ctl, event) : "";
	const char *when = time_of_day(ctl, json_string_at(event, "time"));
	enum paint paint = paint_of(json_string_at(event, "level"));
	int used = indent + layout_columns(when) + 2;

	text = text ? text : "";
	fprintf(ctl->out, "%*s%s  ", indent, "", when);
	block_print(ctl, (struct block){ used, used + 2, lines }, paint, "%s%s%s%.*s",
	    name, *name ? ": " : "", step_words(ctl, event, text),
	    (int)strcspn(text, "\n"), text);
	while (lines == 0 && (text = strchr(text, '\n')) && *++text) {
		fprintf(ctl->out, "%*s", used + 2, "");
		block_print(ctl, (struct block){ used + 2, used + 4, 0 }, paint, "%.*s",
		    (int)strcspn(text, "\n"), text);
	}
}

void render_events(struct ctl *ctl, struct json_object *reply)
{
	struct json_object *events = json_at(reply, "events");

	for (size_t i = 0; i < json_count(events); i++)
		render_event(ctl, json_item(events, i), 0, 0, true);
}

/* Findings */

static int severity_of(struct json_object *finding)
{
	const char *word = json_string_at(finding, "severity");

	return !word || strcmp(word, "error") == 0 ? 2 : strcmp(word, "warning") == 0;
}

void findings_sort(struct json_object *findings)
{
	size_t count = json_count(findings), at = 0;
	autojson struct json_object *old = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(old, json_object_get(json_item(findings, i)));
	for (int severity = 0; severity < 3; severity++)
		for (size_t i = 0; i < count; i++)
			if (severity_of(json_item(old, i)) == severity)
				json_object_array_put_idx(
				    findings, at++, json_object_get(json_item(old, i)));
}

const char *findings_count(struct ctl *ctl, struct json_object *findings)
{
	static const char *const words[][2] = { { "error", "error" },
		{ "warning", "warning" }, { "info", "note" } };
	const char *text = "";

	for (size_t w = 0; w < 3; w++) {
		size_t count = 0;

		for (size_t i = 0; i < json_count(findings); i++) {
			const char *severity =
			    json_string_at(json_item(findings, i), "severity");

			count += severity && strcmp(severity, words[w][0]) == 0;
		}
		if (count)
			text = arena_printf(&ctl->arena, "%s%s%zu %s%s", text,
			    *text ? ", " : "", count, words[w][1], count > 1 ? "s" : "");
	}
	return text;
}

void render_finding(struct ctl *ctl, struct json_object *f, int lines, bool whole)
{
	const char *severity = json_string_at(f, "severity");
	const char *id = json_string_at(f, "id"), *text = json_string_at(f, "text");
	const char *fix = json_string_at(f, "fix"), *at = json_string_at(f, "at");

	fputs("  ", ctl->out);
	block_print(ctl, (struct block){ 2, 4, lines }, paint_of(severity), "%s[%s]: %s",
	    severity ? severity : "", id ? id : "", text ? text : "");
	if (whole && at)
		line_print(ctl, 4, PAINT_NONE, "at: %s", at);
	if (whole && fix) {
		fputs("    ", ctl->out);
		block_print(ctl, (struct block){ 4, 6, 0 }, PAINT_NONE, "fix: %s", fix);
	}
}
