/* SPDX-License-Identifier: MIT */
/* render_plan: what would be done and what is otherwise, as text. */
#include <stdio.h>
#include <string.h>

#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/table.h"
#include "lib/doc/json.h"

static void render_step(struct ctl *ctl, struct json_object *step, size_t number)
{
	const char *text = json_string_at(step, "text");
	const char *reason = json_string_at(step, "reason");
	const char *why = json_string_at(step, "why_held");
	bool held = json_bool_at(step, "held", false);
	const char *name = object_name(ctl, step);

	line_print(ctl, 0, held ? PAINT_FAINT : PAINT_BOLD, "%3zu. %s", number,
	    text ? text : "");
	line_print(ctl, 5, PAINT_NONE, "%s%s%s", name, reason && *reason ? ": " : "",
	    reason ? reason : "");
	if (json_bool_at(step, "disruptive", false))
		line_print(ctl, 5, PAINT_YELLOW, "interrupts what runs");
	if (held)
		line_print(
		    ctl, 5, PAINT_YELLOW, "not now: %s", why && *why ? why : "held");
}

static void render_approvals(struct ctl *ctl, struct json_object *approvals)
{
	if (json_count(approvals) == 0)
		return;
	putchar('\n');
	line_print(ctl, 0, PAINT_BOLD, "Waits for approval");
	for (size_t i = 0; i < json_count(approvals); i++) {
		struct json_object *approval = json_item(approvals, i);
		const char *consent = json_string_at(approval, "consent");
		const char *name = object_name(ctl, approval);

		line_print(ctl, 2, PAINT_YELLOW, "%s: %s", name, consent ? consent : "");
		line_print(ctl, 4, PAINT_NONE, "homek8sctl approve %s", name);
	}
}

void render_plan(struct ctl *ctl, struct json_object *reply)
{
	struct json_object *steps = json_at(reply, "steps");

	if (json_count(steps) == 0 && json_count(json_at(reply, "approvals")) == 0)
		line_print(ctl, 0, PAINT_GREEN, "Nothing to do.");
	for (size_t i = 0; i < json_count(steps); i++)
		render_step(ctl, json_item(steps, i), i + 1);
	render_approvals(ctl, json_at(reply, "approvals"));
}

void render_diff(struct ctl *ctl, struct json_object *reply)
{
	static const char *const headers[] = { "OBJECT", "FIELD", "DESIRED", "LIVE",
		"PERSISTENT", NULL };
	struct json_object *objects = json_at(reply, "objects");
	struct table t;

	if (json_count(objects) == 0) {
		line_print(ctl, 0, PAINT_GREEN, "No differences.");
		return;
	}
	table_start(&t, headers);
	for (size_t i = 0; i < json_count(objects); i++) {
		struct json_object *object = json_item(objects, i);
		struct json_object *changes = json_at(object, "changes");

		for (size_t c = 0; c < json_count(changes); c++) {
			struct json_object *change = json_item(changes, c);

			table_add(&t, object_name(ctl, object));
			table_add(&t, json_string_at(change, "field"));
			table_paint(&t, json_string_at(change, "want"), PAINT_GREEN);
			table_paint(&t, json_string_at(change, "live"), PAINT_RED);
			table_paint(&t, json_string_at(change, "persistent"), PAINT_RED);
		}
	}
	table_end(&t, ctl);
}
