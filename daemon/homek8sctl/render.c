/* SPDX-License-Identifier: MIT */
/* render: lists, one object, and the history as text. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/table.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/model/kind.h"

/* Lists */

/* The kind that all objects have, or NULL. */
static const struct kind *common_kind(struct json_object *objects)
{
	const char *first = json_string_at(json_item(objects, 0), "kind"), *kind;

	for (size_t i = 1; first && i < json_count(objects); i++) {
		kind = json_string_at(json_item(objects, i), "kind");
		if (!kind || strcmp(kind, first) != 0)
			return NULL;
	}
	return first ? kind_find(first) : NULL;
}

static const char *upper(struct ctl *ctl, const char *key)
{
	char *text = arena_copy(&ctl->arena, key);

	for (char *c = text; *c; c++)
		*c = *c == '.' || *c == '_' ? ' ' : (char)toupper((unsigned char)*c);
	return text;
}

static void list_row(struct ctl *ctl, struct table *t, struct json_object *object,
    const char *const *columns, bool reason)
{
	const char *verdict = json_string_at(object, "verdict");
	struct json_object *fields = json_at(object, "fields");

	table_add(t, object_name(ctl, object));
	table_paint(t, verdict, paint_of(verdict));
	table_add(t, time_since(ctl, json_string_at(object, "since")));
	for (; columns && *columns; columns++)
		table_add(t, value_text(ctl, json_at(fields, *columns)));
	if (reason)
		table_add(t, json_string_at(object, "reason"));
}

void render_list(struct ctl *ctl, struct json_object *reply)
{
	struct json_object *objects = json_at(reply, "objects");
	const struct kind *kind = common_kind(objects);
	const char *const *columns = kind ? kind->list_columns : NULL;
	bool reason = !columns || ctl->options.output == OUTPUT_WIDE;
	const char **headers = NULL;
	size_t count = 0;
	struct table t;

	*(const char **)arena_push(&ctl->arena, &headers, &count, sizeof(*headers)) =
	    "OBJECT";
	*(const char **)arena_push(&ctl->arena, &headers, &count, sizeof(*headers)) =
	    "VERDICT";
	*(const char **)arena_push(&ctl->arena, &headers, &count, sizeof(*headers)) =
	    "SINCE";
	for (const char *const *c = columns; c && *c; c++)
		*(const char **)arena_push(
		    &ctl->arena, &headers, &count, sizeof(*headers)) = upper(ctl, *c);
	if (reason)
		*(const char **)arena_push(
		    &ctl->arena, &headers, &count, sizeof(*headers)) = "REASON";
	arena_push(&ctl->arena, &headers, &count, sizeof(*headers));
	if (ctl->options.watch && ctl->terminal.tty)
		fputs("\033[H\033[2J", stdout);
	table_start(&t, headers);
	for (size_t i = 0; i < json_count(objects); i++)
		list_row(ctl, &t, json_item(objects, i), columns, reason);
	table_end(&t, ctl);
	if (ctl->options.watch && !ctl->terminal.tty)
		putchar('\n');
}

/* One object */

static void heading(struct ctl *ctl, const char *text)
{
	putchar('\n');
	line_print(ctl, 0, PAINT_BOLD, "%s", text);
}

static void property(struct ctl *ctl, const char *name, const char *value)
{
	if (value && *value)
		line_print(ctl, 0, PAINT_NONE, "%-12s%s", name, value);
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
	putchar('\n');
	table_start(&t, headers);
	for (size_t i = 0; i < count; i++) {
		table_add(&t, keys[i]);
		for (const char *const *side = sides; *side; side++)
			table_add(
			    &t, value_text(ctl, json_at(json_at(o, *side), keys[i])));
	}
	table_end(&t, ctl);
}

static void render_conditions(struct ctl *ctl, struct json_object *conditions)
{
	if (json_count(conditions) > 0)
		heading(ctl, "Conditions");
	for (size_t i = 0; i < json_count(conditions); i++) {
		const char *type = json_string_at(json_item(conditions, i), "type");
		const char *message = json_string_at(json_item(conditions, i), "message");

		line_print(ctl, 2, PAINT_YELLOW, "%s: %s", type ? type : "",
		    message ? message : "");
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
	for (size_t i = 0; i < json_count(changes); i++) {
		struct json_object *change = json_item(changes, i);

		table_add(&t, json_string_at(change, "field"));
		table_add(&t, json_string_at(change, "want"));
		table_add(&t, json_string_at(change, "have"));
	}
	table_end(&t, ctl);
}

static void render_next(struct ctl *ctl, struct json_object *o)
{
	struct json_object *steps = json_at(o, "steps");
	const char *consent = json_string_at(o, "consent");

	if (json_count(steps) > 0)
		heading(ctl, "Next");
	for (size_t i = 0; i < json_count(steps); i++)
		line_print(ctl, 2, PAINT_NONE, "%zu. %s", i + 1,
		    json_object_get_string(json_item(steps, i)));
	if (consent)
		line_print(ctl, 2, PAINT_YELLOW,
		    "needs approval: %s (homek8sctl approve %s)", consent,
		    object_name(ctl, o));
}

void render_describe(struct ctl *ctl, struct json_object *o)
{
	const char *verdict = json_string_at(o, "verdict");
	const char *since = time_since(ctl, json_string_at(o, "since"));
	int64_t retry = json_int_at(o, "retry_in", -1);
	struct json_object *history = json_at(o, "history");

	property(ctl, "Object", object_name(ctl, o));
	property(ctl, "Kind", json_string_at(o, "title"));
	property(ctl, "Written at", json_string_at(o, "written_at"));
	line_print(ctl, 0, paint_of(verdict), "%-12s%s (%s)", "Verdict",
	    verdict ? verdict : "unknown", since);
	property(ctl, "Reason", json_string_at(o, "reason"));
	property(ctl, "Last error", json_string_at(o, "error"));
	if (retry >= 0)
		property(ctl, "Next try in", duration_text(&ctl->arena, retry));
	render_fields(ctl, o);
	render_changes(ctl, json_at(o, "changes"));
	render_conditions(ctl, json_at(o, "conditions"));
	render_next(ctl, o);
	if (json_count(history) > 0) {
		heading(ctl, "History");
		render_event_lines(ctl, history, 0, 2);
	}
}

/* The history */

void render_event_lines(
    struct ctl *ctl, struct json_object *events, size_t first, int indent)
{
	for (size_t i = first; i < json_count(events); i++) {
		struct json_object *event = json_item(events, i);
		const char *level = json_string_at(event, "level");
		const char *text = json_string_at(event, "text");
		const char *name = object_name(ctl, event);

		text = text ? text : "";
		line_print(ctl, indent, paint_of(level), "%7s ago  %s%s%.*s",
		    time_since(ctl, json_string_at(event, "time")), name,
		    *name ? ": " : "", (int)strcspn(text, "\n"), text);
	}
}

void render_events(struct ctl *ctl, struct json_object *reply)
{
	render_event_lines(ctl, json_at(reply, "events"), 0, 0);
}
